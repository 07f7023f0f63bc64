"""Zip archives from anywhere: checked before they are used, never unpacked by name, written again member by member."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from shutil import copyfileobj

import pyarrow as pa

from lane_core.data.formats.content import Data
from lane_core.data.formats.unpacking import MOST_BYTES, UnpackBound, gathered
from lane_core.errors import DataError

_CHUNK = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What zipfile raises on archives that are damaged or packed in a way that it does not know."""
_ENCRYPTED = 1


@dataclass(frozen=True)
class ZipArchive:
    """An archive whose members were all unpacked once: they are whole, and not too large together."""

    data: Data
    name: str
    members: tuple[str, ...]
    """Names of the files inside, in the order of the archive."""

    def read(self, member: str) -> Data:
        """Return the bytes of one member."""
        with _opened(self.data, self.name) as archive:
            return gathered(_chunks(archive, archive.getinfo(member), self.name), self.name)

    def contents(self, members: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield members with their bytes, in the order asked for."""
        with _opened(self.data, self.name) as archive:
            for member in members:
                yield member, b"".join(_chunks(archive, archive.getinfo(member), self.name))

    def write(
        self,
        path: Path,
        replaced: Mapping[str, Path],
        dropped: frozenset[str] = frozenset(),
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        """Write the archive again with other content for some members.

        Order, compression, times and comments stay.

        Args:
            path: Where to write.
            replaced: File with the new content, by member.
            dropped: Members to leave out.
            renamed: New name by member.
        """
        with _opened(self.data, self.name) as archive, zipfile.ZipFile(path, "w") as target:
            target.comment = archive.comment
            for info in archive.infolist():
                if info.filename in dropped:
                    continue
                copy = zipfile.ZipInfo((renamed or {}).get(info.filename, info.filename), info.date_time)
                copy.compress_type, copy.comment = info.compress_type, info.comment
                copy.create_system, copy.external_attr = info.create_system, info.external_attr
                copy.internal_attr, copy.file_size = info.internal_attr, info.file_size
                new = replaced.get(info.filename)
                if new is not None:
                    copy.file_size = new.stat().st_size
                with (
                    target.open(copy, "w") as sink,
                    new.open("rb") if new is not None else archive.open(info) as stream,
                ):
                    copyfileobj(stream, sink, _CHUNK)


def open_archive(data: Data, name: str, most_bytes: int = MOST_BYTES) -> ZipArchive:
    """Check an archive: unpack every member once, and look at what it is called.

    Raises:
        DataError: If it is damaged, encrypted, unpacks to too much, or holds a name that leads out of a folder.
    """
    bound = UnpackBound(name, len(data), most_bytes)
    with _opened(data, name) as archive:
        infos = archive.infolist()
        for info in infos:
            _check_name(info.filename, name)
            if info.flag_bits & _ENCRYPTED:
                raise DataError(f"{name} is protected by a password ({info.filename!r}). Unpack it first.")
        repeated = len(infos) - len({info.filename for info in infos})
        if repeated:
            raise DataError(f"{name} holds {repeated} files under a name that another has. Pack it again.")
        for info in infos:
            for chunk in _chunks(archive, info, name):
                bound.add(len(chunk))
        return ZipArchive(data, name, tuple(info.filename for info in infos if not info.is_dir()))


def member_names(data: Data, name: str) -> set[str]:
    """Return the names that the table of contents holds; DataError if it cannot be read."""
    with _opened(data, name) as archive:
        return set(archive.namelist())


def _opened(data: Data, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(pa.BufferReader(data))
    except _DAMAGED as error:
        raise DataError(
            f"{name} is a damaged zip file: {error}. It may be cut off; copy or download it again."
        ) from error


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except _DAMAGED as error:
        raise DataError(
            f"{info.filename!r} in {name} cannot be unpacked: {error}. Copy or download the file again, "
            "or pack it as an ordinary zip file."
        ) from error


def _check_name(member: str, name: str) -> None:
    paths = PurePosixPath(member), PureWindowsPath(member)
    if any(path.is_absolute() or path.drive or path.root or ".." in path.parts for path in paths):
        raise DataError(
            f"{name} holds a file named {member[:80]!r}, which leads out of its folder. "
            "Do not trust this file; if you made it, pack it again without such names."
        )
