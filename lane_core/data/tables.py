"""A labelled file as it was read, with everything needed to write it back in the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lane_core.data.formats.content import Content, FileFormat, ReadOptions, Source
from lane_core.data.formats.csv_files import read_csv
from lane_core.data.formats.jsonl_files import read_jsonl
from lane_core.data.formats.parquet_files import ParquetSource, read_parquet
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

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
    notes: tuple[str, ...] = ()
    """How the file was understood, a few words each, as in ``Content``; the three that follow too."""
    parts: tuple[str, ...] = ()
    known_columns: ColumnChoice | None = None
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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


def read_table(path: Path | str, options: ReadOptions | None = None) -> Table:
    """Read a CSV, TSV, JSON Lines or Parquet file without changing or interpreting a cell.

    Args:
        path: File named .csv, .tsv, .tab, .txt, .jsonl, .ndjson, .parquet or .pq.
        options: How to read it; None = as found.

    Raises:
        DataError: If the file cannot be read; the message says where and how to mend it.
    """
    path = Path(path)
    content = _read(_read_bytes(path), path, options or ReadOptions())
    return Table(
        path,
        content.file_format,
        content.frame,
        content.source,
        content.unreadable_rows,
        content.notes,
        content.parts,
        content.columns,
        content.class_names,
    )


def _read(data: bytes, path: Path, options: ReadOptions) -> Content:
    suffix = path.suffix.lower()
    if suffix in _PARQUET:
        if data[:4] != b"PAR1":
            raise DataError(f"{path.name} is not a Parquet file, whatever its name says. Check what it is.")
        return read_parquet(data, path.name)
    if suffix not in _DELIMITED | _JSON_LINES:
        raise DataError(
            f"{path.name} ends in {suffix or 'nothing'!r}. Files that can be read: CSV (.csv), tab-separated (.tsv), "
            "JSON Lines (.jsonl) and Parquet (.parquet)."
        )
    _refuse_foreign(data, path)
    if suffix in _JSON_LINES:
        return read_jsonl(data, path.name, options.encoding)
    return read_csv(data, path.name, options.encoding, options.delimiter)


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
