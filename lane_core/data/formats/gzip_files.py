"""Read a gzip file of any other format, and write it back packed."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path

from lane_core.data.formats.content import Content, Data, ReadOptions, Source
from lane_core.data.formats.unpacking import UnpackBound, gathered, inside
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError

_CHUNK = 1 << 20
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_BARE_WINDOW = -zlib.MAX_WBITS
_HAS_CHECKSUM, _HAS_EXTRA, _HAS_NAME, _HAS_COMMENT = 2, 4, 8, 16
_SUFFIXES = (".gz", ".gzip")


@dataclass(frozen=True)
class GzipSource:
    """What is needed to write a gzip file back: its bytes, and the file inside."""

    data: Data
    inner: Source

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the file with new values in one column (by row, from 1), without the excluded rows.

        The header stays, with the time and the name in it; with nothing to change, so does every byte.
        """
        if not changes and not excluded:
            write_whole(path, lambda temporary: temporary.write_bytes(self.data))
            return
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "plain"
            self.inner.write_corrected(plain, column, changes, excluded)
            write_whole(path, lambda temporary: self._pack(plain, temporary))

    def _pack(self, plain: Path, packed: Path) -> None:
        packer = zlib.compressobj(wbits=_BARE_WINDOW)
        checksum = size = 0
        with plain.open("rb") as source, packed.open("wb") as target:
            target.write(self.data[: _header_length(self.data)])
            while chunk := source.read(_CHUNK):
                checksum, size = zlib.crc32(chunk, checksum), size + len(chunk)
                target.write(packer.compress(chunk))
            target.write(packer.flush())
            target.write(checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little"))


def read_gzip(data: Data, name: str, options: ReadOptions) -> Content:
    """Read the file inside.

    Raises:
        DataError: If the file is cut off or damaged, unpacks to too much, or what is inside cannot be read.
    """
    from lane_core.data.formats.registry import read_content

    inner_name = name[: name.rfind(".")] if name.lower().endswith(_SUFFIXES) else name
    inner = gathered(_unpacked(data, name), name)
    if not inner[:_CHUNK].strip():
        raise DataError(f"{name} holds an empty file. Choose a file with column names and rows.")
    with inside(name):
        content = read_content(inner, inner_name, options, is_packed=True)
    return replace(
        content, source=GzipSource(data, content.source), notes=("packed with gzip", *content.notes)
    )


def _unpacked(data: Data, name: str) -> Iterator[bytes]:
    """Give the file inside in chunks; several gzip files in a row are one, as every gzip program has it."""
    bound = UnpackBound(name, len(data))
    position = 0
    while position < len(data):
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        while not unpacker.eof:
            packed = data[position : position + _CHUNK]
            if not packed:
                raise DataError(
                    f"{name} is cut off: it ends after {bound.unpacked:,} bytes of the file inside. "
                    "Copy or download it again."
                )
            try:
                chunk = unpacker.decompress(packed, _CHUNK)
            except zlib.error as error:
                raise DataError(
                    f"{name} is damaged: after {bound.unpacked:,} bytes of the file inside it cannot be unpacked "
                    f"({error}). Copy or download it again."
                ) from error
            position += len(packed) - len(unpacker.unconsumed_tail) - len(unpacker.unused_data)
            bound.add(len(chunk))
            yield chunk
        # Some programs fill the file up with zeros.
        while data[position : position + 1] == b"\0":
            position += 1


def _header_length(data: Data) -> int:
    """Return the bytes before the packed data (RFC 1952); the file was unpacked before, so they are there."""
    flags = data[3]
    end = 10
    if flags & _HAS_EXTRA:
        end += 2 + int.from_bytes(data[end : end + 2], "little")
    for flag in (_HAS_NAME, _HAS_COMMENT):
        if flags & flag:
            end = data.find(b"\0", end) + 1
    return end + 2 * bool(flags & _HAS_CHECKSUM)
