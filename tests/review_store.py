"""A database with one run under review, its results laid down as a table that a test can read.

Nothing is read in from events files: a queue looks at three tables only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lane_core.records import ColumnChoice, DatasetRecord, Decision, RunRecord
from lane_core.store.datasets import add_dataset
from lane_core.store.runs import add_run
from lane_core.store.store import Store, open_store

CLASSES = ("anger", "fear", "joy")
DATASET = "d"
RUN = "r1"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LINES = {"sure": 0.1, "balanced": 0.3, "thorough": 0.5}
"""Label scores below which a strictness flags."""


def make_review_store(path: Path, rows: Sequence[Mapping[str, Any]]) -> Store:
    """Return a new database with a data set and the results of one run on it.

    Args:
        path: Of the database.
        rows: One an example: columns of example_results with class codes, and text; what is left out is missing.
    """
    store = open_store(path)
    frame = pd.DataFrame({"index": range(len(rows)), "split": "train", "text": "a text"})
    for column in ("split", "text"):
        frame[column] = [row.get(column, default) for row, default in zip(rows, frame[column], strict=True)]
    labels = [CLASSES[row.get("label", 0)] for row in rows]
    examples = frame.assign(
        row=frame["index"] + 1, example_id=frame["index"].map("e{}".format), given_label=labels
    )
    columns = ColumnChoice("text", "label")
    record = DatasetRecord(DATASET, "moods", "m.csv", "00", columns, len(rows), len(rows), NOW)
    add_dataset(store, record, examples, CLASSES)
    add_results(store, RUN, frame.assign(label=labels), rows, LINES)
    return store


def add_results(
    store: Store,
    run_id: str,
    labels: pd.DataFrame,
    rows: Sequence[Mapping[str, Any]],
    lines: Mapping[str, float],
) -> None:
    """Lay down a run (index, label, split of its examples) with its results; no lines = one of an earlier version."""
    add_run(store, RunRecord(run_id, DATASET, run_id, "{}", 0, NOW), labels[["index", "label", "split"]])
    columns = {"label": 0, "split": "train", "is_label_issue": False}
    results = pd.DataFrame([{"index": place, **columns, **row} for place, row in enumerate(rows)])
    results = (
        results.drop(columns="text", errors="ignore").replace({np.nan: None}).assign(epoch=1, run_id=run_id)
    )
    with store.transaction() as cursor:
        cursor.register("laid_down", results)
        cursor.execute(
            "insert into example_results by name from laid_down order by label_score nulls last, index"
        )
        cursor.unregister("laid_down")
        ledger = "(?, 'epoch-0001.parquet', 'epoch', 1, ?, now()::timestamp)"
        cursor.execute(f"insert into ingested_files values {ledger}", [run_id, len(rows)])
        names = "".join(f", {name}_below" for name in lines)
        values = "".join(f", {line}" for line in lines.values())
        cursor.execute(f"insert into epoch_metrics (run_id, epoch{names}) values (?, 1{values})", [run_id])


def decision(
    decision_id: str, index: int, choice: str = "keep", annotator: str = "ann", **others: Any
) -> Decision:
    """Return a decision; ``choice`` is an action, or the class of a relabel."""
    label = choice if choice in CLASSES else None
    action = "relabel" if label else choice
    return Decision(decision_id, DATASET, index, action, label, CLASSES[0], RUN, annotator, **others)  # type: ignore[arg-type]
