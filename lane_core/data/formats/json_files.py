"""Read a JSON document that holds rows, and write it back with other labels."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import shorten
from typing import Any

import pandas as pd

from lane_core.data.formats.content import Content, Data, ReadOptions
from lane_core.data.formats.encodings import TextEncoding, find_encoding
from lane_core.data.formats.headers import name_notes, unique_names
from lane_core.data.formats.json_records import JsonRecords, JsonSource, RowSpans
from lane_core.data.formats.json_spans import Item, JsonPath, fault_in_words, items_of, skip_space
from lane_core.data.formats.jsonl_files import check_keys, read_jsonl
from lane_core.errors import DataError

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_ROW_LISTS = ("data", "rows", "examples", "records", "items")
_SHAPES = 'Rows are a list of objects, such as [{"text": "...", "label": "..."}], alone or under a key such as "data".'


def read_json(data: Data, name: str, options: ReadOptions) -> Content:
    """Return the values of a document; a missing key and null are None.

    Rows are a list of objects, alone or under a key of an object, an object of objects (each key is then an id), or
    what pandas writes with orient="columns" and orient="split". JSON Lines under the name of JSON are read as such.

    Raises:
        DataError: If this is not JSON, or holds no rows.
    """
    encoding = find_encoding(data, options.encoding)
    text = _decoded(data, encoding, name)
    start = skip_space(text, 0)
    if not text.startswith(("{", "["), start):
        raise DataError(
            f"{name} is not a JSON document: it begins with {text[start : start + 40]!r}. {_SHAPES}"
        )
    try:
        items, end = items_of(text, start)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} cannot be read as JSON: {_in_words(error)}.") from error
    end = skip_space(text, end)
    if text.startswith("{", end) and text.startswith("{", start):
        return read_jsonl(data, name, options)
    if end != len(text):
        raise DataError(
            f"{name} goes on after the end of its JSON, with {text[end : end + 40]!r} (character {end + 1:,}). "
            "One document a file, or JSON Lines with one object a line."
        )
    return _content(text, encoding, items, name, options.part)


def _decoded(data: Data, encoding: TextEncoding, name: str) -> str:
    try:
        text, _ = encoding.decode_checked(memoryview(data)[len(encoding.mark) :])
    except UnicodeError as error:
        raise DataError(
            f"{name} is not {encoding.codec} text. Name its encoding, or save it as UTF-8."
        ) from error
    if "\0" in text:
        raise DataError(
            f"{name} holds a NUL byte: this is not plain text, or it is UTF-16 without a byte order mark. "
            "Save it as UTF-8, or name its encoding (for example utf-16-le)."
        )
    return text


def _in_words(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        where = f"line {error.lineno}, column {error.colno}"
        return f"{fault_in_words(error)} at {where}. Mend it there, or write the file again"
    remedy = (
        "Put it between double quotes"
        if isinstance(error, ValueError)
        else "Rows are objects of a few levels"
    )
    return f"{fault_in_words(error)}. {remedy}"


def _content(text: str, encoding: TextEncoding, items: list[Item], name: str, part: str | None) -> Content:
    notes = [encoding.in_words]
    parts: tuple[str, ...] = ()
    if items and items[0].key is not None:
        lists = {str(item.key): item for item in items if _is_row_list(item.value)}
        parts = _ordered(lists, name, part)
        if parts:
            chosen = lists[parts[0]]
            notes.append(f"rows under {parts[0]!r}")
            items = items_of(text, chosen.value_start)[0]
        elif is_split := _split_orientation(items):
            return _read_split(text, encoding, is_split, name)
        elif _is_columns_orientation(items):
            return _read_columns(text, encoding, items, name)
    rows = [item.value for item in items]
    if not rows:
        raise DataError(f"{name} holds no rows. {_SHAPES}")
    for row, value in enumerate(rows, start=1):
        if not isinstance(value, dict):
            raise DataError(f"Row {row} of {name} is not an object but {json.dumps(value)[:40]}. {_SHAPES}")
    keys = list(dict.fromkeys(key for values in rows for key in values))
    names = _names(keys, name)
    frame = pd.DataFrame(
        {
            column: _cells([values.get(key) for values in rows])
            for column, key in zip(names, keys, strict=True)
        }
    )
    if items[0].key is not None:
        free = next(
            free for free in ("id", "key", "row key", *map(str, range(len(names) + 1))) if free not in names
        )
        frame.insert(0, free, _cells([item.key for item in items]))
        notes.append("one object a key")
    spans = RowSpans(items)
    paths: dict[str, tuple[int, JsonPath]] = {
        column: (0, (key,)) for column, key in zip(names, keys, strict=True)
    }
    return Content(
        "json",
        frame,
        JsonSource(JsonRecords(text, encoding, (spans,)), paths),
        (*notes, *name_notes(keys)),
        _unreadable(text, spans),
        parts if len(parts) > 1 else (),
    )


def _cells(values: list[Any]) -> pd.Series[Any]:
    return pd.Series(values, dtype=object)


def _names(keys: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the names of the columns: the keys, but for blank and repeated ones.

    Raises:
        DataError: If there is none, or one holds bytes that cannot be read.
    """
    check_keys(keys, name)
    if not keys:
        raise DataError(f"The objects of {name} are empty. {_SHAPES}")
    return unique_names(keys)


