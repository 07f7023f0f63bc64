"""Human decisions: appended, never changed. The audit log, the undo stack and the truth in one table.

A row is a decision, or an undo or redo of one (``target``). A decision is live unless the newest undo or redo
about it is an undo; the newest live decision on an example, whoever took it, gives its current label (see
``lane_core.store.standing``). Decisions with one ``batch_id`` were taken together and are undone together.

What an example's label is after a decision is settled when the decision is stored (``final_label``): the new
label of a relabel, otherwise the label that the run under review trained on (without a run, that of the file).
So "keep" in a later run keeps an earlier correction, which is what the annotator saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import duckdb
import pyarrow as pa

from lane_core.errors import StoreError
from lane_core.records import Decision
from lane_core.store.decision_table import decision_table
from lane_core.store.frames import now_utc, registered
from lane_core.store.lookups import class_names
from lane_core.store.standing import count_anew, count_in
from lane_core.store.store import Store


@dataclass(eq=False)
class _Request:
    """A call of ``record_decisions``, and what came of it."""

    decisions: Sequence[Decision]
    num_new: int | None = None
    error: Exception | None = None


def record_decisions(store: Store, decisions: Sequence[Decision]) -> int:
    """Append decisions in the given order, all or nothing; earlier ones on the same example stay on record.

    Args:
        store: The open store.
        decisions: Of any data sets. One whose ``decision_id`` is stored already, or that came earlier in the
            sequence, is skipped.

    Returns:
        Number of decisions that are new. Repeating the same call gives 0.

    Raises:
        StoreError: If a data set, run, index, class or action is unknown; none of the decisions is then stored.

    Tables: reads datasets, label_classes, runs, run_examples, examples; writes decisions, own_decisions,
    current_decisions, leases. One transaction.
    """
    request = _Request(decisions)
    store.waiting_decisions.append(request)
    with store.deciding:
        # Whoever comes first stores what all others wait to store: one transaction for twenty busy people.
        if request.num_new is None and request.error is None:
            waiting = [store.waiting_decisions.popleft() for _ in range(len(store.waiting_decisions))]
            # Not among them if a thread that was interrupted had taken it.
            _record(store, waiting if request in waiting else [*waiting, request])
    if request.error is not None:
        raise request.error
    return request.num_new or 0


def undo(store: Store, dataset_id: str, annotator: str, undo_id: str) -> Decision | None:
    """Take back the newest live decision of an annotator.

    Args:
        store: The open store.
        dataset_id: Where to look.
        annotator: Whose decision; nobody else's is touched.
        undo_id: Made by the client: the same id again changes nothing and returns the same.

    Returns:
        The decision taken back, or None if there was none. Of a batch the newest: all of it is taken back.

    Raises:
        StoreError: If the data set is unknown, or the id belongs to something else.
    """
    return _step(store, dataset_id, annotator, undo_id, "undo")


def redo(store: Store, dataset_id: str, annotator: str, redo_id: str) -> Decision | None:
    """Restore the decision that this annotator's last undo took back; arguments and errors as for ``undo``.

    A new decision of the annotator leaves nothing to redo.

    Returns:
        The decision restored, or None if there was none. Of a batch one; all that the undo took back is restored.
    """
    return _step(store, dataset_id, annotator, redo_id, "redo")


def append_rows(cursor: duckdb.DuckDBPyConnection, rows: pa.Table, keys: Sequence[int]) -> None:
    """Append decisions that were checked, and let them count. ``store.deciding`` must be held.

    Args:
        cursor: In a transaction.
        rows: With the columns of ``DECISION_SCHEMA``, in order of seq.
        keys: Key of each one's example.
    """
    keyed = rows.append_column("key", pa.array(keys, pa.int64()))
    with registered(cursor, keyed) as name:
        cursor.execute(f"insert into decisions by name select * exclude (key) from {name}")
    count_in(cursor, keyed)


def _record(store: Store, requests: Sequence[_Request]) -> None:
    """Store the decisions of all requests together; if that fails, each on its own, so that each gets its own error."""
    try:
        with store.transaction() as cursor:
            new = _new_decisions(cursor, [decision for request in requests for decision in request.decisions])
            if new:
                append_rows(cursor, *decision_table(cursor, new))
    except Exception as error:  # noqa: BLE001 - raised again by the call that it belongs to
        if len(requests) == 1:
            requests[0].error = error
            return
        for request in requests:
            _record(store, [request])
        return
    left = {decision.decision_id for decision in new}
    for request in requests:
        own = {decision.decision_id for decision in request.decisions} & left
        request.num_new, left = len(own), left - own


def _new_decisions(cursor: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> list[Decision]:
    ids = [decision.decision_id for decision in decisions]
    known = cursor.execute(
        "select decision_id from decisions where decision_id in (select unnest($ids::text[]))", {"ids": ids}
    ).fetchall()
    seen = {row[0] for row in known}
    new = []
    for decision in decisions:
        if decision.decision_id not in seen:
            seen.add(decision.decision_id)
            new.append(decision)
    return new


def _step(
    store: Store, dataset_id: str, annotator: str, step_id: str, kind: Literal["undo", "redo"]
) -> Decision | None:
    """Undo or redo, unless a step with this id was taken already."""
    with store.deciding, store.transaction() as cursor:
        names = class_names(cursor, dataset_id)
        taken = cursor.execute(
            "select kind, dataset_id, annotator, target from decisions where decision_id = ?", [step_id]
        ).fetchone()
        if taken is None:
            query = _NEWEST_LIVE if kind == "undo" else _NEWEST_UNDONE
            found = cursor.execute(query, {"dataset_id": dataset_id, "annotator": annotator}).fetchall()
            targets = [decision_id for decision_id, _ in found]
            _append_steps(cursor, dataset_id, annotator, step_id, kind, targets)
            if found:
                count_anew(cursor, dataset_id, annotator, [index for _, index in found])
            target = targets[0] if targets else None
        elif taken[:3] == (kind, dataset_id, annotator):
            target = taken[3]
        else:
            raise StoreError(
                f"The id {step_id!r} belongs to another {taken[0]}, by {taken[2]!r}. "
                f"Give each {kind} an id of its own."
            )
        return _decision(cursor, target, names) if target is not None else None


# An undo is about a decision of the same annotator, so only these rows need to be looked at.
_NEWEST_LIVE = """
with own as (
    select * from decisions where dataset_id = $dataset_id and annotator = $annotator
), marks as (
    select target, arg_max(kind, seq) as newest_kind from own where target is not null group by target
), live as (
    select decision_id, index, batch_id, seq from own left join marks on marks.target = own.decision_id
    where kind = 'decision' and newest_kind is distinct from 'undo'
), newest as (
    select * from live order by seq desc limit 1
)
select live.decision_id, live.index from live, newest
where live.decision_id = newest.decision_id or live.batch_id = newest.batch_id
order by live.seq desc
"""

# The undo stack needs no table: it is the annotator's undone decisions in order of their newest undo, as far as
# those undos came after the annotator's newest decision.
_NEWEST_UNDONE = """
with own as (
    select * from decisions where dataset_id = $dataset_id and annotator = $annotator
), undone as (
    select target, any_value(index) as index, any_value(batch_id) as batch_id, max(seq) as newest_seq
    from own where target is not null
    group by target having arg_max(kind, seq) = 'undo'
), newest as (
    select * from undone
    where newest_seq > (select coalesce(max(seq), 0) from own where kind = 'decision')
    order by newest_seq desc limit 1
)
select undone.target, undone.index from undone, newest
where undone.target = newest.target or undone.batch_id = newest.batch_id
order by undone.newest_seq desc
"""


def _append_steps(
    cursor: duckdb.DuckDBPyConnection,
    dataset_id: str,
    annotator: str,
    step_id: str,
    kind: str,
    targets: Sequence[str],
) -> None:
    """Store an undo or redo, a row a decision that it is about.

    One that found nothing is stored too: sent again after a decision, it must not act.
    """
    step_ids = [step_id, *(f"{step_id}:{place}" for place in range(1, len(targets)))]
    steps = pa.table({"step_id": step_ids, "target": pa.array(targets or (None,), pa.string())})
    with registered(cursor, steps) as name:
        query = f"""
            insert into decisions by name
            select nextval('decision_seq') as seq, step.step_id as decision_id, $dataset_id as dataset_id, d.index,
                $kind as kind, d.action, d.label, d.seen_label, d.decision_id as target, d.run_id,
                $annotator as annotator, '' as note, $now as created_at, d.batch_id
            from {name} step left join decisions d on d.decision_id = step.target
        """
        values = {"dataset_id": dataset_id, "kind": kind, "annotator": annotator, "now": now_utc()}
        cursor.execute(query, values)


def _decision(cursor: duckdb.DuckDBPyConnection, decision_id: str, names: Sequence[str]) -> Decision:
    query = """
        select decision_id, dataset_id, index, action, label, seen_label, run_id, annotator, lead_time_s, note,
            seen_version, batch_id, is_settling
        from decisions where decision_id = ?
    """
    row = cursor.execute(query, [decision_id]).fetchall()[0]
    values = dict(zip((field.name for field in fields(Decision)), row, strict=True))
    for column in ("label", "seen_label"):
        code = values[column]
        values[column] = None if code is None else names[code]
    return Decision(**values)
