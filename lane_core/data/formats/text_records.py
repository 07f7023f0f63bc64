"""The bytes of a text file and where each of its records ends, so that untouched records are copied as they are."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the UTF-16 one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_IN_WORDS = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "iso8859-1": "latin-1"}
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True)
class TextEncoding:
    """How bytes become text. Bytes that are not the encoding survive as lone surrogates (surrogateescape)."""

    codec: str
    mark: bytes
    """Byte order mark at the start of the file; empty if there is none."""

    @property
    def in_words(self) -> str:
        """Name of the encoding as people know it."""
        mark = " with a byte order mark" if self.mark else ""
        return _IN_WORDS.get(self.codec, self.codec) + mark

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text that this encoding decoded."""
        return text.encode(self.codec, "surrogateescape")

    def decode(self, data: bytes) -> str:
        """Return the text of one record's bytes."""
        return data.decode(self.codec, "surrogateescape")


def find_encoding(data: bytes, encoding: str | None) -> TextEncoding:
    """Return how to decode a file: by its byte order mark, else the encoding asked for, else UTF-8.

    Raises:
        DataError: If there is no encoding of that name.
    """
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return TextEncoding(codec, mark)
    try:
        codec = codecs.lookup(encoding or "utf-8").name
        "".encode(codec)  # rejects codecs that are no text encodings, such as rot13
    except LookupError as error:
        raise DataError(
            f"There is no text encoding {encoding!r}. Use for example utf-8, cp1252 or latin-1."
        ) from error
    return TextEncoding(_WITHOUT_MARK.get(codec, codec), b"")


class TextLines:
    """Iterates over the lines of a file, each with its own line ending, and knows the byte where each ends.

    Lines end with LF, CRLF or CR, and with nothing else: the other separators of Unicode are part of a text.
    """

    def __init__(self, data: bytes, encoding: TextEncoding, name: str) -> None:
        self.number = 0
        """Lines handed out so far: the number of the last one, from 1."""
        self.position = len(encoding.mark)
        """Bytes of the file up to the end of the last line handed out."""
        self._encoding = encoding
        self._name = name
        self._unreadable = False
        stream = io.BytesIO(data)
        stream.seek(self.position)
        self._lines = io.TextIOWrapper(stream, encoding.codec, errors="surrogateescape", newline="")

    def __iter__(self) -> TextLines:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
            self.position += len(self._encoding.encode(line))
        except UnicodeError as error:
            raise DataError(
                f"{self._name} is not {self._encoding.codec} text after line {self.number}. "
                "Name its encoding, or save it as UTF-8."
            ) from error
        self.number += 1
        if "\0" in line:
            raise DataError(
                f"Line {self.number} of {self._name} holds a NUL byte: this is not plain text, or it is UTF-16 without "
                "a byte order mark. Save it as UTF-8, or name its encoding (for example utf-16-le)."
            )
        if not line.isascii() and _ESCAPED_BYTE.search(line):
            self._unreadable = True
        return line

    def met_unreadable(self) -> bool:
        """Return whether a line since the last call held bytes that are not the encoding."""
        met, self._unreadable = self._unreadable, False
        return met


@dataclass(frozen=True)
class TextRecords:
    """A text file cut into a head (byte order mark, CSV header) and one record a data row."""

    data: bytes
    encoding: TextEncoding
    ends: tuple[int, ...]
    """Byte where the head ends, then where each row ends with its line ending and the blank lines after it."""

    def text(self, row: int) -> str:
        """Return the text of a row (from 1); row 0 is the head without its byte order mark."""
        start = self.ends[row - 1] if row else len(self.encoding.mark)
        return self.encoding.decode(self.data[start : self.ends[row]])

    def rewrite(
        self,
        path: Path,
        changes: Mapping[int, object],
        excluded: Set[int],
        edit: Callable[[str, object], str],
    ) -> None:
        """Write the file again without the excluded rows; every row without a change keeps its bytes.

        Args:
            path: Where to write.
            changes: New label by row, from 1.
            excluded: Rows to leave out, from 1.
            edit: Gives the text of a record with another label.

        Raises:
            DataError: If a new label cannot be written in this encoding.
        """

        def write(temporary: Path) -> None:
            with temporary.open("wb") as stream:
                stream.write(self.data[: self.ends[0]])
                for row in range(1, len(self.ends)):
                    if row in changes and row not in excluded:
                        stream.write(self._encoded(edit(self.text(row), changes[row]), changes[row]))
                    elif row not in excluded:
                        stream.write(self.data[self.ends[row - 1] : self.ends[row]])

        write_whole(path, write)

    def _encoded(self, text: str, label: object) -> bytes:
        try:
            return self.encoding.encode(text)
        except UnicodeEncodeError as error:
            raise DataError(
                f"The label {label!r} cannot be written in {self.encoding.codec}, the encoding of the file. "
                "Rename the label, or save the file as UTF-8 and import it again."
            ) from error


def require_lossless(lines: TextLines, data: bytes, name: str) -> None:
    """Raise DataError unless the lines read back to exactly the bytes of the file, so that records can be cut."""
    if lines.position != len(data):
        raise DataError(
            f"{name} cannot be cut into rows in this encoding without loss. Save it as UTF-8 and import it again."
        )
