"""Defuse the formulas of a file that keeps its shape."""

from __future__ import annotations

from pathlib import Path

from lane_core.data.formats.content import ReadOptions
from lane_core.data.tables import read_table
from lane_core.data.writing.formulas import defused, would_run


def defuse_file(path: Path, options: ReadOptions) -> None:
    """Put an apostrophe before every cell that a spreadsheet would run; all else stays as it is.

    Column names stay too: whoever needs them changed has the file written anew (``write_rows``).

    Args:
        path: The file; it is replaced.
        options: How it is read.

    Raises:
        DataError: If it cannot be read or written.
    """
    table = read_table(path, options)
    for column in table.columns:
        cells = table.values(column)
        changes: dict[int, object] = {
            row: defused(cell) for row, cell in enumerate(cells, start=1) if would_run(cell)
        }
        if changes and table.source is not None:
            table.source.write_corrected(path, column, changes, set())
            table = read_table(path, options)
