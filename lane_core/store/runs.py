"""Runs as the store knows them: which data set, which configuration, which labels they trained on."""

from __future__ import annotations

from dataclasses import astuple, fields, replace
from datetime import UTC
from typing import Literal

import duckdb
import pandas as pd
import pyarrow as pa

from lane_core.errors import StoreError
from lane_core.records import RunRecord
from lane_core.store.datasets import check_positions, check_splits
from lane_core.store.frames import insert_frame, to_stored_time
from lane_core.store.lookups import class_names, label_codes
from lane_core.store.store import Store

_INSERT = """
insert into runs (run_id, dataset_id, name, config_json, label_version, created_at, note) values (?, ?, ?, ?, ?, ?, ?)
"""
_RUN_EXAMPLES = pa.schema({"index": pa.int32(), "label": pa.int16(), "split": pa.string()})


def add_run(store: Store, record: RunRecord, run_examples: pd.DataFrame) -> None:
    """Store a run and the labels it trains on, all or nothing.

    Args:
        store: The open store.
        record: Its description.
        run_examples: index (every example of the data set once), label (class name), split.

    Raises:
        StoreError: If the run id is taken, the data set is unknown, or the examples do not fit it.

    Tables: reads datasets, label_classes; writes runs, run_examples. One transaction.
    """
    try:
        with store.transaction() as cursor:
            names = class_names(cursor, record.dataset_id)
            codes = {name: code for code, name in enumerate(names)}
            check_positions(run_examples["index"], _num_examples(cursor, record.dataset_id))
            check_splits(run_examples["split"])
            rows = run_examples[_RUN_EXAMPLES.names].assign(label=label_codes(codes, run_examples["label"]))
            table = pa.Table.from_pandas(rows, schema=_RUN_EXAMPLES, preserve_index=False)
            stored = astuple(replace(record, created_at=to_stored_time(record.created_at)))
            cursor.execute(_INSERT, stored)
            insert_frame(cursor, "run_examples", table, {"run_id": record.run_id}, order_by="index")
    except (duckdb.ConstraintException, duckdb.TransactionException) as error:
        raise StoreError(f"There is a run {record.run_id!r} already. Give this one another id.") from error


def list_runs(store: Store, dataset_id: str | None = None) -> list[RunRecord]:
    """Return the runs of a data set (None: of all), newest first."""
    with store.cursor() as cursor:
        if dataset_id is None:
            return _records(cursor, "", [])
        return _records(cursor, "where dataset_id = ?", [dataset_id])


def get_run(store: Store, run_id: str) -> RunRecord:
    """Return one run; StoreError if there is none with this id."""
    with store.cursor() as cursor:
        found = _records(cursor, "where run_id = ?", [run_id])
    if not found:
        raise StoreError(f"There is no run {run_id!r} in the database. Choose one from the list.")
    return found[0]


def rename_run(store: Store, run_id: str, name: str) -> None:
    """Give a run another name; StoreError if there is none with this id."""
    _change(store, run_id, "name", name)


def note_run(store: Store, run_id: str, note: str) -> None:
    """Replace what people noted about a run; StoreError if there is none with this id."""
    _change(store, run_id, "note", note)


def _change(store: Store, run_id: str, column: Literal["name", "note"], value: str) -> None:
    with store.transaction() as cursor:
        query = f"update runs set {column} = ? where run_id = ? returning run_id"
        if cursor.execute(query, [value, run_id]).fetchone() is None:
            raise StoreError(f"There is no run {run_id!r} in the database. Choose one from the list.")


def _num_examples(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> int:
    row = cursor.execute("select num_examples from datasets where dataset_id = ?", [dataset_id]).fetchone()
    return int(row[0]) if row else 0


def _records(cursor: duckdb.DuckDBPyConnection, where: str, parameters: list[str]) -> list[RunRecord]:
    query = f"""
        select run_id, dataset_id, name, config_json, label_version, created_at, note
        from runs {where} order by created_at desc, run_id
    """
    names = [field.name for field in fields(RunRecord)]
    found = [dict(zip(names, row, strict=True)) for row in cursor.execute(query, parameters).fetchall()]
    return [
        RunRecord(**{**values, "created_at": values["created_at"].replace(tzinfo=UTC)}) for values in found
    ]
