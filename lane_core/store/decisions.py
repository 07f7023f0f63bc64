"""Human decisions: appended, never changed. The audit log, the undo stack and the truth in one table.

``current_decisions`` repeats the newest live decision of each example, for queues; the same transaction that
appends keeps it true.

A row is a decision, or an undo or redo of one (``target``). A decision is live unless the newest undo or redo
about it is an undo; the newest live decision on an example, whoever took it, gives its current label.

What an example's label is after a decision is settled when the decision is stored (``final_label``): the new
label of a relabel, otherwise the label that the run under review trained on (without a run, that of the file).
So "keep" in a later run keeps an earlier correction, which is what the annotator saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import duckdb
import pandas as pd
import pyarrow as pa

from lane_core.errors import StoreError
from lane_core.records import Decision
from lane_core.store.decision_table import decision_table
from lane_core.store.frames import fetch_frame, now_utc, registered
from lane_core.store.lookups import (
    class_names,
    dataset_number,
    example_key,
    run_parameters,
    suspect_conditions,
)
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

    Tables: reads datasets, label_classes, runs, run_examples, examples; writes decisions, current_decisions. One
    transaction.
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
        The decision taken back, or None if there was none.

    Raises:
        StoreError: If the data set is unknown, or the id belongs to something else.
    """
    return _step(store, dataset_id, annotator, undo_id, "undo")


def redo(store: Store, dataset_id: str, annotator: str, redo_id: str) -> Decision | None:
    """Restore the decision that this annotator's last undo took back; arguments and errors as for ``undo``.

    A new decision of the annotator leaves nothing to redo.

    Returns:
        The decision restored, or None if there was none.
    """
    return _step(store, dataset_id, annotator, redo_id, "redo")


def decision_history(store: Store, dataset_id: str, limit: int) -> pd.DataFrame:
    """Return the newest decisions, undos and redos.

    Args:
        store: The open store.
        dataset_id: An unknown one gives an empty frame.
        limit: At most so many rows.

    Returns:
        seq, decision_id, kind, index, example_id, action, label, seen_label, target, run_id, annotator,
        lead_time_s, note, created_at, is_live; newest first. Labels are class names; an undo or redo shows the
        action and labels of its target, and ``is_live`` of a target's rows is that of the target.
    """
    query = """
        select d.seq, d.decision_id, d.kind, d.index, e.example_id, d.action, label.name as label,
            seen.name as seen_label, d.target, d.run_id, d.annotator, d.lead_time_s, d.note, d.created_at,
            live.decision_id is not null as is_live
        from decisions d
        join examples e on e.dataset_id = d.dataset_id and e.index = d.index
        left join label_classes label on label.dataset_id = d.dataset_id and label.code = d.label
        left join label_classes seen on seen.dataset_id = d.dataset_id and seen.code = d.seen_label
        left join live_decisions live on live.decision_id = coalesce(d.target, d.decision_id)
        where d.dataset_id = $dataset_id
        order by d.seq desc
        limit $limit
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id, "limit": limit})


def unseen_decisions(store: Store, decision_ids: Sequence[str]) -> pd.DataFrame:
    """Return what others had decided that the annotators of some decisions had not seen when they decided.

    Both stay on record, and the newer one counts.

    Returns:
        decision_id (one of the given), index, example_id, annotator, action, label (class name; missing unless
        "relabel") of the other decision; in the order in which the given ones were stored. Empty where nobody
        was overlooked.
    """
    query = """
        select d.decision_id, d.index, e.example_id, other.annotator, other.action, c.name as label
        from decisions d
        join decisions other on other.decision_id = d.unseen_decision
        join examples e on e.dataset_id = d.dataset_id and e.index = d.index
        left join label_classes c on c.dataset_id = other.dataset_id and c.code = other.label
        where d.decision_id in (select unnest($ids::text[]))
        order by d.seq
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"ids": list(decision_ids)})


def review_progress(store: Store, run_id: str) -> dict[str, int]:
    """Return how far the review of a run has come.

    Returns:
        suspects (flagged in the last epoch at the balanced strictness), suspects_reviewed, examples (of the data
        set), reviewed (with a live decision, from whichever run), and of these corrected, kept, excluded, flagged
        by the newest live decision; the four add up to reviewed.

    Raises:
        StoreError: If there is no such run.
    """
    with store.cursor() as cursor:
        query = f"""
            select
                count(*) filter (is_suspect) as suspects,
                count(*) filter (is_suspect and status <> '') as suspects_reviewed,
                count(*) as examples,
                count(*) filter (status <> '') as reviewed,
                count(*) filter (status = 'relabel') as corrected,
                count(*) filter (status = 'keep') as kept,
                count(*) filter (status = 'exclude') as excluded,
                count(*) filter (status = 'flag') as flagged
            from (
                select coalesce(d.action, '') as status, {suspect_conditions(cursor, run_id)["balanced"]} as is_suspect
                from (select index from examples where dataset_id = $dataset_id) e
                left join (select index, action from current_decisions where dataset_id = $dataset_id) d
                    on d.index = e.index
                left join (
                    select index, label_score, is_label_issue from example_results where run_id = $run_id
                ) p on p.index = e.index
            )
        """
        counts = fetch_frame(cursor, query, run_parameters(cursor, run_id)).iloc[0]
    return {str(name): int(count) for name, count in counts.items()}


