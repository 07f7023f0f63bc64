"""Views: each training text again, in other words. Made once per run, before training."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lane_core.data.augment.back_translation import BackTranslation, rejection
from lane_core.data.augment.fingerprint import fingerprint_of
from lane_core.data.augment.switchout import allowed_ids, special_ids, switch_out
from lane_core.data.augment.synonyms import SynonymReplacer
from lane_core.data.augment.view_file import read_views, write_views
from lane_core.data.augment.view_records import Substitution, Views
from lane_core.errors import ConfigError

Operation = Literal["synonym", "switchout", "backtranslate", "dropout"]
OPERATIONS: tuple[Operation, ...] = ("synonym", "switchout", "backtranslate", "dropout")
"""dropout leaves the text alone: the network's own dropout makes the second pass differ."""

log = logging.getLogger(__name__)


def make_views(
    texts: Sequence[str],
    ids: Sequence[str],
    num_views: int,
    operations: Sequence[str],
    seed: int,
    tokenizer: Any = None,
    max_tokens: int | None = None,
    back_translation: BackTranslation | None = None,
    class_names: Sequence[str] = (),
    is_train: npt.NDArray[np.bool_] | None = None,
    cache: Path | None = None,
) -> Views:
    """Return V views of every text; view 0 is the text itself.

    Which operations make view v: ``view_operations``; the paper's eight views are
    ``num_views=8, operations=("synonym", "switchout", "backtranslate")``. They are applied in the order
    back-translation, synonyms, word pieces. What is random is drawn from (seed, index, view,
    operation), so that a view depends neither on other rows nor on the order of the work.

    An operation that can do nothing for a text leaves it as it is (a dropout view); how often and why is
    in ``Views.substitutions``.

    Args:
        texts: N texts, in the order of their index.
        ids: Their N ids, for a table of translations.
        num_views: V, the text itself included.
        operations: Of ``OPERATIONS``; none of them gives dropout views only.
        seed: The run's seed.
        tokenizer: The encoder's Hugging Face tokenizer; needed for "switchout", and for ``Views.token_ids``.
        max_tokens: Texts are cut after this many word pieces, special ones included; goes with the tokenizer.
        back_translation: A ``BackTranslator`` or a ``TranslationTable``; without one that operation is
            left out.
        class_names: Their words are neither replaced nor put in.
        is_train: (N,); where False, every view is the text itself. None: all rows are training rows.
        cache: Parquet file to keep the views in. If it holds the views of these very arguments, they are
            read and nothing is made; otherwise it is written.

    Raises:
        ConfigError: If an argument cannot work, or a translation model cannot be loaded.
        DataError: If the cache cannot be written.

    References:
        LANE's experimental set-up: 32 texts a batch, 256 with augmentations, three operations. Differs from
        the paper: it does not say which eight views; every subset of the three is our reading of 8 = 2^3.
    """
    mask = np.ones(len(texts), dtype=bool) if is_train is None else is_train
    _check(texts, ids, num_views, operations, tokenizer, max_tokens, mask)
    plan = view_operations(operations, num_views)
    settings = (plan, seed, max_tokens, list(class_names))
    key = fingerprint_of(texts, ids, mask, settings, tokenizer, back_translation)
    if cache is not None and (found := read_views(cache, key)) is not None:
        log.info("views read from %s", cache)
        return found
    rows = np.flatnonzero(mask).tolist()
    views = _Maker(texts, ids, seed, tokenizer, max_tokens, back_translation, class_names, rows).make(plan)
    if cache is not None:
        write_views(cache, key, views)
    return views


def view_operations(operations: Sequence[str], num_views: int) -> list[tuple[str, ...]]:
    """Return the operations of each view: subset number v of them, the j-th is in it if bit j of v is set.

    After the last subset it starts again with the first that is not empty, drawn anew.

    >>> view_operations(["synonym", "switchout"], 5)
    [(), ('synonym',), ('switchout',), ('synonym', 'switchout'), ('synonym',)]
    """
    num_subsets = 2 ** len(operations) - 1  # without the empty one, which is view 0
    numbers = [0] + [view % num_subsets + 1 if num_subsets else 0 for view in range(num_views - 1)]
    return [tuple(name for bit, name in enumerate(operations) if number >> bit & 1) for number in numbers]


