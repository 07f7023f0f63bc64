"""A frame as delimited text: a block of rows at a time, so that a million rows take seconds and little memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lane_core.data.cells import printable
from lane_core.data.writing.formulas import defused, defused_array
from lane_core.data.writing.plain_values import cell_words, plain_values

_BLOCK_ROWS = 32_768
_TEXT = pa.large_string()
_LARGEST_PLAIN, _SMALLEST_PLAIN = 1e9, 1e-4
"""Between these Arrow writes a float as Python does, but for the ".0" of a whole one."""


def write_delimited(frame: pd.DataFrame, stream: BinaryIO, delimiter: str, *, defuse: bool = False) -> None:
    """Write the column names and every row in UTF-8, cells quoted where RFC 4180 asks for it, lines ending with LF.

    Args:
        frame: The rows; two columns may have one name.
        stream: Where to write.
        delimiter: Between cells.
        defuse: Put an apostrophe before text that a spreadsheet would run, column names included.
    """
    names = [printable(str(name)) for name in frame.columns]
    header = pa.array([defused(name) if defuse else name for name in names], _TEXT)
    quoted = _quoted(header, delimiter)
    stream.write(_lines([quoted[at : at + 1] for at in range(len(names))], delimiter))
    for start in range(0, len(frame), _BLOCK_ROWS):
        block = frame.iloc[start : start + _BLOCK_ROWS]
        columns = [_texts(block.iloc[:, at], delimiter, defuse) for at in range(block.shape[1])]
        stream.write(_lines(columns, delimiter))


def _lines(columns: list[pa.Array], delimiter: str) -> bytes:
    """Return the bytes of some records, whose cells have the quotes that they need."""
    if len(columns) == 1:
        # A record of one empty cell would be a blank line, which readers pass over.
        columns = [pc.if_else(pc.equal(columns[0], ""), _scalar('""'), columns[0])]
    last = pc.binary_join_element_wise(columns[-1], _scalar("\n"), _scalar(""))
    lines = pc.binary_join_element_wise(*columns[:-1], last, _scalar(delimiter))
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int64)[lines.offset : lines.offset + len(lines) + 1]
    content: bytes = lines.buffers()[2][int(offsets[0]) : int(offsets[-1])].to_pybytes()
    return content


def _quoted(cells: pa.Array, delimiter: str) -> pa.Array:
    needs_quotes = pc.match_substring_regex(cells, f'[{delimiter}"\r\n]')
    if not pc.any(needs_quotes).as_py():
        return cells
    doubled = pc.replace_substring(cells, '"', '""')
    return pc.if_else(
        needs_quotes, pc.binary_join_element_wise(_scalar('"'), doubled, _scalar('"'), _scalar("")), cells
    )


def _texts(column: pd.Series[Any], delimiter: str, defuse: bool) -> pa.Array:
    """Return the cells of a column as they stand in the file; null is empty."""
    array = _array(column)
    kind = None if array is None else array.type
    if kind is not None and pa.types.is_large_string(kind):
        return _quoted(defused_array(array) if defuse else array, delimiter)
    for is_kind, texts in _BY_KIND:
        if kind is not None and is_kind(kind):
            return pc.fill_null(texts(array), "")
    words = np.full(len(column), "", dtype=object)
    is_there = column.notna().to_numpy()  # few cells of a column are about a decision
    found = [cell_words(value) for value in plain_values(column[is_there])]
    words[is_there] = [defused(word) for word in found] if defuse else found
    return _quoted(pa.array(words, _TEXT), delimiter)


def _array(column: pd.Series[Any]) -> pa.Array | None:
    """Return a column of text, numbers or booleans as Arrow holds it; None if it is of another or of mixed kinds."""
    try:
        if column.dtype == object:
            array = pa.array(column.to_numpy(), _TEXT, from_pandas=True)
        else:
            array = pa.array(column, from_pandas=True)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        is_text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
        return pc.fill_null(array.cast(_TEXT), "") if is_text else array
    except (pa.ArrowException, TypeError, UnicodeError):
        return None


def _float_texts(values: pa.Array) -> pa.Array:
    """Return floats as Python writes them: the fewest digits that give the same number."""
    texts = values.cast(_TEXT)
    numbers = values.to_numpy(zero_copy_only=False)
    size = np.abs(numbers)
    is_whole = (
        (numbers == np.floor(numbers)) & (size < _LARGEST_PLAIN) & ~((numbers == 0) & np.signbit(numbers))
    )
    texts = pc.if_else(
        pa.array(is_whole), pc.binary_join_element_wise(texts, _scalar(".0"), _scalar("")), texts
    )
    is_plain = is_whole | ((size >= _SMALLEST_PLAIN) & (size < _LARGEST_PLAIN)) | np.isnan(numbers)
    if is_plain.all():
        return texts
    # The str of a float32 has its own digits, not those of the float64 nearest to it.
    odd = [str(float(str(value))) for value in numbers[~is_plain]]
    return pc.replace_with_mask(texts, pa.array(~is_plain), pa.array(odd, _TEXT))


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, _TEXT)


_BY_KIND: tuple[tuple[Callable[[Any], bool], Callable[[pa.Array], pa.Array]], ...] = (
    (pa.types.is_boolean, lambda array: pc.if_else(array, _scalar("True"), _scalar("False"))),
    (pa.types.is_integer, lambda array: array.cast(_TEXT)),
    (lambda kind: pa.types.is_float32(kind) or pa.types.is_float64(kind), _float_texts),
)
