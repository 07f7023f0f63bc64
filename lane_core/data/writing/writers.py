"""Files out: the corrected file in the shape that came in or in another format, and new tables such as the audit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lane_core.data.cells import printable
from lane_core.data.checking.multi_label import as_listed
from lane_core.data.class_names import number_cells
from lane_core.data.formats.content import FileFormat
from lane_core.data.labels import read_labels
from lane_core.data.tables import Table
from lane_core.data.whole_files import write_whole
from lane_core.data.writing.delimited_rows import write_delimited
from lane_core.data.writing.plain_values import JSON, cell_words, plain_values
from lane_core.data.writing.workbook_rows import write_workbook
from lane_core.errors import DataError


def write_corrected(
    table: Table,
    label_column: str,
    labels: Mapping[int, str],
    excluded: Set[int],
    path: Path,
    class_names: Sequence[str] = (),
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
        class_names: Names of the classes 0…K-1 where the file holds numbers.

    Raises:
        DataError: If the table was not read from a file, there is no such column, or it cannot hold a new label.
        ValueError: If a row is not in the file.
    """
    if table.source is None:
        raise DataError(f"{table.name} was not read from a file, so it has no form to be written back in.")
    _require_rows(table, {*labels, *excluded})
    changes = _changed_cells(table, label_column, labels, class_names)
    table.source.write_corrected(path, label_column, changes, excluded)


def corrected_frame(
    table: Table,
    label_column: str,
    labels: Mapping[int, str],
    excluded: Set[int],
    class_names: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the rows of the corrected file, to be written in another format: the same cells, of the same types.

    Arguments and errors as of ``write_corrected``; a column that cannot hold a new label becomes text.
    """
    _require_rows(table, {*labels, *excluded})
    changes = _changed_cells(table, label_column, labels, class_names)
    frame = table.frame
    if changes:
        frame = frame.assign(**{label_column: _with_cells(frame[label_column], changes)})
    if excluded:
        is_kept = ~pd.Series(range(1, len(frame) + 1), index=frame.index).isin(excluded)
        frame = frame[is_kept]
    return frame


def write_rows(frame: pd.DataFrame, path: Path, file_format: FileFormat, *, defuse: bool = False) -> None:
    """Write a frame without its index as a new file, text in UTF-8 without a byte order mark.

    In CSV and TSV null is an empty cell, times are ISO 8601, lists and objects are JSON, and cells are quoted where
    RFC 4180 asks for it. JSON is a list with one object a line. Bytes that could not be read are written as U+FFFD:
    these files are to be valid text.

    Args:
        frame: Rows in the order in which they are written.
        path: Where to write.
        file_format: One of ``export_choices.SUFFIXES``.
        defuse: In CSV, TSV and Excel, put an apostrophe before text that a spreadsheet would run.

    Raises:
        DataError: If the place cannot be written to, or a workbook cannot hold the rows.
    """
    write_whole(path, lambda temporary: _write_frame(frame, temporary, file_format, defuse))


def _require_rows(table: Table, rows: Set[int]) -> None:
    strange = sorted(row for row in rows if not 1 <= row <= table.num_rows)
    if strange:
        raise ValueError(f"row {strange[0]} is not in {table.name}, which has rows 1 to {table.num_rows}")


def _changed_cells(
    table: Table, column: str, labels: Mapping[int, str], class_names: Sequence[str]
) -> dict[int, object]:
    """Return the new cell of every row whose label is another one, as the file writes its labels."""
    if column not in table.columns:
        raise DataError(f"{table.name} has no column {column!r}. It has: {', '.join(table.columns)}.")
    if not labels:
        return {}
    given = read_labels(table, column, class_names).names
    known: dict[str, Any] = {}
    for name, cell in zip(given, table.values(column), strict=True):
        if name is not None and name not in known:
            known[name] = cell
    wanted = {row: label for row, label in labels.items() if label != given[row - 1]}
    new = dict.fromkeys(label for label in wanted.values() if label not in known)
    if class_names:
        known |= number_cells(new, class_names, list(known.values()), column in table.class_names)
    else:
        cells = tuple(known.values())
        known |= {label: as_listed(_as_stored(label, cells), cells) for label in new}
    return {row: known[label] for row, label in wanted.items()}


def _as_stored(label: str, known: Sequence[Any]) -> Any:
    """Return a class name that the file does not hold yet, as an int if all its labels are."""
    are_ints = known and all(type(value) is int for value in known)
    return int(label) if are_ints and re.fullmatch("0|-?[1-9][0-9]*", label) else label


def _with_cells(column: pd.Series[Any], changes: Mapping[int, object]) -> pd.Series[Any]:
    values = column.tolist() if column.dtype == object else column.astype(object).tolist()
    for row, cell in changes.items():
        values[row - 1] = cell
    if column.dtype == object:
        return pd.Series(values, index=column.index, dtype=object)
    try:
        return pd.Series(values, index=column.index, dtype=column.dtype)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        words = [None if pd.isna(value) else str(value) for value in values]
        return pd.Series(words, index=column.index, dtype=object)


def _write_frame(frame: pd.DataFrame, path: Path, file_format: FileFormat, defuse: bool) -> None:
    if file_format == "parquet":
        pq.write_table(_arrow_table(frame), path, compression="zstd")
    elif file_format == "arrow":
        table = _arrow_table(frame)
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
    elif file_format == "excel":
        write_workbook(frame, path, defuse=defuse)
    elif file_format in ("json", "jsonl"):
        _write_json(frame, path, is_list=file_format == "json")
    else:
        with path.open("wb") as stream:
            write_delimited(frame, stream, "\t" if file_format == "tsv" else ",", defuse=defuse)


def _write_json(frame: pd.DataFrame, path: Path, is_list: bool) -> None:
    names = [str(name) for name in frame.columns]
    columns = [plain_values(frame.iloc[:, at]) for at in range(len(names))]
    before, between, after = ("[\n", ",\n", "\n]\n") if is_list else ("", "\n", "\n")
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(before)
        for row, values in enumerate(zip(*columns, strict=True)):
            separator = between if row else ""
            stream.write(separator + printable(JSON.encode(dict(zip(names, values, strict=True)))))
        stream.write(after if len(frame) or is_list else "")


def _arrow_table(frame: pd.DataFrame) -> pa.Table:
    arrays = [_arrow_array(frame.iloc[:, at]) for at in range(frame.shape[1])]
    return pa.Table.from_arrays(arrays, names=[printable(str(name)) for name in frame.columns])


def _arrow_array(column: pd.Series[Any]) -> pa.Array:
    if column.dtype != object:
        return pa.array(column, from_pandas=True)
    values = plain_values(column)
    try:
        return pa.array([printable(value) if isinstance(value, str) else value for value in values])
    except (pa.ArrowException, TypeError, UnicodeError, OverflowError):
        # Values of several kinds under one key of JSON Lines: Parquet wants one type a column.
        return pa.array([None if value is None else cell_words(value) for value in values], pa.string())
