"""Where values stand in JSON text, and the text with one value replaced."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

JsonPath = tuple[str | int, ...]
"""Keys of objects and positions (from 0) in arrays, from the outside in."""

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


class Item(NamedTuple):
    """An element of an array, or a member of an object: where it stands, and what it is."""

    start: int
    """Where the element, or the key of the member, begins."""
    value_start: int
    end: int
    key: str | None
    """None in an array."""
    value: Any


def fault_in_words(error: Exception) -> str:
    """Return what is wrong with text that is not JSON, without where."""
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if not isinstance(error, json.JSONDecodeError):  # Python reads no number of more than 4,300 digits
        return "a number in it has too many digits"
    return error.msg.removesuffix(" at")


def skip_space(text: str, position: int) -> int:
    """Return the position of the next character that is not white space of JSON."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


def items_of(text: str, position: int) -> tuple[list[Item], int]:
    """Return the elements of the array, or the members of the object, that begins here, and where it ends.

    Raises:
        ValueError: If this is not JSON.
        RecursionError: If it is nested too deep.

    Example:
        >>> [(item.key, item.value) for item in items_of('{"a": 1, "b": [2]}', 0)[0]]
        [('a', 1), ('b', [2])]
    """
    is_object = text.startswith("{", position)
    closing = "}" if is_object else "]"
    items: list[Item] = []
    position = skip_space(text, position + 1)
    if text.startswith(closing, position):
        return items, position + 1
    while True:
        start, key = position, None
        if is_object:
            if not text.startswith('"', position):
                raise json.JSONDecodeError(
                    "Expecting property name enclosed in double quotes", text, position
                )
            key, position = _DECODER.raw_decode(text, position)
            position = skip_space(text, position)
            if not text.startswith(":", position):
                raise json.JSONDecodeError("Expecting ':' delimiter", text, position)
            position = skip_space(text, position + 1)
        value_start = position
        value, end = _DECODER.raw_decode(text, position)
        items.append(Item(start, value_start, end, key, value))
        position = skip_space(text, end)
        if text.startswith(closing, position):
            return items, position + 1
        if not text.startswith(",", position):
            raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
        position = skip_space(text, position + 1)


def with_value(text: str, path: JsonPath, value: str) -> str:
    """Return the text of a JSON value with the value at a path replaced by other JSON text; all else stays as it is.

    A last key that is not there is added at the end of its object. Of a key that stands twice the last counts, as for
    JSON readers.

    Raises:
        KeyError: If the path leads nowhere.

    Example:
        >>> with_value('{"a": [ 1,2 ]}', ("a", 1), "3"), with_value('{"a": 1}', ("b",), "2")
        ('{"a": [ 1,3 ]}', '{"a": 1, "b": 2}')
    """
    start, end = skip_space(text, 0), len(text)
    for depth, step in enumerate(path):
        items = items_of(text, start)[0] if text.startswith(("{", "["), start) else []
        found = [item for at, item in enumerate(items) if (at if item.key is None else item.key) == step]
        if found:
            start, end = found[-1].value_start, found[-1].end
        elif depth == len(path) - 1 and isinstance(step, str) and text.startswith("{", start):
            end = items[-1].end if items else start + 1
            comma = ", " if items else ""
            return f"{text[:end]}{comma}{json.dumps(step)}: {value}{text[end:]}"
        else:
            raise KeyError(path[: depth + 1])
    return text[:start] + value + text[end:]
