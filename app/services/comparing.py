"""The runs of a project, one against the other: every run measured on the same labels, those of today.

A run's recorded F1 was measured against the labels that it was given, so two recorded numbers may differ only
because labels were corrected in between. Here both are measured against the labels as they stand now, by the
file's splits, without examples that people excluded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

from app.services.workspaces import run_status, workspace
from lane_core.config import RunConfig
from lane_core.records import RunRecord, RunState
from lane_core.store import datasets, decision_queries, result_queries, run_queries
from lane_core.store import runs as run_store
from lane_core.store.store import Store

FIRST_DIFFERENCES = 10
SPLITS = ("validation", "test")
"""Splits that runs are measured on: no run trains on them."""


@dataclass(frozen=True)
class Agreement:
    """How well a run predicts the labels of one split, 0 to 1."""

    macro_f1: float
    accuracy: float
    examples: int
    """How many were measured."""


@dataclass(frozen=True)
class Findings:
    """What a run with at least one whole epoch came to."""

    corrected: int
    """Examples that it was given with another label than the file's."""
    excluded: int
    """Examples left out of its training because people excluded them."""
    flagged: int
    agreement: Mapping[str, Agreement]
    """By split, validation and test; without a split that has no examples."""


@dataclass(frozen=True)
class RunResult:
    """A run and what it came to."""

    record: RunRecord
    config: RunConfig
    state: RunState
    epochs_done: int
    findings: Findings | None
    """None before the first epoch."""

    @property
    def labels_used(self) -> str:
        """The labels it trained on, in words."""
        if self.findings is None:
            return "with corrections" if self.record.label_version else "as in the file"
        counts = {"corrected": self.findings.corrected, "excluded": self.findings.excluded}
        parts = [f"{count:,} {what}" for what, count in counts.items() if count]
        return ", ".join(parts) or "as in the file"


@dataclass(frozen=True)
class Overlap:
    """Where two runs agree about the suspects, and what became of the labels that changed between them."""

    both: int
    only_before: int
    only_after: int
    relabelled: int
    """Examples that the two runs trained on with different labels."""
    relabelled_flagged_before: int
    relabelled_flagged_after: int
    examples_only_before: pd.DataFrame
    """The worst ten: example_id, text, label (trained on), predicted_label."""
    examples_only_after: pd.DataFrame

    @property
    def jaccard(self) -> float | None:
        """Share of the examples flagged by either run that both flag; None if neither flags any."""
        either = self.both + self.only_before + self.only_after
        return self.both / either if either else None


def run_results(dataset_id: str) -> list[RunResult]:
    """Return the runs of a project, newest first.

    Raises:
        StoreError: If there is no such project.
        RunError: If the directory of a run is gone.
    """
    store = workspace().store
    version = decision_queries.label_version(store, dataset_id)
    return [_result(record, version) for record in run_store.list_runs(store, dataset_id)]


def run_table(results: Sequence[RunResult]) -> pd.DataFrame:
    """Return name, state, preset, encoder, started (UTC), epochs, labels, validation_f1, test_f1, flagged."""
    rows = [
        {
            "name": result.record.name,
            "state": result.state,
            "preset": result.config.preset,
            "encoder": result.config.encoder,
            "started": result.record.created_at,
            "epochs": f"{result.epochs_done} of {result.config.epochs}",
            "labels": result.labels_used,
            "validation_f1": _macro_f1(result, "validation"),
            "test_f1": _macro_f1(result, "test"),
            "flagged": result.findings.flagged if result.findings else None,
        }
        for result in results
    ]
    return pd.DataFrame(rows).astype({"validation_f1": "float", "test_f1": "float", "flagged": "Int64"})


def overlap(before: RunResult, after: RunResult) -> Overlap:
    """Return where two runs of one project agree about the suspects.

    Raises:
        StoreError: If the runs belong to different projects.
    """
    store = workspace().store
    counts = result_queries.compare_runs(store, before.record.run_id, after.record.run_id)
    texts = datasets.dataset_examples(store, before.record.dataset_id)[["index", "example_id", "text"]]
    found = [result_queries.predictions(store, run.record.run_id) for run in (before, after)]
    return Overlap(
        both=counts["flagged_both"],
        only_before=counts["flagged_only_a"],
        only_after=counts["flagged_only_b"],
        relabelled=counts["relabelled"],
        relabelled_flagged_before=counts["relabelled_flagged_a"],
        relabelled_flagged_after=counts["relabelled_flagged_b"],
        examples_only_before=_flagged_only_in(found[0], found[1], texts),
        examples_only_after=_flagged_only_in(found[1], found[0], texts),
    )


def forget() -> None:
    """Measure everything anew: the database is another one."""
    _findings.cache_clear()
    _labels_now.cache_clear()


def _macro_f1(result: RunResult, split: str) -> float | None:
    found = result.findings.agreement.get(split) if result.findings else None
    return found.macro_f1 if found else None


def _result(record: RunRecord, label_version: int) -> RunResult:
    store = workspace().store
    epochs_done = run_queries.last_epoch(store, record.run_id)
    return RunResult(
        record,
        RunConfig.from_json(record.config_json),
        run_status(record.run_id).state,
        epochs_done,
        _findings(store, record, epochs_done, label_version) if epochs_done else None,
    )


# The last two arguments say when the answer changes: measuring takes a third of a second for 100,000 examples.
@lru_cache(maxsize=64)
def _findings(store: Store, record: RunRecord, epochs_done: int, label_version: int) -> Findings:
    predictions = result_queries.predictions(store, record.run_id)
    current = _labels_now(store, record.dataset_id, label_version)
    merged = predictions[["index", "run_label", "predicted_label"]].merge(current, on="index")
    measured = {split: _agreement(merged, split) for split in SPLITS}
    return Findings(
        corrected=int((merged["run_label"] != merged["given_label"]).sum()),
        excluded=int((predictions["split"] == "excluded").sum()),
        flagged=int(predictions["is_label_issue"].sum()),
        agreement={split: found for split, found in measured.items() if found},
    )


@lru_cache(maxsize=1)
def _labels_now(store: Store, dataset_id: str, label_version: int) -> pd.DataFrame:
    labels = datasets.current_labels(store, dataset_id)
    return labels[["index", "given_label", "current_label", "status", "split"]]


def _agreement(merged: pd.DataFrame, split: str) -> Agreement | None:
    rows = merged[(merged["split"] == split) & (merged["status"] != "exclude")]
    if rows.empty:
        return None
    labels, predicted = rows["current_label"], rows["predicted_label"]
    return Agreement(
        macro_f1=float(f1_score(labels, predicted, average="macro", zero_division=0)),
        accuracy=float(accuracy_score(labels, predicted)),
        examples=len(rows),
    )


def _flagged_only_in(found: pd.DataFrame, other: pd.DataFrame, texts: pd.DataFrame) -> pd.DataFrame:
    elsewhere = set(other.loc[other["is_label_issue"], "index"])
    only = found[found["is_label_issue"] & ~found["index"].isin(elsewhere)]
    worst = only.sort_values(["label_score", "index"]).head(FIRST_DIFFERENCES).merge(texts, on="index")
    return worst.rename(columns={"run_label": "label"})[["example_id", "text", "label", "predicted_label"]]
