"""Cells that a spreadsheet would run as a formula when it opens a file, and the same cells made harmless."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

APOSTROPHE = "'"
"""Before a cell it says to a spreadsheet that this is text, whatever it looks like."""
# In the spelling of RE2, which Arrow uses; the last four are = + - @ at full width.
_RUNS = r"\A[=+\-@\t\r\n\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]"
_NUMBER = r"\A[+-]?(?:[0-9][0-9.,]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?%?\z"
_RUNS_HERE = re.compile(re.sub(r"\\x\{(\w+)\}", r"\\u\1", _RUNS))
_NUMBER_HERE = re.compile(_NUMBER.replace(r"\z", r"\Z"))


def would_run(cell: object) -> bool:
    """Return whether a spreadsheet takes a cell for a formula: text that begins like one and is no number.

    Example:
        >>> [would_run(cell) for cell in ("=1+1", "@sum", "+1 apple", "-1.5", "+3,000", "a=b", -1.5)]
        [True, True, True, False, False, False, False]
    """
    return isinstance(cell, str) and bool(_RUNS_HERE.match(cell)) and not _NUMBER_HERE.match(cell)


def defused(cell: str) -> str:
    r"""Return a cell with an apostrophe before it if a spreadsheet would run it, else as it is.

    Example:
        >>> defused('=HYPERLINK("x")'), defused("-1.5")
        ('\'=HYPERLINK("x")', '-1.5')
    """
    return APOSTROPHE + cell if would_run(cell) else cell


def defused_array(cells: pa.Array) -> pa.Array:
    """Return ``defused`` of every cell of an array of text."""
    starts = pc.match_substring_regex(cells, _RUNS)
    if not pc.any(starts).as_py():
        return cells
    runs = pc.and_not(starts, pc.match_substring_regex(cells, _NUMBER))
    apostrophe, nothing = (pa.scalar(text, cells.type) for text in (APOSTROPHE, ""))
    return pc.if_else(runs, pc.binary_join_element_wise(apostrophe, cells, nothing), cells)
