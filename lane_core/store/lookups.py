"""Small look-ups that several queries start with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from lane_core.errors import StoreError
from lane_core.records import Strictness

EPOCH_ROWS = """
from example_epochs p
join (select index, label, split from run_examples where run_id = $run_id) r on r.index = p.index
left join (select index, action, final_label from newest_decisions where dataset_id = $dataset_id) d
    on d.index = p.index
where p.run_id = $run_id and p.epoch = $epoch
"""
"""One row an example of one epoch: p = what the run says, r = what it trained on, d = the decision that counts.

Each side is cut down to its run or data set before the join: joining on the ids costs several times as much."""


def is_suspect(strictness: Strictness = "balanced", run: str = "$run_id", epoch: str = "$epoch") -> str:
    """Return the SQL condition that a row p of example_epochs is flagged at a strictness.

    Args:
        strictness: Whose line the label score has to be below.
        run: Parameter of the query that holds the run of p.
        epoch: Parameter of the query that holds its epoch.

    A run without lines, made by an earlier version, has only its own flag.
    """
    line = f"(select {strictness}_below from epoch_metrics where run_id = {run} and epoch = {epoch})"
    return f"coalesce(p.label_score < {line}, p.is_label_issue, false)"


def class_names(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> list[str]:
    """Return the class names of a data set; a name's position is its code.

    Raises:
        StoreError: If there is no such data set.
    """
    rows = cursor.execute(
        "select name from label_classes where dataset_id = ? order by code", [dataset_id]
    ).fetchall()
    if not rows:
        raise StoreError(f"There is no data set {dataset_id!r} in the database. Choose one from the list.")
    return [row[0] for row in rows]


def run_dataset_id(cursor: duckdb.DuckDBPyConnection, run_id: str) -> str:
    """Return the data set that a run belongs to.

    Raises:
        StoreError: If there is no such run.
    """
    row = cursor.execute("select dataset_id from runs where run_id = ?", [run_id]).fetchone()
    if row is None:
        raise StoreError(f"There is no run {run_id!r} in the database. Choose one from the list.")
    return str(row[0])


def newest_epoch(cursor: duckdb.DuckDBPyConnection, run_id: str) -> int:
    """Return the last epoch of which the examples are stored; 0 if there is none."""
    row = cursor.execute(
        "select max(epoch) from ingested_files where run_id = ? and kind = 'epoch'", [run_id]
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def last_epoch_parameters(cursor: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, Any]:
    """Return the parameters of EPOCH_ROWS for the newest epoch of a run; StoreError if there is no such run."""
    dataset_id = run_dataset_id(cursor, run_id)
    return {"dataset_id": dataset_id, "run_id": run_id, "epoch": newest_epoch(cursor, run_id)}


def label_codes(codes: Mapping[str, int], labels: Iterable[str]) -> list[int]:
    """Return the codes of some class names.

    Args:
        codes: Code of each class name, in order of code.
        labels: Class names.

    Raises:
        StoreError: If a name is no class; the message lists the classes.
    """
    found = list(labels)
    for label in found:
        if label not in codes:
            raise StoreError(f"There is no class {label!r}. The classes are: {listed(list(codes))}.")
    return [codes[label] for label in found]


def listed(values: Sequence[object], limit: int = 20) -> str:
    """Return values as a readable list, cut after ``limit``."""
    shown = ", ".join(str(value) for value in values[:limit])
    return f"{shown} … ({len(values)} in all)" if len(values) > limit else shown
