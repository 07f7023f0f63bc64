"""The rows of a file as the checks look at them, one finding after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lane_core.data.checking.languages import Tongues
from lane_core.records import SPLITS, Problem, Split

ROWS_NAMED = 3
_ROWS_KEPT = 20
_LABELS_NAMED = 5
_LABEL_CHARACTERS = 60

Mask = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class CheckedRows:
    """Every row of a file, by position from 0, and which of them are left.

    The columns are computed once; a fix gives other ``label_codes`` or ``kept``, which takes no time.
    """

    file_name: str
    text_at: Callable[[int], str]
    """Returns the text at a position, without space around it: all of them would be held in memory twice."""
    text_codes: Codes
    """The same number for equal texts; -1 for none."""
    is_long: Mask
    """Rows whose text is longer than the encoder reads."""
    tongues: Tongues
    classes: tuple[str, ...]
    """Name of each label code."""
    label_codes: Codes
    """-1 where there is no label, or are several."""
    several: Mask
    """Rows whose label cell is a list of several labels."""
    split_codes: Codes
    """Positions in SPLITS."""
    kept: Mask

    @property
    def labelled(self) -> Mask:
        """Rows that are left and have one label."""
        return self.kept & (self.label_codes >= 0)

    @property
    def present(self) -> list[int]:
        """Codes of the classes that are left."""
        counts = self.class_counts()
        return np.flatnonzero(counts).tolist()

    def class_counts(self) -> Codes:
        """Return the examples of each label code that are left."""
        return np.bincount(self.label_codes[self.labelled], minlength=len(self.classes)).astype(np.int64)

    def without(self, left_out: Mask) -> CheckedRows:
        """Return the rows with some fewer of them left."""
        return replace(self, kept=self.kept & ~left_out)

    def is_split(self, *splits: Split) -> Mask:
        """Return which rows are of one of these splits."""
        return np.isin(self.split_codes, [SPLITS.index(split) for split in splits])


@dataclass(frozen=True)
class Finding:
    """A problem, and the rows after its fix if that is ticked."""

    problem: Problem
    rows: CheckedRows
    blocks: bool = False
    """Whether it stops the import unless it is fixed."""


def finding(
    rows: CheckedRows,
    found: Mask,
    kind: str,
    message: str,
    *,
    blocking: bool = False,
    fix: str | None = None,
    after: CheckedRows | None = None,
) -> Finding:
    """Return a finding about some rows.

    Args:
        rows: The rows as they are.
        found: Which of them it is about.
        kind: Word for it.
        message: What, where, the value seen and how to mend it.
        blocking: Whether it stops the import unless it is fixed.
        fix: Field of ``Fixes`` that mends it.
        after: The rows when that is ticked; None if it is not.
    """
    positions = (np.flatnonzero(found) + 1).tolist()
    problem = Problem(
        kind,
        message,
        max(len(positions), 1),
        tuple(positions[:_ROWS_KEPT]),
        blocking=blocking and after is None,
        fix=fix,
        is_fixed=after is not None,
    )
    return Finding(problem, rows if after is None else after, blocking)


def in_words(found: Mask, singular: str, plural: str) -> str:
    """Return which rows do what: "Row 3 has", "12 rows (first: 3, 5, 9) have"."""
    rows = (np.flatnonzero(found) + 1).tolist()
    if len(rows) == 1:
        return f"Row {rows[0]} {singular}"
    return f"{len(rows):,} rows (first: {', '.join(map(str, rows[:ROWS_NAMED]))}) {plural}"


def listed(labels: Sequence[Any]) -> str:
    """Return the first of some labels, and how many more there are."""
    more = f" and {len(labels) - _LABELS_NAMED:,} more" if len(labels) > _LABELS_NAMED else ""
    return ", ".join(short(str(label)) for label in labels[:_LABELS_NAMED]) + more


def short(text: str) -> str:
    """Return a text in quotes, cut where it is long."""
    return repr(text if len(text) <= _LABEL_CHARACTERS else f"{text[:_LABEL_CHARACTERS]}…")
