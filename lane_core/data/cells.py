"""What a cell means: its text, its label name, its id."""

from __future__ import annotations

import json
import re
from collections.abc import Container
from decimal import Decimal
from numbers import Integral, Real

from lane_core.errors import DataError

_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """Return the text with U+FFFD for every byte that could not be read, so that any program can store it."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def cell_text(value: object) -> str:
    """Return a cell as text: null is empty, a number as it is written, a nested value as JSON."""
    if is_null(value):
        return ""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (dict, list)):
        return printable(json.dumps(value, ensure_ascii=False, default=str))
    return str(value)


def cell_label(value: object) -> str | None:
    """Return the class name that a cell stands for; None if it is null or blank.

    Whole numbers are named without a decimal point, so that 1 and 1.0 are the same class.

    Raises:
        DataError: If the cell holds a list or an object.

    Example:
        >>> [cell_label(value) for value in ("joy", 3, 1.0, True, " ", None)]
        ['joy', '3', '1', 'true', None, None]
    """
    if is_null(value) or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real) and float(value).is_integer():
        return str(int(float(value)))
    if isinstance(value, (str, Real, Decimal)):
        return cell_text(value)
    raise DataError(f"a {type(value).__name__} ({cell_text(value)[:40]}) is not one label")


def as_class(label: str, classes: Container[str]) -> str:
    """Return the class that a person's label stands for, else the label as it is.

    pandas writes whole numbers with a decimal point where a column has gaps, as the column of one person has: 3.0 is
    class 3, unless there is a class 3.0.
    """
    whole = label.removesuffix(".0")
    return whole if label not in classes and whole in classes else label


def is_null(value: object) -> bool:
    """Return whether a value is None or not a number."""
    return value is None or (isinstance(value, float) and value != value)
