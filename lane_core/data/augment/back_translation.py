"""Back-translation: which translations are used as views, and translations a user brings along in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from lane_core.data.cells import cell_text
from lane_core.data.tables import read_table
from lane_core.data.writing.manifest import file_sha256
from lane_core.errors import DataError

LEAST_EDITS = 0.1
"""A translation with fewer changed words than this share is the same text again."""
LENGTH_RATIOS = (0.5, 2.0)
"""Words of the translation per word of the text; outside, something was lost or made up."""


class BackTranslation(Protocol):
    """Anything that can say each text again in its own language."""

    @property
    def fingerprint(self) -> str:
        """What decides the outcome, in a few words: views are made anew when it changes."""

    def back_translate(self, texts: Sequence[str], ids: Sequence[str]) -> list[str | None]:
        """Return each text's translation there and back; None where there is none."""


class TranslationTable:
    """Back-translations from a file with the columns ``id`` and ``text``, for texts translated elsewhere."""

    def __init__(self, path: Path | str) -> None:
        """Read a CSV, TSV, JSON Lines or Parquet file.

        Raises:
            DataError: If it cannot be read, lacks a column, or holds an id twice.
        """
        table = read_table(path)
        if not {"id", "text"} <= set(table.columns):
            raise DataError(
                f"The table of back-translations {table.name} has the columns {', '.join(table.columns)}; "
                "it needs id and text."
            )
        ids = [cell_text(value) for value in table.values("id")]
        twice = [id_ for id_, count in Counter(ids).items() if count > 1]
        if twice:
            raise DataError(
                f"The table of back-translations {table.name} holds the id {twice[0]!r} more than once "
                f"({len(twice)} such id(s)). Keep one row an id."
            )
        self.fingerprint = f"table {file_sha256(table.path)}"
        self._texts = dict(
            zip(ids, (cell_text(value).strip() for value in table.values("text")), strict=True)
        )

    def back_translate(self, texts: Sequence[str], ids: Sequence[str]) -> list[str | None]:
        """Return the file's text for each id; None where it has no row or an empty one."""
        return [self._texts.get(id_) or None for id_ in ids]


def rejection(text: str, translation: str) -> str | None:
    """Return why a translation is no use as a view, or None if it is.

    Words are what stands between blanks, upper and lower case alike. The edit ratio is the number of words to
    put in, take out or change, by the length of the longer text.

    >>> rejection("the train was late again", "The train was late again")
    'the translation is nearly the same text'
    >>> rejection("the train was late again", "late")
    'the translation is much shorter or longer'
    >>> rejection("the train was late again", "the train came late again")
    """
    before, after = text.lower().split(), translation.lower().split()
    lowest, highest = LENGTH_RATIOS
    if not before or not lowest <= len(after) / len(before) <= highest:
        return "the translation is much shorter or longer"
    if _is_closer(before, after, LEAST_EDITS * max(len(before), len(after))):
        return "the translation is nearly the same text"
    return None


def _is_closer(before: list[str], after: list[str], limit: float) -> bool:
    # Words that only one side has must each be edited: most pairs are settled without the table below.
    common = (Counter(before) & Counter(after)).total()
    if max(len(before), len(after)) - common >= limit:
        return False
    return word_edits(before, after) < limit


def word_edits(before: Sequence[str], after: Sequence[str]) -> int:
    """Return the Levenshtein distance in words.

    >>> word_edits("a b c d".split(), "a c d e".split())
    2
    """
    row = list(range(len(after) + 1))
    for number, word in enumerate(before, start=1):
        diagonal, row[0] = row[0], number
        for at, other in enumerate(after, start=1):
            diagonal, row[at] = row[at], min(diagonal + (word != other), row[at] + 1, row[at - 1] + 1)
    return row[-1]
