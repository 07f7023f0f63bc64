"""The records of a delimited file: their cells, where these lie, and a record with one cell replaced."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from lane_core.errors import DataError

_MAX_CELL_CHARS = 10_000_000
"""Python's limit of 131,072 is too low for documents; a longer cell than this is a quote that was never closed."""
_HINT = re.compile(r'"?sep=([^"\r\n])"?[\r\n]*')


@dataclass(frozen=True)
class CsvDialect:
    """How a delimited file separates and quotes its cells."""

    delimiter: str
    quoted: bool = True
    """Whether double quotes enclose cells; False in tab-separated files where a quote is only a character."""

    @cached_property
    def _field(self) -> re.Pattern[str]:
        # The states of csv.reader: in a quoted cell until a single quote, then a bare tail until the delimiter.
        bare = rf"[^{re.escape(self.delimiter)}\r\n]*+"
        if not self.quoted:
            return re.compile(bare)
        return re.compile(rf'"(?:[^"]++|"")*+(?:"(?P<tail>{bare})|(?P<unclosed>\Z))|{bare}')

    def fields(self, record: str) -> list[re.Match[str]]:
        """Return one match a cell, quotes included, in the order of the record.

        Example:
            >>> [field.span() for field in CsvDialect(",").fields('1,"a, b",joy')]
            [(0, 1), (2, 8), (9, 12)]
        """
        found = []
        position = 0
        while field := self._field.match(record, position):
            found.append(field)
            position = field.end() + 1
            if not record.startswith(self.delimiter, field.end()):
                break
        return found

    def is_unclosed(self, record: str) -> bool:
        """Return whether the record ends inside a quoted cell."""
        return self.quoted and self.fields(record)[-1]["unclosed"] is not None

    def has_stray_quote(self, record: str) -> bool:
        """Return whether a quote stands where no standard writer puts one: inside a bare cell or before its end."""
        return any(
            field["tail"] if field[0].startswith('"') else '"' in field[0] for field in self.fields(record)
        )

    def cell(self, text: str, *, quote: bool = False) -> str:
        """Return a cell as it stands in the file, in quotes if asked for or needed (RFC 4180).

        Raises:
            DataError: If the text needs quotes and the file has none.

        Example:
            >>> CsvDialect(",").cell('say "a", b')
            '"say ""a"", b"'
        """
        needs_quotes = self.delimiter in text or "\n" in text or "\r" in text
        if not self.quoted:
            if needs_quotes:
                raise DataError(
                    f"The label {text!r} holds a delimiter or line break, and the file has no quotes around cells. "
                    "Rename the label."
                )
            return text
        if quote or needs_quotes or '"' in text:
            return '"' + text.replace('"', '""') + '"'
        return text

    def replace_cell(self, record: str, column: int, text: str) -> str:
        """Return the record with one cell (from 0) replaced, quoted as it was; all else stays as it is."""
        start, end = self.fields(record)[column].span()
        was_quoted = self.quoted and record.startswith('"', start)
        return record[:start] + self.cell(text, quote=was_quoted) + record[end:]


class RecordReader(Protocol):
    """What ``csv.reader`` gives: the cells of one record after the other; none for a blank line."""

    line_num: int
    """Lines read so far."""

    def __iter__(self) -> Iterator[list[str]]:
        """Return itself."""

    def __next__(self) -> list[str]:
        """Return the cells of the next record."""


def hinted_delimiter(line: str) -> str | None:
    """Return the delimiter that a first line such as ``sep=;``, which spreadsheet programs write, is there to name."""
    hint = _HINT.fullmatch(line)
    return hint[1] if hint else None


def record_reader(lines: Iterable[str], dialect: CsvDialect) -> RecordReader:
    """Return a reader of the records on these lines; it raises ``csv.Error`` where a cell is endless.

    A first line that only names the delimiter is a blank line.
    """
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL_CHARS))
    lines = _without_hint(lines)
    if dialect.quoted:
        return csv.reader(lines, delimiter=dialect.delimiter)
    return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)


def _without_hint(lines: Iterable[str]) -> Iterator[str]:
    remaining = iter(lines)
    for first in remaining:
        yield first if hinted_delimiter(first) is None else "\n"
        yield from remaining
