"""The class matrices of a run, and the review queue behind each of their cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services.workspaces import workspace
from lane_core.records import QueueFilter
from lane_core.store import datasets, matrix_queries, review_queries, run_queries
from lane_core.store import runs as run_store

FIRST_TEXTS = 5


@dataclass(frozen=True)
class NotablePair:
    """A cell off the diagonal that stands out."""

    given: str
    predicted: str
    value: float
    """Examples, or mean probability of Pi."""


@dataclass(frozen=True)
class PairQueue:
    """What waits behind a cell."""

    total: int
    """Examples in the queue of these filters."""
    suspects: int
    """Of these, flagged by the run."""
    reviewed: int
    """Examples of the pair with a decision, whether or not the queue holds reviewed ones."""
    first: pd.DataFrame
    """The worst five: columns of ``review_queue``."""


def last_epoch(run_id: str) -> int:
    """Return the last epoch that is stored; 0 before the first."""
    return run_queries.last_epoch(workspace().store, run_id)


def similarity_epochs(run_id: str) -> list[int]:
    """Return the epochs that have a similarity matrix, in order."""
    return matrix_queries.similarity_epochs(workspace().store, run_id)


def similarity(run_id: str, epoch: int) -> pd.DataFrame:
    """Return the mean probabilities of Pi, (K, K): row names = given labels, column names = predicted labels.

    Raises:
        StoreError: If there is no such run or no matrix of this epoch.
    """
    return _named(run_id, matrix_queries.similarity_matrix(workspace().store, run_id, epoch))


def confusion(run_id: str) -> pd.DataFrame:
    """Return the examples of all splits after the last epoch, (K, K), named as in ``similarity``.

    Raises:
        StoreError: If there is no such run.
    """
    return _named(run_id, matrix_queries.label_confusion(workspace().store, run_id))


def notable_pairs(matrix: pd.DataFrame, limit: int = 3) -> list[NotablePair]:
    """Return the cells with the highest values off the diagonal; ties in class order, zeros left out."""
    values = matrix.to_numpy(dtype=float)
    rows, columns = np.nonzero((values > 0) & ~np.eye(len(values), dtype=bool))
    order = np.argsort(-values[rows, columns], kind="stable")[:limit]
    return [
        NotablePair(matrix.index[row], matrix.columns[column], float(values[row, column]))
        for row, column in zip(rows[order], columns[order], strict=True)
    ]


def row_mean(matrix: pd.DataFrame, given: str) -> float:
    """Return the mean of a row without its diagonal cell."""
    others = matrix.drop(columns=given)
    return float(others.loc[[given]].to_numpy().mean())


def confusion_filters(given: str, predicted: str) -> QueueFilter:
    """Return the filters whose queue holds exactly the examples that a cell counts."""
    return QueueFilter(
        given_labels=(given,), predicted_labels=(predicted,), status="all", suspects_only=False
    )


def similarity_filters(given: str, predicted: str) -> QueueFilter:
    """Return the filters for what a similar pair of classes may have mixed up and nobody has reviewed."""
    return QueueFilter(given_labels=(given,), suggested_labels=(predicted,), suspects_only=False)


def num_in_queue(run_id: str, filters: QueueFilter) -> int:
    """Return how many examples the review queue of these filters holds."""
    return int(review_queries.queue_counts(workspace().store, run_id, filters)["total"])


def pair_queue(run_id: str, filters: QueueFilter) -> PairQueue:
    """Return how much waits behind a cell, and the first texts of it.

    Raises:
        StoreError: If there is no such run, or a filter names an unknown class.
    """
    store = workspace().store
    counts = review_queries.queue_counts(store, run_id, filters)
    return PairQueue(
        total=int(counts["total"]),
        suspects=num_in_queue(run_id, replace(filters, suspects_only=True)),
        reviewed=int(counts["by_status"]["reviewed"]),
        first=review_queries.review_queue(store, run_id, filters, FIRST_TEXTS),
    )


def _named(run_id: str, values: npt.NDArray[np.generic]) -> pd.DataFrame:
    store = workspace().store
    names = datasets.dataset_classes(store, run_store.get_run(store, run_id).dataset_id)
    return pd.DataFrame(values, index=names, columns=names)
