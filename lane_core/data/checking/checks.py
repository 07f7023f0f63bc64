"""What a person should know about a file before it is stored, and what is left of it after the fixes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lane_core.data.cells import cell_text
from lane_core.data.checking.checked_rows import CheckedRows, Codes, Finding, Mask, finding, in_words
from lane_core.data.checking.checks_labels import (
    class_number,
    label_spelling,
    missing_label,
    multi_label,
    rare_class,
)
from lane_core.data.checking.checks_people import Labels, people_labels, people_problems
from lane_core.data.checking.checks_texts import (
    are_long,
    conflicting_duplicates,
    duplicates,
    empty_text,
    junk_text,
    leaks,
    long_text,
    other_language,
)
from lane_core.data.checking.fixes import Fixes
from lane_core.data.checking.languages import tongues_of
from lane_core.data.class_names import unknown_numbers
from lane_core.data.columns import require_columns
from lane_core.data.labels import label_names, read_labels
from lane_core.data.splits import split_codes
from lane_core.data.tables import Table
from lane_core.records import ColumnChoice, Problem

Progress = Callable[[int, int], None]
"""Called with the steps that are done and the steps there are; what it raises ends the work."""
_STEPS = (
    multi_label,
    label_spelling,
    missing_label,
    empty_text,
    junk_text,
    other_language,
    leaks,
    duplicates,
    rare_class,
)
"""What has a fix, in the order of the fixes: each looks at what those before it have left."""


@dataclass(frozen=True)
class Look:
    """Everything about a file that does not depend on the fixes; ``survey`` of it takes no time."""

    rows: CheckedRows
    columns: ColumnChoice
    ids: Codes | None
    """The same number for equal ids, -1 for blank ones; None where each row has its own, or there is no column."""
    first_ids: Sequence[str]
    """Id of each number."""
    people: Mapping[str, Labels]
    """What stands in the column of each person."""
    unreadable: Mask
    unknown_numbers: tuple[Problem, ...]
    """Cells that stand for no class of the list of names."""


@dataclass(frozen=True)
class Survey:
    """What the checks found, and what is left after the fixes that are ticked."""

    rows: CheckedRows
    problems: tuple[Problem, ...]
    """Blocking ones first."""
    people: Mapping[str, Labels] = field(default_factory=dict)
    """Class names that each person gave to the rows that are left, None elsewhere."""

    @property
    def blocking(self) -> list[Problem]:
        """Problems that must be mended, or whose fix must be ticked."""
        return [problem for problem in self.problems if problem.blocking]


def check(table: Table, columns: ColumnChoice, fixes: Fixes | None = None) -> list[Problem]:
    """Return what is wrong or remarkable in a file, blocking problems first.

    Blocking: a missing label or a list of several (unless such rows are left out), no text in any row, fewer than two
    classes or more than MAX_CLASSES, ids that are repeated or blank, no row for training, a person's column that holds
    no class of the label column. ``Problem.kind`` lists them all.

    Raises:
        DataError: If a column does not exist, is chosen twice, or holds objects as labels.
    """
    return list(survey(look(table, columns), fixes or Fixes()).problems)


def look(table: Table, columns: ColumnChoice, on_progress: Progress | None = None) -> Look:
    """Read the chosen columns of a file once, for any number of surveys.

    Raises:
        DataError: If a column does not exist, is chosen twice, or holds objects as labels.
    """
    require_columns(table, columns)
    say = on_progress or (lambda _done, _total: None)
    say(0, 5)
    labels = read_labels(table, columns.label, columns.class_names)
    classes, label_codes = _coded(labels.names)
    people = {name: label_names(table, name, columns.class_names) for name in columns.annotators}
    say(1, 5)
    texts = [text.strip() for text in texts_of(table, columns.text)]
    say(2, 5)
    _, text_codes = _coded(texts)
    say(3, 5)
    tongues = tongues_of(texts)
    say(4, 5)
    ids, id_codes = _repeated_ids(table, columns.example_id)
    cells = table.frame[columns.text]
    rows = CheckedRows(
        file_name=table.name,
        text_at=lambda position: cell_text(cells.iloc[position]).strip(),
        text_codes=text_codes,
        is_long=are_long(texts),
        tongues=tongues,
        classes=classes,
        label_codes=label_codes,
        several=_mask_of(labels.several, table.num_rows),
        split_codes=np.zeros(table.num_rows, dtype=np.int64)
        if columns.split is None
        else split_codes(table.values(columns.split)),
        kept=np.ones(table.num_rows, dtype=bool),
    )
    say(5, 5)
    unreadable = _mask_of(table.unreadable_rows, table.num_rows)
    return Look(rows, columns, id_codes, ids, people, unreadable, tuple(unknown_numbers(table, columns)))


def survey(seen: Look, fixes: Fixes) -> Survey:
    """Return what the checks find in a file with these fixes ticked, and what is left of it."""
    rows = seen.rows
    findings = []
    for step in _STEPS:
        for found in step(rows, fixes):
            findings.append(found)
            rows = found.rows
    people = people_labels(rows, fixes, seen.people)
    findings += [*conflicting_duplicates(rows), *long_text(rows), *_unreadable_bytes(rows, seen.unreadable)]
    # What is ticked keeps its place, so that nothing moves under the hand.
    blocks = {found.problem.kind for found in findings if found.blocks}
    problems = [found.problem for found in findings]
    problems += people_problems(rows, people)
    problems += class_number(rows)
    problems += [found.problem for found in _duplicate_id(rows, seen)]
    problems += seen.unknown_numbers
    problems += _no_training_row(rows, seen.columns)
    problems.sort(key=lambda problem: not (problem.blocking or (problem.is_fixed and problem.kind in blocks)))
    return Survey(rows, tuple(problems), people)


def texts_of(table: Table, column: str) -> list[str]:
    """Return the cells of a column as texts, as they stand."""
    return [
        value if type(value) is str and value.isascii() else cell_text(value)
        for value in table.values(column)
    ]


def _repeated_ids(table: Table, column: str | None) -> tuple[tuple[str, ...], Codes | None]:
    if column is None:
        return (), None
    ids = [text.strip() for text in texts_of(table, column)]
    known = set(ids)
    return ((), None) if len(known) == len(ids) and "" not in known else _coded(ids)


def _coded(values: Sequence[str | None]) -> tuple[tuple[str, ...], Codes]:
    """Return the distinct values in order, and the position of each value among them; -1 for None and ""."""
    known: dict[str | None, int] = {}
    codes = np.fromiter(
        (known.setdefault(value, len(known)) if value else -1 for value in values),
        dtype=np.int64,
        count=len(values),
    )
    return tuple(value for value in known if value), codes


def _mask_of(row_numbers: Sequence[int], num_rows: int) -> Mask:
    mask = np.zeros(num_rows, dtype=bool)
    mask[np.asarray(row_numbers, dtype=np.int64) - 1] = True
    return mask


def _unreadable_bytes(rows: CheckedRows, unreadable: Mask) -> Iterator[Finding]:
    found = rows.kept & unreadable
    if found.any():
        message = (
            f"{in_words(found, 'holds', 'hold')} bytes of {rows.file_name} that cannot be read. They are kept in the "
            "file and shown as \ufffd; try another encoding, for example cp1252 or latin-1."
        )
        yield finding(rows, found, "unreadable_bytes", message)


def _duplicate_id(rows: CheckedRows, seen: Look) -> Iterator[Finding]:
    if seen.ids is None:
        return
    counts = np.bincount(seen.ids[rows.kept & (seen.ids >= 0)], minlength=1)
    found = rows.kept & ((seen.ids < 0) | (counts[np.maximum(seen.ids, 0)] > 1))
    if found.any():
        first = int(seen.ids[int(np.argmax(found))])
        message = (
            f"{in_words(found, 'has', 'have')} a blank or repeated id in column {seen.columns.example_id!r} of "
            f"{rows.file_name} (the first holds {seen.first_ids[first] if first >= 0 else ''!r}). Choose another id "
            "column, or none to number the rows."
        )
        yield finding(rows, found, "duplicate_id", message, blocking=True)


def _no_training_row(rows: CheckedRows, columns: ColumnChoice) -> Iterator[Problem]:
    if (
        columns.split is not None
        and rows.labelled.any()
        and not (rows.labelled & rows.is_split("train")).any()
    ):
        message = (
            f"Column {columns.split!r} of {rows.file_name} leaves no labelled row for training. "
            "Choose another split column, or none."
        )
        yield Problem("no_training_row", message, 1, blocking=True)
