"""Queries of the review screen: the queue, what it holds, and the neighbours of the examples in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lane_core.records import STRICTNESSES, QueueFilter, Strictness
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import (
    RESULT_ROWS,
    class_names,
    dataset_number,
    example_key,
    label_codes,
    run_dataset_id,
    run_parameters,
    suspect_conditions,
)
from lane_core.store.store import Store

QUEUE_SCOPES = (*STRICTNESSES, "all")
"""What a queue can be drawn from: the suspects of each strictness, or every example."""


_QUEUE_COLUMNS = (
    "index", "example_id", "text", "given_label", "suggested_label", "suggested_probability", "predicted_label",
    "given_probability", "similarity", "severity", "alm", "weight", "label_score", "is_label_issue", "status",
    "current_label", "split", "version",
)  # fmt: skip


def queue_scope(filters: QueueFilter) -> str:
    """Return which of QUEUE_SCOPES a queue is drawn from."""
    return filters.strictness if filters.suspects_only else "all"


class _Conditions(NamedTuple):
    """One SQL condition a filter; "true" where the filter lets everything pass."""

    suspects: str
    given: str
    suggested: str
    predicted: str
    status: str
    annotator: str


def review_queue(
    store: Store, run_id: str, filters: QueueFilter, limit: int, offset: int = 0
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

    Returns:
        index, example_id, text, given_label, suggested_label, suggested_probability, predicted_label,
        given_probability, similarity, severity, alm, weight, label_score, is_label_issue (flagged at the strictness
        of the filter), status, current_label, split, version (number of the decision that counts, 0 = none); lowest
        label_score first, ties by index. Empty before the first epoch.

    Raises:
        StoreError: If there is no such run, or a filter names an unknown class.

    Tables: reads example_results, epoch_metrics, examples, current_decisions.
    """
    with store.cursor() as cursor:
        parameters, names, suspects = _review(cursor, run_id)
        query = f"""
            select p.index, p.label, p.suggested, p.suggested_probability, p.predicted, p.given_probability,
                p.similarity, p.severity, p.alm, p.weight, p.label_score, p.split,
                {suspects[filters.strictness]} as is_label_issue,
                coalesce(d.action, '') as status, d.final_label, coalesce(d.seq, 0) as version
            {RESULT_ROWS} and {" and ".join(_conditions(filters, names, suspects))}
            order by p.label_score nulls last, p.index
            limit $limit offset $offset
        """
        page = cursor.execute(query, {**parameters, "limit": limit, "offset": offset}).to_arrow_table()
        texts = _texts(cursor, parameters["dataset_id"], page["index"].to_pylist())
    classes = pa.array(names, pa.string())
    current = pc.coalesce(page["final_label"], texts["given_label"])
    named = {
        "given_label": classes.take(page["label"]),
        "suggested_label": classes.take(page["suggested"]),
        "predicted_label": classes.take(page["predicted"]),
        "current_label": classes.take(current),
    }
    columns = {name: page[name] for name in page.column_names} | texts | named
    frame: pd.DataFrame = pa.table({name: columns[name] for name in _QUEUE_COLUMNS}).to_pandas()
    return frame


def _texts(cursor: duckdb.DuckDBPyConnection, dataset_id: str, indices: Sequence[int]) -> dict[str, pa.Array]:
    """Return example_id, text and given_label (class code, of the file) of some examples, in their order.

    A query of its own, on the one indexed column, by numbers that stand in it: in any other shape DuckDB reads
    every text of the data set.
    """
    number = dataset_number(cursor, dataset_id)
    keys = ", ".join(str(example_key(number, index)) for index in indices) or "null"
    query = f"select index, example_id, text, given_label from examples where key in ({keys})"
    found = {index: values for index, *values in cursor.execute(query).fetchall()}
    rows = [found[index] for index in indices]
    return {
        "example_id": pa.array([row[0] for row in rows], pa.string()),
        "text": pa.array([row[1] for row in rows], pa.string()),
        "given_label": pa.array([row[2] for row in rows], pa.int16()),
    }


