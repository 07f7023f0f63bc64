"""Files out: the corrected file in the shape that came in, and new tables such as the audit."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from datetime import date, time
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lane_core.data.cells import cell_label, printable
from lane_core.data.checks import label_names
from lane_core.data.formats.content import FileFormat
from lane_core.data.formats.csv_records import CsvDialect
from lane_core.data.tables import Table
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError

_JSON = json.JSONEncoder(ensure_ascii=False, default=str)


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
        DataError: If the table was not read from a file, there is no such column, or it cannot hold a new label.
        ValueError: If a row is not in the file.
    """
    if table.source is None:
        raise DataError(f"{table.name} was not read from a file, so it has no form to be written back in.")
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
    write_whole(path, lambda temporary: _write_frame(frame, temporary, file_format))


def _as_stored(label: str, known: Mapping[str, Any]) -> str | int:
    """Return a class name that the file does not hold yet, as an int if all its labels are."""
    are_ints = known and all(type(value) is int for value in known.values())
    return int(label) if are_ints and re.fullmatch("0|-?[1-9][0-9]*", label) else label


def _write_frame(frame: pd.DataFrame, path: Path, file_format: FileFormat) -> None:
    if file_format == "parquet":
        pq.write_table(_arrow_table(frame), path, compression="zstd")
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        if file_format == "jsonl":
            _write_jsonl(frame, stream)
        else:
            _write_delimited(frame, stream, CsvDialect("\t" if file_format == "tsv" else ","))


def _write_delimited(frame: pd.DataFrame, stream: TextIO, dialect: CsvDialect) -> None:
    stream.write(dialect.delimiter.join(map(dialect.cell, frame.columns)) + "\n")
    columns = [map(_cell, _plain_values(frame[name])) for name in frame.columns]
    for values in zip(*columns, strict=True):
        stream.write(dialect.delimiter.join(map(dialect.cell, values)) + "\n")


def _write_jsonl(frame: pd.DataFrame, stream: TextIO) -> None:
    columns = [_plain_values(frame[name]) for name in frame.columns]
    for values in zip(*columns, strict=True):
        stream.write(printable(_JSON.encode(dict(zip(frame.columns, values, strict=True)))) + "\n")


def _plain_values(column: pd.Series[Any]) -> list[Any]:
    """Return Python values: null as None, times as ISO 8601, short floats without the digits they do not have."""
    values = column.tolist()
    if column.dtype == np.float32:
        values = [float(str(value)) for value in column.to_numpy()]
    elif any(map(_is_time, values)):
        values = [value.isoformat() if _is_time(value) else value for value in values]
    return [None if null else value for value, null in zip(values, column.isna(), strict=True)]


def _is_time(value: object) -> bool:
    return isinstance(value, (date, time))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return printable(_JSON.encode(value) if isinstance(value, (list, dict)) else str(value))


def _arrow_table(frame: pd.DataFrame) -> pa.Table:
    return pa.table({name: _arrow_array(frame[name]) for name in frame.columns})


def _arrow_array(column: pd.Series[Any]) -> pa.Array:
    if column.dtype != object:
        return pa.array(column, from_pandas=True)
    values = _plain_values(column)
    try:
        return pa.array([printable(value) if isinstance(value, str) else value for value in values])
    except (pa.ArrowException, TypeError, UnicodeError, OverflowError):
        # Values of several kinds under one key of JSON Lines: Parquet wants one type a column.
        return pa.array([None if value is None else _cell(value) for value in values], pa.string())
