"""Reads an events file that another process, perhaps another machine, has written, and trusts nothing in it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lane_core.runs.run_dir import EVENT_SCHEMAS
from lane_core.store.lookups import listed

_KEYS = {
    "neighbours": ["index", "rank"],
    "losses": ["step"],
    "similarity": ["given", "predicted"],
    "metrics": [],
    "epoch": ["index"],
}
"""Columns that tell the rows of a file apart."""

_NEVER_NULL = {
    "neighbours": ["index", "rank", "neighbour", "cosine"],
    "losses": ["step"],
    "similarity": ["given", "predicted", "value"],
    "metrics": [],
    "epoch": ["index"],
}

_INDEX_COLUMNS = ("index", "neighbour")
_CLASS_COLUMNS = ("given", "predicted", "suggested")


class UnusableEventFile(Exception):
    """An events file that cannot be stored; the message says why, for people."""


def read_event_table(content: bytes, kind: str, epoch: int, num_examples: int, num_classes: int) -> pa.Table:
    """Return the rows of an events file, checked.

    Args:
        content: The whole file.
        kind: A key of EVENT_SCHEMAS.
        epoch: From the file's name.
        num_examples: N of the run; every index must be below it.
        num_classes: K of the run; every class code must be below it.

    Raises:
        UnusableEventFile: If it is torn, of another shape, or holds values that the run cannot have.
    """
    if (epoch == 0) != (kind == "neighbours"):
        raise UnusableEventFile(f"A file of kind {kind} cannot belong to epoch {epoch}: epochs count from 1.")
    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        # A damaged column name is a ValueError: it is no UTF-8.
        detail = " ".join(str(error).split())[:200]
        raise UnusableEventFile(f"It cannot be read ({detail}): torn, or no Parquet file.") from error
    _check_schema(table, kind)
    _check_num_rows(table, kind, num_classes)
    for name in _NEVER_NULL[kind]:
        if table[name].null_count:
            raise UnusableEventFile(f"The column {name} lacks {table[name].null_count} values.")
    for name in table.column_names:
        if name in _INDEX_COLUMNS:
            _check_range(table, name, num_examples, "examples")
        elif name in _CLASS_COLUMNS:
            _check_range(table, name, num_classes, "classes")
    _check_keys(table, _KEYS[kind])
    return table


def _check_schema(table: pa.Table, kind: str) -> None:
    expected = EVENT_SCHEMAS[kind]
    if not table.schema.equals(expected):
        found = {f"{field.name} {field.type}" for field in table.schema}
        wanted = {f"{field.name} {field.type}" for field in expected}
        raise UnusableEventFile(
            f"Its columns are not those of a file of kind {kind}; missing: {listed(sorted(wanted - found)) or 'none'}; "
            f"unexpected: {listed(sorted(found - wanted)) or 'none'}."
        )


def _check_num_rows(table: pa.Table, kind: str, num_classes: int) -> None:
    if kind == "similarity" and table.num_rows != num_classes**2:
        raise UnusableEventFile(
            f"It has {table.num_rows} rows; {num_classes} classes make {num_classes**2} pairs."
        )
    if kind == "metrics" and table.num_rows != 1:
        raise UnusableEventFile(f"It has {table.num_rows} rows; an epoch has one row of metrics.")
    if kind == "epoch" and table.num_rows == 0:
        raise UnusableEventFile("It has no rows.")


def _check_range(table: pa.Table, name: str, size: int, what: str) -> None:
    limits = pc.min_max(table[name]).as_py()
    for value in (limits["min"], limits["max"]):
        if value is not None and not 0 <= value < size:
            raise UnusableEventFile(
                f"The column {name} holds {value}; the run has {size} {what}, so it must be 0 to {size - 1}."
            )


def _check_keys(table: pa.Table, keys: list[str]) -> None:
    if keys and table.group_by(keys).aggregate([]).num_rows != table.num_rows:
        raise UnusableEventFile(f"Several rows have the same {' and '.join(keys)}.")
