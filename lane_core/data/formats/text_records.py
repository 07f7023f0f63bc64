"""The lines of a text file, and its bytes with where each record ends, so that untouched records are copied."""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lane_core.data.formats.byte_slices import LineSlice, line_slices, release
from lane_core.data.formats.content import Data
from lane_core.data.formats.encodings import TextEncoding
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_MAX_LINE_BYTES = 64 << 20
"""No row is that long; a line with all of a large file would take several times its size in memory."""
_COPIED_BYTES = 16 << 20


class TextLines:
    """Iterates once over the lines of a file, each with its own line ending, and knows the byte where each ends.

    Lines end with LF, CRLF or CR, and with nothing else: the other separators of Unicode are part of a text.

    Raises:
        DataError: While iterating, if the file holds a NUL or an endless line, or is not this encoding in a way that
            could be written back byte for byte.
    """

    def __init__(self, data: Data, encoding: TextEncoding, name: str) -> None:
        self.start = len(encoding.mark)
        """Byte where the first line begins."""
        self.unreadable: list[int] = []
        """Numbers of the lines so far with bytes that are not the encoding."""
        self._data = data
        self._encoding = encoding
        self._name = name
        self._slices: list[npt.NDArray[np.int64]] = []
        self._before = 0
        """Lines before the slice that is being read."""

    def __iter__(self) -> Iterator[str]:
        for part in line_slices(self._data, self._encoding.unit_type, self.start):
            text, is_readable = self._decode(part)
            if not is_readable:
                self._note_unreadable(text)
            self._slices.append(part.ends)
            yield from io.StringIO(text, newline="")
            self._before += len(part.ends)

    def ends(self) -> npt.NDArray[np.int64]:
        """Return the byte where each line ends, its line ending included, of all lines that were read."""
        return np.concatenate(self._slices) if self._slices else np.empty(0, np.int64)

    def _decode(self, part: LineSlice) -> tuple[str, bool]:
        if len(part.ends) == 1 and len(part.view) > _MAX_LINE_BYTES:
            raise DataError(
                f"Line {self._before + 1} of {self._name} has {len(part.view) >> 20} MB: this is not a file with one "
                "record a line. Check what it is, or break it into lines."
            )
        try:
            text, is_readable = self._encoding.decode_checked(part.view)
        except UnicodeDecodeError as error:
            start = int(part.ends[-1]) - len(part.view) + error.start
            number = self._before + int(np.searchsorted(part.ends, start, side="right"))
            raise DataError(
                f"{self._name} is not {self._encoding.codec} text after line {number}. "
                "Name its encoding, or save it as UTF-8."
            ) from error
        except UnicodeError as error:
            raise self._cannot_be_cut() from error
        if "\0" in text:
            number = self._before + _num_lines(text[: text.index("\0") + 1])
            raise DataError(
                f"Line {number} of {self._name} holds a NUL byte: this is not plain text, or it is UTF-16 without "
                "a byte order mark. Save it as UTF-8, or name its encoding (for example utf-16-le)."
            )
        if _num_lines(text) != len(part.ends):
            raise self._cannot_be_cut()
        return text, is_readable

    def _note_unreadable(self, text: str) -> None:
        numbered = enumerate(io.StringIO(text, newline=""), start=self._before + 1)
        self.unreadable.extend(number for number, line in numbered if _ESCAPED_BYTE.search(line))

    def _cannot_be_cut(self) -> DataError:
        return DataError(
            f"{self._name} cannot be cut into rows in this encoding without loss. Save it as UTF-8 and import it again."
        )


def _num_lines(text: str) -> int:
    ended = text.count("\n") + (text.count("\r") - text.count("\r\n") if "\r" in text else 0)
    return ended + (not text.endswith(("\n", "\r")))


@dataclass(frozen=True, eq=False)
class TextRecords:
    """A text file cut into a head (byte order mark, CSV header) and one record a data row."""

    data: Data
    encoding: TextEncoding
    ends: npt.NDArray[np.int64]
    """Byte where the head ends, then where each row ends with its line ending and the blank lines after it."""

    def text(self, row: int) -> str:
        """Return the text of a row (from 1); row 0 is the head without its byte order mark."""
        start = self.ends[row - 1] if row else len(self.encoding.mark)
        return self.encoding.decode(self.data[int(start) : int(self.ends[row])])

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
            copied = 0  # byte up to which the file has been dealt with
            with temporary.open("wb") as stream:
                for row in sorted({*changes, *excluded}):
                    for part in self._slices(copied, int(self.ends[row - 1])):
                        stream.write(part)
                    if row not in excluded:
                        stream.write(self._encoded(edit(self.text(row), changes[row]), changes[row]))
                    copied = int(self.ends[row])
                for part in self._slices(copied, int(self.ends[-1])):
                    stream.write(part)

        write_whole(path, write)

    def _slices(self, start: int, stop: int) -> Iterator[memoryview]:
        view = memoryview(self.data)
        for at in range(start, stop, _COPIED_BYTES):
            yield view[at : min(at + _COPIED_BYTES, stop)]
            release(self.data, at)

    def _encoded(self, text: str, label: object) -> bytes:
        try:
            return self.encoding.encode(text)
        except UnicodeEncodeError as error:
            raise DataError(
                f"The label {label!r} cannot be written in {self.encoding.codec}, the encoding of the file. "
                "Rename the label, or save the file as UTF-8 and import it again."
            ) from error


@dataclass(frozen=True)
class RecordLines:
    """On which lines of a file its records stand."""

    last: array[int]
    """Number of the last line of every record, from 1, in order."""
    blank: array[int]
    """Numbers of the blank lines between records; each belongs to the record above it."""

    def ends(self, lines: TextLines) -> npt.NDArray[np.int64]:
        """Return the byte where the first record begins, then where each record ends with its blank lines."""
        line_ends = np.concatenate([[lines.start], lines.ends()])
        last = np.concatenate([[0], np.asarray(self.last, np.int64)])
        blank = np.asarray(self.blank, np.int64)
        above = np.searchsorted(last, blank, side="left") - 1
        last[above] = blank  # of several under one record the last counts
        return np.asarray(line_ends[last], np.int64)

    def unreadable(self, lines: TextLines) -> Iterable[int]:
        """Return the records (from 0) with bytes that are not the encoding."""
        records = np.searchsorted(np.asarray(self.last, np.int64), np.asarray(lines.unreadable, np.int64))
        return dict.fromkeys(records.tolist())
