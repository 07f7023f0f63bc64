"""Read a sheet of an Excel workbook, and write the workbook back with other labels in it."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from openpyxl import load_workbook
from openpyxl.utils.datetime import to_excel
from openpyxl.utils.exceptions import InvalidFileException

from lane_core.data.cells import cell_text
from lane_core.data.formats.content import Content, Data, ReadOptions
from lane_core.data.formats.excel_bounds import check_parts
from lane_core.data.formats.excel_sheets import Sheet
from lane_core.data.formats.headers import looks_headerless, name_notes, names_in_words, unique_names
from lane_core.data.formats.zip_archives import ZipArchive, open_archive
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError

_MOST_UNPACKED = 1 << 30
_MOST_ROWS = 1_048_576
"""Of a sheet, says Excel."""
_MOST_CELLS = 20_000_000
_MOST_PLACES = 50_000_000
"""Cells and the gaps before them: a cell in the last column has 16,383 of these."""
_SAMPLED_ROWS = 1000
_DAMAGED = (
    LookupError, ValueError, TypeError, AttributeError, ArithmeticError, SyntaxError, OSError, EOFError,
    NotImplementedError, RecursionError, InvalidFileException, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What openpyxl raises on workbooks that are not what the standard says."""


@dataclass(frozen=True)
class ExcelSource:
    """What is needed to write a workbook back: its archive, and where the table lies on which sheet."""

    archive: ZipArchive
    member: str
    row_numbers: tuple[int, ...]
    """Row of the sheet of each data row."""
    columns: Mapping[str, int]
    """Column of the sheet, from 1, by name."""
    epoch: datetime
    """Day that the dates of this workbook are counted from."""

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the workbook with new values in one column (by row, from 1), without the excluded rows.

        Only the cells of this column change; everything else in the workbook is copied byte for byte. With nothing
        to change, so is the whole file.
        """
        if not changes and not excluded:
            write_whole(path, lambda temporary: temporary.write_bytes(self.archive.data))
            return
        cells = {
            self.row_numbers[row - 1]: self._stored(label)
            for row, label in changes.items()
            if row not in excluded
        }
        gone = {self.row_numbers[row - 1] for row in excluded}
        sheet = Sheet(self.archive, self.member)
        with tempfile.TemporaryDirectory() as folder:
            parts = sheet.corrected(self.columns[column], cells, gone)
            replaced = {}
            for number, (member, part) in enumerate(parts.replaced.items()):
                replaced[member] = Path(folder) / f"part{number}"
                replaced[member].write_bytes(part)
            write_whole(path, lambda temporary: self.archive.write(temporary, replaced, parts.dropped))

    def _stored(self, label: object) -> object:
        return to_excel(label, self.epoch) if isinstance(label, (date, time, timedelta)) else label


def read_excel(data: Data, name: str, options: ReadOptions) -> Content:
    """Return the values of one sheet: numbers as numbers, dates as dates, what formulas last gave, None for empty.

    The sheet is the one that the options name, else the first that is not empty. Rows without any value are passed
    over, and so are columns.

    Raises:
        DataError: If the workbook is damaged, protected or too large, or the sheet holds no rows.
    """
    archive = open_archive(data, name, _MOST_UNPACKED)
    check_parts(archive)
    try:
        book = load_workbook(pa.BufferReader(data), read_only=True, data_only=True, keep_links=False)
        names = [sheet.title for sheet in book.worksheets]
        if options.part is not None and options.part not in names:
            raise DataError(f"{name} has no sheet {options.part!r}. It has: {', '.join(names)}.")
        chosen, rows = _first_filled(
            [sheet for sheet in book.worksheets if options.part in (None, sheet.title)], name
        )
    except _DAMAGED as error:
        raise DataError(
            f"{name} cannot be read as an Excel workbook: {_in_words(error)}. "
            "Open it in a spreadsheet program and save it as .xlsx again."
        ) from error
    places = sorted({place for row in rows.values() for place, value in enumerate(row) if _is_filled(value)})
    if len(places) * len(rows) > _MOST_PLACES:
        raise _too_large(chosen, name)
    table = [[row[place] if place < len(row) else None for place in places] for row in rows.values()]
    header, has_header = _header(table, options.has_header)
    records = table[1:] if has_header else table
    if not records:
        raise DataError(
            f"Sheet {chosen.title!r} of {name} has a header ({names_in_words(header)}) but no rows. "
            "Choose a sheet with rows."
        )
    columns = unique_names(header)
    numbers = tuple(rows)[1:] if has_header else tuple(rows)
    source = ExcelSource(
        archive,
        chosen._worksheet_path,
        numbers,
        {column: place + 1 for column, place in zip(columns, places, strict=True)},
        book.epoch,
    )
    notes = [
        f"sheet {chosen.title!r}" + (f", 1 of {len(names)}" if len(names) > 1 else ""),
        *name_notes(header),
    ]
    if not has_header:
        notes.append("no header")
    parts = (chosen.title, *(other for other in names if other != chosen.title)) if len(names) > 1 else ()
    return Content("excel", _frame(columns, records), source, tuple(notes), parts=parts)


def _in_words(error: BaseException) -> str:
    """Return what openpyxl says where it speaks of the file, not of its own objects."""
    if isinstance(error, (IndexError, TypeError, AttributeError, ArithmeticError, RecursionError)) or not str(
        error
    ):
        return "a part of it is missing, or not what the format asks for"
    return str(error)[:200]


def _first_filled(sheets: Sequence[Any], name: str) -> tuple[Any, dict[int, tuple[Any, ...]]]:
    """Return the first sheet with a value in it, a visible one if there is any, and its rows by number."""
    for sheet in sorted(sheets, key=lambda sheet: sheet.sheet_state != "visible"):
        sheet.reset_dimensions()  # what a sheet states about its size may be wrong
        if rows := dict(_filled_rows(sheet, name)):
            return sheet, rows
    which = f"Sheet {sheets[0].title!r}" if len(sheets) == 1 else "Every sheet"
    raise DataError(f"{which} of {name} is empty. Choose a workbook with column names and rows.")


def _filled_rows(sheet: Any, name: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    num_cells = num_places = 0
    for number, row in enumerate(islice(sheet.iter_rows(values_only=True), _MOST_ROWS + 1), start=1):
        filled = len(row) - row.count(None) - row.count("")
        num_cells, num_places = num_cells + filled, num_places + len(row)
        if number > _MOST_ROWS or num_cells > _MOST_CELLS or num_places > _MOST_PLACES:
            raise _too_large(sheet, name)
        if filled:
            yield number, row


def _too_large(sheet: Any, name: str) -> DataError:
    return DataError(
        f"Sheet {sheet.title!r} of {name} goes beyond {_MOST_ROWS:,} rows or {_MOST_CELLS:,} cells, the most "
        "that is read. Save the table as CSV."
    )


def _is_filled(value: object) -> bool:
    return value is not None and value != ""


def _header(table: Sequence[Sequence[Any]], has_header: bool | None) -> tuple[list[str], bool]:
    texts = [[cell_text(value) for value in row] for row in table[: _SAMPLED_ROWS + 1]]
    if has_header is None:
        has_header = not looks_headerless(texts)
    return (texts[0] if has_header else [""] * len(texts[0])), has_header


def _frame(names: Sequence[str], records: Sequence[Sequence[Any]]) -> pd.DataFrame:
    columns = {}
    for name, values in zip(names, zip(*records, strict=True), strict=True):
        cells = np.empty(len(records), object)
        cells[:] = [None if value == "" else value for value in values]
        columns[name] = pd.Series(cells, dtype=object)
    return pd.DataFrame(columns)
