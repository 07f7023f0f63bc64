"""Whole frames into and out of a cursor: a frame a statement, never a row at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def fetch_frame(
    cursor: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Return the result of a query.

    Text columns are ``str`` also when the result is empty, times are UTC with their zone, and whole numbers
    or booleans that can be missing are pandas' nullable types when some are.
    """
    frame = cursor.execute(query, dict(parameters or {})).df()
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = frame[name].astype("str")
        elif pd.api.types.is_datetime64_dtype(frame[name].dtype):
            frame[name] = frame[name].dt.tz_localize("UTC")
    return frame


def insert_frame(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    rows: pa.Table,
    constants: Mapping[str, Any],
    order_by: str | None = None,
) -> None:
    """Insert every row, columns matched by name.

    Args:
        cursor: In a transaction, if more belongs to it.
        table: Name of the table.
        rows: Columns named as in the table.
        constants: Columns with one value for all rows.
        order_by: Columns in whose order the rows are stored.
    """
    prefix = "".join(f"${name} as {name}, " for name in constants)
    order = f" order by {order_by}" if order_by else ""
    with registered(cursor, rows) as name:
        cursor.execute(f"insert into {table} by name select {prefix}* from {name}{order}", dict(constants))


@contextmanager
def registered(
    cursor: duckdb.DuckDBPyConnection, rows: pa.Table, name: str = "incoming_frame"
) -> Iterator[str]:
    """Yield the name under which this cursor, and no other, can read the rows."""
    cursor.register(name, rows)
    try:
        yield name
    finally:
        cursor.unregister(name)


def now_utc() -> datetime:
    """Return the time as the tables hold it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def to_stored_time(moment: datetime) -> datetime:
    """Return a time as the tables hold it.

    Raises:
        ValueError: If the time has no zone, so that nobody can tell which moment it is.
    """
    if moment.tzinfo is None:
        raise ValueError(f"The time {moment} has no zone; use datetime.now(UTC).")
    return moment.astimezone(UTC).replace(tzinfo=None)


def readable(text: str) -> str:
    """Replace half characters, which stand for bytes that could not be decoded: no database holds them."""
    return _HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)
