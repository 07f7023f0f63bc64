"""How the bytes of a text file become text: by its byte order mark, by what was asked for, or by a guess."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from lane_core.data.formats.byte_slices import line_slices
from lane_core.data.formats.content import Data
from lane_core.data.formats.guessed_codecs import guess_codec
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
_UNIT_BYTES = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
_ALWAYS_LOSSLESS = ("utf-8", "ascii")
"""What surrogateescape gives back in any case (PEP 383)."""


@dataclass(frozen=True)
class TextEncoding:
    """How bytes become text. Bytes that are not the encoding survive as lone surrogates (surrogateescape)."""

    codec: str
    mark: bytes
    """Byte order mark at the start of the file; empty if there is none."""
    guessed: bool = False
    """Whether neither the file nor the caller says it."""

    @property
    def in_words(self) -> str:
        """Name of the encoding as people know it, and how it is known if that is not certain."""
        name = _IN_WORDS.get(self.codec, self.codec)
        if self.guessed:
            return f"{name} (guessed from the bytes: the file does not say its encoding)"
        return name + (" with a byte order mark" if self.mark else "")

    @property
    def unit_type(self) -> str:
        """Numpy type of the smallest piece that can be a line break."""
        return f"{'>' if self.codec.endswith('-be') else '<'}u{_UNIT_BYTES.get(self.codec, 1)}"

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text that this encoding decoded."""
        return text.encode(self.codec, "surrogateescape")

    def decode(self, data: bytes | memoryview) -> str:
        """Return the text of bytes that begin and end at a line break."""
        return str(data, self.codec, "surrogateescape")

    def decode_checked(self, data: memoryview) -> tuple[str, bool]:
        """Return the text, and whether all its bytes are this encoding.

        Raises:
            UnicodeError: If the bytes cannot be kept in the text, so that they could not be written back.
        """
        try:
            text, is_readable = str(data, self.codec), True
        except UnicodeDecodeError:
            text, is_readable = self.decode(data), False
        if self.codec not in _ALWAYS_LOSSLESS and self.encode(text) != data:
            raise UnicodeError("not the same bytes when written back")
        return text, is_readable


def find_encoding(data: Data, encoding: str | None) -> TextEncoding:
    """Return how to decode a file: by its byte order mark, else as asked for, else UTF-8 or what it looks like.

    Another encoding than UTF-8 is guessed only where the file as a whole is one: a file in UTF-8 with some broken bytes
    stays UTF-8, and so does one that the guess could not write back byte for byte.

    Raises:
        DataError: If there is no encoding of that name.
    """
    for mark, codec in _MARKS:
        if data[: len(mark)] == mark:
            return TextEncoding(codec, mark)
    if encoding is None:
        guessed = guess_codec(data)
        found = TextEncoding(guessed or "utf-8", b"", guessed=guessed is not None)
        return found if guessed is None or _is_whole(data, found) else TextEncoding("utf-8", b"")
    try:
        codec = codecs.lookup(encoding).name
        "".encode(codec)  # rejects codecs that are no text encodings, such as rot13
    except (LookupError, ValueError) as error:  # ValueError: a NUL in the name
        raise DataError(
            f"There is no text encoding {encoding!r}. Use for example utf-8, cp1252 or latin-1."
        ) from error
    return TextEncoding(_WITHOUT_MARK.get(codec, codec), b"")


def _is_whole(data: Data, encoding: TextEncoding) -> bool:
    try:
        return all(
            encoding.decode_checked(part.view)[1] for part in line_slices(data, encoding.unit_type, start=0)
        )
    except UnicodeError:
        return False
