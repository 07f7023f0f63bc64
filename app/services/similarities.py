"""How alike the classes of a run are: by epoch, in several forms and orders, and against another epoch or run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from app.services import matrices
from app.services.workspaces import workspace
from lane_core.charts.heatmaps import SimilarityForm
from lane_core.evidence.class_similarity import nearest_classes, symmetric, without_diagonal
from lane_core.evidence.class_tree import ClassTree, class_tree
from lane_core.records import QueueFilter
from lane_core.store import matrix_queries
from lane_core.store import runs as run_store

NEAREST = 3
_EPOCH, _RUN = "epoch-", "run-"
"""Beginnings of the keys of ``comparisons``."""


def similarity_epochs(run_id: str) -> list[int]:
    """Return the epochs that have a similarity matrix, in order."""
    return matrix_queries.similarity_epochs(workspace().store, run_id)


def similarity(run_id: str, epoch: int) -> pd.DataFrame:
    """Return the mean probabilities of Pi, (K, K): row names = given labels, column names = predicted labels.

    Raises:
        StoreError: If there is no such run or no matrix of this epoch.
    """
    return matrices.averaged(run_id, matrix_queries.similarity_matrix(workspace().store, run_id, epoch))


def in_form(similarity: pd.DataFrame, form: SimilarityForm) -> pd.DataFrame:
    """Return mean probabilities in one of the forms that people read."""
    if form == "symmetric":
        return symmetric(similarity)
    return without_diagonal(similarity) if form == "scaled" else similarity


def comparisons(run_id: str, epochs: Sequence[int]) -> dict[str, str]:
    """Return what a matrix can be compared with, in words: nothing (""), epochs of the run, other runs' last epochs."""
    found = {"": "nothing"} | {f"{_EPOCH}{epoch}": f"epoch {epoch}" for epoch in epochs}
    dataset_id = run_store.get_run(workspace().store, run_id).dataset_id
    for record in run_store.list_runs(workspace().store, dataset_id):
        others = similarity_epochs(record.run_id)
        if record.run_id != run_id and others:
            found[f"{_RUN}{record.run_id}"] = f"{record.name}, epoch {others[-1]}"
    return found


def compared_with(run_id: str, comparison: str, form: SimilarityForm) -> pd.DataFrame:
    """Return the matrix that a key of ``comparisons`` stands for, in a form.

    Raises:
        StoreError: If there is no such run or no matrix of this epoch.
    """
    if comparison.startswith(_EPOCH):
        return in_form(similarity(run_id, int(comparison.removeprefix(_EPOCH))), form)
    other = comparison.removeprefix(_RUN)
    return in_form(similarity(other, similarity_epochs(other)[-1]), form)


def tree(run_id: str) -> ClassTree | None:
    """Return the tree of the classes after the run's last epoch, so that the order stays while epochs play.

    None where no similarity is stored.
    """
    epochs = similarity_epochs(run_id)
    if not epochs:
        return None
    values = similarity(run_id, epochs[-1]).to_numpy()
    return _tree(values.tobytes(), len(values))


def nearest(similarity: pd.DataFrame) -> pd.DataFrame:
    """Return the nearest classes of each: class, nearest_1, similarity_1, nearest_2, ..."""
    return nearest_classes(similarity, NEAREST)


def similarity_filters(given: str, predicted: str, form: SimilarityForm = "raw") -> QueueFilter:
    """Return the filters for what a similar pair of classes may have mixed up and nobody has reviewed."""
    return QueueFilter(
        given_labels=(given,),
        suggested_labels=(predicted,),
        both_ways=form == "symmetric",
        suspects_only=False,
    )


# Putting 150 leaves in order takes a page 30 ms.
@lru_cache(maxsize=8)
def _tree(values: bytes, num_classes: int) -> ClassTree:
    return class_tree(np.frombuffer(values).reshape(num_classes, num_classes))
