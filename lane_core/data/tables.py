"""A labelled file as it was read, with everything needed to write it back in the same shape."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import pandas as pd

from lane_core.data.csv_files import CsvSource, read_csv
from lane_core.data.jsonl_files import read_jsonl
from lane_core.data.parquet_files import ParquetSource, read_parquet
from lane_core.errors import DataError

FileFormat = Literal["csv", "tsv", "jsonl", "parquet"]

_DELIMITED = {".csv", ".tsv", ".tab", ".txt"}
_JSON_LINES = {".jsonl", ".ndjson"}
_PARQUET = {".parquet", ".pq"}
_FOREIGN = (
    (b"PK\x03\x04", "an Excel workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1\x15", "a Parquet file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF-", "a PDF file"),
)


class Source(Protocol):
    """The file behind a table."""

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new values in one column (by row, from 1), without the excluded rows."""


@dataclass(frozen=True)
class Table:
    """A labelled file as it was read, or rows from memory under a name of their own.

    ``frame`` has one row a data row of the file, in order: data row 1 is at position 0. Cells of CSV and TSV are
    text exactly as in the file; JSON Lines give Python values, with None for null and for a missing key; Parquet
    keeps its Arrow types.
    """

    path: Path
    file_format: FileFormat
    frame: pd.DataFrame
    source: Source | None = None
    """What ``write_corrected`` needs; None for a table that was made in memory."""
    unreadable_rows: tuple[int, ...] = ()
    """Data rows (from 1) with bytes that are not the encoding; they are kept, and written back as they were."""

    @property
    def name(self) -> str:
        """File name, for messages."""
        return self.path.name

    @property
    def columns(self) -> list[str]:
        """Column names in the order of the file."""
        return list(self.frame.columns)

    @property
    def num_rows(self) -> int:
        """Data rows of the file."""
        return len(self.frame)

    def values(self, column: str) -> list[Any]:
        """Return the cells of one column as plain Python values, with None for null."""
        if isinstance(self.source, ParquetSource):
            return list(self.source.table.column(column).to_pylist())
        return self.frame[column].tolist()


def read_table(path: Path | str, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Read a CSV, TSV, JSON Lines or Parquet file without changing or interpreting a cell.

    Args:
        path: File named .csv, .tsv, .tab, .txt, .jsonl, .ndjson, .parquet or .pq.
        encoding: Encoding of a text file; None = UTF-8. A byte order mark wins over it.
        delimiter: Delimiter of a .csv, .tsv, .tab or .txt file; None = found among comma, tab, semicolon and bar.

    Raises:
        DataError: If the file cannot be read; the message says where and how to mend it.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    data = _read_bytes(path)
    if suffix in _PARQUET:
        if data[:4] != b"PAR1":
            raise DataError(f"{path.name} is not a Parquet file, whatever its name says. Check what it is.")
        frame, parquet = read_parquet(data, path.name)
        return Table(path, "parquet", frame, parquet)
    if suffix not in _DELIMITED | _JSON_LINES:
        raise DataError(
            f"{path.name} ends in {suffix or 'nothing'!r}. Files that can be read: CSV (.csv), tab-separated (.tsv), "
            "JSON Lines (.jsonl) and Parquet (.parquet)."
        )
    _refuse_foreign(data, path)
    if suffix in _JSON_LINES:
        frame, lines, unreadable = read_jsonl(data, path.name, encoding)
        return Table(path, "jsonl", frame, lines, unreadable)
    frame, source, unreadable = read_csv(data, path.name, encoding, delimiter)
    return Table(path, _delimited_format(source), frame, source, unreadable)


def _delimited_format(source: CsvSource) -> FileFormat:
    return "tsv" if source.dialect.delimiter == "\t" else "csv"


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from error
    if not data.strip():
        raise DataError(
            f"{path.name} is empty ({len(data)} bytes). Choose a file with column names and rows."
        )
    return data


def _refuse_foreign(data: bytes, path: Path) -> None:
    for start, kind in _FOREIGN:
        if data.startswith(start):
            raise DataError(
                f"{path.name} is {kind} under the name {path.suffix}. "
                "Save it as CSV in UTF-8, or give it the name that belongs to it."
            )
