"""Where rows and cells lie in the XML of a sheet, and a cell as XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from openpyxl.utils import column_index_from_string, get_column_letter

from lane_core.errors import DataError

_CHUNK = 1 << 20
_TAG_END = re.compile(rb"""(?:[^>"']|"[^"]*"|'[^']*')*>""")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass
class SheetCell:
    """One cell: the bytes that it takes, and what must be kept of it."""

    start: int
    column: int
    style: str | None
    end: int = 0
    has_formula: bool = False
    shares_formula: bool = False
    """Whether its formula stands for other cells too."""


@dataclass
class SheetRow:
    """One row: the bytes that it takes, and its cells."""

    start: int
    number: int
    prefix: bytes
    """Of the XML names in this sheet: empty, or such as ``x:``."""
    end: int = 0
    content_end: int = 0
    """Where the closing tag begins; ``start`` if there is none."""
    cells: list[SheetCell] = field(default_factory=list)


def rows_of(xml: bytes, name: str) -> Iterator[SheetRow]:
    """Yield the rows of a sheet in order.

    Raises:
        DataError: If the sheet is not XML in UTF-8.
    """
    scanner = _Scanner(xml, name)
    for start in range(0, len(xml), _CHUNK):
        yield from scanner.feed(xml[start : start + _CHUNK])


def cell_xml(row: SheetRow, column: int, style: str | None, value: object) -> bytes:
    """Return a cell with another value and the style that it had.

    Raises:
        DataError: If a text holds a character that a workbook cannot hold.
    """
    prefix = row.prefix.decode()
    attributes = f'r="{get_column_letter(column)}{row.number}"' + (f' s="{style}"' if style else "")
    if value is None:
        return f"<{prefix}c {attributes}/>".encode()
    if isinstance(value, bool):
        kind, content = ' t="b"', f"<{prefix}v>{int(value)}</{prefix}v>"
    elif isinstance(value, (int, float)):
        kind, content = "", f"<{prefix}v>{value!r}</{prefix}v>"
    else:
        text = str(value)
        if _NOT_XML.search(text):
            raise DataError(f"The label {text!r} holds a character that Excel cannot hold. Rename the label.")
        kind = ' t="inlineStr"'
        content = f'<{prefix}is><{prefix}t xml:space="preserve">{escape(text)}</{prefix}t></{prefix}is>'
    return f"<{prefix}c {attributes}{kind}>{content}</{prefix}c>".encode()


class _Scanner:
    """Listens to a parser, which says at which byte each tag begins."""

    def __init__(self, xml: bytes, name: str) -> None:
        self._xml = xml
        self._name = name
        self._done: list[SheetRow] = []
        self._row: SheetRow | None = None
        self._cell: SheetCell | None = None
        self._number = 0
        self._column = 0
        self._parser = expat.ParserCreate()
        self._parser.XmlDeclHandler = self._declared
        self._parser.StartElementHandler = self._started
        self._parser.EndElementHandler = self._ended

    def feed(self, chunk: bytes) -> list[SheetRow]:
        """Parse more bytes; return the rows that ended in them."""
        try:
            self._parser.Parse(chunk, False)
        except expat.ExpatError as error:
            raise DataError(
                f"A sheet of {self._name} is damaged: {error}. Save the workbook again."
            ) from error
        done, self._done = self._done, []
        return done

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            raise DataError(
                f"A sheet of {self._name} is not in UTF-8 but {encoding}. Save the workbook again."
            )

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        prefix, _, local = name.rpartition(":")
        start = self._parser.CurrentByteIndex
        if local == "row" and self._row is None:
            self._number = int(attributes.get("r", self._number + 1))
            self._column = 0
            self._row = SheetRow(start, self._number, f"{prefix}:".encode() if prefix else b"")
        elif local == "c" and self._row is not None and self._cell is None:
            place = attributes.get("r", "").rstrip("0123456789")
            self._column = column_index_from_string(place) if place else self._column + 1
            self._cell = SheetCell(start, self._column, attributes.get("s"))
        elif local == "f" and self._cell is not None:
            self._cell.has_formula = True
            self._cell.shares_formula = ":" in attributes.get("ref", "")

    def _ended(self, name: str) -> None:
        local = name.rpartition(":")[2]
        position = self._parser.CurrentByteIndex
        if local == "c" and self._cell is not None and self._row is not None:
            self._cell.end = self._tag_end(position)
            self._row.cells.append(self._cell)
            self._cell = None
        elif local == "row" and self._row is not None and self._cell is None:
            self._row.content_end, self._row.end = position, self._tag_end(position)
            self._done.append(self._row)
            self._row = None

    def _tag_end(self, position: int) -> int:
        found = _TAG_END.match(self._xml, position)
        if found is None:
            raise DataError(f"A sheet of {self._name} is damaged. Save the workbook again.")
        return found.end()
