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

from app.services import comparing_ranks, comparing_scores
from app.services.comparing_ranks import Movement
from app.services.workspaces import run_status, workspace
from lane_core.config import RunConfig
from lane_core.records import RunRecord, RunState
from lane_core.store import decision_queries, result_queries, review_queries, run_queries
from lane_core.store import runs as run_store
from lane_core.store.store import Store

FIRST_DIFFERENCES = 10


@dataclass(frozen=True)
class Findings:
    """What a run with at least one whole epoch came to."""

    corrected: int
    """Examples that it was given with another label than the file's."""
    excluded: int
    """Examples left out of its training because people excluded them."""
    flagged: int
    macro_f1: Mapping[str, float]
    """By split, validation and test, 0 to 1; without a split that has no examples."""


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
    run_a, run_b = before.record.run_id, after.record.run_id
    return _overlap(workspace().store, run_a, run_b, comparing_ranks.movement(run_a, run_b))


def forget() -> None:
    """Measure everything anew: the database is another one."""
    _findings.cache_clear()
    _overlap.cache_clear()
    comparing_scores.forget()
    comparing_ranks.forget()


def _macro_f1(result: RunResult, split: str) -> float | None:
    return result.findings.macro_f1.get(split) if result.findings else None


def _result(record: RunRecord, label_version: int) -> RunResult:
    store = workspace().store
    epochs_done = run_queries.last_epoch(store, record.run_id)
    return RunResult(
        record,
        RunConfig.from_json(record.config_json),
        run_status(record.run_id).state,
        epochs_done,
        _findings(store, record.run_id, epochs_done, label_version) if epochs_done else None,
    )


# The last two arguments say when the answer changes: a project may have dozens of runs to measure.
@lru_cache(maxsize=64)
def _findings(store: Store, run_id: str, epochs_done: int, label_version: int) -> Findings:
    counts = result_queries.run_counts(store, run_id)
    scores = comparing_scores.macro_f1(store, run_id)
    return Findings(counts["corrected"], counts["excluded"], counts["flagged"], scores)


@lru_cache(maxsize=8)
def _overlap(store: Store, run_a: str, run_b: str, moved: Movement) -> Overlap:
    """Return ``overlap``; that of another movement, which is kept itself, is another one."""
    counts = result_queries.compare_runs(store, run_a, run_b)
    return Overlap(
        both=counts["flagged_both"],
        only_before=counts["flagged_only_a"],
        only_after=counts["flagged_only_b"],
        relabelled=counts["relabelled"],
        relabelled_flagged_before=counts["relabelled_flagged_a"],
        relabelled_flagged_after=counts["relabelled_flagged_b"],
        examples_only_before=_worst(store, run_a, moved.only_before),
        examples_only_after=_worst(store, run_b, moved.only_after),
    )


def _worst(store: Store, run_id: str, flagged: Sequence[int]) -> pd.DataFrame:
    """Return the first examples of a list that is in order of suspicion."""
    wanted = list(flagged[:FIRST_DIFFERENCES])
    rows = review_queries.queue_rows(store, run_id, wanted).set_index("index").loc[wanted]
    return rows.rename(columns={"given_label": "label"})[["example_id", "text", "label", "predicted_label"]]
