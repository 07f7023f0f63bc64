"""Files out: the corrected file in the shape that came in, and new tables such as the audit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lane_core.data.cells import cell_label, printable
from lane_core.data.checks import label_names
from lane_core.data.csv_records import CsvDialect
from lane_core.data.tables import FileFormat, Table
from lane_core.data.whole_files import whole_file
from lane_core.errors import DataError


def write_corrected(
    table: Table, label_column: str, labels: Mapping[int, str], excluded: Set[int], path: Path
) -> None:
    """Write the file again, in its own format, with new labels and without the excluded rows.

    Rows whose label does not change keep their bytes (in Parquet: their values); in a changed row only the label
    cell differs. Encoding, byte order mark, delimiter, quoting, line endings, key order, types and schema stay.
    A label is written as the file writes it: the class "3" of a column of ints is the int 3.

    Args:
        table: The file as it was read.
        label_column: Column whose cells are replaced.
        labels: Class name by data row, from 1. Rows that have this label already are left as they are.
        excluded: Data rows to leave out, from 1.
        path: Where to write; may be the file that was read.

    Raises:
        DataError: If there is no such column, or it cannot hold a new label.
        ValueError: If a row is not in the file.
    """
    if label_column not in table.columns:
        raise DataError(f"{table.name} has no column {label_column!r}. It has: {', '.join(table.columns)}.")
    strange = sorted(row for row in {*labels, *excluded} if not 1 <= row <= table.num_rows)
    if strange:
        raise ValueError(f"row {strange[0]} is not in {table.name}, which has rows 1 to {table.num_rows}")
    given = label_names(table, label_column)
    values = {
        name: value
        for value in reversed(table.values(label_column))
        if (name := cell_label(value)) is not None
    }
    changes = {
        row: values.get(label, _as_stored(label, values))
        for row, label in labels.items()
        if label != given[row - 1]
    }
    table.source.write_corrected(path, label_column, changes, excluded)


def write_rows(frame: pd.DataFrame, path: Path, file_format: FileFormat) -> None:
    """Write a frame without its index as CSV, TSV, JSON Lines or Parquet, in UTF-8 without a byte order mark.

    In CSV and TSV null is an empty cell, times are ISO 8601, lists and objects are JSON, and cells are quoted where
    RFC 4180 asks for it. Bytes that could not be read are written as U+FFFD: these files are to be valid text.

    Args:
        frame: Rows in the order in which they are written.
        path: Where to write.
        file_format: One of csv, tsv, jsonl, parquet.

    Raises:
        DataError: If the place cannot be written to.
    """
    with whole_file(path) as temporary:
        if file_format == "parquet":
            pq.write_table(_arrow_table(frame), temporary, compression="zstd")
            return
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            if file_format == "jsonl":
                _write_jsonl(frame, stream)
            else:
                _write_delimited(frame, stream, CsvDialect("\t" if file_format == "tsv" else ","))


def _as_stored(label: str, known: Mapping[str, Any]) -> str | int:
    """Return a class name that the file does not hold yet, as an int if all its labels are."""
    if known and all(isinstance(value, int) and not isinstance(value, bool) for value in known.values()):
        try:
            return int(label)
        except ValueError:
            return label
    return label


def _write_delimited(frame: pd.DataFrame, stream: TextIO, dialect: CsvDialect) -> None:
    stream.write(dialect.delimiter.join(map(dialect.cell, frame.columns)) + "\n")
    for values in _rows(frame, _cell):
        stream.write(dialect.delimiter.join(map(dialect.cell, values)) + "\n")


def _write_jsonl(frame: pd.DataFrame, stream: TextIO) -> None:
    for values in _rows(frame, _json_value):
        record = dict(zip(frame.columns, values, strict=True))
        stream.write(printable(json.dumps(record, ensure_ascii=False, default=str)) + "\n")


def _rows(frame: pd.DataFrame, convert: Callable[[Any], Any]) -> Iterator[tuple[Any, ...]]:
    columns = [map(convert, _plain_values(frame[name])) for name in frame.columns]
    return zip(*columns, strict=True)


def _plain_values(column: pd.Series[Any]) -> list[Any]:
    """Return Python values; short floats as their shortest decimal, so that 0.3 does not become 0.30000001192."""
    if column.dtype == np.float32:
        return [float(str(value)) for value in column.to_numpy()]
    return column.tolist()


def _json_value(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return value
    if pd.isna(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _cell(value: Any) -> str:
    value = _json_value(value)
    if value is None:
        return ""
    if isinstance(value, (list, dict)):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return printable(str(value))


def _arrow_table(frame: pd.DataFrame) -> pa.Table:
    return pa.table({name: _arrow_array(frame[name]) for name in frame.columns})


def _arrow_array(column: pd.Series[Any]) -> pa.Array:
    if column.dtype != object:
        return pa.array(column, from_pandas=True)
    values = [_json_value(value) for value in column]
    try:
        return pa.array([printable(value) if isinstance(value, str) else value for value in values])
    except (pa.ArrowException, TypeError, UnicodeError, OverflowError):
        # Values of several kinds under one key of JSON Lines: Parquet wants one type a column.
        return pa.array([None if value is None else _cell(value) for value in values], pa.string())
