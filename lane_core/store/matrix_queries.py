"""Queries of the class screens: how alike classes are, and which the network takes for which."""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from lane_core.errors import StoreError
from lane_core.records import QueueFilter
from lane_core.store.lookups import class_names, label_codes, newest_epoch, run_dataset_id
from lane_core.store.queue_conditions import ask, queue_conditions
from lane_core.store.store import Store


def similarity_epochs(store: Store, run_id: str) -> list[int]:
    """Return the epochs that have a similarity matrix, in order; empty for an unknown run."""
    query = "select epoch from ingested_files where run_id = ? and kind = 'similarity' order by epoch"
    with store.cursor() as cursor:
        return [row[0] for row in cursor.execute(query, [run_id]).fetchall()]


def similarity_matrix(store: Store, run_id: str, epoch: int) -> npt.NDArray[np.float64]:
    """Return the class similarities of one epoch.

    Returns:
        (K, K), row = given class, column = predicted class, in class order.

    Raises:
        StoreError: If there is no such run, or no matrix of this epoch.

    Tables: reads class_similarity.
    """
    query = """
        select given, predicted, value from class_similarity where run_id = $run_id and epoch = $epoch
    """
    with store.cursor() as cursor:
        matrix = np.zeros((_num_classes(cursor, run_id),) * 2)
        cells = cursor.execute(query, {"run_id": run_id, "epoch": epoch}).fetchnumpy()
    if not len(cells["value"]):
        known = similarity_epochs(store, run_id)
        raise StoreError(f"Run {run_id!r} has no class similarities of epoch {epoch}; it has epochs {known}.")
    matrix[cells["given"], cells["predicted"]] = cells["value"]
    return matrix


def label_confusion(store: Store, run_id: str, epoch: int | None = None) -> npt.NDArray[np.int64]:
    """Count the examples of one epoch by the label that the run trained on and the predicted label.

    Args:
        store: The open store.
        run_id: The run.
        epoch: None = the last one stored.

    Returns:
        (K, K), row = label of the run, column = predicted label, in class order; all splits. Zeros before the
        first epoch.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_epochs.
    """
    query = """
        select label, predicted, count(*) as examples
        from example_epochs
        where run_id = $run_id and epoch = $epoch and predicted is not null
        group by label, predicted
    """
    with store.cursor() as cursor:
        counts = np.zeros((_num_classes(cursor, run_id),) * 2, dtype=np.int64)
        shown = newest_epoch(cursor, run_id) if epoch is None else epoch
        cells = cursor.execute(query, {"run_id": run_id, "epoch": shown}).fetchnumpy()
    counts[cells["label"], cells["predicted"]] = cells["examples"]
    return counts


def held_out_confusion(store: Store, run_id: str) -> npt.NDArray[np.int64]:
    """Count the examples by the label that the run trained on and the one predicted out of sample.

    Returns:
        (K, K), row = label of the run, column = class that classifiers predict which have not seen the label. Zeros
        for a run of an earlier version, which has none, and before the first epoch.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results.
    """
    query = """
        select label, held_out_predicted, count(*) as examples from example_results
        where run_id = $run_id and held_out_predicted is not null group by label, held_out_predicted
    """
    with store.cursor() as cursor:
        counts = np.zeros((_num_classes(cursor, run_id),) * 2, dtype=np.int64)
        cells = cursor.execute(query, {"run_id": run_id}).fetchnumpy()
    counts[cells["label"], cells["held_out_predicted"]] = cells["examples"]
    return counts


def severity_sums(store: Store, run_id: str) -> npt.NDArray[np.float64] | None:
    """Add up the severity of the examples by the label that the run trained on and the predicted label.

    The severity of an example is that of its suggested class; off the diagonal that is the predicted one.

    Returns:
        (K, K), in class order, 0 on the diagonal; None where an example off the diagonal has no severity, as in runs
        of an earlier version.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results.
    """
    query = """
        select label, predicted, coalesce(sum(severity), 0) as harm, count(*) = count(severity) as is_known
        from example_results where run_id = $run_id and predicted <> label group by label, predicted
    """
    with store.cursor() as cursor:
        sums = np.zeros((_num_classes(cursor, run_id),) * 2)
        cells = cursor.execute(query, {"run_id": run_id}).fetchnumpy()
    if not np.asarray(cells["is_known"]).all():
        return None
    sums[cells["label"], cells["predicted"]] = cells["harm"]
    return sums


def cell_examples(
    store: Store, run_id: str, given: str | None, predicted: str | None, is_out_of_sample: bool
) -> pd.DataFrame:
    """Return the examples that a cell of a confusion matrix counts, the most suspicious first.

    Args:
        store: The open store.
        run_id: The run.
        given: Label that the run trained on; None = any but the predicted one.
        predicted: Predicted label; None = any but the given one.
        is_out_of_sample: Whether the prediction is that of classifiers that have not seen the label.

    Returns:
        index, is_suspect (at the balanced strictness), is_reviewed.

    Raises:
        StoreError: If there is no such run or class.

    Tables: reads example_results, epoch_metrics, current_decisions.
    """
    anything = QueueFilter(status="all", suspects_only=False)
    with store.cursor() as cursor, queue_conditions(cursor, run_id, anything) as queue:
        codes = {name: queue.names.index(name) for name in queue.names}
        sides = (
            queue.counted("p.label"),
            queue.counted("p.held_out_predicted" if is_out_of_sample else "p.predicted"),
        )
        conditions = [
            f"{side} = {label_codes(codes, [label])[0]}"
            for side, label in zip(sides, (given, predicted), strict=True)
            if label is not None
        ]
        if given is None or predicted is None:
            conditions.append(f"{sides[0]} <> {sides[1]}")
        columns = f"p.index, {queue.suspects['balanced']} as is_suspect, d.action is not null as is_reviewed"
        where = f"coalesce({' and '.join(conditions)}, false)"
        found = ask(cursor, queue, columns, where, "order by p.label_score nulls last, p.index")
        frame: pd.DataFrame = found.to_arrow_table().to_pandas()
    return frame


def _num_classes(cursor: duckdb.DuckDBPyConnection, run_id: str) -> int:
    return len(class_names(cursor, run_dataset_id(cursor, run_id)))
