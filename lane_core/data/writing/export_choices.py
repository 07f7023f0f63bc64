"""What people choose from when they export; loads nothing, so that a command line can offer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lane_core.data.formats.content import FileFormat

RowChoice = Literal["all", "reviewed", "changed"]
ROW_CHOICES: tuple[RowChoice, ...] = ("all", "reviewed", "changed")
"""all: every row of the file; reviewed: somebody decided on it; changed: its label is not the one of the file."""
SUFFIXES: dict[FileFormat, str] = {
    "csv": ".csv",
    "tsv": ".tsv",
    "jsonl": ".jsonl",
    "json": ".json",
    "parquet": ".parquet",
    "arrow": ".arrow",
    "excel": ".xlsx",
}
"""How the name of a new file of each format ends."""
_TABLES_OF: dict[FileFormat, FileFormat] = {"class_folders": "csv", "huggingface": "parquet"}
SPREADSHEET_FORMATS: tuple[FileFormat, ...] = ("csv", "tsv", "excel")
"""Formats that people open in a spreadsheet."""
_BESIDE_FOLDERS: dict[FileFormat, FileFormat] = {"huggingface": "parquet", "class_folders": "csv"}


def rows_format(file_format: FileFormat) -> FileFormat:
    """Return the format of the new files beside a data set: its own, or a file that keeps as much if it is a folder.

    Example:
        >>> rows_format("jsonl"), rows_format("huggingface"), rows_format("class_folders")
        ('jsonl', 'parquet', 'csv')
    """
    return _BESIDE_FOLDERS.get(file_format, file_format)


def table_format(file_format: FileFormat) -> FileFormat:
    """Return the format of the new tables, such as the audit, beside a file of this format; one of SUFFIXES.

    Example:
        >>> table_format("jsonl"), table_format("class_folders")
        ('jsonl', 'csv')
    """
    return _TABLES_OF.get(file_format, file_format)
