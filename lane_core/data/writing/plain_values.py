"""The cells of a column as plain Python values, and one of them in words: what new files are written from."""

from __future__ import annotations

import json
from datetime import date, time
from typing import Any

import numpy as np
import pandas as pd

from lane_core.data.cells import printable

JSON = json.JSONEncoder(ensure_ascii=False, default=str)


def python_values(column: pd.Series[Any]) -> list[Any]:
    """Return Python values: null as None, short floats without the digits that they do not have."""
    values = column.tolist()
    if str(column.dtype) in ("float32", "float[pyarrow]"):
        values = [float(str(value)) for value in column.to_numpy(dtype=np.float32, na_value=np.nan)]
    return [None if null else value for value, null in zip(values, column.isna(), strict=True)]


def plain_values(column: pd.Series[Any]) -> list[Any]:
    """Return Python values that JSON knows: those of ``python_values``, times as ISO 8601."""
    return [value.isoformat() if _is_time(value) else value for value in python_values(column)]


def cell_words(value: Any) -> str:
    """Return a value that is not null as a cell of text; lists and objects as JSON."""
    return printable(JSON.encode(value) if isinstance(value, (list, dict)) else str(value))


def _is_time(value: object) -> bool:
    return isinstance(value, (date, time))
