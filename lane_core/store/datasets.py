"""Data sets: their examples as uploaded, and their labels as they stand after the decisions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lane_core.errors import StoreError
from lane_core.records import SPLITS, ColumnChoice, DatasetRecord
from lane_core.store.annotations import annotation_rows, insert_annotations
from lane_core.store.frames import fetch_frame, insert_frame, readable, to_stored_time
from lane_core.store.lookups import class_names, example_key, label_codes, listed
from lane_core.store.store import Store

_EXAMPLES = pa.schema(
    {
        "index": pa.int32(),
        "row": pa.int32(),
        "example_id": pa.large_string(),
        "text": pa.large_string(),
        "given_label": pa.int16(),
        "split": pa.large_string(),
    }
)
"""Text as a frame holds it: nothing of it is copied on the way into the database."""

_BLOCK_ROWS = 122_880
"""A row group of DuckDB, which is written to the disk when it is whole."""

_DUPLICATE_TEXTS = """
insert into duplicate_texts
with hashed as materialized (
    select key, hash(trim(text)) as hash from examples where dataset_id = $dataset_id
), shared as materialized (
    select key, trim(text) as text from examples
    where dataset_id = $dataset_id
        and key in (select key from hashed where hash in (select hash from hashed group by 1 having count(*) > 1))
)
select e.key, same.first_key
from shared e
join (select text, min(key) as first_key from shared group by 1 having count(*) > 1) same on same.text = e.text
order by e.key
"""
"""By hash first: a table of all texts takes as much memory as they do."""


def add_dataset(
    store: Store,
    record: DatasetRecord,
    examples: pd.DataFrame,
    classes: Sequence[str],
    annotations: pd.DataFrame | None = None,
    also: Callable[[duckdb.DuckDBPyConnection], None] | None = None,
) -> None:
    """Store a data set with its examples, all or nothing.

    Args:
        store: The open store.
        record: Its description; ``num_examples`` is the number of rows of ``examples``.
        examples: index (0…N-1, each once), row (1-based data row), example_id, text, given_label (class
            name), split. Bytes of a text that could not be decoded (surrogate escapes) are stored as "�".
        classes: Every class name; the position is the class code.
        annotations: Labels of several people: index, annotator, label (class name). None = none came with the file.
        also: Stores what belongs to the data set, in the same transaction; None = nothing does.

    Raises:
        StoreError: If the id is taken, or the examples or annotations contradict the record or the classes.

    Tables: writes datasets, label_classes, examples, duplicate_texts, annotations. One transaction.
    """
    codes = _class_codes(classes)
    check_positions(examples["index"], record.num_examples)
    check_splits(examples["split"])
    repeated = examples["example_id"][examples["example_id"].duplicated()].unique()
    if len(repeated):
        raise StoreError(
            f"The example id {repeated[0]!r} stands for several examples ({len(repeated)} such ids). "
            "Choose another id column, or none."
        )
    table = _example_table(examples, codes)
    names = pa.table({"code": pa.array(range(len(codes)), pa.int16()), "name": list(codes)})
    labelled = None if annotations is None else annotation_rows(annotations, codes, record.num_examples)
    dataset = {"dataset_id": record.dataset_id}
    try:
        with store.transaction() as cursor:
            number = _insert_record(cursor, record)
            keys = pc.add(table["index"].cast(pa.int64()), example_key(number, 0))
            insert_frame(cursor, "label_classes", names, dataset)
            table = table.append_column("key", keys)
            for start in range(0, len(table), _BLOCK_ROWS):
                insert_frame(cursor, "examples", table.slice(start, _BLOCK_ROWS), dataset)
            cursor.execute(_DUPLICATE_TEXTS, dataset)
            if labelled is not None:
                insert_annotations(cursor, record.dataset_id, labelled)
            if also is not None:
                also(cursor)
    except (duckdb.ConstraintException, duckdb.TransactionException) as error:
        raise StoreError(
            f"There is a data set {record.dataset_id!r} already. Give this one another id."
        ) from error


def list_datasets(store: Store) -> list[DatasetRecord]:
    """Return every data set, newest first."""
    with store.cursor() as cursor:
        return _records(cursor, "")


def get_dataset(store: Store, dataset_id: str) -> DatasetRecord:
    """Return one data set; StoreError if there is none with this id."""
    with store.cursor() as cursor:
        found = _records(cursor, "where dataset_id = $dataset_id", {"dataset_id": dataset_id})
    if not found:
        raise StoreError(f"There is no data set {dataset_id!r} in the database. Choose one from the list.")
    return found[0]


def dataset_classes(store: Store, dataset_id: str) -> list[str]:
    """Return the class names; a name's position is its code. StoreError if there is no such data set."""
    with store.cursor() as cursor:
        return class_names(cursor, dataset_id)


def dataset_examples(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return the examples as uploaded: index, row, example_id, text, given_label, split, by index.

    An unknown data set gives an empty frame.
    """
    query = """
        select e.index, e.row, e.example_id, e.text, c.name as given_label, e.split
        from examples e join label_classes c on c.dataset_id = e.dataset_id and c.code = e.given_label
        where e.dataset_id = $dataset_id order by e.index
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})