def label_version(store: Store, dataset_id: str) -> int:
    """Return the number of the newest decision, undo or redo of a data set; 0 if there is none.

    The same number means the same labels.
    """
    with store.cursor() as cursor:
        row = cursor.execute(
            "select max(seq) from decisions where dataset_id = ? and index is not null", [dataset_id]
        ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _record(store: Store, requests: Sequence[_Request]) -> None:
    """Store the decisions of all requests together; if that fails, each on its own, so that each gets its own error."""
    try:
        with store.transaction() as cursor:
            new = _new_decisions(cursor, [decision for request in requests for decision in request.decisions])
            if new:
                _append(cursor, *decision_table(cursor, new))
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


def _append(cursor: duckdb.DuckDBPyConnection, rows: pa.Table, keys: Sequence[int]) -> None:
    """Store decisions; each becomes the one that counts on its example."""
    keyed = rows.append_column("key", pa.array(keys, pa.int64()))
    with registered(cursor, keyed) as name:
        cursor.execute(f"insert into decisions by name select * exclude (key) from {name}")
        cursor.execute(f"""
            insert or replace into current_decisions by name select {_CURRENT_COLUMNS} from {name}
            qualify row_number() over (partition by key order by seq desc) = 1
        """)


_CURRENT_COLUMNS = (
    "key, dataset_id, index, decision_id, seq, action, final_label, annotator, note, lead_time_s, created_at"
)


def _settle(cursor: duckdb.DuckDBPyConnection, decision_id: str) -> None:
    """After an undo or redo, let current_decisions say of its example what newest_decisions says."""
    dataset_id, index = cursor.execute(
        "select dataset_id, index from decisions where decision_id = ?", [decision_id]
    ).fetchall()[0]
    key = example_key(dataset_number(cursor, dataset_id), index)
    example = {"dataset_id": dataset_id, "index": index, "key": key}
    # Not from that view: it would go through the decisions on all examples.
    query = f"""
        with own as (
            select *, $key as key from decisions where dataset_id = $dataset_id and index = $index
        ), marks as (
            select target, arg_max(kind, seq) as newest_kind from own where target is not null group by target
        )
        select {_CURRENT_COLUMNS} from own left join marks on marks.target = own.decision_id
        where kind = 'decision' and newest_kind is distinct from 'undo'
        order by seq desc limit 1
    """
    newest = cursor.execute(query, example).to_arrow_table()
    if newest.num_rows == 0:
        cursor.execute("delete from current_decisions where key = ?", [key])
        return
    with registered(cursor, newest) as name:
        cursor.execute(f"insert or replace into current_decisions by name select * from {name}")


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
            found = cursor.execute(query, {"dataset_id": dataset_id, "annotator": annotator}).fetchone()
            target = found[0] if found else None
            _append_step(cursor, dataset_id, annotator, step_id, kind, target)
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
)
select decision_id from own left join marks on marks.target = own.decision_id
where kind = 'decision' and newest_kind is distinct from 'undo'
order by seq desc limit 1
"""

# The undo stack needs no table: it is the annotator's undone decisions in order of their newest undo, as far as
# those undos came after the annotator's newest decision.
_NEWEST_UNDONE = """
with steps as (
    select target, arg_max(kind, seq) as newest_kind, max(seq) as newest_seq
    from decisions
    where dataset_id = $dataset_id and annotator = $annotator and target is not null
    group by target
)
select target from steps
where newest_kind = 'undo' and newest_seq > (
    select coalesce(max(seq), 0) from decisions
    where dataset_id = $dataset_id and annotator = $annotator and kind = 'decision'
)
order by newest_seq desc limit 1
"""


def _append_step(
    cursor: duckdb.DuckDBPyConnection,
    dataset_id: str,
    annotator: str,
    step_id: str,
    kind: str,
    target: str | None,
) -> None:
    """Store an undo or redo. One that found nothing is stored too: sent again after a decision, it must not act."""
    query = """
        insert into decisions by name
        select nextval('decision_seq') as seq, $step_id as decision_id, $dataset_id as dataset_id, d.index,
            $kind as kind, d.action, d.label, d.seen_label, d.decision_id as target, d.run_id,
            $annotator as annotator, '' as note, $now as created_at
        from (select $target as wanted) step left join decisions d on d.decision_id = step.wanted
    """
    cursor.execute(
        query,
        {
            "step_id": step_id,
            "dataset_id": dataset_id,
            "kind": kind,
            "target": target,
            "annotator": annotator,
            "now": now_utc(),
        },
    )
    if target is not None:
        _settle(cursor, target)


def _decision(cursor: duckdb.DuckDBPyConnection, decision_id: str, names: Sequence[str]) -> Decision:
    query = """
        select decision_id, dataset_id, index, action, label, seen_label, run_id, annotator, lead_time_s, note,
            seen_version
        from decisions where decision_id = ?
    """
    row = cursor.execute(query, [decision_id]).fetchall()[0]
    values = dict(zip((field.name for field in fields(Decision)), row, strict=True))
    for column in ("label", "seen_label"):
        code = values[column]
        values[column] = None if code is None else names[code]
    return Decision(**values)
