"""What a run found, for export and for comparing runs; always as of its last stored epoch."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lane_core.errors import StoreError
from lane_core.records import STRICTNESSES, Strictness
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import (
    EPOCH_ROWS,
    is_suspect,
    last_epoch_parameters,
    newest_epoch,
    run_dataset_id,
)
from lane_core.store.store import Store


@dataclass(frozen=True)
class FlagLevel:
    """What one strictness of a run flags."""

    num_flagged: int
    """Examples of all splits."""
    expected_precision: float | None
    """Share of the flagged labels that is expected to be wrong; None for a run of an earlier version, which has one
    strictness and no estimate."""


def flag_levels(store: Store, run_id: str) -> dict[Strictness, FlagLevel]:
    """Return what each strictness flags after the last epoch; zeros before the first.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_epochs, epoch_metrics.
    """
    counts = ", ".join(f"count(*) filter ({is_suspect(strictness)})" for strictness in STRICTNESSES)
    query = f"select {counts} from example_epochs p where p.run_id = $run_id and p.epoch = $epoch"
    precisions = ", ".join(f"{strictness}_precision" for strictness in STRICTNESSES)
    metrics = f"select {precisions} from epoch_metrics where run_id = $run_id and epoch = $epoch"
    with store.cursor() as cursor:
        run_dataset_id(cursor, run_id)
        parameters = {"run_id": run_id, "epoch": newest_epoch(cursor, run_id)}
        flagged = cursor.execute(query, parameters).fetchall()[0]
        expected = cursor.execute(metrics, parameters).fetchone() or [None] * len(STRICTNESSES)
    return {
        strictness: FlagLevel(int(count), precision)
        for strictness, count, precision in zip(STRICTNESSES, flagged, expected, strict=True)
    }


def predictions(store: Store, run_id: str) -> pd.DataFrame:
    """Return what the run predicts beside the labels.

    Returns:
        index, split, run_label (trained on), predicted_label, current_label, is_label_issue (flagged at the balanced
        strictness), label_score; by index. Empty before the first epoch.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_epochs, epoch_metrics, run_examples, decisions.
    """
    query = f"""
        with classes as (select code, name from label_classes where dataset_id = $dataset_id)
        select s.index, s.split, own.name as run_label, predicted.name as predicted_label,
            current.name as current_label, s.is_label_issue, s.label_score
        from (
            select p.index, p.predicted, p.label_score, {is_suspect()} as is_label_issue, r.label, r.split,
                d.final_label
            {EPOCH_ROWS}
        ) s
        join (select index, given_label from examples where dataset_id = $dataset_id) e on e.index = s.index
        join classes own on own.code = s.label
        join classes current on current.code = coalesce(s.final_label, e.given_label)
        left join classes predicted on predicted.code = s.predicted
        order by s.index
    """
    return _last_epoch_frame(store, query, run_id)


def compare_runs(store: Store, run_a: str, run_b: str) -> dict[str, int]:
    """Count where two runs of one data set agree about the suspects, each at its balanced strictness.

    Returns:
        flagged_a, flagged_b, flagged_both, flagged_only_a, flagged_only_b; relabelled: examples that the runs
        trained on with different labels; relabelled_flagged_a, relabelled_flagged_b: of these, those that a run
        flags; same_prediction: examples for which both predict the same; examples: those in both runs' epochs.

    Raises:
        StoreError: If there is no such run, or the runs belong to different data sets.

    Tables: reads example_epochs, epoch_metrics, run_examples.
    """
    query = f"""
        with a as (
            select p.index, r.label, p.predicted, {is_suspect(run="$run_a", epoch="$epoch_a")} as is_flagged
            from example_epochs p
            join (select index, label from run_examples where run_id = $run_a) r on r.index = p.index
            where p.run_id = $run_a and p.epoch = $epoch_a
        ), b as (
            select p.index, r.label, p.predicted, {is_suspect(run="$run_b", epoch="$epoch_b")} as is_flagged
            from example_epochs p
            join (select index, label from run_examples where run_id = $run_b) r on r.index = p.index
            where p.run_id = $run_b and p.epoch = $epoch_b
        )
        select
            count(*) filter (a.is_flagged) as flagged_a,
            count(*) filter (b.is_flagged) as flagged_b,
            count(*) filter (a.is_flagged and b.is_flagged) as flagged_both,
            count(*) filter (a.is_flagged and not b.is_flagged) as flagged_only_a,
            count(*) filter (b.is_flagged and not a.is_flagged) as flagged_only_b,
            count(*) filter (a.label <> b.label) as relabelled,
            count(*) filter (a.label <> b.label and a.is_flagged) as relabelled_flagged_a,
            count(*) filter (a.label <> b.label and b.is_flagged) as relabelled_flagged_b,
            count(*) filter (a.predicted = b.predicted) as same_prediction,
            count(*) as examples
        from a join b on b.index = a.index
    """
    with store.cursor() as cursor:
        dataset_a, dataset_b = run_dataset_id(cursor, run_a), run_dataset_id(cursor, run_b)
        if dataset_a != dataset_b:
            raise StoreError(
                f"Run {run_a!r} belongs to data set {dataset_a!r} and run {run_b!r} to {dataset_b!r}. "
                "Choose two runs of one data set."
            )
        parameters = {
            "run_a": run_a,
            "run_b": run_b,
            "epoch_a": newest_epoch(cursor, run_a),
            "epoch_b": newest_epoch(cursor, run_b),
        }
        counts = fetch_frame(cursor, query, parameters).iloc[0]
    return {str(name): int(count) for name, count in counts.items()}


def _last_epoch_frame(store: Store, query: str, run_id: str) -> pd.DataFrame:
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, last_epoch_parameters(cursor, run_id))