@dataclass(frozen=True)
class _Maker:
    """The arguments of ``make_views``, and a count of what could not be done."""

    texts: Sequence[str]
    ids: Sequence[str]
    seed: int
    tokenizer: Any
    max_tokens: int | None
    back_translation: BackTranslation | None
    class_names: Sequence[str]
    rows: list[int]
    failures: Counter[tuple[int, str, str]] = field(default_factory=Counter)

    def make(self, plan: list[tuple[str, ...]]) -> Views:
        used = {name for names in plan for name in names}
        translations = self._translations() if "backtranslate" in used else {}
        replacer = SynonymReplacer(self.class_names) if "synonym" in used else None
        texts = []
        for view, names in enumerate(plan):
            spoken = list(self.texts)
            if "backtranslate" in names:
                self._put_translations(view, spoken, translations)
            if "synonym" in names and replacer is not None:
                self._replace_words(view, spoken, replacer)
            texts.append(spoken)
        token_ids = None if self.tokenizer is None else self._token_ids(plan, texts)
        return Views(tuple(plan), tuple(texts), token_ids, self._substitutions())

    def _translations(self) -> dict[int, tuple[str, str | None]]:
        """Return for each training row its translation, and why it is no use (None: it is)."""
        if self.back_translation is None:
            reason = "neither a translation model nor a table of translations was given"
            return dict.fromkeys(self.rows, ("", reason))
        spoken = self.back_translation.back_translate(
            [self.texts[at] for at in self.rows], [self.ids[at] for at in self.rows]
        )
        return {
            at: ("", "there is no translation of the text")
            if translation is None
            else (translation, rejection(self.texts[at], translation))
            for at, translation in zip(self.rows, spoken, strict=True)
        }

    def _put_translations(
        self, view: int, spoken: list[str], translations: dict[int, tuple[str, str | None]]
    ) -> None:
        for at, (translation, reason) in translations.items():
            if reason is None:
                spoken[at] = translation
            else:
                self.failures[view, "backtranslate", reason] += 1

    def _replace_words(self, view: int, spoken: list[str], replacer: SynonymReplacer) -> None:
        for at in self.rows:
            replaced = replacer.replace(spoken[at], self._generator(at, view, "synonym"))
            if replaced == spoken[at]:
                self.failures[view, "synonym", "no word of the text can be replaced"] += 1
            spoken[at] = replaced

    def _token_ids(self, plan: list[tuple[str, ...]], texts: list[list[str]]) -> tuple[list[list[int]], ...]:
        special, allowed = special_ids(self.tokenizer), allowed_ids(self.tokenizer)
        pieces = [self._tokenize(self.texts)]
        for view, names in enumerate(plan[1:], start=1):
            rows = list(pieces[0])
            changed = [at for at in self.rows if texts[view][at] != self.texts[at]]
            for at, row in zip(changed, self._tokenize([texts[view][at] for at in changed]), strict=True):
                rows[at] = row
            if "switchout" in names:
                for at in self.rows:
                    generator = self._generator(at, view, "switchout")
                    rows[at] = switch_out(rows[at], special, allowed, generator)
            pieces.append(rows)
        return tuple(pieces)

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        rows = self.tokenizer(
            list(texts), truncation=True, max_length=self.max_tokens, add_special_tokens=True
        )
        return [list(row) for row in rows["input_ids"]]

    def _generator(self, index: int, view: int, operation: Operation) -> np.random.Generator:
        key = (index, view, OPERATIONS.index(operation))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def _substitutions(self) -> tuple[Substitution, ...]:
        return tuple(
            Substitution(view, operation, reason, count)
            for (view, operation, reason), count in sorted(self.failures.items())
        )


def _check(
    texts: Sequence[str],
    ids: Sequence[str],
    num_views: int,
    operations: Sequence[str],
    tokenizer: Any,
    max_tokens: int | None,
    mask: npt.NDArray[np.bool_],
) -> None:
    unknown = [name for name in operations if name not in OPERATIONS]
    if unknown:
        raise ConfigError(f"There is no augmentation {unknown[0]!r}. Choose of: {', '.join(OPERATIONS)}.")
    if len(set(operations)) < len(operations):
        raise ConfigError(f"The augmentations {', '.join(operations)} name one twice. Name each once.")
    if num_views < 1:
        raise ConfigError(f"The number of views is {num_views}; it must be at least 1, the text itself.")
    if not len(texts) == len(ids) == len(mask):
        raise ConfigError(
            f"There are {len(texts)} texts, {len(ids)} ids and {len(mask)} marks of training rows; "
            "there must be one of each for every example."
        )
    if "switchout" in operations and tokenizer is None:
        raise ConfigError("switchout works on word pieces: give the encoder's tokenizer, or leave it out.")
    if (tokenizer is None) != (max_tokens is None):
        raise ConfigError("A tokenizer and max_tokens go together: give both or neither.")
