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

LEAST_SHARE = 5
"""Cards that a browser needs at hand so that nobody waits between two decisions."""


def hold(
    store: Store,
    run_id: str,
    filters: QueueFilter,
    indices: Sequence[int],
    annotator: str,
    ahead: Sequence[int] = (),
) -> set[int]:
    """Hold examples of a queue for a person; those that others took meanwhile are left to them.

    Args:
        store: The open store.
        run_id: The run under review.
        filters: Whose status says how many people may hold an example; only those to review or to settle are held.
        indices: The next examples of the person's queue.
        annotator: Who looks at them.
        ahead: The examples that come after those. They are held too where something has to be written anyway, so that
            not every decision, which brings one more example on screen, writes.

    Returns:
        Those of ``indices`` that the person holds, or that need not be held. What the person held beside all
        those given is given back.

    Tables: reads what ``review_queue`` reads; writes leases, if one is missing, half over or too many. One
    transaction.
    """
    if filters.status not in ("to_review", "to_settle") or not indices:
        return set(indices)
    with store.cursor() as cursor:
        dataset_id = run_dataset_id(cursor, run_id)
        first_key = example_key(dataset_number(cursor, dataset_id), 0)
        length = timedelta(minutes=plan_of(cursor, dataset_id).lease_minutes)
        fresh = _held(cursor, annotator, first_key, now_utc() + length / 2)
        num_held = len(_held(cursor, annotator, first_key, datetime.min))
    if fresh.issuperset(indices) and num_held <= len(indices) + len(ahead):
        return set(indices)
    # One at a time, or two people would both find the same example free.
    shared = QueueFilter(status=filters.status, suspects_only=False)
    wanted = f"p.index in ({', '.join(str(int(index)) for index in (*indices, *ahead))})"
    with store.deciding, store.transaction() as cursor:
        with queue_conditions(cursor, run_id, shared, annotator) as queue:
            where = f"{wanted} and {queue.where(shared)} and {queue.free(shared)}"
            free = [row[0] for row in ask(cursor, queue, "p.index", where).fetchall()]
        _give_back(cursor, annotator, first_key)
        _take(cursor, annotator, [first_key + index for index in free], now_utc() + length)
    return set(free).intersection(indices)


def release(store: Store, run_id: str, annotator: str) -> None:
    """Give back what a person holds of the data set of a run, as when another queue is opened."""
    with store.cursor() as cursor:
        first_key = example_key(dataset_number(cursor, run_dataset_id(cursor, run_id)), 0)
        is_holding = bool(_held(cursor, annotator, first_key, datetime.min))
    if is_holding:
        with store.deciding, store.transaction() as cursor:
            _give_back(cursor, annotator, first_key)


def fair_share(store: Store, run_id: str, annotator: str, num_left: int) -> int:
    """Return how many examples a person may hold: where others review too, the last ones are parted among them.

    Args:
        store: The open store.
        run_id: The run under review.
        annotator: Who asks.
        num_left: Examples that the queue still holds, those on screens included.

    Returns:
        ``num_left`` for who reviews alone; with others a quarter of it, but at least ``LEAST_SHARE``.
    """
    query = """
        select exists (
            select 1 from leases where until > $now and annotator <> $annotator and key between $first and $last
        ) or exists (
            select 1 from own_decisions
            where dataset_id = $dataset_id and annotator <> $annotator and created_at > $since
        )
    """
    with store.cursor() as cursor:
        dataset_id = run_dataset_id(cursor, run_id)
        first_key = example_key(dataset_number(cursor, dataset_id), 0)
        now, length = now_utc(), timedelta(minutes=plan_of(cursor, dataset_id).lease_minutes)
        values = {"dataset_id": dataset_id, "annotator": annotator, "now": now, "since": now - length}
        values |= {"first": first_key, "last": first_key + 2**32 - 1}
        [(are_others_there,)] = cursor.execute(query, values).fetchall()
    return max(LEAST_SHARE, num_left // 4) if are_others_there else num_left


def _held(cursor: duckdb.DuckDBPyConnection, annotator: str, first_key: int, until: datetime) -> set[int]:
    """Return the examples of a data set that a person holds at least until a time."""
    query = "select key from leases where annotator = ? and until >= ? and key between ? and ?"
    rows = cursor.execute(query, [annotator, until, first_key, first_key + 2**32 - 1]).fetchall()
    return {key - first_key for (key,) in rows}


def _give_back(cursor: duckdb.DuckDBPyConnection, annotator: str, first_key: int) -> None:
    query = "delete from leases where annotator = ? and key between ? and ?"
    cursor.execute(query, [annotator, first_key, first_key + 2**32 - 1])


def _take(cursor: duckdb.DuckDBPyConnection, annotator: str, keys: Sequence[int], until: datetime) -> None:
    cursor.execute("delete from leases where until < ?", [now_utc()])
    query = "insert or replace into leases select unnest($keys::bigint[]), $annotator, $until"
    cursor.execute(query, {"keys": list(keys), "annotator": annotator, "until": until})
