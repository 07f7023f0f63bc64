"""A frame as an Excel workbook of one sheet; what a workbook cannot hold is said or written as text."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from lane_core.data.cells import printable
from lane_core.data.writing.formulas import defused
from lane_core.data.writing.plain_values import cell_words, python_values
from lane_core.errors import DataError
from lane_core.wording import counted

MAX_ROWS, MAX_COLUMNS, MAX_CHARACTERS = 1_048_576, 16_384, 32_767
"""What Excel holds: rows with the header, columns, characters of a cell."""
_LARGEST_EXACT = 2**53
"""Excel keeps numbers as float64: a larger int would lose its last digits."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LINE_END = re.compile("\r\n?")


def write_workbook(frame: pd.DataFrame, path: Path, *, defuse: bool = False) -> None:
    """Write the column names and every row to one sheet.

    Numbers, booleans and times without a zone keep their type. Text is never a formula, whatever it begins with. A
    workbook knows one line end and no control characters: they become LF and U+FFFD.

    Raises:
        DataError: If there are too many rows or columns, or a cell is too long.
    """
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    num_rows, num_columns = frame.shape
    if num_rows >= MAX_ROWS or num_columns > MAX_COLUMNS:
        raise DataError(
            f"A sheet of Excel holds {MAX_ROWS - 1:,} rows and {MAX_COLUMNS:,} columns; these are "
            f"{counted(num_rows, 'row')} and {counted(num_columns, 'column')}. Choose CSV or Parquet."
        )
    names = [_text(str(name)) for name in frame.columns]
    columns = [[_held(value) for value in python_values(frame.iloc[:, at])] for at in range(num_columns)]
    # Checked before the workbook is begun: one that is given up leaves a temporary file.
    _check_lengths(names, columns)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        text = WriteOnlyCell(sheet, value=None)
        # Set past openpyxl, which would make a formula of what begins with "=".
        text._value, text.data_type = (defused(value) if defuse else value), "s"
        return text

    for row in chain([names], zip(*columns, strict=True)):
        sheet.append([cell(value) for value in row])
    book.save(path)


def _held(value: Any) -> Any:
    """Return a value as a workbook can hold it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST_EXACT else str(value)
    if isinstance(value, float):
        return value if abs(value) != float("inf") else str(value)
    if isinstance(value, datetime):
        return value if value.tzinfo is None and value.year >= 1900 else value.isoformat()
    if isinstance(value, (date, time)):
        return value if getattr(value, "year", 1900) >= 1900 else value.isoformat()
    return _text(cell_words(value))


def _text(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _LINE_END.sub("\n", printable(text)))


def _check_lengths(names: list[str], columns: list[list[Any]]) -> None:
    for name, column in zip(names, columns, strict=True):
        for row, value in enumerate([name, *column]):
            if isinstance(value, str) and len(value) > MAX_CHARACTERS:
                where = f"Row {row}, column {name!r}" if row else "A column name"
                raise DataError(
                    f"{where} has {len(value):,} characters; a cell of Excel holds {MAX_CHARACTERS:,}. "
                    "Choose CSV or Parquet."
                )
