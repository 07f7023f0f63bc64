"""Reads an events file that another process, perhaps another machine, has written, and trusts nothing in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lane_core.runs.run_dir import EVENT_SCHEMAS
from lane_core.runs.tables import owner_metadata
from lane_core.store.lookups import listed

BATCH_ROWS = 122_880
"""A row group of DuckDB. Batches of this size go straight into the database file as they come, so that their commit
has little left to write and holds nobody up."""

_KEYS = {
    "neighbours": ["index", "rank"],
    "losses": ["step"],
    "similarity": ["given", "predicted"],
    "metrics": [],
    "epoch": ["index"],
}
"""Columns that tell the rows of a file apart, and in whose order it is written."""

_NEVER_NULL = {
    "neighbours": ["index", "rank", "neighbour", "cosine"],
    "losses": ["step"],
    "similarity": ["given", "predicted", "value"],
    "metrics": [],
    "epoch": ["index"],
}

_LATER_COLUMNS = {"epoch": ("self_confidence", "held_out_predicted")}
"""Columns that the files of earlier versions lack, in the order in which they were added; they are null then."""

_INDEX_COLUMNS = ("index", "neighbour")
_CLASS_COLUMNS = ("given", "predicted", "suggested", "held_out_predicted")


class UnusableEventFile(Exception):
    """An events file that cannot be stored; the message says why, for people."""


def read_event_batches(
    stream: BinaryIO,
    run_id: str,
    kind: str,
    epoch: int,
    num_examples: int,
    num_classes: int,
    columns: Sequence[str] | None = None,
) -> Iterator[pa.Table]:
    """Yield the rows of an events file, checked, at most ``BATCH_ROWS`` at a time.

    A damage that shows late is raised late: store no batch before the last one has come.

    Args:
        stream: The open file.
        run_id: Of the directory that it lies in.
        kind: A key of EVENT_SCHEMAS.
        epoch: From the file's name.
        num_examples: N of the run; every index must be below it.
        num_classes: K of the run; every class code must be below it.
        columns: Those wanted, the key among them; None = all.

    Raises:
        UnusableEventFile: If it is torn, of another run, kind, epoch or shape, or holds what the run cannot have.
    """
    if (epoch == 0) != (kind == "neighbours"):
        raise UnusableEventFile(f"A file of kind {kind} cannot belong to epoch {epoch}: epochs count from 1.")
    last_key: npt.NDArray[np.int64] | None = None
    try:
        file = pq.ParquetFile(stream)
        _check_owner(file.schema_arrow.metadata, run_id, kind, epoch)
        _check_schema(file.schema_arrow, kind)
        _check_num_rows(file.metadata.num_rows, kind, num_examples, num_classes)
        for batch in file.iter_batches(BATCH_ROWS, columns=columns):
            table = pa.Table.from_batches([batch])
            _check_values(table, kind, num_examples, num_classes)
            last_key = _check_keys(table, _KEYS[kind], last_key)
            yield _with_later_columns(table, kind) if columns is None else table
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        # A damaged column name is a ValueError: it is no UTF-8.
        detail = " ".join(str(error).split())[:200]
        raise UnusableEventFile(f"It cannot be read ({detail}): torn, or no Parquet file.") from error


def _check_owner(metadata: dict[bytes, bytes] | None, run_id: str, kind: str, epoch: int) -> None:
    """Check what the file says of itself; one that an earlier version wrote says nothing."""
    for name, expected in owner_metadata(run_id, kind, epoch).items():
        found = (metadata or {}).get(name, expected)
        if found != expected:
            what = name.decode().removeprefix("lane_")
            raise UnusableEventFile(
                f"It was written for {what} {found.decode(errors='replace')!r}, and lies where the file of {what} "
                f"{expected.decode()!r} belongs."
            )


def _check_schema(found_schema: pa.Schema, kind: str) -> None:
    absent = set(_LATER_COLUMNS.get(kind, ())) - set(found_schema.names)
    expected = pa.schema([field for field in EVENT_SCHEMAS[kind] if field.name not in absent])
    if not found_schema.equals(expected):
        found = {f"{field.name} {field.type}" for field in found_schema}
        wanted = {f"{field.name} {field.type}" for field in expected}
        raise UnusableEventFile(
            f"Its columns are not those of a file of kind {kind}; missing: {listed(sorted(wanted - found)) or 'none'}; "
            f"unexpected: {listed(sorted(found - wanted)) or 'none'}."
        )


def _with_later_columns(table: pa.Table, kind: str) -> pa.Table:
    for name in _LATER_COLUMNS.get(kind, ()):
        if name not in table.column_names:
            field = EVENT_SCHEMAS[kind].field(name)
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table


def _check_num_rows(num_rows: int, kind: str, num_examples: int, num_classes: int) -> None:
    if kind == "similarity" and num_rows != num_classes**2:
        raise UnusableEventFile(f"It has {num_rows} rows; {num_classes} classes make {num_classes**2} pairs.")
    if kind == "metrics" and num_rows != 1:
        raise UnusableEventFile(f"It has {num_rows} rows; an epoch has one row of metrics.")
    if kind == "epoch" and num_rows != num_examples:
        raise UnusableEventFile(f"It has {num_rows or 'no'} rows; the run has {num_examples} examples.")


def _check_values(table: pa.Table, kind: str, num_examples: int, num_classes: int) -> None:
    for name in _NEVER_NULL[kind]:
        if table[name].null_count:
            raise UnusableEventFile(f"The column {name} lacks {table[name].null_count} values.")
    for name in table.column_names:
        if name in _INDEX_COLUMNS:
            _check_range(table, name, num_examples, "examples")
        elif name in _CLASS_COLUMNS:
            _check_range(table, name, num_classes, "classes")


def _check_range(table: pa.Table, name: str, size: int, what: str) -> None:
    limits = pc.min_max(table[name]).as_py()
    for value in (limits["min"], limits["max"]):
        if value is not None and not 0 <= value < size:
            raise UnusableEventFile(
                f"The column {name} holds {value}; the run has {size} {what}, so it must be 0 to {size - 1}."
            )


def _check_keys(
    table: pa.Table, keys: list[str], previous: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.int64] | None:
    """Check that the rows, and those of the batch before, stand in the order of their keys; return the last key."""
    if not keys or table.num_rows == 0:
        return previous
    numbers = np.zeros(table.num_rows, dtype=np.int64)
    for name in keys:
        numbers = numbers * 2**31 + table[name].to_numpy()
    if previous is not None:
        numbers = np.concatenate([previous, numbers])
    if (np.diff(numbers) <= 0).any():
        raise UnusableEventFile(f"Its rows are not in the order of {' and '.join(keys)}, each once.")
    return numbers[-1:]
