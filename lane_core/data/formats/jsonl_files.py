"""Read JSON Lines, one object a line, and write it back with other labels."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lane_core.data.cells import printable
from lane_core.data.formats.content import Content
from lane_core.data.formats.headers import check_column_names
from lane_core.data.formats.text_records import TextLines, TextRecords, find_encoding, require_lossless
from lane_core.errors import DataError

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class JsonlSource:
    """What is needed to write JSON Lines back in their own shape."""

    records: TextRecords

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new values under one key (by row, from 1), without the excluded rows."""
        escape = self.records.data.isascii()  # a file without any other character was written with escapes

        def edit(line: str, label: object) -> str:
            return _with_value(line, column, json.dumps(label, ensure_ascii=escape))

        self.records.rewrite(path, changes, excluded, edit)


def read_jsonl(data: bytes, name: str, encoding: str | None) -> Content:
    """Return the values; a missing key and null are None.

    Columns are all keys in the order in which they first appear.

    Raises:
        DataError: If a line is no JSON object, or there is none.
    """
    text_encoding = find_encoding(data, encoding)
    lines = TextLines(data, text_encoding, name)
    objects: list[dict[str, Any]] = []
    ends = [lines.position]
    unreadable = []
    for line in lines:
        if line.isspace():  # a blank line belongs to the record above it
            ends[-1] = lines.position
            continue
        objects.append(_object(line, len(objects) + 1, lines.number, name))
        ends.append(lines.position)
        if lines.met_unreadable():
            unreadable.append(len(objects))
    if not objects:
        raise DataError(f"{name} is empty. It needs one JSON object a line.")
    require_lossless(lines, data, name)
    columns = list(dict.fromkeys(key for values in objects for key in values))
    _check_keys(columns, name)
    frame = pd.DataFrame({key: _column(objects, key) for key in columns})
    source = JsonlSource(TextRecords(data, text_encoding, tuple(ends)))
    return Content("jsonl", frame, source, (text_encoding.in_words,), tuple(unreadable))


def _object(line: str, row: int, number: int, name: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"Row {row} of {name} (line {number}) is not JSON: {error}. "
            "JSON Lines hold one whole object a line, not indented over several."
        ) from error
    if not isinstance(values, dict):
        raise DataError(
            f"Row {row} of {name} (line {number}) is not a JSON object but {line.strip()[:40]!r}. "
            'JSON Lines hold one object a line, such as {"text": "...", "label": "..."}.'
        )
    return values


def _check_keys(columns: list[str], name: str) -> None:
    unreadable = [key for key in columns if printable(key) != key]
    if unreadable:
        raise DataError(
            f"The key {printable(unreadable[0])!r} of {name} holds bytes that cannot be read in this encoding. "
            "Name the encoding of the file, for example cp1252 or latin-1."
        )
    check_column_names(columns, name)


def _column(objects: list[dict[str, Any]], key: str) -> pd.Series[Any]:
    return pd.Series([values.get(key) for values in objects], dtype=object)


def _with_value(line: str, key: str, value: str) -> str:
    """Return the line with the value of one key replaced; a key that is not there is added at the end."""
    spans = _value_spans(line)
    if key in spans:
        start, end = spans[key]
        return line[:start] + value + line[end:]
    end = max((end for _, end in spans.values()), default=line.index("{") + 1)
    comma = ", " if spans else ""
    return f"{line[:end]}{comma}{json.dumps(key)}: {value}{line[end:]}"


def _value_spans(line: str) -> dict[str, tuple[int, int]]:
    """Return where the value of each key stands; of a key that stands twice the last, as JSON readers do."""
    spans = {}
    position = _skip_space(line, line.index("{") + 1)
    while line[position] != "}":
        key, position = _DECODER.raw_decode(line, position)
        start = _skip_space(line, _skip_space(line, position) + 1)  # over the colon
        _, end = _DECODER.raw_decode(line, start)
        spans[key] = start, end
        position = _skip_space(line, end)
        if line[position] == ",":
            position = _skip_space(line, position + 1)
    return spans


def _skip_space(line: str, position: int) -> int:
    match = _SPACE.match(line, position)
    return match.end() if match else position
