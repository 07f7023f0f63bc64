"""Read delimited text cell by cell, without type inference, and write it back with other labels."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path

from lane_core.data.formats.content import Content, Data, ReadOptions
from lane_core.data.formats.csv_parser import ParsedCsv, parse_csv
from lane_core.data.formats.csv_records import CsvDialect
from lane_core.data.formats.delimiters import check_delimiter, delimiter_in_words, find_delimiter
from lane_core.data.formats.encodings import TextEncoding, find_encoding
from lane_core.data.formats.headers import name_notes
from lane_core.data.formats.text_records import TextRecords
from lane_core.errors import DataError


@dataclass(frozen=True, eq=False)
class CsvSource:
    """What is needed to write a delimited file back in its own shape."""

    records: TextRecords
    dialect: CsvDialect
    names: tuple[str, ...]
    """Names of the columns in the frame, in the order of the file; the file may have others, or none."""

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new cells in one column (by row, from 1), without the excluded rows."""
        position = self.names.index(column)
        self.records.rewrite(
            path,
            changes,
            excluded,
            lambda record, label: self.dialect.replace_cell(record, position, str(label)),
        )


def read_csv(data: Data, name: str, options: ReadOptions) -> Content:
    """Return the cells as text exactly as they stand.

    Tab-separated files are read with quotes like the others, and without when quotes make no sense in them:
    many corpora are written with bare quotes. Columns without a name, or with one that another has, get one that is
    theirs alone; the file keeps what it has.

    Raises:
        DataError: If the file is empty, ragged, has an unclosed quote, or is no text.
    """
    encoding = find_encoding(data, options.encoding)
    if options.delimiter is not None:
        check_delimiter(options.delimiter)
    dialect = CsvDialect(options.delimiter or find_delimiter(data, encoding, name))
    parsed = _parse_either_way(data, encoding, dialect, options.has_header, name)
    return Content(
        "tsv" if dialect.delimiter == "\t" else "csv",
        parsed.frame(),
        CsvSource(parsed.records, parsed.dialect, parsed.names),
        (encoding.in_words, *_notes(parsed)),
        parsed.unreadable_rows,
    )


def _notes(parsed: ParsedCsv) -> tuple[str, ...]:
    separated = (
        f"cells separated by {delimiter_in_words(parsed.dialect.delimiter)}"
        if len(parsed.first) > 1
        else "one column"
    )
    quotes = () if parsed.dialect.quoted else ("double quotes are plain characters",)
    names = name_notes(parsed.first) if parsed.has_header else ("no header: the first line is a row of data",)
    return separated, *quotes, *names


def _parse_either_way(
    data: Data, encoding: TextEncoding, dialect: CsvDialect, has_header: bool | None, name: str
) -> ParsedCsv:
    if dialect.delimiter != "\t":
        return parse_csv(data, encoding, dialect, has_header, name)
    bare = replace(dialect, quoted=False)
    try:
        parsed = parse_csv(data, encoding, dialect, has_header, name)
    except DataError as quoted_error:
        try:
            return parse_csv(data, encoding, bare, has_header, name)
        except DataError:
            raise quoted_error from None
    if parsed.has_misread_quotes():
        try:
            return parse_csv(data, encoding, bare, has_header, name)
        except DataError:
            return parsed
    return parsed
