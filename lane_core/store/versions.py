"""Versions of a project: the data set of each newer file follows that of the file before it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from lane_core.errors import StoreError
from lane_core.store.frames import fetch_frame, now_utc, registered
from lane_core.store.lookups import class_names
from lane_core.store.store import Store
from lane_core.store.taken_decisions import append_taken


@dataclass(frozen=True)
class VersionStep:
    """How a data set came to follow another; the numbers are examples."""

    dataset_id: str
    follows: str
    matched_by: str
    """id or text."""
    num_new: int
    num_gone: int
    num_changed_text: int
    num_changed_label: int
    num_unchanged: int
    created_at: datetime
    """UTC."""


def version_steps(store: Store) -> dict[str, VersionStep]:
    """Return, by data set, how it came to follow another; data sets of a first file are not there.

    Tables: reads dataset_versions.
    """
    names = [field.name for field in fields(VersionStep)]
    with store.cursor() as cursor:
        rows = cursor.execute(
            f"select {', '.join(names)} from dataset_versions order by created_at"
        ).fetchall()
    steps = [VersionStep(**dict(zip(names, row, strict=True))) for row in rows]
    return {step.dataset_id: replace(step, created_at=step.created_at.replace(tzinfo=UTC)) for step in steps}


def version_line(store: Store, dataset_id: str) -> list[str]:
    """Return the data sets of all versions of the project that a data set belongs to, the first file's first."""
    steps = version_steps(store)
    following = {step.follows: step.dataset_id for step in steps.values()}
    line = [dataset_id]
    while line[0] in steps:
        line.insert(0, steps[line[0]].follows)
    while line[-1] in following:
        line.append(following[line[-1]])
    return line


def version_decisions(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return what became of the decisions on the older file when a data set followed it.

    Returns:
        outcome (carried, adopted, conflict, look_again or gone), index (in the newer file; missing if gone),
        old_index, annotator, action, label (class name that was decided; missing for an exclusion or a wish for a
        second opinion), note, decision_id (of the decision that repeats it; missing = none does); in the order in
        which they were taken. Empty for a data set that follows none.

    Tables: reads version_decisions, decisions, label_classes.
    """
    query = """
        select v.outcome, v.index, d.index as old_index, d.annotator, d.action,
            case when d.action in ('keep', 'relabel') then c.name end as label, d.note, v.decision_id
        from version_decisions v
        join decisions d on d.decision_id = v.old_decision
        left join label_classes c on c.dataset_id = d.dataset_id and c.code = d.final_label
        where v.dataset_id = $dataset_id order by d.seq
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})


def needed_classes(store: Store, dataset_id: str) -> set[str]:
    """Return the classes that a newer version of a data set has, whether or not its file does.

    That is those that somebody has described, those that others took the place of, and those in their place.
    """
    query = """
        select unnest([own.name, other.name]) from label_classes own
        left join label_classes other on other.dataset_id = own.dataset_id and other.code = own.replaced_by
        where own.dataset_id = ? and (own.guideline <> '' or own.replaced_by is not null)
    """
    with store.cursor() as cursor:
        return {row[0] for row in cursor.execute(query, [dataset_id]).fetchall() if row[0] is not None}


def follow(cursor: duckdb.DuckDBPyConnection, step: VersionStep, decisions: pd.DataFrame) -> None:
    """Let a data set that was just stored follow another, with the classes, the plan and the decisions of that one.

    Args:
        cursor: In the transaction that stores it; ``store.deciding`` must be held.
        step: Which follows which. Its time is not stored: the step is taken now.
        decisions: What becomes of each of ``standing_decisions`` of the older one: its columns, outcome, and
            old_decision; index and decision_id are those of the newer one, missing where nothing repeats it.

    Raises:
        StoreError: If another data set follows the older one already, there is no such data set, or a class of the
            decisions is not among those of the newer one.

    Tables: writes dataset_versions, version_decisions, label_classes, class_changes, review_plans, decisions,
    own_decisions, current_decisions.
    """
    class_names(cursor, step.follows)
    _refuse_branch(cursor, step)
    values = {field.name: getattr(step, field.name) for field in fields(step)} | {"created_at": now_utc()}
    cursor.execute(
        f"insert into dataset_versions ({', '.join(values)}) values ({', '.join('?' * len(values))})",
        list(values.values()),
    )
    line: dict[str, Any] = {"old": step.follows, "new": step.dataset_id}
    for statement in (_GUIDELINES, _REPLACEMENTS, _CLASS_CHANGES, _REVIEW_PLAN):
        cursor.execute(statement, line)
    _keep_outcomes(cursor, step.dataset_id, decisions)
    repeated = decisions[decisions["decision_id"].notna()]
    append_taken(cursor, step.dataset_id, repeated.astype({"index": "int64"}))


def _refuse_branch(cursor: duckdb.DuckDBPyConnection, step: VersionStep) -> None:
    query = "select dataset_id from dataset_versions where follows = ?"
    taken = cursor.execute(query, [step.follows]).fetchone()
    if taken is not None:
        raise StoreError(
            f"There is a newer version of {step.follows} already: {taken[0]}. Add the file as a newer version of that."
        )


def _keep_outcomes(cursor: duckdb.DuckDBPyConnection, dataset_id: str, decisions: pd.DataFrame) -> None:
    rows = pa.Table.from_pandas(
        decisions[["old_decision", "outcome", "index", "decision_id"]],
        schema=pa.schema(
            {
                "old_decision": pa.string(),
                "outcome": pa.string(),
                "index": pa.int32(),
                "decision_id": pa.string(),
            }
        ),
        preserve_index=False,
    )
    with registered(cursor, rows) as name:
        cursor.execute(
            f"insert into version_decisions by name select ? as dataset_id, * from {name}", [dataset_id]
        )


_SAME_CLASSES = """
select old.*, new.code as new_code, other.code as new_replaced_by, final.code as new_counts_as
from (select * from label_classes where dataset_id = $old) old
join (select * from label_classes where dataset_id = $new) new on new.name = old.name
left join (select * from label_classes where dataset_id = $old) old_other on old_other.code = old.replaced_by
left join (select * from label_classes where dataset_id = $new) other on other.name = old_other.name
left join (select * from label_classes where dataset_id = $old) old_final on old_final.code = old.counts_as
left join (select * from label_classes where dataset_id = $new) final on final.name = old_final.name
"""
"""Classes of the older data set with their codes in the newer one, where the numbers may differ."""
_GUIDELINES = f"""
update label_classes set guideline = same.guideline from ({_SAME_CLASSES}) same
where label_classes.dataset_id = $new and label_classes.code = same.new_code
"""
_REPLACEMENTS = f"""
update label_classes set replaced_by = same.new_replaced_by, counts_as = same.new_counts_as
from ({_SAME_CLASSES}) same
where label_classes.dataset_id = $new and label_classes.code = same.new_code and same.new_replaced_by is not null
"""
_CLASS_CHANGES = f"""
insert into class_changes
select nextval('decision_seq'), $new, new_code, new_replaced_by, annotator, created_at
from (
    select same.new_code, same.new_replaced_by, c.annotator, c.created_at
    from ({_SAME_CLASSES}) same
    join (select * from class_changes where dataset_id = $old) c on c.old = same.code
    where same.new_replaced_by is not null
    qualify row_number() over (partition by same.code order by c.seq desc) = 1
    order by c.seq
)
"""
_REVIEW_PLAN = """
insert into review_plans by name select * replace ($new as dataset_id) from review_plans where dataset_id = $old
"""
