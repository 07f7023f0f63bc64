"""Decisions as a table of class codes, checked against what the database holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from lane_core.errors import StoreError
from lane_core.records import DECISION_ACTIONS, Decision
from lane_core.store.lookups import class_names, label_codes, listed

_SCHEMA = pa.schema(
    {
        "decision_id": pa.string(),
        "dataset_id": pa.string(),
        "index": pa.int32(),
        "action": pa.string(),
        "label": pa.int16(),
        "seen_label": pa.int16(),
        "run_id": pa.string(),
        "annotator": pa.string(),
        "lead_time_s": pa.float64(),
        "note": pa.string(),
        "seen_version": pa.int64(),
    }
)


def decision_table(cursor: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> pa.Table:
    """Return one row a decision, in the given order, labels as class codes.

    Raises:
        StoreError: If a data set, run, index, class or action is unknown, or an id is empty.
    """
    codes = {
        dataset_id: {name: code for code, name in enumerate(class_names(cursor, dataset_id))}
        for dataset_id in {decision.dataset_id for decision in decisions}
    }
    sizes = dict(cursor.execute("select dataset_id, num_examples from datasets").fetchall())
    runs = dict(cursor.execute("select run_id, dataset_id from runs").fetchall())
    rows = []
    for decision in decisions:
        _check(decision, sizes[decision.dataset_id], runs)
        rows.append(_row(decision, codes[decision.dataset_id]))
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


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
        **{name: getattr(decision, name) for name in _SCHEMA.names},
        "label": label,
        "seen_label": label_codes(codes, [decision.seen_label])[0],
    }
