"""Decisions as rows of their table, checked against what the database holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from lane_core.errors import StoreError
from lane_core.records import DECISION_ACTIONS, Decision
from lane_core.store.frames import now_utc
from lane_core.store.lookups import class_names, example_key, label_codes, listed

DECISION_SCHEMA = pa.schema(
    {
        "seq": pa.int64(),
        "decision_id": pa.string(),
        "dataset_id": pa.string(),
        "index": pa.int32(),
        "kind": pa.string(),
        "action": pa.string(),
        "label": pa.int16(),
        "seen_label": pa.int16(),
        "final_label": pa.int16(),
        "run_id": pa.string(),
        "annotator": pa.string(),
        "lead_time_s": pa.float64(),
        "note": pa.string(),
        "created_at": pa.timestamp("us"),
        "seen_version": pa.int64(),
        "unseen_decision": pa.string(),
        "batch_id": pa.string(),
        "is_settling": pa.bool_(),
    }
)
"""Columns of the table decisions, but for the target of an undo or redo."""

_KEYS_A_QUERY = 500


class _Current(NamedTuple):
    """The decision that counts on an example."""

    decision_id: str
    seq: int
    annotator: str


def decision_table(
    cursor: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]
) -> tuple[pa.Table, list[int]]:
    """Number some decisions and settle what they come to.

    Returns:
        One row a decision, in the given order, with the columns of the table decisions; and the key of each one's
        example.

    Raises:
        StoreError: If a data set, run, index, class or action is unknown, or an id is empty.
    """
    codes = {
        dataset_id: {name: code for code, name in enumerate(class_names(cursor, dataset_id))}
        for dataset_id in {decision.dataset_id for decision in decisions}
    }
    datasets = cursor.execute("select dataset_id, num_examples, number from datasets").fetchall()
    sizes = {dataset_id: size for dataset_id, size, _ in datasets}
    numbers = {dataset_id: number for dataset_id, _, number in datasets}
    runs = dict(cursor.execute("select run_id, dataset_id from runs").fetchall())
    for decision in decisions:
        _check(decision, sizes[decision.dataset_id], runs)
    rows = [_row(decision, codes[decision.dataset_id]) for decision in decisions]
    keys = [example_key(numbers[decision.dataset_id], decision.index) for decision in decisions]
    _settle(cursor, rows, keys)
    return pa.Table.from_pylist(rows, schema=DECISION_SCHEMA), keys


def _settle(cursor: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], keys: Sequence[int]) -> None:
    """Add to each row its number, the label that its example has then, and the decision that was overlooked."""
    found = cursor.execute("select nextval('decision_seq') from range(?)", [len(rows)]).fetchall()
    labels = dict(_by_key(cursor, "select key, given_label from examples", keys))
    run_labels = {
        run_id: _run_labels(cursor, run_id, [row["index"] for row in rows if row["run_id"] == run_id])
        for run_id in {row["run_id"] for row in rows} - {None}
    }
    current = {
        key: _Current(*values)
        for key, *values in _by_key(
            cursor, "select key, decision_id, seq, annotator from current_decisions", keys
        )
    }
    now = now_utc()
    for row, key, seq in zip(rows, keys, sorted(number for (number,) in found), strict=True):
        trained_on = run_labels.get(row["run_id"], {}).get(row["index"], labels[key])
        other = current.get(key)
        is_overlooked = (
            other is not None
            and row["seen_version"] not in (None, other.seq)
            and row["annotator"] != other.annotator
        )
        row["seq"], row["created_at"] = seq, now
        row["final_label"] = trained_on if row["label"] is None else row["label"]
        row["unseen_decision"] = other.decision_id if other and is_overlooked else None
        current[key] = _Current(row["decision_id"], seq, row["annotator"])


def _by_key(cursor: duckdb.DuckDBPyConnection, query: str, keys: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of some keys. They stand in the query as numbers, so that DuckDB looks them up by its index."""
    for start in range(0, len(keys), _KEYS_A_QUERY):
        listed_keys = ", ".join(map(str, keys[start : start + _KEYS_A_QUERY]))
        yield from cursor.execute(f"{query} where key in ({listed_keys})").fetchall()


def _run_labels(cursor: duckdb.DuckDBPyConnection, run_id: str, indices: Sequence[int]) -> dict[int, int]:
    """Return the labels (codes) that a run trained on, of at least these examples."""
    # The rows stand in order of index: one decision looks at the few thousand around it.
    query = "select index, label from run_examples where run_id = ? and index between ? and ?"
    return dict(cursor.execute(query, [run_id, min(indices), max(indices)]).fetchall())


def _check(decision: Decision, num_examples: int, runs: Mapping[str, str]) -> None:
    if not decision.decision_id:
        raise StoreError("A decision has an empty decision_id. Give each decision an id of its own.")
    if decision.action not in DECISION_ACTIONS:
        raise StoreError(
            f"There is no action {decision.action!r}. The actions are: {listed(DECISION_ACTIONS)}."
        )
    if (decision.label is not None) != (decision.action == "relabel"):
        raise StoreError(
            f"The decision {decision.decision_id!r} is {decision.action!r} with the label {decision.label!r}. "
            "A relabel needs a label, and no other action may have one."
        )
    if not 0 <= decision.index < num_examples:
        raise StoreError(
            f"There is no example {decision.index} in data set {decision.dataset_id!r}: "
            f"its examples are 0 to {num_examples - 1}."
        )
    if decision.run_id is not None and runs.get(decision.run_id) != decision.dataset_id:
        raise StoreError(f"There is no run {decision.run_id!r} of data set {decision.dataset_id!r}.")


def _row(decision: Decision, codes: Mapping[str, int]) -> dict[str, Any]:
    label = None if decision.label is None else label_codes(codes, [decision.label])[0]
    return {
        **asdict(decision),
        "kind": "decision",
        "label": label,
        "seen_label": label_codes(codes, [decision.seen_label])[0],
    }
