"""Views: which operations each one has, what they may touch, and that they come out the same again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from lane_core.data.augment import Substitution, Views, make_views, view_operations
from lane_core.errors import ConfigError
from tests.tiny_encoder import write_tiny_encoder

PAPER = ("synonym", "switchout", "backtranslate")
TEXTS = ["happy with my sofa", "the bike was on the train", "my teacher is afraid of the dark", "rage"]
IDS = ["a", "b", "c", "d"]


class Backwards:
    """Says every text backwards, but two: one is not translated, one comes back as it was."""

    fingerprint = "backwards"

    def __init__(self) -> None:
        self.calls = 0

    def back_translate(self, texts: Sequence[str], ids: Sequence[str]) -> list[str | None]:
        self.calls += 1
        answers: dict[str, Any] = {"c": lambda text: None, "d": lambda text: text}
        backwards = lambda text: " ".join(text.split()[::-1])  # noqa: E731
        return [answers.get(id_, backwards)(text) for text, id_ in zip(texts, ids, strict=True)]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return AutoTokenizer.from_pretrained(write_tiny_encoder(tmp_path_factory.mktemp("encoder")))


def test_eight_views_are_every_subset() -> None:
    plan = view_operations(PAPER, 8)
    assert plan[0] == ()
    assert plan[7] == PAPER
    assert sorted(plan) == sorted(
        [(), ("synonym",), ("switchout",), ("backtranslate",), ("synonym", "switchout"),
         ("synonym", "backtranslate"), ("switchout", "backtranslate"), PAPER]
    )  # fmt: skip
    assert view_operations((), 3) == [(), (), ()]
    assert view_operations(PAPER, 1) == [()]


def test_operations_follow_one_another() -> None:
    views = make_views(TEXTS, IDS, 4, ("synonym", "backtranslate"), seed=0, back_translation=Backwards())
    assert views.operations == ((), ("synonym",), ("backtranslate",), ("synonym", "backtranslate"))
    assert views.texts == (
        TEXTS,
        ["happy with my couch", "the bike was on the train", "my instructor is afraid of the dark", "rage"],
        ["sofa my with happy", "train the on was bike the", TEXTS[2], TEXTS[3]],
        ["couch my with happy", "train the on was bike the", "my instructor is afraid of the dark", "rage"],
    )
    assert views.token_ids is None


def test_what_could_not_be_done_is_on_record() -> None:
    views = make_views(TEXTS, IDS, 4, ("synonym", "backtranslate"), seed=0, back_translation=Backwards())
    none, same = "there is no translation of the text", "the translation is nearly the same text"
    word = "no word of the text can be replaced"
    assert views.substitutions == (
        Substitution(1, "synonym", word, 2, "dropout"),
        Substitution(2, "backtranslate", same, 1, "dropout"),
        Substitution(2, "backtranslate", none, 1, "dropout"),
        Substitution(3, "backtranslate", same, 1, "dropout"),
        Substitution(3, "backtranslate", none, 1, "dropout"),
        Substitution(3, "synonym", word, 2, "dropout"),
    )


def test_without_a_translation_the_paper_views_are_made_of_what_is_left(tokenizer: Any) -> None:
    mask = np.array([True, True, False, True])
    views = make_views(TEXTS, IDS, 8, PAPER, 0, tokenizer, 16, is_train=mask)
    assert views.num_views == 8
    assert views.texts[4] == TEXTS
    reason = "neither a translation model nor a table of translations was given"
    missing = [found for found in views.substitutions if found.operation == "backtranslate"]
    assert missing == [Substitution(view, "backtranslate", reason, 3) for view in (4, 5, 6, 7)]


def test_token_ids_are_the_view_tokenized_then_switched(tokenizer: Any) -> None:
    texts, ids = ["glad happy smile sunny laugh delight cheer bright"] * 300, [str(at) for at in range(300)]
    views = make_views(texts, ids, 2, ("switchout",), 0, tokenizer, 8)
    assert views.token_ids is not None
    [plain] = tokenizer(texts[:1], truncation=True, max_length=8)["input_ids"]
    assert views.token_ids[0] == [plain] * 300
    switched = np.array(views.token_ids[1])
    assert switched.shape == (300, 8)
    assert (switched[:, [0, 7]] == [2, 3]).all()  # [CLS] and [SEP]
    assert (switched[:, 1:7] >= 4).all()  # neither [PAD] nor [UNK]
    share = (switched != plain).any(axis=1).mean()
    assert 0.2 < share < 0.6
    synonyms = make_views(TEXTS, IDS, 2, ("synonym",), 0, tokenizer, 8)
    assert synonyms.token_ids is not None
    assert synonyms.token_ids[1] == tokenizer(synonyms.texts[1], truncation=True, max_length=8)["input_ids"]


def rows_of(views: Views, index: int) -> list[tuple[str, list[int]]]:
    assert views.token_ids is not None
    return [(texts[index], rows[index]) for texts, rows in zip(views.texts, views.token_ids, strict=True)]


def test_a_view_depends_on_seed_index_and_view_alone(tokenizer: Any) -> None:
    texts = ["the student mended the sofa with the teacher on the train"] * 6
    ids = list("abcdef")
    views = make_views(texts, ids, 8, PAPER, 5, tokenizer, 32, Backwards())
    others = ["rage", *texts[1:3], "afraid of the car", *texts[4:]]
    changed = make_views(others, ids, 8, PAPER, 5, tokenizer, 32, Backwards())
    for index in (1, 4, 5):
        assert rows_of(views, index) == rows_of(changed, index)
    fewer = make_views(texts, ids, 4, PAPER, 5, tokenizer, 32, Backwards())
    assert fewer.texts == views.texts[:4]
    assert fewer.token_ids == views.token_ids[:4]  # type: ignore[index]
    assert make_views(texts, ids, 8, PAPER, 6, tokenizer, 32, Backwards()).token_ids != views.token_ids
    # Equal texts get views of their own, and so do two views with the same operations.
    assert len({str(rows_of(views, index)) for index in (0, 1, 4, 5)}) == 4
    again = make_views(texts * 5, [str(at) for at in range(30)], 3, ("synonym",), 5)
    assert again.texts[1] != again.texts[2]


def test_only_training_rows_are_augmented(tokenizer: Any) -> None:
    mask = np.array([True, False, False, False])
    views = make_views(TEXTS, IDS, 8, PAPER, 0, tokenizer, 16, Backwards(), is_train=mask)
    assert views.texts[1][0] != TEXTS[0]
    for index in (1, 2, 3):
        assert {str(row) for row in rows_of(views, index)} == {str(rows_of(views, index)[0])}
    assert all(found.num_texts == 1 for found in views.substitutions)


def test_class_names_reach_the_synonyms() -> None:
    assert make_views(TEXTS, IDS, 2, ("synonym",), 0, class_names=["Sofa"]).texts[1][0] == TEXTS[0]


def test_a_cache_is_read_and_nothing_is_made_again(tmp_path: Path, tokenizer: Any) -> None:
    cache, translation = tmp_path / "run" / "views.parquet", Backwards()
    made = make_views(TEXTS, IDS, 8, PAPER, 0, tokenizer, 16, translation, cache=cache)
    written = cache.stat().st_mtime_ns
    assert make_views(TEXTS, IDS, 8, PAPER, 0, tokenizer, 16, translation, cache=cache) == made
    assert translation.calls == 1
    assert cache.stat().st_mtime_ns == written
    plain = make_views(TEXTS, IDS, 3, ("synonym",), 0, cache=tmp_path / "plain.parquet")
    assert make_views(TEXTS, IDS, 3, ("synonym",), 0, cache=tmp_path / "plain.parquet") == plain


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"num_views": 7},
        {"operations": PAPER[:2]},
        {"max_tokens": 5},
        {"class_names": ["sofa"]},
        {"texts": [*TEXTS[:3], "other"]},
        {"ids": [*IDS[:3], "e"]},
        {"is_train": np.array([True, True, True, False])},
        {"back_translation": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_cache_of_other_arguments_is_replaced(
    tmp_path: Path, tokenizer: Any, change: dict[str, Any]
) -> None:
    cache = tmp_path / "views.parquet"
    arguments: dict[str, Any] = {
        "texts": TEXTS, "ids": IDS, "num_views": 8, "operations": PAPER, "seed": 0, "tokenizer": tokenizer,
        "max_tokens": 16, "back_translation": Backwards(),
    }  # fmt: skip
    make_views(**arguments, cache=cache)
    before = cache.read_bytes()
    expected = make_views(**(arguments | change))
    assert make_views(**(arguments | change), cache=cache) == expected
    assert cache.read_bytes() != before


def test_a_broken_cache_is_made_anew(tmp_path: Path) -> None:
    cache = tmp_path / "views.parquet"
    cache.write_bytes(b"PAR1 half a file")
    made = make_views(TEXTS, IDS, 2, ("synonym",), 0, cache=cache)
    assert made.texts[1][0] == "happy with my couch"
    assert make_views(TEXTS, IDS, 2, ("synonym",), 0, cache=cache) == made


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"operations": ("mixup",)}, "no augmentation 'mixup'. Choose of: synonym, switchout"),
        ({"operations": ("synonym", "synonym")}, "name one twice"),
        ({"num_views": 0}, "number of views is 0; it must be at least 1"),
        ({"ids": ["a"]}, "4 texts, 1 ids and 4 marks"),
        ({"operations": ("switchout",)}, "give the encoder's tokenizer"),
        ({"max_tokens": 8}, "go together"),
    ],
)
def test_arguments_that_cannot_work(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"num_views": 2, "operations": (), "seed": 0}
    with pytest.raises(ConfigError, match=message):
        make_views(**({"texts": TEXTS, "ids": IDS} | arguments | change))
