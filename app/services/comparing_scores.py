"""Two runs against the same held-out labels, those of today: overall with an interval, and class by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from app.services.selected_queue import selected_queue
from app.services.workspaces import workspace
from lane_core.evidence.paired_f1 import PairedScores, class_scores, paired_scores
from lane_core.records import QueueFilter, Split
from lane_core.store import datasets, decision_queries, label_queries, result_queries, run_queries
from lane_core.store import runs as run_store
from lane_core.store.store import Store

SPLITS: tuple[Split, ...] = ("validation", "test")
"""Splits that runs are measured on: no run trains on them."""


@dataclass(frozen=True, eq=False)
class SplitScores:
    """Two runs on the examples of one split."""

    overall: PairedScores
    by_class: pd.DataFrame
    """code, name, examples, precision_before, precision_after, recall_before, recall_after, f1_before, f1_after,
    change (of F1): 0 to 1, missing where there is nothing to divide by. Those that lost most come first."""


def scores(run_before: str, run_after: str) -> Mapping[Split, SplitScores]:
    """Return how two runs of a project do on each split that has examples; kept until a label or an epoch changes.

    Raises:
        StoreError: If there is no such run, or they belong to different projects.
    """
    store = workspace().store
    dataset_id = run_store.get_run(store, run_after).dataset_id
    epochs = run_queries.last_epoch(store, run_before), run_queries.last_epoch(store, run_after)
    version = decision_queries.label_version(store, dataset_id)
    return _scores(store, run_before, run_after, epochs, version)


def macro_f1(store: Store, run_id: str) -> dict[str, float]:
    """Return the macro F1 of one run by split, 0 to 1; without a split that has no examples."""
    patterns = result_queries.held_out_patterns(store, run_id, run_id)
    found = {}
    for split, rows in patterns.groupby("split", observed=True):
        labels, predicted = rows["label"].to_numpy(), rows["predicted_a"].to_numpy()
        by_class = class_scores(
            labels, predicted, rows["count"].to_numpy(), int(max(labels.max(), predicted.max())) + 1
        )
        found[str(split)] = float(pd.Series(by_class.f1).mean())
    return found


def class_queue(dataset_id: str, split: Split, code: int) -> QueueFilter:
    """Return the queue of the examples that a row of ``by_class`` counts."""
    store = workspace().store
    name = datasets.dataset_classes(store, dataset_id)[code]
    indices = label_queries.held_out_examples(store, dataset_id, split, code)
    return selected_queue(dataset_id, indices, f"{name} in the {split} split")


def forget() -> None:
    """Measure everything anew: the database is another one."""
    _scores.cache_clear()


@lru_cache(maxsize=16)
def _scores(
    store: Store, run_before: str, run_after: str, epochs: tuple[int, int], label_version: int
) -> dict[Split, SplitScores]:
    """Return ``scores``; the last two arguments only say when they are others."""
    patterns = result_queries.held_out_patterns(store, run_before, run_after)
    names = datasets.dataset_classes(store, run_store.get_run(store, run_after).dataset_id)
    by_split = {split: patterns[patterns["split"] == split] for split in SPLITS}
    return {split: _split_scores(rows, names) for split, rows in by_split.items() if not rows.empty}


def _split_scores(rows: pd.DataFrame, names: list[str]) -> SplitScores:
    labels, before, after, repeats = (
        rows[name].to_numpy() for name in ("label", "predicted_a", "predicted_b", "count")
    )
    table = {
        "code": range(len(names)),
        "name": names,
        "examples": rows.groupby("label")["count"].sum().reindex(range(len(names)), fill_value=0),
    }
    found = [class_scores(labels, predicted, repeats, len(names)) for predicted in (before, after)]
    for measure in ("precision", "recall", "f1"):
        for when, of_run in zip(("before", "after"), found, strict=True):
            table[f"{measure}_{when}"] = getattr(of_run, measure)
    frame = pd.DataFrame(table)
    frame["change"] = frame["f1_after"] - frame["f1_before"]
    is_there = frame["f1_before"].notna() | frame["f1_after"].notna()
    by_class = frame[is_there].sort_values(["change", "code"], ignore_index=True)
    return SplitScores(paired_scores(labels, before, after, repeats, len(names)), by_class)
