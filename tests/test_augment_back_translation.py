"""Back-translation: what is rejected, a user's table, and two models on this machine."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from lane_core.data.augment import TranslationTable
from lane_core.data.augment.back_translation import rejection, word_edits
from lane_core.errors import ConfigError, DataError
from lane_core.training.translator import BackTranslator
from tests.tiny_translator import write_tiny_translator

SAME, LENGTH = "the translation is nearly the same text", "the translation is much shorter or longer"
TEN = "one two three four five six seven eight nine ten"


@pytest.mark.parametrize(
    ("before", "after", "edits"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c d", "b c d a", 2),
        ("", "a b", 2),
        ("a a b", "b", 2),
    ],
)
def test_word_edits_by_hand(before: str, after: str, edits: int) -> None:
    assert word_edits(before.split(), after.split()) == edits


@pytest.mark.parametrize(
    ("text", "translation", "reason"),
    [
        (TEN, TEN.upper(), SAME),
        (TEN, TEN.replace("ten", "10"), None),  # 1 edit of 10 words is 0.1: not below
        (TEN + " eleven", TEN + " 11", SAME),  # 1 edit of 11 words is 0.09
        (TEN, "ten " + TEN.removesuffix(" ten"), None),  # the same words in another order: 2 edits
        (TEN, "one two three four five", None),  # ratio 0.5
        (TEN, "one two three four", LENGTH),  # ratio 0.4
        ("yes it was", "it was six words and true", None),  # ratio 2
        ("yes it was", "it was seven words and quite true", LENGTH),
        (TEN, "", LENGTH),
        ("", "anything", LENGTH),
    ],
)
def test_rejection(text: str, translation: str, reason: str | None) -> None:
    assert rejection(text, translation) == reason


def test_long_texts_are_compared_in_no_time() -> None:
    before = " ".join(f"w{number}" for number in range(20_000))
    after = " ".join(f"v{number}" for number in range(20_000))
    started = time.perf_counter()
    assert rejection(before, after) is None
    assert time.perf_counter() - started < 2  # the full table of 4e8 cells would take minutes


def test_a_table_gives_its_text_by_id(tmp_path: Path) -> None:
    path = tmp_path / "translations.csv"
    path.write_text('\ufeffid,text,note\r\nb,"two\nlines",x\r\na, one ,\r\nc,,\r\n', encoding="utf-8")
    table = TranslationTable(path)
    assert table.back_translate(["A", "B", "C", "D"], ["a", "b", "c", "d"]) == [
        "one",
        "two\nlines",
        None,
        None,
    ]
    before = table.fingerprint
    path.write_text("id,text\na,another\n", encoding="utf-8")
    assert TranslationTable(path).fingerprint != before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,translation\na,b\n", r"has the columns id, translation; it needs id and text"),
        ("", r"translations\.csv is empty"),
        ("id,text\na,b\nc,d\na,e\n", r"holds the id 'a' more than once \(1 such id\(s\)\)"),
    ],
)
def test_a_bad_table_says_what_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "translations.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        TranslationTable(path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv cannot be read: No such file"):
        TranslationTable(tmp_path / "nowhere.csv")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("translators")
    return write_tiny_translator(root / "there", seed=1), write_tiny_translator(root / "back", seed=2)


def spoken_by(folder: Path, text: str) -> str:
    """Translate one text with four beams, the plain way."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    inputs = tokenizer([text], return_tensors="pt")
    with torch.no_grad():
        rows = model.generate(inputs["input_ids"], attention_mask=inputs["attention_mask"], num_beams=4)
    spoken: str = tokenizer.decode(rows[0], skip_special_tokens=True)
    return spoken


def test_two_models_there_and_back(folders: tuple[Path, Path]) -> None:
    texts = ["the train was my delight", " ", "furious with the bike and the router on a train", "afraid"]
    translator = BackTranslator(str(folders[0]), str(folders[1]))
    found = translator.back_translate(texts, ["1", "2", "3", "4"])
    assert found[1] is None
    assert [found[at] for at in (0, 2, 3)] == [
        spoken_by(folders[1], spoken_by(folders[0], texts[at])) for at in (0, 2, 3)
    ]
    assert len({found[0], found[2], found[3]}) > 1
    assert translator.back_translate(texts[::-1], ["4", "3", "2", "1"]) == found[::-1]


def test_a_model_that_is_not_here_is_an_error_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    started = time.perf_counter()
    translator = BackTranslator("nobody/en-de", str(tmp_path))  # naming it loads nothing
    with pytest.raises(ConfigError, match=r"'nobody/en-de' could not be loaded .* table of translations"):
        translator.back_translate(["a text"], ["1"])
    with pytest.raises(ConfigError, match=r"could not be loaded"):
        BackTranslator(str(tmp_path), str(tmp_path)).back_translate(["a text"], ["1"])
    assert time.perf_counter() - started < 30


def test_the_fingerprint_names_both_models() -> None:
    assert BackTranslator("x", "y").fingerprint != BackTranslator("y", "x").fingerprint
