"""Queries of the review screen: the queue and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lane_core.records import SEVERITIES, SPLITS, QueueFilter
from lane_core.store.lookups import examples_at
from lane_core.store.queue_conditions import (
    QueueConditions,
    ask,
    queue_conditions,
    queue_scope,
)
from lane_core.store.queue_facets import facet_counts, label_frame, scope_counts
from lane_core.store.store import Store

_RESULT_COLUMNS = """p.index, p.label, p.suggested, p.suggested_probability, p.predicted, p.given_probability,
    p.similarity, p.severity, p.alm, p.aum, p.weight, p.label_score, p.self_confidence, p.split,
    coalesce(d.action, '') as status, d.final_label, coalesce(d.seq, 0) as version"""
_QUEUE_COLUMNS = (
    "index", "example_id", "text", "given_label", "suggested_label", "suggested_probability", "predicted_label",
    "given_probability", "similarity", "severity", "alm", "aum", "weight", "label_score", "self_confidence",
    "is_label_issue", "status", "current_label", "split", "version",
)  # fmt: skip


def review_queue(
    store: Store,
    run_id: str,
    filters: QueueFilter,
    limit: int,
    offset: int = 0,
    annotator: str | None = None,
) -> pd.DataFrame:
    """Return a page of the examples that a filter lets pass, as the run's last stored epoch saw them.

    Args:
        store: The open store.
        run_id: The run under review; ``given_label`` is the label that it trained on.
        filters: ``suspects_only`` means a label score below the line of ``strictness``, or flagged by a run that has
            no lines; an example counts as reviewed when it has a live decision, taken in whichever run, "flag"
            included.
        limit: At most so many rows.
        offset: Rows to skip.
        annotator: Whose queue it is: without what this person decided already where several people decide, and
            without what is on the screens of others (see ``lane_core.store.leases``). None = everybody's.

    Returns:
        index, example_id, text, given_label, suggested_label, suggested_probability, predicted_label,
        given_probability, similarity, severity, alm, aum, weight, label_score, self_confidence, is_label_issue
        (flagged at the strictness of the filter), status, current_label, split, version (number of the decision that
        counts, 0 = none); in the order of the filter, ties by index. Empty before the first epoch.

    Raises:
        StoreError: If there is no such run, or a filter names an unknown class.

    Tables: reads example_results, epoch_metrics, examples, current_decisions, own_decisions, review_plans, leases.
    """
    with store.cursor() as cursor, queue_conditions(cursor, run_id, filters, annotator) as queue:
        where = f"{queue.where(filters)} and {queue.free(filters)}"
        order = f"order by {queue.order(filters, run_id)} limit {int(limit)} offset {int(offset)}"
        return _page(cursor, queue, filters, where, order)


def queue_rows(store: Store, run_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return some examples as rows of ``review_queue``, by index, whatever queue they are in.

    Raises:
        StoreError: If there is no such run.
    """
    anything = QueueFilter(status="all", suspects_only=False)
    wanted = ", ".join(str(int(index)) for index in indices) or "null"
    with store.cursor() as cursor, queue_conditions(cursor, run_id, anything) as queue:
        return _page(cursor, queue, anything, f"p.index in ({wanted})", "order by p.index")


def _page(
    cursor: duckdb.DuckDBPyConnection, queue: QueueConditions, filters: QueueFilter, where: str, rest: str
) -> pd.DataFrame:
    columns = f"{_RESULT_COLUMNS}, {queue.suspects[filters.strictness]} as is_label_issue"
    page = ask(cursor, queue, columns, where, rest).to_arrow_table()
    indices = page["index"].to_pylist()
    found = examples_at(cursor, queue.parameters["dataset_id"], indices)
    rows = [found[index] for index in indices]
    texts = {
        "example_id": pa.array([row[0] for row in rows], pa.string()),
        "text": pa.array([row[1] for row in rows], pa.string()),
        "given_label": pa.array([row[2] for row in rows], pa.int16()),
    }
    classes = pa.array(queue.names, pa.string())
    current = pc.coalesce(page["final_label"], texts["given_label"])
    named = {
        "given_label": classes.take(page["label"]),
        "suggested_label": classes.take(page["suggested"]),
        "predicted_label": classes.take(page["predicted"]),
        "current_label": classes.take(current),
    }
    columns_of = {name: page[name] for name in page.column_names} | texts | named
    frame: pd.DataFrame = pa.table({name: columns_of[name] for name in _QUEUE_COLUMNS}).to_pandas()
    return frame


