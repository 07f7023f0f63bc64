"""Column names that everything else can rely on, and whether a file has any."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from lane_core.errors import DataError

_KNOWN_WORDS = frozenset({
    "text", "texts", "sentence", "utterance", "content", "comment", "review", "message", "tweet", "post",
    "body", "question", "query", "document", "headline", "title", "description", "summary", "label", "labels",
    "class", "category", "target", "sentiment", "emotion", "intent", "topic", "tag", "annotation", "score",
    "rating", "stars", "id", "uuid", "guid", "idx", "index", "row", "split", "partition", "fold", "subset",
    "annotator", "rater", "coder", "worker", "date", "time", "created", "user", "author", "source", "url",
    "lang", "language", "confidence", "count", "length",
})  # fmt: skip
_NAME_WORDS = 3
"""A cell of more words is a text, in which a known word says nothing."""
_NAMES_SHOWN = 20
_NAME_CHARACTERS = 40
_MIN_ROWS = 4
_HEADERLESS_ROWS = 1000
_LONG_CELL = 20
"""Mean characters of a column of texts, at least: its name is much shorter."""


def check_column_names(names: list[str], file_name: str) -> None:
    """Raise DataError, with the names, if a column has no name or two have the same."""
    unnamed = [str(position) for position, name in enumerate(names, start=1) if not name.strip()]
    if unnamed:
        raise DataError(
            f"Column {', '.join(unnamed)} of {len(names)} in {file_name} has no name (columns: {names}). "
            "Name it; pandas writes such a column unless to_csv is called with index=False."
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{file_name} has more than one column named {', '.join(map(repr, repeated))}. "
            "Rename them so that each name stands once."
        )


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names for columns: as they stand where that is possible, else with their place or a number.

    Example:
        >>> unique_names(["", "text", "label", "text", "text (2)"])
        ('column 1', 'text', 'label', 'text (3)', 'text (2)')
    """
    taken = set(names)
    found: dict[str, None] = {}
    counts: Counter[str] = Counter()
    for position, given in enumerate(names, start=1):
        name = given if given.strip() else f"column {position}"
        counts[name] += 1
        if name in found or (name != given and name in taken):
            base, counts[name] = name, max(counts[name], 2)
            while (name := f"{base} ({counts[base]})") in taken or name in found:
                counts[base] += 1
        found[name] = None
    return tuple(found)


def name_notes(names: Sequence[str]) -> tuple[str, ...]:
    """Return what to tell a person about column names that were blank or repeated."""
    notes = []
    if not all(name.strip() for name in names):
        notes.append("columns without a name are called by their place")
    filled = [name for name in names if name.strip()]
    if len(set(filled)) < len(filled):
        notes.append("columns of the same name are numbered")
    return tuple(notes)


def names_in_words(names: Sequence[str]) -> str:
    """Return the names for a message: not all of many, not all of a long one, no control characters.

    Example:
        >>> names_in_words(["text", "a" * 50, "label"])
        'text, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, label'
    """
    shown = [
        "".join(character if character.isprintable() else "\ufffd" for character in name[:_NAME_CHARACTERS])
        for name in names[:_NAMES_SHOWN]
    ]
    return ", ".join([*shown, *(["…"] if len(names) > len(shown) else [])])


def looks_headerless(records: Sequence[Sequence[str]]) -> bool:
    """Return whether the first of these records is surely a row of data and no column names.

    Sure is: no cell is blank or stands twice, none has a word that columns are called by (unless it repeats below),
    none is unlike those below, and one repeats down its column as labels do, or counts on in the next rows as ids do.
    """
    first, rows = records[0], records[1 : _HEADERLESS_ROWS + 1]
    if len(rows) < _MIN_ROWS - 1 or any(len(cells) != len(first) for cells in rows):
        return False
    if not all(map(str.strip, first)) or len({*map(str.strip, first)}) < len(first):
        return False
    if list(first) == [str(place) for place in range(len(first))]:  # as pandas numbers columns
        return False
    # A header line may be repeated in the file.
    rows = [cells for cells in rows if list(cells) != list(first)]
    columns = list(zip(first, zip(*rows, strict=True), strict=False))
    if any(
        (_is_name(cell) and not _repeats(cell, column)) or _is_name_of(cell, column)
        for cell, column in columns
    ):
        return False
    return any(_repeats(cell, column) or _counts_on(cell, column) for cell, column in columns)


def _is_name(cell: str) -> bool:
    words = re.findall("[a-z]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", cell).lower())
    return len(words) <= _NAME_WORDS and not _KNOWN_WORDS.isdisjoint(words)


def _is_name_of(cell: str, column: Sequence[str]) -> bool:
    """Return whether a cell is unlike those under it: a word over numbers, or a short word over texts."""
    if all(map(_is_number, column)):
        return not _is_number(cell)
    mean = sum(map(len, column)) / len(column)
    return mean >= _LONG_CELL and len(cell) < mean / 4 and " " not in cell.strip()


def _repeats(cell: str, column: Sequence[str]) -> bool:
    """Return whether a cell stands twice or more in a column of few values."""
    return column.count(cell) >= 2 and len({cell, *column}) <= (len(column) + 1) / 2


def _counts_on(cell: str, column: Sequence[str]) -> bool:
    if not re.fullmatch("[0-9]{1,15}", cell):
        return False
    return list(column[:3]) == [str(int(cell) + step).zfill(len(cell)) for step in (1, 2, 3)]


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[-+]?[0-9]+([.,][0-9]+)?([eE][-+]?[0-9]+)?", cell.strip()) is not None
