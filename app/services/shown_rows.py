"""The first rows of a table, as a browser can hold them."""

from __future__ import annotations

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

ROWS_SHOWN = 50
_SHOWN_CHARS = 300


def first_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the first ``ROWS_SHOWN``, numbered anew, with the beginnings of long texts; numbers and times stay."""
    head = rows.head(ROWS_SHOWN).reset_index(drop=True)
    for name in head.columns:
        if not (is_numeric_dtype(head[name].dtype) or is_datetime64_any_dtype(head[name].dtype)):
            head[name] = [None if pd.isna(cell) else str(cell)[:_SHOWN_CHARS] for cell in head[name]]
    return head
