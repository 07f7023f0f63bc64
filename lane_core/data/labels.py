"""The class names of a label column, and of the columns of several people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lane_core.data.cells import cell_label, cell_text, is_null
from lane_core.data.checking.multi_label import listed_labels
from lane_core.data.class_names import named_class
from lane_core.data.tables import Table
from lane_core.errors import DataError


@dataclass(frozen=True)
class LabelCells:
    """What the cells of a label column say."""

    names: list[str | None]
    """Class name of every row; None where it has none, or several."""
    several: tuple[int, ...] = ()
    """Rows (from 1) whose cell is a list of several labels."""


def read_labels(table: Table, column: str, class_names: Sequence[str] = ()) -> LabelCells:
    """Return the class name of every row. A list of one label, also one written as text, is read as that label.

    Args:
        table: The file.
        column: Column with the labels.
        class_names: Names of the classes 0…K-1 where the labels are numbers; -1 is then no label.

    Raises:
        DataError: If a cell holds an object, or a list of something else than labels.
    """
    names: list[str | None] = []
    several: list[int] = []
    known: dict[str | int, list[str]] = {}
    for row, value in enumerate(table.values(column), start=1):
        try:
            if type(value) in (str, int):
                # Labels repeat: each is looked at once. True is no int here: it would be found as 1.
                found = known.get(value)
                if found is None:
                    found = known[value] = _labels(value, class_names)
            else:
                found = _labels(value, class_names)
        except DataError as error:
            raise DataError(
                f"Row {row} of {table.name}, column {column!r}: {error}. Choose a column with one label a row."
            ) from error
        names.append(found[0] if len(found) == 1 else None)
        if len(found) > 1:
            several.append(row)
    return LabelCells(names, tuple(several))


def label_names(table: Table, column: str, class_names: Sequence[str] = ()) -> list[str | None]:
    """Return the class name of every row, None where it has none; arguments as of ``read_labels``.

    Raises:
        DataError: If a cell holds several labels, or an object.
    """
    cells = read_labels(table, column, class_names)
    if cells.several:
        row = cells.several[0]
        seen = cell_text(table.values(column)[row - 1])[:40]
        raise DataError(
            f"Row {row} of {table.name}, column {column!r}: a list ({seen}) is not one label. "
            "Choose a column with one label a row."
        )
    return cells.names


def _labels(value: object, class_names: Sequence[str]) -> list[str]:
    """Return the distinct labels of a cell, in its order."""
    listed = listed_labels(value) if isinstance(value, str) and value[:1] in "[ " else value
    if isinstance(listed, (list, tuple)):
        found = list(_names(listed))
    else:
        name = cell_label(value)
        found = [] if name is None else [name]
    named = [named_class(label, class_names) for label in found] if class_names else found
    return [label for label in dict.fromkeys(named) if label is not None]


def _names(values: Iterable[object]) -> Iterable[str]:
    for value in values:
        if is_null(value):
            continue
        if isinstance(value, (list, tuple, dict)):
            raise DataError(f"a {type(value).__name__} in a list ({cell_text(value)[:40]}) is not a label")
        name = cell_label(value)
        if name is not None:
            yield name
