"""Cut the bytes of a text file into slices of whole lines, without a copy of them."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lane_core.data.formats.content import Data

_SLICE_BYTES = 4 << 20
_LF, _CR = 10, 13


@dataclass(frozen=True)
class LineSlice:
    """Some whole lines of a file."""

    view: memoryview
    ends: npt.NDArray[np.int64]
    """Byte of the file where each line ends, its line break included."""


def line_slices(data: Data, unit_type: str, start: int) -> Iterator[LineSlice]:
    """Yield a file in order, slice by slice, from a byte on.

    Lines end with LF, CRLF or CR. A slice has a few MB, or one line if that is longer.

    Args:
        data: Bytes of the file.
        unit_type: Numpy type of the smallest piece that can be a line break: ``<u2`` for UTF-16.
        start: Byte where the first line begins.
    """
    view = memoryview(data)
    width = np.dtype(unit_type).itemsize
    size = _SLICE_BYTES
    while start < len(view):
        stop = min(start + size, len(view))
        ends = _line_ends(view[start:stop], unit_type, is_last=stop == len(view))
        if len(ends) == 0:  # a line longer than the slice
            size *= 2
            continue
        stop = start + int(ends[-1]) * width
        if stop > len(view):  # the last piece is not whole
            stop = len(view)
        yield LineSlice(view[start:stop], np.minimum(start + ends * width, stop))
        release(data, stop)
        start, size = stop, _SLICE_BYTES


def release(data: Data, stop: int) -> None:
    """Let go of the memory that the bytes of a mapped file up to here take; they are read again when needed."""
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        data.madvise(mmap.MADV_DONTNEED, 0, stop // mmap.PAGESIZE * mmap.PAGESIZE)


def _line_ends(view: memoryview, unit_type: str, *, is_last: bool) -> npt.NDArray[np.int64]:
    """Return the unit after each line break, and the end of the last line if the file ends there."""
    width = np.dtype(unit_type).itemsize
    units = np.frombuffer(view[: len(view) // width * width], unit_type)
    breaks = np.flatnonzero(units == _LF)
    returns = np.flatnonzero(units == _CR)
    if len(returns):
        if not is_last and returns[-1] == len(units) - 1:
            returns = returns[:-1]  # an LF may follow in the next slice
        followed = units[np.minimum(returns + 1, len(units) - 1)] == _LF
        breaks = np.sort(np.concatenate([breaks, returns[~followed]]))
    ends = breaks.astype(np.int64) + 1
    num_units = -(-len(view) // width)
    if is_last and (len(ends) == 0 or ends[-1] < num_units):
        ends = np.append(ends, num_units)
    return ends
