"""A labelled file as it was read, with everything needed to write it back in the same shape."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from lane_core.data.formats.content import Content, Data, FileFormat, ReadOptions, Source
from lane_core.data.formats.registry import read_content
from lane_core.data.formats.unpacking import IN_MEMORY_BYTES
from lane_core.errors import DataError
from lane_core.records import ColumnChoice


@dataclass(frozen=True)
class Table:
    """A labelled file as it was read, or rows from memory under a name of their own.

    ``frame`` has one row a data row of the file, in order: data row 1 is at position 0. Cells of CSV and TSV are
    text exactly as in the file; JSON and Excel give Python values, with None for null, for a missing key and for an
    empty cell; Parquet and Arrow keep their types.
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
        cells = self.frame[column]
        if isinstance(cells.dtype, pd.ArrowDtype):
            return list(pa.array(cells.array).to_pylist())
        return cells.tolist()


def read_table(path: Path | str, options: ReadOptions | None = None) -> Table:
    """Read a labelled file, or a folder of them, without changing or interpreting a cell.

    What it is told from what it holds, then from its name: ``lane_core.data.formats.registry``.

    Args:
        path: CSV and other delimited text, JSON, JSON Lines, Parquet, Arrow, Excel, each of them as gzip or in a zip
            file, or a folder.
        options: How to read it; None = as found.

    Raises:
        DataError: If it cannot be read; the message says where and how to mend it.
    """
    path = Path(path)
    options = options or ReadOptions()
    content = (
        _read_folder(path, options) if path.is_dir() else read_content(map_file(path), path.name, options)
    )
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


def map_file(path: Path) -> Data:
    """Return the bytes of a file; those of a large one are read from the disk when they are needed.

    Such a file must not be shortened while the table is in use; a new one may take its place.

    Raises:
        DataError: If it cannot be read, or holds nothing but blanks.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is no file but a pipe or a device, which may never end. Choose a file.")
    try:
        with path.open("rb") as stream:
            size = path.stat().st_size
            is_large = size > IN_MEMORY_BYTES
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if is_large else stream.read()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from error
    if isinstance(data, bytes) and not data.strip():
        raise DataError(
            f"{path.name} is empty ({len(data)} bytes). Choose a file with column names and rows."
        )
    return data


def _read_folder(path: Path, options: ReadOptions) -> Content:
    if options.format is not None:
        raise DataError(
            f"{path.name} is a folder; a format can be chosen for files only. Leave the format to be found."
        )
    from lane_core.data.formats.folders import read_folder

    return read_folder(path, options)
