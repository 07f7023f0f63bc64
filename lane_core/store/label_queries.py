"""Labels of the file against labels as they stand now: what the review has moved, and the examples behind it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lane_core.records import Split
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import class_names
from lane_core.store.store import Store

_STANDING = """
with classes as (
    select code, coalesce(counts_as, code) as counted from label_classes where dataset_id = $dataset_id
), standing as (
    select e.index, e.split, given.counted as given, if(d.action = 'exclude', null, now.counted) as now
    from (select index, split, given_label from examples where dataset_id = $dataset_id) e
    left join (
        select index, action, final_label from current_decisions where dataset_id = $dataset_id
    ) d on d.index = e.index
    join classes given on given.code = e.given_label
    join classes now on now.code = coalesce(d.final_label, e.given_label)
)
"""
"""Each example with its label in the file and the one that stands now, null where it is excluded. A class that was
replaced counts as the one in its place on both sides: that is no correction of an example."""


def label_moves(store: Store, dataset_id: str) -> pd.DataFrame:
    """Count the examples by the label of the file and the one that stands now.

    Returns:
        given, now (class codes; now is missing for an exclusion), count; in class order.

    Raises:
        StoreError: If there is no such data set.

    Tables: reads examples, current_decisions, label_classes.
    """
    query = f"{_STANDING} select given, now, count(*) as count from standing group by all order by all"
    with store.cursor() as cursor:
        class_names(cursor, dataset_id)
        frame = fetch_frame(cursor, query, {"dataset_id": dataset_id})
    return frame.astype({"given": "int64", "now": "Int64"})


def moved_examples(store: Store, dataset_id: str, given: int, now: int | None) -> list[int]:
    """Return the examples that a row of ``label_moves`` counts, in order.

    Args:
        store: The open store.
        dataset_id: An unknown one has no examples.
        given: Class code in the file.
        now: Class code now; None = excluded.
    """
    where = "given = $given and now is not distinct from $now"
    return _examples(store, where, {"dataset_id": dataset_id, "given": given, "now": now})


def held_out_examples(store: Store, dataset_id: str, split: Split, label: int) -> list[int]:
    """Return the examples of a split with a label (class code) as it stands now, in order; none that is excluded."""
    where = "split = $split and now = $label"
    return _examples(store, where, {"dataset_id": dataset_id, "split": split, "label": label})


def _examples(store: Store, where: str, parameters: dict[str, Any]) -> list[int]:
    query = f"{_STANDING} select index from standing where {where} order by index"
    with store.cursor() as cursor:
        return [int(row[0]) for row in cursor.execute(query, parameters).fetchall()]
