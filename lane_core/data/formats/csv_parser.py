"""Cut a delimited file into records and cells, or say clearly where that is not possible."""

from __future__ import annotations

import csv
from array import array
from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd

from lane_core.data.formats.cell_columns import CellColumn, frame_of
from lane_core.data.formats.content import Data
from lane_core.data.formats.csv_records import CsvDialect, RecordReader, record_reader
from lane_core.data.formats.encodings import TextEncoding
from lane_core.data.formats.headers import looks_headerless, names_in_words, unique_names
from lane_core.data.formats.text_records import RecordLines, TextLines, TextRecords
from lane_core.errors import DataError

_BATCH = 4096


@dataclass(frozen=True, eq=False)
class ParsedCsv:
    """A delimited file in records."""

    records: TextRecords
    dialect: CsvDialect
    first: tuple[str, ...]
    """Cells of the first record: the column names as they stand, if there is a header."""
    has_header: bool
    columns: tuple[CellColumn, ...]
    unreadable_rows: tuple[int, ...]
    num_lines: int

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, each different."""
        return unique_names(self.first if self.has_header else [""] * len(self.first))

    def frame(self) -> pd.DataFrame:
        """Return the cells as text, one row a data row."""
        return frame_of(zip(self.names, self.columns, strict=True))

    def has_misread_quotes(self) -> bool:
        """Return whether rows span lines although the file was not made by a writer that quotes."""
        ends = self.records.ends
        if self.num_lines == len(ends) - 1 + self.has_header:
            return False
        return any(
            self.dialect.has_stray_quote(self.records.text(row))
            for row, (start, end) in enumerate(pairwise(ends.tolist()), start=1)
            if b'"' in self.records.data[start:end]
        )


@dataclass(eq=False)
class _Cells:
    """The cells of the records so far."""

    has_header: bool | None
    first: tuple[str, ...] = ()
    columns: list[CellColumn] = field(default_factory=list)
    num_records: int = 0

    def add(self, batch: list[list[str]]) -> int | None:
        """Take some records; return the first (from 0, in the file) whose width differs, None if all were taken."""
        if not batch:
            return None
        if not self.num_records:
            self.first = tuple(batch[0])
            self.columns = [CellColumn() for _ in self.first]
            if self.has_header is None:
                self.has_header = not looks_headerless(batch)
        if set(map(len, batch)) != {len(self.first)}:
            widths = list(map(len, batch))
            return self.num_records + next(at for at, n in enumerate(widths) if n != len(self.first))
        rows = batch[1:] if self.has_header and not self.num_records else batch
        for column, cells in zip(self.columns, zip(*rows, strict=True), strict=False):
            column.extend(cells)
        self.num_records += len(batch)
        return None


def parse_csv(
    data: Data, encoding: TextEncoding, dialect: CsvDialect, has_header: bool | None, name: str
) -> ParsedCsv:
    """Return the records of a file.

    Args:
        data: Bytes of the file.
        encoding: How they become text.
        dialect: How cells are separated and quoted.
        has_header: Whether the first record holds the column names; None = found, in doubt it does.
        name: File name, for messages.

    Raises:
        DataError: If the file is ragged, has no rows, an unclosed quote, a header that cannot be read, or is no text.
    """
    return _Parser(data, encoding, dialect, has_header, name).parse()


def _in_words(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a cell has more than {csv.field_size_limit():,} characters"
    return str(error)


class _Parser:
    def __init__(
        self, data: Data, encoding: TextEncoding, dialect: CsvDialect, has_header: bool | None, name: str
    ) -> None:
        self._data = data
        self._encoding = encoding
        self._dialect = dialect
        self._name = name
        self._lines = TextLines(data, encoding, name)
        self._cells = _Cells(has_header)
        self._at = RecordLines(array("q"), array("q"))

    def parse(self) -> ParsedCsv:
        reader = record_reader(iter(self._lines), self._dialect)
        self._read(reader)
        cells = self._cells
        if not cells.first:
            raise DataError(
                f"{self._name} is empty. It needs a header line with column names, and rows under it."
            )
        self._require_closed(cells.num_records - 1)
        if cells.num_records == 1 and cells.has_header:
            raise DataError(
                f"{self._name} has a header ({names_in_words(cells.first)}) but no rows under it. "
                "Choose a file with rows or, if these are no column names, another encoding."
            )
        unreadable = [self._row(record) for record in self._at.unreadable(self._lines)]
        if 0 in unreadable:
            raise DataError(
                f"The column names of {self._name} hold bytes that cannot be read in this encoding. "
                "Name the encoding of the file, for example cp1252 or latin-1."
            )
        ends = self._at.ends(self._lines)
        return ParsedCsv(
            TextRecords(self._data, self._encoding, ends[1:] if cells.has_header else ends),
            self._dialect,
            cells.first,
            bool(cells.has_header),
            tuple(cells.columns),
            tuple(unreadable),
            reader.line_num,
        )

    def _read(self, reader: RecordReader) -> None:
        batch: list[list[str]] = []
        last, blank = self._at.last, self._at.blank
        try:
            for cells in reader:
                if cells:
                    batch.append(cells)
                    last.append(reader.line_num)
                else:
                    blank.append(reader.line_num)
                if len(batch) == _BATCH:
                    self._add(batch)
                    batch = []
        except csv.Error as error:
            self._add(batch)
            row = self._row(self._cells.num_records)
            raise DataError(
                f"{f'Row {row}' if row else 'The header'} of {self._name} (near line {reader.line_num}) cannot be "
                f"read: {_in_words(error)}. Look for a double quote that is never closed."
            ) from error
        self._add(batch)

    def _add(self, batch: list[list[str]]) -> None:
        ragged = self._cells.add(batch)
        if ragged is None:
            return
        self._require_closed(ragged)
        first = self._cells.first
        count = len(batch[ragged - self._cells.num_records])
        expected = (
            f"the header has {len(first)} ({names_in_words(first)})"
            if self._cells.has_header
            else f"row 1 has {len(first)}"
        )
        raise DataError(
            f"Row {self._row(ragged)} of {self._name} (line {self._at.last[ragged]}) has {count} "
            f"cell{'s' * (count != 1)}, but {expected}. Put cells that hold the delimiter "
            f"{self._dialect.delimiter!r} or line breaks between double quotes."
        )

    def _require_closed(self, record: int) -> None:
        """Raise DataError if a record (from 0) ends inside a quoted cell."""
        ends = RecordLines(self._at.last[: record + 1], array("q")).ends(self._lines)
        text = self._encoding.decode(self._data[int(ends[record]) : int(ends[record + 1])])
        if self._dialect.is_unclosed(text):
            row = self._row(record)
            raise DataError(
                f"A double quote opened in {f'row {row}' if row else 'the header'} of {self._name} is never closed. "
                "Close it, or write a quote inside a cell twice."
            )

    def _row(self, record: int) -> int:
        """Return the data row of a record (from 0); 0 is the header."""
        return record + (not self._cells.has_header if self._cells.first else 0)
