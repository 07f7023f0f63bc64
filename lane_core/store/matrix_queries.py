"""Queries of the class screens: how alike classes are, and which the network takes for which."""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt

from lane_core.errors import StoreError
from lane_core.store.lookups import class_names, newest_epoch, run_dataset_id
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
        num_classes = _num_classes(cursor, run_id)
        cells = cursor.execute(query, {"run_id": run_id, "epoch": epoch}).fetchall()
    if not cells:
        known = similarity_epochs(store, run_id)
        raise StoreError(f"Run {run_id!r} has no class similarities of epoch {epoch}; it has epochs {known}.")
    matrix = np.zeros((num_classes, num_classes))
    for given, predicted, value in cells:
        matrix[given, predicted] = value
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
        select label, predicted, count(*)
        from example_epochs
        where run_id = $run_id and epoch = $epoch and predicted is not null
        group by label, predicted
    """
    with store.cursor() as cursor:
        num_classes = _num_classes(cursor, run_id)
        shown = newest_epoch(cursor, run_id) if epoch is None else epoch
        cells = cursor.execute(query, {"run_id": run_id, "epoch": shown}).fetchall()
    counts = np.zeros((num_classes, num_classes), dtype=np.int64)
    for given, predicted, count in cells:
        counts[given, predicted] = count
    return counts


def _num_classes(cursor: duckdb.DuckDBPyConnection, run_id: str) -> int:
    return len(class_names(cursor, run_dataset_id(cursor, run_id)))
