"""How high a table is drawn."""

from __future__ import annotations

from typing import Literal

_ROW_PIXELS = 33


def table_height(num_rows: int, most: int, row_pixels: int = _ROW_PIXELS) -> int | Literal["content"]:
    """Return the height of a ``st.dataframe``: all of its rows, or so many that it shows there are more.

    Example:
        >>> table_height(3, most=8), table_height(50, most=8)
        ('content', 313)
    """
    # Half a row below the last whole one says "scroll" better than a scroll bar that hides itself.
    return "content" if num_rows <= most else int((most + 1.5) * row_pixels)
