"""Who has which examples on screen: for a while they are given to nobody else.

A person holds the next examples of a queue, for ``ReviewPlan.lease_minutes``, and again as long as the queue is looked
at. An example that several people decide on is held by as many as still lack. A decision ends the lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb

from lane_core.records import QueueFilter
from lane_core.store.frames import now_utc
from lane_core.store.lookups import dataset_number, example_key, run_dataset_id
from lane_core.store.queue_conditions import ask, queue_conditions
from lane_core.store.review_plans import plan_of
from lane_core.store.store import Store


def hold(store: Store, run_id: str, filters: QueueFilter, indices: Sequence[int], annotator: str) -> set[int]:
    """Hold examples of a queue for a person; those that others took meanwhile are left to them.

    Args:
        store: The open store.
        run_id: The run under review.
        filters: Whose status says how many people may hold an example; only those to review or to settle are held.
        indices: The next examples of the person's queue.
        annotator: Who looks at them.

    Returns:
        Those of the given that the person holds, or that need not be held.

    Tables: reads what ``review_queue`` reads; writes leases, if one is missing or half over. One transaction.
    """
    if filters.status not in ("to_review", "to_settle") or not indices:
        return set(indices)
    with store.cursor() as cursor:
        dataset_id = run_dataset_id(cursor, run_id)
        first_key = example_key(dataset_number(cursor, dataset_id), 0)
        length = timedelta(minutes=plan_of(cursor, dataset_id).lease_minutes)
        held = _held(cursor, annotator, first_key, now_utc() + length / 2)
    if held.issuperset(indices):
        return set(indices)
    # One at a time, or two people would both find the same example free.
    shared = QueueFilter(status=filters.status, suspects_only=False)
    wanted = f"p.index in ({', '.join(str(int(index)) for index in indices)})"
    with store.deciding, store.transaction() as cursor:
        with queue_conditions(cursor, run_id, shared, annotator) as queue:
            where = f"{wanted} and {queue.where(shared)} and {queue.free(shared)}"
            free = [row[0] for row in ask(cursor, queue, "p.index", where).fetchall()]
        _take(cursor, annotator, [first_key + index for index in free], now_utc() + length)
    return set(free)


def release(store: Store, run_id: str, annotator: str) -> None:
    """Give back what a person holds of the data set of a run, as when another queue is opened."""
    with store.cursor() as cursor:
        first_key = example_key(dataset_number(cursor, run_dataset_id(cursor, run_id)), 0)
        is_holding = bool(_held(cursor, annotator, first_key, datetime.min))
    if is_holding:
        with store.deciding, store.transaction() as cursor:
            cursor.execute(
                "delete from leases where annotator = ? and key between ? and ?",
                [annotator, first_key, first_key + 2**32 - 1],
            )


def _held(cursor: duckdb.DuckDBPyConnection, annotator: str, first_key: int, until: datetime) -> set[int]:
    """Return the examples of a data set that a person holds at least until a time."""
    query = "select key from leases where annotator = ? and until >= ? and key between ? and ?"
    rows = cursor.execute(query, [annotator, until, first_key, first_key + 2**32 - 1]).fetchall()
    return {key - first_key for (key,) in rows}


def _take(cursor: duckdb.DuckDBPyConnection, annotator: str, keys: Sequence[int], until: datetime) -> None:
    cursor.execute("delete from leases where until < ?", [now_utc()])
    query = "insert or replace into leases select unnest($keys::bigint[]), $annotator, $until"
    cursor.execute(query, {"keys": list(keys), "annotator": annotator, "until": until})
