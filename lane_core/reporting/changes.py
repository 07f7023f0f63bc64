"""What changed between a run and the one before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lane_core.config import RunConfig
from lane_core.evidence.paired_f1 import class_scores
from lane_core.records import RunRecord
from lane_core.store import result_queries, run_queries
from lane_core.store import runs as run_store
from lane_core.store.store import Store


@dataclass(frozen=True)
class HeldOutF1:
    """Macro F1 of two runs on the same held-out labels, those of today; 0 to 1."""

    split: str
    """Either test, or validation where there is no test split."""
    before: float
    after: float
    examples: int


@dataclass(frozen=True)
class RunChanges:
    """A run against the last finished one before it. Counts of examples; flags at the balanced strictness."""

    before: RunRecord
    after: RunRecord
    flagged_before: int
    flagged_after: int
    gained: int
    """Flagged now and not before."""
    lost: int
    """Flagged before and not now."""
    relabelled: int
    """Trained on with another label than before."""
    relabelled_flagged_before: int
    relabelled_flagged_after: int
    f1: HeldOutF1 | None
    """None without held-out examples, or where preset or encoder differ: it would say nothing about the labels."""


def changes(store: Store, run_id: str, is_finished: Callable[[str], bool]) -> RunChanges | None:
    """Return what changed since the last finished run before this one; None if there is none, or no epoch yet.

    Args:
        store: The open store.
        run_id: The later run.
        is_finished: Whether the run with this id is finished: the run directory knows, the store does not.

    Raises:
        StoreError: If there is no such run.
    """
    after = run_store.get_run(store, run_id)
    before = _run_before(store, after, is_finished)
    if before is None or not run_queries.last_epoch(store, run_id):
        return None
    counts = result_queries.compare_runs(store, before.run_id, run_id)
    return RunChanges(
        before=before,
        after=after,
        flagged_before=counts["flagged_a"],
        flagged_after=counts["flagged_b"],
        gained=counts["flagged_only_b"],
        lost=counts["flagged_only_a"],
        relabelled=counts["relabelled"],
        relabelled_flagged_before=counts["relabelled_flagged_a"],
        relabelled_flagged_after=counts["relabelled_flagged_b"],
        f1=_held_out_f1(store, before, after),
    )


def _run_before(store: Store, after: RunRecord, is_finished: Callable[[str], bool]) -> RunRecord | None:
    newest_first = run_store.list_runs(store, after.dataset_id)
    place = [record.run_id for record in newest_first].index(after.run_id)
    for record in newest_first[place + 1 :]:
        if is_finished(record.run_id) and run_queries.last_epoch(store, record.run_id):
            return record
    return None


def _held_out_f1(store: Store, before: RunRecord, after: RunRecord) -> HeldOutF1 | None:
    config, other = (RunConfig.from_json(record.config_json) for record in (before, after))
    if (config.preset, config.encoder) != (other.preset, other.encoder):
        return None
    patterns = result_queries.held_out_patterns(store, before.run_id, after.run_id)
    for split in ("test", "validation"):
        rows = patterns[patterns["split"] == split]
        if len(rows):
            labels, repeats = rows["label"].to_numpy(), rows["count"].to_numpy()
            both = [rows[column].to_numpy() for column in ("predicted_a", "predicted_b")]
            num_classes = 1 + max(int(codes.max()) for codes in (labels, *both))
            f1 = [float(np.nanmean(class_scores(labels, codes, repeats, num_classes).f1)) for codes in both]
            return HeldOutF1(split, f1[0], f1[1], int(repeats.sum()))
    return None