def _is_row_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _ordered(lists: Mapping[str, Item], name: str, part: str | None) -> tuple[str, ...]:
    """Return the keys that hold rows, the one to read first."""
    if lists and part is not None and part not in lists:
        raise DataError(
            f"{name} has no rows under {part!r}. It has rows under: {shorten(', '.join(lists), 200)}."
        )
    first = (
        part if part in lists else next((key for key in _ROW_LISTS if key in lists), next(iter(lists), None))
    )
    return () if first is None else (first, *(key for key in lists if key != first))


def _unreadable(text: str, *spans: RowSpans) -> tuple[int, ...]:
    if not _ESCAPED_BYTE.search(text):
        return ()
    return tuple(
        sorted(
            {
                row
                for part in spans
                for row, (start, end) in enumerate(zip(part.starts, part.ends, strict=True), start=1)
                if _ESCAPED_BYTE.search(text, start, end)
            }
        )
    )


def _split_orientation(items: Sequence[Item]) -> dict[str, Item] | None:
    """Return the parts of what pandas writes with orient="split"; None if this is something else."""
    found = {str(item.key): item for item in items}
    if not {"columns", "data"} <= set(found) <= {"columns", "index", "data"} or len(found) != len(items):
        return None
    columns, data = found["columns"].value, found["data"].value
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        return None
    if not isinstance(data, list) or not data:
        return None
    are_rows = all(isinstance(row, list) and len(row) == len(columns) for row in data)
    index = found["index"].value if "index" in found else data
    return found if are_rows and isinstance(index, list) and len(index) == len(data) else None


def _read_split(text: str, encoding: TextEncoding, found: Mapping[str, Item], name: str) -> Content:
    keys = found["columns"].value
    names = _names(keys, name)
    cells = zip(*found["data"].value, strict=True)
    frame = pd.DataFrame({column: _cells(list(values)) for column, values in zip(names, cells, strict=True)})
    lists = [
        str(item.key) for item in sorted(found.values(), key=lambda item: item.start) if item.key != "columns"
    ]
    spans = tuple(RowSpans(items_of(text, found[key].value_start)[0]) for key in lists)
    at = lists.index("data")
    paths: dict[str, tuple[int, JsonPath]] = {column: (at, (number,)) for number, column in enumerate(names)}
    notes = (encoding.in_words, "names of columns apart from the rows", *name_notes(keys))
    source = JsonSource(JsonRecords(text, encoding, spans), paths)
    return Content("json", frame, source, notes, _unreadable(text, spans[at]))


def _is_columns_orientation(items: Sequence[Item]) -> bool:
    """Return whether each member is a column: row names -> values, as pandas writes with orient="columns"."""
    if not all(isinstance(item.value, dict) and item.value for item in items):
        return False
    if any(list(one.value) != list(other.value) for one, other in pairwise(items)):
        return False
    names = list(items[0].value)
    if all(name.isdecimal() for name in names):
        return True
    return len(names) > len(items) and not all(str(item.key).isdecimal() for item in items)


def _read_columns(text: str, encoding: TextEncoding, items: Sequence[Item], name: str) -> Content:
    keys = [str(item.key) for item in items]
    names = _names(keys, name)
    frame = pd.DataFrame(
        {column: _cells(list(item.value.values())) for column, item in zip(names, items, strict=True)}
    )
    spans = tuple(RowSpans(items_of(text, item.value_start)[0]) for item in items)
    if any(len(part.starts) != len(frame) for part in spans):
        raise DataError(
            f"A row name stands twice in {name}. Write it with df.to_json(..., orient='records')."
        )
    paths: dict[str, tuple[int, JsonPath]] = {column: (number, ()) for number, column in enumerate(names)}
    notes = (encoding.in_words, "one object a column", *name_notes(keys))
    return Content(
        "json", frame, JsonSource(JsonRecords(text, encoding, spans), paths), notes, _unreadable(text, *spans)
    )