def queue_counts(store: Store, run_id: str, filters: QueueFilter) -> dict[str, Any]:
    """Count what each choice of a filter would show, the other filters staying as they are.

    Returns:
        total: examples that all filters let pass, int.
        by_given: label, count under all filters but given_labels; highest count first, ties in class order.
        by_suggested: the same for suggested_labels.
        by_status: {"to_review", "reviewed", "all"} to the count under all filters but status.
        by_scope: each of QUEUE_SCOPES to the count under all filters but suspects_only and strictness.

    Raises:
        StoreError: If there is no such run, or a filter names an unknown class.

    Tables: reads example_results, epoch_metrics, current_decisions.
    """
    with store.cursor() as cursor:
        parameters, names, suspects = _review(cursor, run_id)
        wanted = _conditions(filters, names, suspects)

        def facet(code: str, but: str) -> dict[int, int]:
            conditions = " and ".join(value for name, value in wanted._asdict().items() if name != but)
            query = f"select {code} as code, count(*) {RESULT_ROWS} and {conditions} group by code"
            return {code: n for code, n in cursor.execute(query, parameters).fetchall() if code is not None}

        # A query each: the suspects lie together, and three of the four look at nothing else.
        by_given, by_suggested = facet("p.label", but="given"), facet("p.suggested", but="suggested")
        reviewed = facet("(d.action is not null)::integer", but="status")
        scopes = ", ".join(f"count(*) filter ({suspects[name]})" for name in STRICTNESSES)
        others = " and ".join(value for name, value in wanted._asdict().items() if name != "suspects")
        counted = cursor.execute(
            f"select {scopes}, count(*) {RESULT_ROWS} and {others}", parameters
        ).fetchall()[0]
    by_scope = dict(zip(QUEUE_SCOPES, counted, strict=True))
    return {
        "total": by_scope[queue_scope(filters)],
        "by_given": _by_label(by_given, names),
        "by_suggested": _by_label(by_suggested, names),
        "by_status": {
            "to_review": reviewed.get(0, 0),
            "reviewed": reviewed.get(1, 0),
            "all": sum(reviewed.values()),
        },
        "by_scope": by_scope,
    }


def label_pairs(store: Store, run_id: str, filters: QueueFilter, limit: int) -> pd.DataFrame:
    """Count the examples that a filter lets pass by given and suggested label.

    Returns:
        given_label, suggested_label, count; highest count first, ties in class order. Empty before the first epoch.

    Raises:
        StoreError: If there is no such run, or a filter names an unknown class.

    Tables: reads example_results, epoch_metrics, current_decisions.
    """
    with store.cursor() as cursor:
        parameters, names, suspects = _review(cursor, run_id)
        query = f"""
            select p.label, p.suggested, count(*) {RESULT_ROWS} and p.suggested is not null
                and {" and ".join(_conditions(filters, names, suspects))}
            group by p.label, p.suggested order by count(*) desc, p.label, p.suggested limit $limit
        """
        found = cursor.execute(query, {**parameters, "limit": limit}).fetchall()
    rows = [(names[given], names[suggested], count) for given, suggested, count in found]
    return pd.DataFrame(rows, columns=["given_label", "suggested_label", "count"])


def neighbours(store: Store, run_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return the nearest neighbours of some examples.

    Returns:
        index, rank (1 = nearest), neighbour (its index), cosine, text, label (current), status (of its newest
        live decision); by index and rank. Empty before the neighbours are stored.

    Raises:
        StoreError: If there is no such run.

    Tables: reads neighbours, examples, current_decisions.
    """
    query = """
        with found as (
            select * from neighbours
            where run_id = $run_id and index in (select unnest($indices::integer[]))
        )
        select n.index, n.rank, n.neighbour, n.cosine, e.text, c.name as label, coalesce(d.action, '') as status
        from found n
        join (select * from examples where dataset_id = $dataset_id) e on e.index = n.neighbour
        left join (select * from current_decisions where dataset_id = $dataset_id) d on d.index = n.neighbour
        join label_classes c
            on c.dataset_id = $dataset_id and c.code = coalesce(d.final_label, e.given_label)
        order by n.index, n.rank
    """
    with store.cursor() as cursor:
        parameters = {
            "run_id": run_id,
            "dataset_id": run_dataset_id(cursor, run_id),
            "indices": [int(index) for index in indices],
        }
        return fetch_frame(cursor, query, parameters)


def _review(
    cursor: duckdb.DuckDBPyConnection, run_id: str
) -> tuple[dict[str, Any], list[str], dict[Strictness, str]]:
    """Return the parameters of RESULT_ROWS, the class names, and when a row is a suspect."""
    parameters = run_parameters(cursor, run_id)
    return parameters, class_names(cursor, parameters["dataset_id"]), suspect_conditions(cursor, run_id)


def _conditions(
    filters: QueueFilter, names: Sequence[str], suspects: Mapping[Strictness, str]
) -> _Conditions:
    codes = {name: code for code, name in enumerate(names)}
    statuses = {"to_review": "(d.action is null)", "reviewed": "(d.action is not null)", "all": "true"}
    return _Conditions(
        suspects=suspects[filters.strictness] if filters.suspects_only else "true",
        given=_one_of("p.label", label_codes(codes, filters.given_labels)),
        suggested=_one_of("p.suggested", label_codes(codes, filters.suggested_labels)),
        predicted=_one_of("p.predicted", label_codes(codes, filters.predicted_labels)),
        status=statuses[filters.status],
        annotator=_decided_by(filters.annotators),
    )


def _decided_by(annotators: Sequence[str]) -> str:
    if not annotators:
        return "true"
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in annotators)
    return f"coalesce(d.annotator in ({names}), false)"


def _one_of(column: str, codes: Sequence[int]) -> str:
    return f"coalesce({column} in ({', '.join(map(str, codes))}), false)" if codes else "true"


def _by_label(counts: dict[int, int], names: Sequence[str]) -> pd.DataFrame:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    labels = pd.Series([names[code] for code, _ in ordered], dtype="str")
    return pd.DataFrame({"label": labels, "count": pd.Series([count for _, count in ordered], dtype="int64")})
