"""What a run found, for export and for comparing runs; always as of its last stored epoch."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pandas as pd

from lane_core.errors import StoreError
from lane_core.records import STRICTNESSES, Strictness
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import (
    COUNTED_CLASSES,
    RESULT_ROWS,
    newest_epoch,
    run_dataset_id,
    run_parameters,
    suspect_conditions,
)
from lane_core.store.store import Store

_COUNTED_CODES = (
    "select code, coalesce(counts_as, code) as counted from label_classes where dataset_id = $dataset_id"
)


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

    Tables: reads example_results, epoch_metrics.
    """
    precisions = ", ".join(f"{strictness}_precision" for strictness in STRICTNESSES)
    metrics = f"select {precisions} from epoch_metrics where run_id = $run_id and epoch = $epoch"
    with store.cursor() as cursor:
        run_dataset_id(cursor, run_id)
        conditions = suspect_conditions(cursor, run_id).values()
        counts = ", ".join(f"count(*) filter ({condition})" for condition in conditions)
        query = f"select {counts} from example_results p where p.run_id = $run_id"
        flagged = cursor.execute(query, {"run_id": run_id}).fetchall()[0]
        shown = {"run_id": run_id, "epoch": newest_epoch(cursor, run_id)}
        expected = cursor.execute(metrics, shown).fetchone() or [None] * len(STRICTNESSES)
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

    Tables: reads example_results, epoch_metrics, current_decisions.
    """
    with store.cursor() as cursor:
        query = f"""
            with classes as ({COUNTED_CLASSES})
            select s.index, s.split, own.name as run_label, predicted.name as predicted_label,
                current.name as current_label, s.is_label_issue, s.label_score
            from (
                select p.index, p.predicted, p.label_score,
                    {suspect_conditions(cursor, run_id)["balanced"]} as is_label_issue, p.label, p.split, d.final_label
                {RESULT_ROWS}
            ) s
            join (select index, given_label from examples where dataset_id = $dataset_id) e on e.index = s.index
            join classes own on own.code = s.label
            join classes current on current.code = coalesce(s.final_label, e.given_label)
            left join classes predicted on predicted.code = s.predicted
            order by s.index
        """
        return fetch_frame(cursor, query, run_parameters(cursor, run_id))


def run_counts(store: Store, run_id: str) -> dict[str, int]:
    """Count what a run trained on and flags; a class that was replaced counts as the one in its place.

    Returns:
        corrected: examples that it was given with another label than the file's; excluded: those left out of its
        training; flagged: at its balanced strictness, all splits, as the queue counts them.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results, epoch_metrics, examples, label_classes.
    """
    with store.cursor() as cursor:
        parameters = run_parameters(cursor, run_id)
        query = f"""
            with classes as ({_COUNTED_CODES})
            select count(*) filter (r.label <> given.counted) as corrected,
                count(*) filter (r.split = 'excluded') as excluded, count(*) filter (r.is_flagged) as flagged
            from ({_counted_results(cursor, run_id, "run_id")}) r
            join (select index, given_label from examples where dataset_id = $dataset_id) e on e.index = r.index
            join classes given on given.code = e.given_label
        """
        counts = fetch_frame(cursor, query, parameters).iloc[0]
    return {str(name): int(count) for name, count in counts.items()}


def compare_runs(store: Store, run_a: str, run_b: str) -> dict[str, int]:
    """Count where two runs of one data set agree about the suspects, each at its balanced strictness.

    A class that was replaced counts as the one in its place; what that has settled is flagged by nobody.

    Returns:
        flagged_a, flagged_b, flagged_both, flagged_only_a, flagged_only_b; relabelled: examples that the runs
        trained on with different labels; relabelled_flagged_a, relabelled_flagged_b: of these, those that a run
        flags; same_prediction: examples for which both predict the same; examples: those in both runs' epochs.

    Raises:
        StoreError: If there is no such run, or the runs belong to different data sets.

    Tables: reads example_results, epoch_metrics, label_classes.
    """
    columns = """
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
    """
    counts = _two_runs(store, run_a, run_b, f"select {columns} from a join b on b.index = a.index").iloc[0]
    return {str(name): int(count) for name, count in counts.items()}


def paired_results(store: Store, run_a: str, run_b: str) -> pd.DataFrame:
    """Return what two runs of one data set say about each example.

    Returns:
        index, score_a, score_b (label scores), is_flagged_a, is_flagged_b (as in ``compare_runs``); by index.

    Raises:
        StoreError: If there is no such run, or the runs belong to different data sets.

    Tables: reads example_results, epoch_metrics, label_classes.
    """
    query = """
        select a.index, a.label_score as score_a, b.label_score as score_b, a.is_flagged as is_flagged_a,
            b.is_flagged as is_flagged_b
        from a join b on b.index = a.index order by a.index
    """
    return _two_runs(store, run_a, run_b, query)


def held_out_patterns(store: Store, run_a: str, run_b: str) -> pd.DataFrame:
    """Count the held-out examples by the label as it stands now and what two runs predict.

    Held out are those that the file, or the import, has put into validation or test. Excluded examples are left out,
    and those that a run predicts nothing for. A class that was replaced counts as the one in its place.

    Returns:
        split, label, predicted_a, predicted_b (class codes), count; in that order.

    Raises:
        StoreError: If there is no such run, or the runs belong to different data sets.

    Tables: reads example_results, examples, current_decisions, label_classes.
    """
    query = """
        select e.split, current.counted as label, a.predicted as predicted_a, b.predicted as predicted_b,
            count(*) as count
        from (
            select index, split, given_label from examples
            where dataset_id = $dataset_id and split in ('validation', 'test')
        ) e
        join a on a.index = e.index
        join b on b.index = e.index
        left join (
            select index, action, final_label from current_decisions where dataset_id = $dataset_id
        ) d on d.index = e.index
        join classes current on current.code = coalesce(d.final_label, e.given_label)
        where d.action is distinct from 'exclude' and a.predicted is not null and b.predicted is not null
        group by all order by all
    """
    return _two_runs(store, run_a, run_b, query)


def _two_runs(store: Store, run_a: str, run_b: str, query: str) -> pd.DataFrame:
    """Return the answer to a query on a and b, the counted results of two runs, and classes (code, counted)."""
    with store.cursor() as cursor:
        dataset_a, dataset_b = run_dataset_id(cursor, run_a), run_dataset_id(cursor, run_b)
        if dataset_a != dataset_b:
            raise StoreError(
                f"Run {run_a!r} belongs to data set {dataset_a!r} and run {run_b!r} to {dataset_b!r}. "
                "Choose two runs of one data set."
            )
        with_runs = f"""
            with classes as ({_COUNTED_CODES}),
            a as ({_counted_results(cursor, run_a, "run_a")}), b as ({_counted_results(cursor, run_b, "run_b")})
            {query}
        """
        return fetch_frame(cursor, with_runs, {"run_a": run_a, "run_b": run_b, "dataset_id": dataset_a})


def _counted_results(cursor: duckdb.DuckDBPyConnection, run_id: str, parameter: str) -> str:
    """Return a query of a run's newest results with classes as they count, where ``classes`` is there."""
    return f"""
        select p.index, p.split, p.label_score, own.counted as label, predicted.counted as predicted,
            {suspect_conditions(cursor, run_id)["balanced"]}
                -- A replaced class has settled it: given and suggested label are one class now.
                and not coalesce(p.label <> p.suggested and own.counted = suggested.counted, false) as is_flagged
        from example_results p
        join classes own on own.code = p.label
        left join classes predicted on predicted.code = p.predicted
        left join classes suggested on suggested.code = p.suggested
        where p.run_id = ${parameter}
    """
