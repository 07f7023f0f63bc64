"""Label columns of numbers with a list of class names: which name a number stands for, and the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lane_core.data.cells import cell_label, cell_text
from lane_core.errors import DataError
from lane_core.records import ColumnChoice, Problem

if TYPE_CHECKING:
    from lane_core.data.tables import Table

UNLABELLED = -1
"""Number of a row without a label, as Hugging Face writes it."""
_NUMBER = re.compile(r"(-?[0-9]{1,9})(\.0*)?")
_FLAGS = {"false": 0, "true": 1}
_NUMBERED_LINE = re.compile(r"[\"']?([0-9]+)[\"']?\s*[:=\t]\s*(.+)")
_ROWS_KEPT = 20
_SEEN_CHARACTERS = 60
_NAMES_SHOWN = 5


def named_class(label: str, class_names: Sequence[str]) -> str | None:
    """Return the class that a label of digits stands for; None for -1.

    A label that is no number from 0 to one less than there are classes stays as it is: ``unknown_numbers`` finds it.

    Example:
        >>> [named_class(label, ("joy", "anger")) for label in ("0", "1.0", "true", "-1", "7", "sad")]
        ['joy', 'anger', 'anger', None, '7', 'sad']
    """
    number = _number(label)
    if number == UNLABELLED:
        return None
    return label if number is None or not 0 <= number < len(class_names) else class_names[number]


def unknown_numbers(table: Table, columns: ColumnChoice) -> Iterator[Problem]:
    """Say which cells of the label column, and of several people's columns, stand for no class of the list.

    Yields:
        A blocking problem of kind ``unknown_number`` for each column that holds such cells; none without a list.
    """
    names = columns.class_names
    if not names:
        return
    for column in (columns.label, *columns.annotators):
        values = table.values(column)
        rows = [row for row, value in enumerate(values, start=1) if not _is_known(value, len(names))]
        if rows:
            seen = ", ".join(
                dict.fromkeys(repr(cell_text(values[row - 1])[:_SEEN_CHARACTERS]) for row in rows[:3])
            )
            where = f"Row {rows[0]}" if len(rows) == 1 else f"{len(rows):,} rows (first: {rows[0]})"
            message = (
                f"{where} of {table.name} {'has' if len(rows) == 1 else 'have'} no class number in column {column!r}: "
                f"{seen}. The list names {len(names)} classes ({_listed(names)}), numbered 0 to {len(names) - 1}, and "
                "-1 stands for no label. Add the missing names to the list, or mend the cells."
            )
            yield Problem("unknown_number", message, len(rows), tuple(rows[:_ROWS_KEPT]), blocking=True)


def check_class_names(class_names: Sequence[str]) -> None:
    """Raise DataError unless every class has a name of its own."""
    for number, name in enumerate(class_names):
        if not name.strip():
            raise DataError(f"Class {number} of the list has no name. Every number from 0 needs one.")
        if name in class_names[:number]:
            raise DataError(
                f"Classes {class_names.index(name)} and {number} of the list have the same name ({name!r}). "
                "Give each number a name of its own."
            )


def parse_class_names(text: str) -> tuple[str, ...]:
    """Return the names that somebody pasted: a ``classes.txt``, a list, or the JSON of a data set's description.

    Understood are: a name a line (with or without "- " before it); ``0: joy`` lines in any order; names between commas
    on one line; a JSON list; a JSON object of numbers and names; and any JSON that holds such a list under ``names``,
    ``label_names``, ``classes`` or ``id2label``, as ``dataset_info.json`` and ``config.json`` do.

    Raises:
        DataError: If there are no names, a number is missing, or a name is blank or repeated.

    Example:
        >>> parse_class_names("joy, anger"), parse_class_names('{"1": "anger", "0": "joy"}')
        (('joy', 'anger'), ('joy', 'anger'))
    """
    stripped = text.strip()
    names = _from_json(stripped) if stripped[:1] in ("[", "{") else _from_lines(stripped)
    if not names:
        raise DataError(
            "There is no class name in this. Write a name a line, the class with the number 0 first."
        )
    check_class_names(names)
    return names


def number_cells(
    labels: Iterable[str], class_names: Sequence[str], cells: Iterable[object], is_in_file: bool
) -> dict[str, Any]:
    """Return the cell that stands for each of these classes, written as the column writes its numbers.

    A class that the list does not hold gets the next number after it, in the order of ``labels``; if the list is in
    the file, it stays a name, and the format adds it to the list.

    Args:
        labels: Class names.
        class_names: The list; the position of a name is its number.
        cells: Cells of the column: they say whether numbers are ints, floats or text, "3" or "3.0".
        is_in_file: Whether the format of the file holds the list.
    """
    wanted = list(dict.fromkeys(labels))
    example = next((value for value in cells if _number_in(value) is not None), 0)
    names = [*class_names, *(label for label in wanted if label not in class_names)]
    return {
        label: label
        if is_in_file and label not in class_names
        else _written_like(example, names.index(label))
        for label in wanted
    }


def _number(label: str) -> int | None:
    """Return the whole number that a label writes; None if it is something else."""
    match = _NUMBER.fullmatch(label.strip())
    return int(match[1]) if match else _FLAGS.get(label)


def _number_in(value: object) -> int | None:
    return None if isinstance(value, (list, dict)) else _number(cell_label(value) or "")


def _is_known(value: object, num_classes: int) -> bool:
    if isinstance(value, (list, dict)) or cell_label(value) is None:
        return True  # whoever reads the labels says what is wrong with it
    number = _number_in(value)
    return number is not None and UNLABELLED <= number < num_classes


def _written_like(example: object, number: int) -> object:
    if isinstance(example, bool):
        return bool(number) if number < 2 else number
    if isinstance(example, str):
        return f"{number}.0" if "." in example else str(number)
    return float(number) if isinstance(example, float) else number


def _from_lines(text: str) -> tuple[str, ...]:
    lines = [line.strip().removeprefix("- ").strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and "," in lines[0]:
        lines = [name.strip() for name in lines[0].split(",")]
    numbered = [_NUMBERED_LINE.fullmatch(line) for line in lines]
    if lines and all(numbered):
        return _in_order({match[1]: _unquoted(match[2]) for match in numbered if match})
    return tuple(map(_unquoted, lines))


def _unquoted(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'" else name


def _from_json(text: str) -> tuple[str, ...]:
    try:
        found = _names_in(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise DataError(f"The list of classes looks like JSON, but is none: {error}.") from error
    if found is None:
        raise DataError(
            "This JSON holds no class names. Paste a list of names, or an object such as "
            '{"0": "joy", "1": "anger"}.'
        )
    return found


def _names_in(value: object) -> tuple[str, ...] | None:
    """Return the first list of names in a JSON value, outermost first."""
    if isinstance(value, list):
        return tuple(map(str, value)) if value and all(isinstance(name, str) for name in value) else None
    if not isinstance(value, Mapping):
        return None
    if value and all(str(key).isdigit() and isinstance(name, str) for key, name in value.items()):
        return _in_order(value)
    for key in ("names", "label_names", "classes", "id2label"):
        if (found := _names_in(value.get(key))) is not None:
            return found
    inner = (_names_in(child) for child in value.values() if isinstance(child, Mapping))
    return next((found for found in inner if found is not None), None)


def _in_order(names: Mapping[Any, str]) -> tuple[str, ...]:
    by_number = {int(number): name for number, name in names.items()}
    missing = next((number for number in range(len(names)) if number not in by_number), None)
    if missing is not None:
        raise DataError(
            f"The list of classes has no name for {missing}. Every number from 0 to {max(by_number)} needs one."
        )
    return tuple(by_number[number] for number in range(len(names)))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(repr(name[:_SEEN_CHARACTERS]) for name in names[:_NAMES_SHOWN]) + more
