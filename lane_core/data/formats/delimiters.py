"""Which character separates the cells of a delimited file."""

from __future__ import annotations

import csv
from itertools import islice

from lane_core.data.formats.content import Data
from lane_core.data.formats.csv_records import CsvDialect, hinted_delimiter, record_reader
from lane_core.data.formats.encodings import TextEncoding
from lane_core.data.formats.text_records import TextLines
from lane_core.errors import DataError

_USUAL = (",", "\t", ";", "|")
_OTHERS = "^~¦§¬#:=!*$%&@+/\\>\x01\x02\x1e\x1f"
"""Tried where none of the usual ones fits. No letter, digit, space, point or dash: texts and names hold those."""
_DOUBLED = "|" + _OTHERS
_SNIFFED_RECORDS = 100
_IN_WORDS = {
    ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", "^": "carets (^)", "~": "tildes (~)",
    " ": "spaces", ":": "colons",
}  # fmt: skip


def delimiter_in_words(delimiter: str) -> str:
    """Return what a person calls a delimiter.

    Example:
        >>> delimiter_in_words(";"), delimiter_in_words("#")
        ('semicolons', "'#'")
    """
    return _IN_WORDS.get(delimiter, repr(delimiter))


def check_delimiter(delimiter: str) -> None:
    """Raise DataError if this cannot be a delimiter."""
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise DataError(
            f"The delimiter is {delimiter!r}; it must be one character, no quote and no line break."
        )


def find_delimiter(data: Data, encoding: TextEncoding, name: str) -> str:
    """Return the delimiter under which most records have as many cells as the first, two or more.

    A first line ``sep=;`` settles it.
    Another one than comma, tab, semicolon and bar is only taken if none of these fits and all records agree. A file
    without any has one column.

    Raises:
        DataError: If cells are separated by two characters, or the file cannot be read as text.
    """
    first = next(iter(TextLines(data, encoding, name)), "")
    if (hinted := hinted_delimiter(first)) is not None:
        return hinted
    samples = {delimiter: _sample(data, encoding, delimiter, name) for delimiter in _USUAL}
    best = max(_USUAL, key=lambda delimiter: _score(samples[delimiter]))
    if _score(samples[best])[0] <= 0.5:
        best = _other(data, encoding, name) or best
    if best in _DOUBLED and _is_doubled(samples.get(best) or _sample(data, encoding, best, name)):
        raise DataError(
            f"The cells of {name} are separated by {best * 2!r}, but a delimiter is one character. "
            f"Replace {best * 2!r} by a tab in the file, or save it as CSV."
        )
    return best


def _sample(data: Data, encoding: TextEncoding, delimiter: str, name: str) -> list[list[str]]:
    reader = record_reader(iter(TextLines(data, encoding, name)), CsvDialect(delimiter))
    try:
        return list(islice(filter(None, reader), _SNIFFED_RECORDS))
    except csv.Error:
        return []


def _score(records: list[list[str]]) -> tuple[float, int]:
    width = len(records[0]) if records else 0
    agreeing = sum(len(cells) == width for cells in records)
    return (agreeing / len(records), width) if width > 1 else (0.0, 0)


def _other(data: Data, encoding: TextEncoding, name: str) -> str | None:
    first = next((line for line in TextLines(data, encoding, name) if not line.isspace()), "")
    scores = {
        delimiter: _score(records)
        for delimiter in _OTHERS
        if delimiter in first and len(records := _sample(data, encoding, delimiter, name)) > 1
    }
    agreeing = [delimiter for delimiter, (share, _) in scores.items() if share == 1]
    return max(agreeing, key=lambda delimiter: scores[delimiter], default=None)


def _is_doubled(records: list[list[str]]) -> bool:
    """Return whether every second cell is empty in all records."""
    return len(records) > 1 and all(
        len(cells) > 2 and len(cells) % 2 == 1 and not any(cells[1::2]) for cells in records
    )
