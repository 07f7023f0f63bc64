"""Cells collected row by row into columns in which equal cells that repeat are one object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

_REPEATED = 0.5
"""Share of distinct texts in a batch of rows below which a column repeats itself, as labels do and texts do not."""


class CellColumn:
    """One column of a file that is being read."""

    def __init__(self, num_missing: int = 0) -> None:
        """Start a column, with None for the rows before it first appeared."""
        self._cells: list[Any] = [None] * num_missing
        self._known: dict[str, str] = {}

    def extend(self, cells: Sequence[Any]) -> None:
        """Add the cells of a batch of rows."""
        texts = [cell for cell in cells if type(cell) is str]
        if len(set(texts)) < _REPEATED * len(texts):
            share = self._known.setdefault
            self._cells.extend([share(cell, cell) if type(cell) is str else cell for cell in cells])
        else:
            self._cells.extend(cells)

    def to_series(self) -> pd.Series[Any]:
        """Return the cells as plain Python objects."""
        return pd.Series(np.fromiter(self._cells, object, len(self._cells)), dtype=object)


def frame_of(columns: Iterable[tuple[str, CellColumn]]) -> pd.DataFrame:
    """Return the columns, by name, as a frame."""
    return pd.DataFrame({name: column.to_series() for name, column in columns}, dtype=object)
