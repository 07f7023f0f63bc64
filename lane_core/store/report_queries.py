"""Counts behind the overview and the report: a whole run at once, grouped in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pandas as pd

from lane_core.records import QueueFilter
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import COUNTED_CLASSES, RESULT_ROWS, run_parameters
from lane_core.store.queue_conditions import QueueConditions, queue_conditions
from lane_core.store.review_outcomes import IS_DECIDED
from lane_core.store.store import Store

ALL_PAIRS = 1_000_000
"""More than any project has pairs of classes: the limit of ``label_pairs`` that cuts nothing off."""
_EVERYTHING = QueueFilter(status="all", suspects_only=False)
_TO_REVIEW = QueueFilter()


def class_counts(store: Store, run_id: str) -> pd.DataFrame:
    """Count the examples of a run by the class that they were given, those under the line of the flags apart.

    Returns:
        code, label; is_below (label score below the line of the balanced strictness); examples; flagged (below, and
        not settled by a replaced class); to_review (of these, waiting for more people to decide); decided (kept,
        corrected or excluded), known_wrong (corrected or excluded); undecided; unscored (of these, without a label
        score); expected, variance (sums of 1 - s and s (1 - s) over the undecided, s the label score); reviewed (with
        any decision), corrected, excluded. In class order, at most two rows a class that counts. Empty before the first
        epoch.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results, epoch_metrics, current_decisions, label_classes, review_plans.
    """
    with _rows(store, run_id) as (cursor, queue):
        label = queue.counted("p.label")
        # Two classes that were made one: the doubt about them is settled, whatever the run thought.
        is_moot = f"coalesce({label} = {queue.counted('p.suggested')}, false)"
        score = f"if({is_moot}, 1, p.label_score)::double"
        is_corrected = f"{queue.counted('d.final_label')} <> {label}"
        query = f"""
            select {label} as code, {queue.suspects["balanced"]} as is_below, count(*) as examples,
                count(*) filter ({queue.scopes("balanced")["balanced"]}) as flagged,
                count(*) filter ({queue.where(_TO_REVIEW)}) as to_review,
                count(*) filter ({IS_DECIDED}) as decided,
                count(*) filter ({IS_DECIDED} and (d.action = 'exclude' or {is_corrected})) as known_wrong,
                count(*) filter (not {IS_DECIDED}) as undecided,
                count(*) filter (not {IS_DECIDED} and p.label_score is null) as unscored,
                coalesce(sum(1 - {score}) filter (not {IS_DECIDED}), 0) as expected,
                coalesce(sum({score} * (1 - {score})) filter (not {IS_DECIDED}), 0) as variance,
                count(d.action) as reviewed,
                count(*) filter (d.action = 'relabel' and {is_corrected}) as corrected,
                count(*) filter (d.action = 'exclude') as excluded
            {RESULT_ROWS}
            group by 1, 2 order by 1, 2
        """
        counts = fetch_frame(cursor, query, queue.used(query))
        counts.insert(1, "label", [queue.names[code] for code in counts["code"]])
    return counts


def class_arrivals(store: Store, run_id: str) -> pd.DataFrame:
    """Count what each class gets from elsewhere.

    Returns:
        label; arrived (examples of another label that people corrected to it); predicted (examples of any label that
        the run predicts to be it). A row for each class that counts, in class order.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results, current_decisions, label_classes.
    """
    with _rows(store, run_id) as (cursor, queue):
        final, label = queue.counted("d.final_label"), queue.counted("p.label")
        counts = {}
        for column, where in (
            (final, f"d.action = 'relabel' and {final} <> {label}"),
            (queue.counted("p.predicted"), "p.predicted is not null"),
        ):
            query = f"select {column}, count(*) {RESULT_ROWS} and {where} group by 1"
            counts[column] = dict(cursor.execute(query, queue.used(query)).fetchall())
        arrived, predicted = counts.values()
        codes = [code for code, name in enumerate(queue.names) if queue.names.index(name) == code]
    rows = [(queue.names[code], arrived.get(code, 0), predicted.get(code, 0)) for code in codes]
    return pd.DataFrame(rows, columns=["label", "arrived", "predicted"])


def flag_marks(store: Store, run_id: str) -> pd.DataFrame:
    """Return index, is_flagged (balanced strictness), is_reviewed (has a decision) of every example, by index.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results, epoch_metrics, current_decisions.
    """
    with _rows(store, run_id) as (cursor, queue):
        query = f"""
            select p.index, {queue.scopes("balanced")["balanced"]} as is_flagged,
                d.action is not null as is_reviewed
            {RESULT_ROWS} order by p.index
        """
        return fetch_frame(cursor, query, queue.used(query))


def labels_chosen(store: Store, run_id: str) -> pd.DataFrame:
    """Return who, of the people whose labels came with the file, chose the label that a run trained on.

    Returns:
        index, annotator; by index, then annotator. Empty where the file came with one label an example.

    Raises:
        StoreError: If there is no such run.

    Tables: reads annotations, example_results, label_classes.
    """
    query = f"""
        with classes as ({COUNTED_CLASSES})
        select a.index, a.annotator
        from (select * from annotations where dataset_id = $dataset_id) a
        join (select index, label from example_results where run_id = $run_id) p on p.index = a.index
        join classes own on own.code = p.label
        join classes said on said.code = a.label and said.name = own.name
        order by a.index, a.annotator
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, run_parameters(cursor, run_id))


def file_disagreement(store: Store, run_id: str) -> tuple[int, int]:
    """Return how many examples of the file several people labelled, and on how many of these they differ.

    Raises:
        StoreError: If there is no such run.

    Tables: reads annotations, label_classes.
    """
    query = f"""
        with classes as ({COUNTED_CLASSES})
        select count(*), count(*) filter (num_labels > 1) from (
            select a.index, count(distinct c.name) as num_labels
            from (select * from annotations where dataset_id = $dataset_id) a
            join classes c on c.code = a.label
            group by a.index having count(*) > 1
        )
    """
    with store.cursor() as cursor:
        dataset = {"dataset_id": run_parameters(cursor, run_id)["dataset_id"]}
        [(shared, differing)] = cursor.execute(query, dataset).fetchall()
    return shared, differing


def held_out_flags(store: Store, run_id: str) -> dict[str, tuple[int, int]]:
    """Return, for the test and the validation split, how many examples there are and how many flags wait for review.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results, epoch_metrics, current_decisions, review_plans.
    """
    with _rows(store, run_id) as (cursor, queue):
        query = f"""
            select p.split, count(*), count(*) filter ({queue.where(_TO_REVIEW)}) {RESULT_ROWS}
            and p.split in ('validation', 'test') group by 1
        """
        found = cursor.execute(query, queue.used(query)).fetchall()
    return {split: (examples, flagged) for split, examples, flagged in found}


def example_rows(store: Store, dataset_id: str) -> pd.Series[int]:
    """Return the data row of the file, from 1, of every example; named by its index, in order."""
    query = "select index, row from examples where dataset_id = $dataset_id order by index"
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id}).set_index("index")["row"]


@contextmanager
def _rows(store: Store, run_id: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, QueueConditions]]:
    """Yield a cursor, and what the SQL about the rows of RESULT_ROWS is made of."""
    with store.cursor() as cursor, queue_conditions(cursor, run_id, _EVERYTHING) as queue:
        yield cursor, queue
