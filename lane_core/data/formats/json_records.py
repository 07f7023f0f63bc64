"""Where the rows of a JSON document stand, and the document written back with other labels."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from lane_core.data.formats.encodings import TextEncoding
from lane_core.data.formats.json_spans import Item, JsonPath, with_value
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError


class RowSpans:
    """Where the rows stand in one array or object of a document."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.starts = array("q", (item.start for item in items))
        self.values = array("q", (item.value_start for item in items))
        self.ends = array("q", (item.end for item in items))


@dataclass(frozen=True)
class JsonRecords:
    """The text of a document and where its rows stand: once, or once a column where columns are apart."""

    text: str
    encoding: TextEncoding
    spans: tuple[RowSpans, ...]
    """In order of the text; each holds every row."""
    edited: int = 0
    """Which of them holds the values that are replaced."""

    def rewrite(
        self,
        path: Path,
        changes: Mapping[int, object],
        excluded: Set[int],
        edit: Callable[[str, object], str],
    ) -> None:
        """Write the document again without the excluded rows; every row without a change keeps its bytes.

        Args:
            path: Where to write.
            changes: New label by row, from 1.
            excluded: Rows to leave out, from 1.
            edit: Gives the text of a row with another label.

        Raises:
            DataError: If a new label cannot be written in this encoding.
        """

        def write(temporary: Path) -> None:
            with temporary.open("wb") as stream:
                stream.write(self.encoding.mark)
                for piece in self._pieces(changes, excluded, edit):
                    stream.write(self.encoding.encode(piece))

        try:
            write_whole(path, write)
        except UnicodeEncodeError as error:
            raise DataError(
                f"A label cannot be written in {self.encoding.codec}, the encoding of the file "
                f"({', '.join(sorted({repr(label) for label in changes.values()}))[:80]}). "
                "Rename the label, or save the file as UTF-8 and import it again."
            ) from error

    def _pieces(
        self, changes: Mapping[int, object], excluded: Set[int], edit: Callable[[str, object], str]
    ) -> list[str]:
        pieces = []
        position = 0
        for number, spans in enumerate(self.spans):
            is_first = True
            for row, (start, value, end) in enumerate(
                zip(spans.starts, spans.values, spans.ends, strict=True), start=1
            ):
                if row in excluded:
                    if row == 1:
                        pieces.append(self.text[position:start])
                elif number == self.edited and row in changes:
                    # The comma before a row belongs to it: what follows the last row that was left out begins without.
                    pieces.append(self.text[start if is_first and row > 1 else position : value])
                    pieces.append(edit(self.text[value:end], changes[row]))
                    is_first = False
                else:
                    pieces.append(self.text[start if is_first and row > 1 else position : end])
                    is_first = False
                position = end
        pieces.append(self.text[position:])
        return pieces


@dataclass(frozen=True)
class JsonSource:
    """What is needed to write a JSON document back in its own shape."""

    records: JsonRecords
    paths: Mapping[str, tuple[int, JsonPath]]
    """Column -> which of the spans holds it, and where in a row."""

    @property
    def escape(self) -> bool:
        """Whether characters beyond ASCII are written as escapes, as in a document that has none."""
        return self.records.text.isascii()

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the document with new values in one column (by row, from 1), without the excluded rows."""
        if column not in self.paths:
            raise DataError(
                f"Column {column!r} holds the keys of the rows, which cannot be replaced. Choose another label column."
            )
        number, within = self.paths[column]
        records = replace(self.records, edited=number)
        escape = self.escape

        def edit(row: str, label: object) -> str:
            return with_value(row, within, json.dumps(label, ensure_ascii=escape))

        records.rewrite(path, changes, excluded, edit)
