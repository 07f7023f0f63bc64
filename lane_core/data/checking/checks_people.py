"""What can be wrong with the columns of several people's labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lane_core.data.cells import as_class
from lane_core.data.checking.checked_rows import CheckedRows, Mask, finding, in_words, listed, short
from lane_core.data.checking.checks_labels import MAX_CLASSES, spelling_key
from lane_core.data.checking.fixes import Fixes
from lane_core.records import Problem

Labels = Sequence[str | None]


def people_labels(
    rows: CheckedRows, fixes: Fixes, cells: Mapping[str, Labels]
) -> dict[str, list[str | None]]:
    """Return the class names that each person gave to the rows that are left, None elsewhere.

    Args:
        rows: The rows after the fixes.
        fixes: What was ticked: spellings are joined for people as they are for the label column.
        cells: What stands in the column of each person.
    """
    classes = [rows.classes[code] for code in rows.present]
    known = set(classes)
    spelled = {spelling_key(name): name for name in classes} if fixes.join_spellings else {}
    is_left = rows.labelled.tolist()
    labels_of = {}
    for person, names in cells.items():
        meant = {name: as_class(name, known) for name in set(names) if name is not None}
        meant = {name: spelled.get(spelling_key(label), label) for name, label in meant.items()}
        labels_of[person] = [
            meant[name] if left and name is not None else None
            for name, left in zip(names, is_left, strict=True)
        ]
    return labels_of


def people_problems(rows: CheckedRows, labels_of: Mapping[str, Labels]) -> Iterator[Problem]:
    """Yield what is wrong or remarkable in the labels of several people; nothing if there is no class at all."""
    classes = {rows.classes[code] for code in rows.present}
    if not labels_of or not classes:
        return
    misplaced = list(_annotator_column(rows.file_name, labels_of, classes))
    yield from misplaced
    if not misplaced:
        seen = [
            [label for label in row if label is not None] for row in zip(*labels_of.values(), strict=True)
        ]
        yield from _new_class(rows, seen, classes)
        yield from _several_labels(rows, seen)


def _annotator_column(
    file_name: str, labels_of: Mapping[str, Labels], classes: set[str]
) -> Iterator[Problem]:
    for name, labels in labels_of.items():
        found = list(dict.fromkeys(label for label in labels if label is not None))
        if len(found) <= MAX_CLASSES and any(label in classes for label in found):
            continue
        held = f"{len(found):,} different labels" if len(found) > MAX_CLASSES else listed(found) or "no label"
        message = (
            f"Column {short(name)} of {file_name} does not look like one person's labels: it holds {held}, and the "
            f"label column holds {listed(sorted(classes))}. Leave it out of the several people's labels."
        )
        yield Problem("annotator_column", message, 1, blocking=True)


def _new_class(rows: CheckedRows, seen: Sequence[Sequence[str]], classes: set[str]) -> Iterator[Problem]:
    new = list(dict.fromkeys(label for row in seen for label in row if label not in classes))
    if len(classes) <= MAX_CLASSES < len(classes) + len(new):
        message = (
            f"The label column of {rows.file_name} and the columns of several people hold "
            f"{len(classes) + len(new):,} different labels; at most {MAX_CLASSES:,} classes can be audited. "
            "Leave a column out."
        )
        yield Problem("too_many_classes", message, 1, blocking=True)
    elif new:
        found = _mask(any(label not in classes for label in row) for row in seen)
        message = (
            f"{in_words(found, 'has', 'have')} a label by one of several people that the label column of "
            f"{rows.file_name} does not hold: {listed(new)}. Such labels become classes; if one is misspelt, mend "
            "the file first."
        )
        yield finding(rows, found, "new_class", message).problem


def _several_labels(rows: CheckedRows, seen: Sequence[Sequence[str]]) -> Iterator[Problem]:
    several = _mask(len(row) > 1 for row in seen)
    differing = _mask(len(set(row)) > 1 for row in seen)
    if several.any():
        num = int(several.sum())
        which = f"Row {int(several.argmax()) + 1} has" if num == 1 else f"{num:,} rows have"
        found = (
            f"{in_words(differing, 'has', 'have')} labels that differ" if differing.any() else "None differ"
        )
        message = f"{which} labels of several people in {rows.file_name}. {found}."
    else:
        message = (
            f"No row of {rows.file_name} has labels of several people: nothing says how well they agree."
        )
    yield finding(rows, differing, "several_labels", message).problem


def _mask(flags: Iterator[bool]) -> Mask:
    return np.fromiter(flags, dtype=bool)
