"""Decisions that were taken elsewhere: in an older file of the project, or by whoever sent a changes file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from lane_core.store.decision_table import DECISION_SCHEMA
from lane_core.store.decisions import append_rows
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import class_names, dataset_number, example_key, label_codes
from lane_core.store.store import Store

_TAKEN = (
    "index", "decision_id", "action", "annotator", "lead_time_s", "note", "created_at", "batch_id", "is_settling",
)  # fmt: skip
_LABELS = ("label", "seen_label", "final_label")


def standing_decisions(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return the newest live decision of each person on each example, as ``append_taken`` takes them.

    Returns:
        decision_id, index, action, label (missing unless "relabel"), seen_label, final_label, annotator, lead_time_s,
        note, created_at (UTC), batch_id (missing = taken alone), is_settling; in the order in which they were taken.
        Labels are class names, also of classes that others took the place of. Empty for an unknown data set.

    Tables: reads own_decisions, decisions, label_classes.
    """
    query = """
        with classes as (select code, name from label_classes where dataset_id = $dataset_id)
        select own.decision_id, own.index, own.action, label.name as label, seen.name as seen_label,
            final.name as final_label, own.annotator, own.lead_time_s, own.note, own.created_at, d.batch_id,
            own.is_settling
        from (select * from own_decisions where dataset_id = $dataset_id) own
        join (select * from decisions where dataset_id = $dataset_id) d using (decision_id)
        join classes final on final.code = own.final_label
        left join classes seen on seen.code = d.seen_label
        left join classes label on label.code = d.label
        order by own.seq
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})


def append_taken(cursor: duckdb.DuckDBPyConnection, dataset_id: str, taken: pd.DataFrame) -> None:
    """Append decisions with the times at which they were taken; the last one on an example counts.

    Args:
        cursor: In a transaction; ``store.deciding`` must be held.
        dataset_id: A data set that is there.
        taken: Rows as ``standing_decisions`` returns them, in the order in which they count, on examples of this data
            set, each decision_id new.

    Raises:
        StoreError: If a class is unknown.
    """
    if taken.empty:
        return
    codes = {name: code for code, name in enumerate(class_names(cursor, dataset_id))}
    numbers = cursor.execute("select nextval('decision_seq') from range(?)", [len(taken)]).fetchall()
    none = [None] * len(taken)
    values: dict[str, Sequence[Any]] = {
        **{name: _plain(taken[name]) for name in _TAKEN},
        **{name: _codes(codes, _plain(taken[name])) for name in _LABELS},
        "created_at": taken["created_at"].dt.tz_convert("UTC").dt.tz_localize(None).dt.as_unit("us").array,
        "seq": sorted(number for (number,) in numbers),
        "dataset_id": [dataset_id] * len(taken),
        "kind": ["decision"] * len(taken),
        "run_id": none,
        "seen_version": none,
        "unseen_decision": none,
    }
    first_key = example_key(dataset_number(cursor, dataset_id), 0)
    keys = [first_key + index for index in values["index"]]
    append_rows(
        cursor, pa.table({name: values[name] for name in DECISION_SCHEMA.names}, DECISION_SCHEMA), keys
    )


def recorded_ids(store: Store, decision_ids: Sequence[str]) -> set[str]:
    """Return which of these decisions are on record, also if somebody took them back since.

    Tables: reads decisions.
    """
    query = "select decision_id from decisions where decision_id in (select unnest($ids::text[]))"
    with store.cursor() as cursor:
        return {str(row[0]) for row in cursor.execute(query, {"ids": list(decision_ids)}).fetchall()}


def _plain(column: pd.Series[Any]) -> list[Any]:
    """Return Python values, with None for what is missing."""
    return [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]


def _codes(codes: dict[str, int], labels: Sequence[str | None]) -> list[int | None]:
    label_codes(codes, {label for label in labels if label is not None})
    return [None if label is None else codes[label] for label in labels]