def queue_counts(
    store: Store, run_id: str, filters: QueueFilter, annotator: str | None = None
) -> dict[str, Any]:
    """Count what each choice of a filter would show, the other filters staying as they are.

    What is on the screens of others is counted too: it may come back.

    Returns:
        total: examples that all filters let pass, int.
        by_given, by_suggested: label, count under all filters but that one; highest count first, ties in class order.
        by_status, by_severity, by_split: each of QUEUE_STATUSES, SEVERITIES, SPLITS to its count under the others.
        by_annotator: who decided what counts, to its count under the others; those with the most first.
        by_scope: each of QUEUE_SCOPES to its count under all filters but suspects_only, strictness and is_control.

    Raises:
        StoreError: If there is no such run, or a filter names an unknown class.

    Tables: reads example_results, epoch_metrics, examples, current_decisions, own_decisions, review_plans.
    """
    with store.cursor() as cursor, queue_conditions(cursor, run_id, filters, annotator) as queue:
        found = facet_counts(cursor, queue, filters)
        by_scope = scope_counts(cursor, queue, filters)
    by_annotator = sorted(found["annotator"].items(), key=lambda item: (-item[1], item[0]))
    return {
        "total": by_scope[queue_scope(filters)],
        "by_given": label_frame(found["given"], queue.names),
        "by_suggested": label_frame(found["suggested"], queue.names),
        "by_status": found["status"],
        "by_severity": {severity: found["severity"].get(severity, 0) for severity in SEVERITIES},
        "by_split": {split: found["split"].get(split, 0) for split in SPLITS},
        "by_annotator": dict(by_annotator),
        "by_scope": by_scope,
    }


def queue_size(store: Store, run_id: str, filters: QueueFilter) -> dict[str, int]:
    """Count what a filter lets pass: three of the numbers of ``queue_counts``, several times as fast.

    Returns:
        total: examples that all filters let pass.
        suspects: flagged at the strictness of the filter, under all filters but suspects_only and is_control.
        reviewed: with a decision, under all filters but that of the status.

    Raises:
        StoreError: If there is no such run, or a filter names an unknown class.

    Tables: reads example_results, epoch_metrics, examples, current_decisions, own_decisions, review_plans.
    """
    with store.cursor() as cursor, queue_conditions(cursor, run_id, filters) as queue:
        parts = queue.parts(filters)
        scope, status = parts.pop("scope"), parts.pop("status")
        sizes = {
            "total": f"{scope} and {status}",
            "suspects": f"{queue.scopes(filters.strictness)[filters.strictness]} and {status}",
            "reviewed": f"{scope} and {queue.statuses()['reviewed']}",
        }
        columns = ", ".join(f"count(*) filter ({condition})" for condition in sizes.values())
        found = ask(cursor, queue, columns, " and ".join(parts.values())).fetchall()[0]
    return dict(zip(sizes, found, strict=True))


def label_pairs(store: Store, run_id: str, filters: QueueFilter, limit: int) -> pd.DataFrame:
    """Count the examples that a filter lets pass by given and suggested label.

    Returns:
        given_label, suggested_label, count; highest count first, ties in class order. Empty before the first epoch.

    Raises:
        StoreError: If there is no such run, or a filter names an unknown class.

    Tables: reads example_results, epoch_metrics, current_decisions.
    """
    with store.cursor() as cursor, queue_conditions(cursor, run_id, filters) as queue:
        where = f"p.suggested is not null and {queue.where(filters)}"
        columns = (
            f"{queue.counted('p.label')} as given, {queue.counted('p.suggested')} as suggested, count(*)"
        )
        rest = f"group by 1, 2 order by count(*) desc, 1, 2 limit {int(limit)}"
        found = ask(cursor, queue, columns, where, rest).fetchall()
    rows = [(queue.names[given], queue.names[suggested], count) for given, suggested, count in found]
    return pd.DataFrame(rows, columns=["given_label", "suggested_label", "count"])
