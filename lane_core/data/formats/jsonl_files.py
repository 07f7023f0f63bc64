"""Read JSON Lines, one object a line, and write it back with other labels."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lane_core.data.cells import printable
from lane_core.data.formats.cell_columns import CellColumn, frame_of
from lane_core.data.formats.content import Content, Data, ReadOptions
from lane_core.data.formats.encodings import find_encoding
from lane_core.data.formats.headers import name_notes, unique_names
from lane_core.data.formats.json_spans import fault_in_words, with_value
from lane_core.data.formats.text_records import RecordLines, TextLines, TextRecords
from lane_core.errors import DataError

_BATCH = 4096


@dataclass(frozen=True, eq=False)
class JsonlSource:
    """What is needed to write JSON Lines back in their own shape."""

    records: TextRecords
    keys: Mapping[str, str]
    """Key in the file by column of the frame."""
    escape: bool
    """Whether characters beyond ASCII are written as escapes, as in a file that has none."""

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new values under one key (by row, from 1), without the excluded rows."""
        key = self.keys[column]

        def edit(line: str, label: object) -> str:
            return with_value(line, (key,), json.dumps(label, ensure_ascii=self.escape))

        self.records.rewrite(path, changes, excluded, edit)


def read_jsonl(data: Data, name: str, options: ReadOptions) -> Content:
    """Return the values; a missing key and null are None.

    Columns are all keys in the order in which they first appear. A blank key gets a name; the file keeps it.

    Raises:
        DataError: If a line is no JSON object, or there is none.
    """
    encoding = find_encoding(data, options.encoding)
    lines = TextLines(data, encoding, name)
    at = RecordLines(array("q"), array("q"))
    values = _Values()
    is_ascii = True
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            at.blank.append(number)
            continue
        at.last.append(number)
        values.add(_object(line, len(at.last), number, name))
        is_ascii = is_ascii and line.isascii()
    if not at.last:
        raise DataError(f"{name} is empty. It needs one JSON object a line.")
    columns = values.columns()
    keys = list(columns)
    check_keys(keys, name)
    names = unique_names(keys)
    return Content(
        "jsonl",
        frame_of(zip(names, columns.values(), strict=True)),
        JsonlSource(
            TextRecords(data, encoding, at.ends(lines)), dict(zip(names, keys, strict=True)), is_ascii
        ),
        (encoding.in_words, *name_notes(keys)),
        tuple(record + 1 for record in at.unreadable(lines)),
    )


class _Values:
    """The values of the objects so far, by key."""

    def __init__(self) -> None:
        self._columns: dict[str, CellColumn] = {}
        self._batch: list[dict[str, Any]] = []
        self._num_rows = 0

    def add(self, values: dict[str, Any]) -> None:
        self._batch.append(values)
        if len(self._batch) == _BATCH:
            self._flush()

    def columns(self) -> dict[str, CellColumn]:
        self._flush()
        return self._columns

    def _flush(self) -> None:
        for key in dict.fromkeys(key for values in self._batch for key in values):
            if key not in self._columns:
                self._columns[key] = CellColumn(self._num_rows)
        for key, column in self._columns.items():
            column.extend([values.get(key) for values in self._batch])
        self._num_rows += len(self._batch)
        self._batch = []


def _object(line: str, row: int, number: int, name: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        where = f" at character {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(
            f"Row {row} of {name} (line {number}) is not JSON: {fault_in_words(error)}{where}. "
            "JSON Lines hold one whole object a line, not indented over several."
        ) from error
    if not isinstance(values, dict):
        raise DataError(
            f"Row {row} of {name} (line {number}) is not a JSON object but {line.strip()[:40]!r}. "
            'JSON Lines hold one object a line, such as {"text": "...", "label": "..."}.'
        )
    return values


def check_keys(columns: Sequence[str], name: str) -> None:
    """Raise DataError if a key holds bytes that cannot be read."""
    unreadable = [key for key in columns if printable(key) != key]
    if unreadable:
        raise DataError(
            f"The key {printable(unreadable[0])!r} of {name} holds bytes that cannot be read in this encoding. "
            "Name the encoding of the file, for example cp1252 or latin-1."
        )