def current_labels(store: Store, dataset_id: str, *, with_text: bool = True) -> pd.DataFrame:
    """Return every example with its label after the decisions.

    Args:
        store: The open store.
        dataset_id: The data set.
        with_text: Whether the texts are wanted: those of a million examples take a gigabyte on their way.

    Returns:
        index, row, example_id, text, given_label (of the file), current_label, status ("" or the action of the
        newest live decision), annotator, note, lead_time_s (of that decision), decided_at (first live
        decision), updated_at (newest live decision), num_decisions (live ones), split; by index. What an
        undecided example lacks is missing, num_decisions is 0. An unknown data set gives an empty frame.

    Tables: reads examples, decisions.
    """
    query = f"""
        select e.index, e.row, e.example_id, {"e.text, " if with_text else ""}given.name as given_label,
            final.name as current_label,
            l.status, l.annotator, l.note, l.lead_time_s, live.decided_at, l.created_at as updated_at,
            coalesce(live.num_decisions, 0) as num_decisions, e.split
        from examples e
        join (select * from current_labels where dataset_id = $dataset_id) l on l.index = e.index
        join label_classes given on given.dataset_id = e.dataset_id and given.code = e.given_label
        join label_classes final on final.dataset_id = e.dataset_id and final.code = l.label
        left join (
            select index, min(created_at) as decided_at, count(*) as num_decisions
            from live_decisions where dataset_id = $dataset_id group by index
        ) live on live.index = e.index
        where e.dataset_id = $dataset_id
        order by e.index
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})


def check_positions(index: pd.Series[int], num_examples: int) -> None:
    """Check that the positions are 0…N-1, each once; StoreError otherwise."""
    if not np.array_equal(np.sort(index.to_numpy()), np.arange(num_examples)):
        raise StoreError(
            f"The examples must have the positions 0 to {num_examples - 1}, each once; there are {len(index)} "
            f"rows, {index.nunique()} different positions, the lowest {index.min()}, the highest {index.max()}."
        )


def check_splits(split: pd.Series[str]) -> None:
    """Check that every split is one of SPLITS; StoreError otherwise."""
    unknown = sorted({str(value) for value in split.unique()} - set(SPLITS))
    if unknown:
        raise StoreError(f"There is no split {unknown[0]!r}. The splits are: {listed(SPLITS)}.")


def _class_codes(classes: Sequence[str]) -> dict[str, int]:
    codes = {name: code for code, name in enumerate(classes)}
    if not codes or len(codes) != len(classes):
        raise StoreError(f"A data set needs classes with different names; these are: {listed(classes)}.")
    unreadable = [name for name in classes if readable(name) != name]
    if unreadable:
        raise StoreError(
            f"The label {readable(unreadable[0])!r} holds bytes that could not be decoded. "
            "Upload the file again with the encoding it was written in."
        )
    return codes


def _example_table(examples: pd.DataFrame, codes: Mapping[str, int]) -> pa.Table:
    texts = examples["text"]
    if not isinstance(texts.array, pd.arrays.ArrowStringArray):  # one that is holds no half characters
        texts = pd.Series([readable(text) for text in texts], dtype="str")
    labels = examples["given_label"]
    label_codes(codes, labels.unique())
    found = pd.Categorical(labels, categories=list(codes)).codes
    rows = examples[_EXAMPLES.names].assign(text=texts.array, given_label=found)
    if not rows["index"].is_monotonic_increasing:
        rows = rows.sort_values("index")
    return pa.Table.from_pandas(rows, schema=_EXAMPLES, preserve_index=False)


def _insert_record(cursor: duckdb.DuckDBPyConnection, record: DatasetRecord) -> int:
    """Store the record and return the number that the data set gets."""
    number = int(cursor.execute("select coalesce(max(number), 0) + 1 from datasets").fetchall()[0][0])
    values: dict[str, Any] = {
        **asdict(record),
        "columns_json": json.dumps(asdict(record.columns), ensure_ascii=False),
        "created_at": to_stored_time(record.created_at),
        "number": number,
    }
    del values["columns"]
    names = ", ".join(values)
    cursor.execute(
        f"insert into datasets ({names}) values ({', '.join('?' * len(values))})", list(values.values())
    )
    return number


def _columns(text: str) -> ColumnChoice:
    """Read columns_json; that of an earlier version names no annotators, and no classes of numbers."""
    values = json.loads(text)
    lists = {name: tuple(values.get(name, ())) for name in ("annotators", "class_names")}
    return ColumnChoice(**{**values, **lists})


def _records(
    cursor: duckdb.DuckDBPyConnection, where: str, parameters: dict[str, Any] | None = None
) -> list[DatasetRecord]:
    query = f"""
        select dataset_id, name, source_name, source_sha256, columns_json, num_examples, num_rows, created_at
        from datasets {where} order by created_at desc, dataset_id
    """
    names = [field.name for field in fields(DatasetRecord)]
    records = []
    for row in cursor.execute(query, parameters or {}).fetchall():
        values = dict(zip(names, row, strict=True))
        values["columns"] = _columns(values["columns"])
        values["created_at"] = values["created_at"].replace(tzinfo=UTC)
        records.append(DatasetRecord(**values))
    return records
