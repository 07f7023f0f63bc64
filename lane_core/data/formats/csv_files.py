"""Read delimited text cell by cell, without type inference, and write it back with other labels."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pandas as pd

from lane_core.data.formats.content import Content
from lane_core.data.formats.csv_records import CsvDialect
from lane_core.data.formats.headers import check_column_names
from lane_core.data.formats.text_records import (
    TextEncoding,
    TextLines,
    TextRecords,
    find_encoding,
    require_lossless,
)
from lane_core.errors import DataError

_DELIMITERS = (",", "\t", ";", "|")
_IN_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SNIFFED_RECORDS = 100
_MAX_CELL_CHARS = 10_000_000
"""Python's limit of 131,072 is too low for documents; a longer cell than this is a quote that was never closed."""


@dataclass(frozen=True)
class CsvSource:
    """What is needed to write a delimited file back in its own shape."""

    records: TextRecords
    dialect: CsvDialect
    header: tuple[str, ...]

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new cells in one column (by row, from 1), without the excluded rows."""
        position = self.header.index(column)
        self.records.rewrite(
            path,
            changes,
            excluded,
            lambda record, label: self.dialect.replace_cell(record, position, str(label)),
        )


@dataclass(frozen=True)
class _Parsed:
    source: CsvSource
    rows: list[list[str]]
    unreadable_rows: tuple[int, ...]
    num_lines: int

    def has_misread_quotes(self) -> bool:
        """Return whether rows span lines although the file was not made by a writer that quotes."""
        if self.num_lines == len(self.rows) + 1:
            return False
        records, dialect = self.source.records, self.source.dialect
        return any(dialect.has_stray_quote(records.text(row)) for row in range(1, len(self.rows) + 1))


def read_csv(data: bytes, name: str, encoding: str | None, delimiter: str | None) -> Content:
    """Return the cells as text exactly as they stand.

    Tab-separated files are read with quotes like the others, and without when quotes make no sense in them:
    many corpora are written with bare quotes.

    Raises:
        DataError: If the file is empty, ragged, has bad column names, an unclosed quote, or is no text.
    """
    text_encoding = find_encoding(data, encoding)
    if delimiter is None:
        delimiter = _sniff_delimiter(data, text_encoding, name)
    elif len(delimiter) != 1 or delimiter in '"\r\n':
        raise DataError(
            f"The delimiter is {delimiter!r}; it must be one character, no quote and no line break."
        )
    parsed = _parse_either_way(data, text_encoding, CsvDialect(delimiter), name)
    columns = list(zip(*parsed.rows, strict=True))
    frame = pd.DataFrame(dict(zip(parsed.source.header, columns, strict=True)), dtype=object)
    is_tabbed = parsed.source.dialect.delimiter == "\t"
    notes = (text_encoding.in_words, f"cells separated by {_IN_WORDS.get(delimiter, repr(delimiter))}")
    return Content("tsv" if is_tabbed else "csv", frame, parsed.source, notes, parsed.unreadable_rows)


def _sniff_delimiter(data: bytes, encoding: TextEncoding, name: str) -> str:
    """Return the delimiter under which most records have as many cells as the header, two or more."""

    def score(delimiter: str) -> tuple[float, int]:
        lines = TextLines(data, encoding, name)
        try:
            records = [
                cells for cells in islice(_reader(lines, CsvDialect(delimiter)), _SNIFFED_RECORDS) if cells
            ]
        except csv.Error:
            return 0.0, 0
        width = len(records[0]) if records else 0
        agreeing = sum(len(cells) == width for cells in records)
        return (agreeing / len(records), width) if width > 1 else (0.0, 0)

    return max(_DELIMITERS, key=score)


def _reader(lines: TextLines, dialect: CsvDialect) -> Iterator[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL_CHARS))
    if dialect.quoted:
        return csv.reader(lines, delimiter=dialect.delimiter)
    return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)


def _parse_either_way(data: bytes, encoding: TextEncoding, dialect: CsvDialect, name: str) -> _Parsed:
    if dialect.delimiter != "\t":
        return _parse(data, encoding, dialect, name)
    bare = replace(dialect, quoted=False)
    try:
        parsed = _parse(data, encoding, dialect, name)
    except DataError as quoted_error:
        try:
            return _parse(data, encoding, bare, name)
        except DataError:
            raise quoted_error from None
    if parsed.has_misread_quotes():
        try:
            return _parse(data, encoding, bare, name)
        except DataError:
            return parsed
    return parsed


def _parse(data: bytes, encoding: TextEncoding, dialect: CsvDialect, name: str) -> _Parsed:
    lines = TextLines(data, encoding, name)
    header: list[str] = []
    rows: list[list[str]] = []
    ends: list[int] = []
    unreadable = []
    try:
        for cells in _reader(lines, dialect):
            if not cells and ends:  # a blank line belongs to the record above it
                ends[-1] = lines.position
            elif cells and not ends:
                header = cells
                ends.append(lines.position)
                _check_header(header, lines, name)
            elif cells:
                rows.append(cells)
                ends.append(lines.position)
                if len(cells) != len(header):
                    break
                if lines.met_unreadable():
                    unreadable.append(len(rows))
    except csv.Error as error:
        raise DataError(
            f"Row {len(rows) + 1} of {name} (near line {lines.number}) cannot be read: {error}. "
            "Look for a double quote that is never closed."
        ) from error
    records = TextRecords(data, encoding, tuple(ends))
    _check_rows(records, dialect, header, rows, lines, name)
    require_lossless(lines, data, name)
    return _Parsed(CsvSource(records, dialect, tuple(header)), rows, tuple(unreadable), lines.number)


def _check_header(header: list[str], lines: TextLines, name: str) -> None:
    if lines.met_unreadable():
        raise DataError(
            f"The column names of {name} hold bytes that cannot be read in this encoding. "
            "Name the encoding of the file, for example cp1252 or latin-1."
        )
    check_column_names(header, name)


def _check_rows(
    records: TextRecords,
    dialect: CsvDialect,
    header: list[str],
    rows: list[list[str]],
    lines: TextLines,
    name: str,
) -> None:
    if not header:
        raise DataError(f"{name} is empty. It needs a header line with column names, and rows under it.")
    if dialect.is_unclosed(records.text(len(rows))):
        where = f"row {len(rows)}" if rows else "the header"
        raise DataError(
            f"A double quote opened in {where} of {name} is never closed. "
            "Close it, or write a quote inside a cell twice."
        )
    if not rows:
        raise DataError(f"{name} has a header ({', '.join(header)}) but no rows under it.")
    if len(rows[-1]) != len(header):
        count = len(rows[-1])
        raise DataError(
            f"Row {len(rows)} of {name} (line {lines.number}) has {count} cell{'s' * (count != 1)}, "
            f"but the header has {len(header)} ({', '.join(header)}). "
            f"Put cells that hold the delimiter {dialect.delimiter!r} or line breaks between double quotes."
        )
