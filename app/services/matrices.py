"""What the class matrices of a run share: the classes as they count now, notable cells, and what waits behind one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services.workspaces import workspace
from lane_core.charts.heatmaps import Pair
from lane_core.records import QueueFilter, ReviewPlan
from lane_core.store import (
    classes,
    decision_queries,
    matrix_queries,
    review_plans,
    review_queries,
    run_queries,
)
from lane_core.store import runs as run_store
from lane_core.store.store import Store

FIRST_TEXTS = 5
Moment = tuple[int, int, ReviewPlan]
"""Last epoch of a run, newest decision and plan of its project: while they stay, so does what waits for review."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NotablePair:
    """A cell off the diagonal that stands out."""

    given: str
    predicted: str
    value: float
    """As the cell shows it."""

    @property
    def pair(self) -> Pair:
        """The cell."""
        return self.given, self.predicted


@dataclass(frozen=True)
class PairQueue:
    """What waits behind a cell."""

    total: int
    """Examples in the queue."""
    suspects: int
    """Of these, flagged by the run."""
    reviewed: int
    """Examples of the cell with a decision, whether or not the queue holds reviewed ones."""
    first: pd.DataFrame
    """The worst five: columns of ``review_queue``."""


def last_epoch(run_id: str) -> int:
    """Return the last epoch that is stored; 0 before the first."""
    return run_queries.last_epoch(workspace().store, run_id)


def notable_pairs(matrix: pd.DataFrame, limit: int = 3, *, is_symmetric: bool = False) -> list[NotablePair]:
    """Return the cells farthest from 0 off the diagonal; ties in the order of the rows, zeros left out."""
    values = matrix.to_numpy(dtype=float)
    is_other = ~np.eye(len(values), dtype=bool)
    rows, columns = np.nonzero((values != 0) & (np.triu(is_other) if is_symmetric else is_other))
    order = np.argsort(-np.abs(values[rows, columns]), kind="stable")[:limit]
    return [
        NotablePair(matrix.index[row], matrix.columns[column], float(values[row, column]))
        for row, column in zip(rows[order], columns[order], strict=True)
    ]


def filtered_queue(run_id: str, filters: QueueFilter) -> PairQueue:
    """Return how much waits in the queue of these filters, and its first texts; kept until the moment changes.

    Raises:
        StoreError: If there is no such run, or a filter names an unknown class.
    """
    return _filtered_queue(workspace().store, run_id, filters, moment(run_id))


def num_to_review(run_id: str) -> dict[tuple[str, str], int]:
    """Return how many examples wait, by given and suggested label; pairs without one are left out. Kept likewise."""
    return _num_to_review(workspace().store, run_id, moment(run_id))


def moment(run_id: str) -> Moment:
    """Return what tells one state of a run's queues from another."""
    store = workspace().store
    dataset_id = run_store.get_run(store, run_id).dataset_id
    version = decision_queries.label_version(store, dataset_id)
    return run_queries.last_epoch(store, run_id), version, review_plans.review_plan(store, dataset_id)


def forget() -> None:
    """Count anew: the database is another one."""
    _filtered_queue.cache_clear()
    _num_to_review.cache_clear()


def class_names(run_id: str) -> list[str]:
    """Return the classes of a run's project as they count now, each once, in class order."""
    return list(dict.fromkeys(_counted(run_id)))


def summed(run_id: str, values: npt.NDArray[np.int64] | Floats) -> pd.DataFrame:
    """Return sums by class code, (K, K), as sums by class; a class that was replaced adds to the one in its place."""
    names, gather = class_names(run_id), _gather(run_id)
    return pd.DataFrame(gather @ values @ gather.T, index=names, columns=names).astype(values.dtype)


def averaged(run_id: str, values: Floats) -> pd.DataFrame:
    """Return mean probabilities by class code, (K, K), as those of the classes as they count now.

    A class that was replaced adds its probabilities to those of the one in its place, and its examples to the mean.
    """
    names = class_names(run_id)
    if len(names) == len(values):
        return pd.DataFrame(values, index=names, columns=names)
    gather = _gather(run_id)
    examples = matrix_queries.label_confusion(workspace().store, run_id).sum(axis=1)
    weights = gather * np.maximum(examples, 1e-9)
    mean = (weights / weights.sum(axis=1, keepdims=True)) @ values @ gather.T
    return pd.DataFrame(mean, index=names, columns=names)


# What is kept is five texts, or a number for each pair of classes that has one.
@lru_cache(maxsize=64)
def _filtered_queue(store: Store, run_id: str, filters: QueueFilter, moment: Moment) -> PairQueue:
    first = review_queries.review_queue(store, run_id, filters, FIRST_TEXTS)
    return PairQueue(**review_queries.queue_size(store, run_id, filters), first=first)


@lru_cache(maxsize=8)
def _num_to_review(store: Store, run_id: str, moment: Moment) -> dict[tuple[str, str], int]:
    most = len(class_names(run_id)) ** 2
    found = review_queries.label_pairs(store, run_id, QueueFilter(suspects_only=False), most)
    pairs = zip(found["given_label"], found["suggested_label"], strict=True)
    return dict(zip(pairs, found["count"].tolist(), strict=True))


def _gather(run_id: str) -> npt.NDArray[np.int64]:
    """Return which class code counts as which class: (classes, K), 0 or 1."""
    counted = np.array(_counted(run_id))
    is_same: npt.NDArray[np.bool_] = np.array(class_names(run_id))[:, None] == counted[None, :]
    return is_same.astype(np.int64)


def _counted(run_id: str) -> list[str]:
    store = workspace().store
    return classes.counted_classes(store, run_store.get_run(store, run_id).dataset_id)
