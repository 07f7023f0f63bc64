"""What every format gives: the cells of a file, how it was understood, and what writes it back."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import pandas as pd

from lane_core.records import ColumnChoice

FileFormat = Literal[
    "csv", "tsv", "jsonl", "json", "parquet", "arrow", "excel", "huggingface", "class_folders"
]
Data = bytes | mmap.mmap
"""The bytes of a file; large files are mapped into memory, not read into it."""


@dataclass(frozen=True)
class ReadOptions:
    """How a file is to be read where that cannot be told from the file itself, or was found wrong."""

    encoding: str | None = None
    """Of a text file; None = what its byte order mark says, else what is found. A byte order mark wins over it."""
    delimiter: str | None = None
    """Of a delimited file; None = found."""
    has_header: bool | None = None
    """Whether the first record of a delimited file, or the first row of a sheet, names the columns; None = found."""
    part: str | None = None
    """Sheet of a workbook, file of an archive, or split of a data set; None = the only one, or all splits."""
    format: str | None = None
    """Of the file, or of the one inside an archive: a key of ``asked_format.FORMATS``; None = found."""


class Source(Protocol):
    """The file behind a table."""

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new values in one column (by row, from 1), without the excluded rows."""


@dataclass(frozen=True)
class Content:
    """A file as a format reads it."""

    file_format: FileFormat
    frame: pd.DataFrame
    """One row a data row of the file, in order; see ``Table.frame``."""
    source: Source
    notes: tuple[str, ...] = ()
    """How it was understood, a few words each: "UTF-8", "cells separated by semicolons"."""
    unreadable_rows: tuple[int, ...] = ()
    """Data rows (from 1) with bytes that are not the encoding."""
    parts: tuple[str, ...] = ()
    """What ``ReadOptions.part`` can name, the one that was read first; empty where there is nothing to choose."""
    columns: ColumnChoice | None = None
    """Which columns hold what, where the format says it; None = to be guessed."""
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the classes of a column whose cells are numbers from 0, by column, where the format holds them."""


Reader = Callable[[Data, str, ReadOptions], Content]
"""What reads a format: the bytes of a file, its name for messages, and how to read it. DataError if that fails."""
