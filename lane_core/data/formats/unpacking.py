"""Unpack with a bound on the size, into memory or, where it is large, into a file without a name."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lane_core.data.formats.content import Data
from lane_core.errors import DataError

MOST_BYTES = 4 << 30
IN_MEMORY_BYTES = 64 << 20
"""Larger files are mapped into memory, not read into it."""
_MOST_RATIO = 1000
_SMALL_BYTES = 64 << 20
"""So much may come out of any file, however small."""


class UnpackBound:
    """Counts what comes out of an archive, and stops one that was made to fill the machine.

    The sizes that an archive states about itself count for nothing here.
    """

    def __init__(self, name: str, packed_bytes: int, most_bytes: int = MOST_BYTES) -> None:
        self.unpacked = 0
        """Bytes that came out so far."""
        self._name = name
        self._packed = packed_bytes
        self._most = most_bytes

    def add(self, num_bytes: int) -> None:
        """Count more bytes; DataError if they are too many."""
        self.unpacked += num_bytes
        if self.unpacked > self._most:
            raise DataError(
                f"{self._name} unpacks to more than {self._most / 2**30:g} GiB, which is the most that is read. "
                "Split it into smaller files."
            )
        if self.unpacked > max(_SMALL_BYTES, _MOST_RATIO * self._packed):
            raise DataError(
                f"{self._name} has {self._packed:,} bytes and unpacks to more than {_MOST_RATIO:,} times as many. "
                "No table packs that well; if it is one, unpack it and choose the file inside."
            )


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Put the name of an archive before what is said about a file in it: people know the one that they chose."""
    try:
        yield
    except DataError as error:
        if name in str(error):
            raise
        raise DataError(f"{name}: {error}") from error


def gathered(chunks: Iterable[bytes], name: str) -> Data:
    """Return the chunks as one; a large whole lies in a temporary file that goes with it.

    Raises:
        DataError: If there is no room for it on the disk.
    """
    try:
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as stream:
            size = 0
            for chunk in chunks:
                size += stream.write(chunk)
            if size <= IN_MEMORY_BYTES:
                stream.seek(0)
                return stream.read()
            stream.flush()
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DataError(
            f"{name} cannot be unpacked to {tempfile.gettempdir()}: {error.strerror or error}. Make room there."
        ) from error
