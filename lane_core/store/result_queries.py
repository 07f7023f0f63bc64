"""What a run found, for export and for comparing runs; always as of its last stored epoch."""

from __future__ import annotations

import pandas as pd

from lane_core.errors import StoreError
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import newest_epoch, run_dataset_id
from lane_core.store.store import Store


def predictions(store: Store, run_id: str) -> pd.DataFrame:
    """Return what the run predicts beside the labels.

    Returns:
        index, split, run_label (trained on), predicted_label, current_label, is_label_issue, label_score; by
        index. Empty before the first epoch.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_epochs, run_examples, decisions.
    """
    query = """
        select p.index, r.split, own.name as run_label, predicted.name as predicted_label,
            current.name as current_label, coalesce(p.is_label_issue, false) as is_label_issue, p.label_score
        from example_epochs p
        join run_examples r on r.run_id = p.run_id and r.index = p.index
        join current_labels l on l.dataset_id = $dataset_id and l.index = p.index
        join label_classes own on own.dataset_id = $dataset_id and own.code = r.label
        join label_classes current on current.dataset_id = $dataset_id and current.code = l.label
        left join label_classes predicted on predicted.dataset_id = $dataset_id and predicted.code = p.predicted
        where p.run_id = $run_id and p.epoch = $epoch
        order by p.index
    """
    return _last_epoch_frame(store, query, run_id)


def final_table(store: Store, run_id: str) -> pd.DataFrame:
    """Return the run's columns of the audit file.

    Returns:
        index, predicted_label, suggested_label, suggested_probability, given_probability, is_label_issue,
        label_score, alm, aum, alm_rank (1 = lowest alm; equal ones share a rank; missing without an alm),
        similarity, weight, split; by index. Empty before the first epoch.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_epochs, run_examples.
    """
    query = """
        select p.index, predicted.name as predicted_label, suggested.name as suggested_label,
            p.suggested_probability, p.given_probability, coalesce(p.is_label_issue, false) as is_label_issue,
            p.label_score, p.alm, p.aum,
            case when p.alm is not null then rank() over (order by p.alm nulls last) end as alm_rank,
            p.similarity, p.weight, r.split
        from example_epochs p
        join run_examples r on r.run_id = p.run_id and r.index = p.index
        left join label_classes predicted on predicted.dataset_id = $dataset_id and predicted.code = p.predicted
        left join label_classes suggested on suggested.dataset_id = $dataset_id and suggested.code = p.suggested
        where p.run_id = $run_id and p.epoch = $epoch
        order by p.index
    """
    return _last_epoch_frame(store, query, run_id)


def compare_runs(store: Store, run_a: str, run_b: str) -> dict[str, int]:
    """Count where two runs of one data set agree about the suspects.

    Returns:
        flagged_a, flagged_b, flagged_both, flagged_only_a, flagged_only_b; relabelled: examples that the runs
        trained on with different labels; relabelled_flagged_a, relabelled_flagged_b: of these, those that a run
        flags; same_prediction: examples for which both predict the same; examples: those in both runs' epochs.

    Raises:
        StoreError: If there is no such run, or the runs belong to different data sets.

    Tables: reads example_epochs, run_examples.
    """
    query = """
        with a as (
            select p.index, r.label, p.predicted, coalesce(p.is_label_issue, false) as is_flagged
            from example_epochs p join run_examples r on r.run_id = p.run_id and r.index = p.index
            where p.run_id = $run_a and p.epoch = $epoch_a
        ), b as (
            select p.index, r.label, p.predicted, coalesce(p.is_label_issue, false) as is_flagged
            from example_epochs p join run_examples r on r.run_id = p.run_id and r.index = p.index
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
    """Run a query about the run's last epoch. DuckDB refuses parameters that a query does not use."""
    with store.cursor() as cursor:
        parameters = {
            "dataset_id": run_dataset_id(cursor, run_id),
            "run_id": run_id,
            "epoch": newest_epoch(cursor, run_id),
        }
        return fetch_frame(cursor, query, parameters)
