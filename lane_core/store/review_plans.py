"""How the review of each project is shared among people."""

from __future__ import annotations

from dataclasses import asdict, fields

import duckdb

from lane_core.records import ReviewPlan
from lane_core.store.lookups import class_names
from lane_core.store.store import Store

_FIELDS = [field.name for field in fields(ReviewPlan)]


def review_plan(store: Store, dataset_id: str) -> ReviewPlan:
    """Return the plan of a data set; the default one if none was made."""
    with store.cursor() as cursor:
        return plan_of(cursor, dataset_id)


def set_review_plan(store: Store, dataset_id: str, plan: ReviewPlan) -> None:
    """Store the plan of a data set; decisions that are there stay.

    Raises:
        StoreError: If there is no such data set.

    Tables: reads label_classes; writes review_plans. One transaction.
    """
    with store.transaction() as cursor:
        class_names(cursor, dataset_id)
        values = {"dataset_id": dataset_id, **asdict(plan)}
        cursor.execute(
            f"insert or replace into review_plans ({', '.join(values)}) "
            f"values ({', '.join(f'${name}' for name in values)})",
            values,
        )


def plan_of(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> ReviewPlan:
    """Return the plan of a data set as a cursor sees it."""
    query = f"select {', '.join(_FIELDS)} from review_plans where dataset_id = ?"
    row = cursor.execute(query, [dataset_id]).fetchone()
    return ReviewPlan(**dict(zip(_FIELDS, row, strict=True))) if row else ReviewPlan()


def people_wanted(plan: ReviewPlan, index: str) -> str:
    """Return the SQL expression for how many people decide on the example of an index column."""
    if plan.overlap == 1 or plan.overlap_share == 0:
        return "1"
    if plan.overlap_share == 1:
        return str(plan.overlap)
    return f"if({drawn(index)} < {plan.overlap_share!r}, {plan.overlap}, 1)"


def drawn(index: str, seed: int = 0) -> str:
    """Return the SQL expression for a number from 0 to 1 drawn by lot for each index; the same for ever.

    DuckDB's own hash may change with its version. This is the 32-bit integer hash of T. Mueller, "What integer hash
    function is good that accepts an integer hash key?" (Stack Overflow 664014), which mixes every bit into every other.
    """
    number = f"(({index}::bigint + {seed}) & 4294967295)"
    for _ in range(2):
        number = f"((xor({number}, {number} >> 16) * 73244475) & 4294967295)"
    return f"(xor({number}, {number} >> 16) / 4294967296)"
