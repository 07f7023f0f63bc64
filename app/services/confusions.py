"""Given against predicted labels of a run, how far apart they are, and the examples behind each cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from app.services import matrices
from app.services.matrices import Floats, Moment, PairQueue
from app.services.workspaces import workspace
from lane_core.charts.heatmaps import Pair
from lane_core.config import RunConfig
from lane_core.evidence.class_severity import class_severity
from lane_core.records import QueueFilter
from lane_core.store import matrix_queries, review_queries, selections
from lane_core.store import runs as run_store
from lane_core.store.store import Store


@dataclass(frozen=True, eq=False)
class Confusion:
    """Which label is predicted as what after the last epoch, in the examples of all splits."""

    epoch: int
    is_out_of_sample: bool
    counts: pd.DataFrame
    """(K, K) examples: row names = labels that the run trained on, column names = predicted labels."""
    severity: pd.DataFrame | None
    """(K, K) mean severity of a cell's examples, 0 to 1; 0 in empty cells. None where no similarity is stored."""

    def num_examples(self, pair: Pair) -> int:
        """Return how many examples a cell counts; None stands for every class but the other one of the pair."""
        given, predicted = pair
        values = self.counts.to_numpy()
        rows = self.counts.index == given if given is not None else np.ones(len(values), dtype=bool)
        columns = (
            self.counts.columns == predicted if predicted is not None else np.ones(len(values), dtype=bool)
        )
        chosen = np.outer(rows, columns)
        return int(values[chosen & ~np.eye(len(values), dtype=bool) if None in pair else chosen].sum())


def has_out_of_sample(run_id: str) -> bool:
    """Return whether the run holds predictions of classifiers that have not seen the label."""
    return bool(confusion(run_id, True).counts.to_numpy().any())


def confusion(run_id: str, is_out_of_sample: bool) -> Confusion:
    """Return given against predicted labels; kept until an epoch comes in or a label changes.

    Raises:
        StoreError: If there is no such run.
    """
    return _confusion(workspace().store, run_id, is_out_of_sample, matrices.moment(run_id))


def cell_queue(run_id: str, pair: Pair, is_out_of_sample: bool) -> PairQueue:
    """Return how much a cell counts, and its worst texts; kept likewise.

    Raises:
        StoreError: If there is no such run or class.
    """
    return _cell_queue(workspace().store, run_id, pair, is_out_of_sample, matrices.moment(run_id))


def forget() -> None:
    """Count anew: the database is another one."""
    _confusion.cache_clear()
    _cell_queue.cache_clear()


def cell_filters(run_id: str, pair: Pair, is_out_of_sample: bool) -> QueueFilter:
    """Return the filters whose queue holds exactly the examples that a cell counts.

    Filters know no prediction out of sample and no "any other": such examples are kept as a selection, so call this
    only for a queue that is wanted.

    Raises:
        StoreError: If there is no such run or class, or the cell is empty.
    """
    given, predicted = pair
    if given is not None and predicted is not None and not is_out_of_sample:
        return QueueFilter(
            given_labels=(given,), predicted_labels=(predicted,), status="all", suspects_only=False
        )
    store = workspace().store
    found = matrix_queries.cell_examples(store, run_id, given, predicted, is_out_of_sample)
    dataset_id = run_store.get_run(store, run_id).dataset_id
    words = cell_words(pair, is_out_of_sample)
    kept = selections.keep_selection(store, dataset_id, found["index"].tolist(), words)
    return QueueFilter(selection=kept.selection_id, status="all", suspects_only=False)


def cell_words(pair: Pair, is_out_of_sample: bool) -> str:
    """Return a cell in words, for instance "anger given, fear predicted out of sample"."""
    given, predicted = pair
    sample = " out of sample" if is_out_of_sample else ""
    if given is None and predicted is None:
        return f"another label predicted than given{sample}"
    return f"{given or 'another class'} given, {predicted or 'another class'} predicted{sample}"


def _severity(run_id: str) -> Floats | None:
    """Return the severity of each pair of class codes from the last similarity; None where none is stored."""
    store = workspace().store
    epochs = matrix_queries.similarity_epochs(store, run_id)
    if not epochs:
        return None
    floor = RunConfig.from_json(run_store.get_run(store, run_id).config_json).similarity_floor
    is_used = matrix_queries.label_confusion(store, run_id).sum(axis=1) > 0
    return class_severity(matrix_queries.similarity_matrix(store, run_id, epochs[-1]), is_used, floor)


# What is kept is a number or two for each pair of classes, or five texts.
@lru_cache(maxsize=8)
def _confusion(store: Store, run_id: str, is_out_of_sample: bool, moment: Moment) -> Confusion:
    find = matrix_queries.held_out_confusion if is_out_of_sample else matrix_queries.label_confusion
    examples = find(store, run_id)
    harm = None if is_out_of_sample else matrix_queries.severity_sums(store, run_id)
    if harm is None:
        severity = _severity(run_id)
        harm = None if severity is None else examples * severity
    counts = matrices.summed(run_id, examples)
    mean = None if harm is None else matrices.summed(run_id, harm).div(counts.where(counts > 0, 1))
    return Confusion(matrices.last_epoch(run_id), is_out_of_sample, counts, mean)


@lru_cache(maxsize=64)
def _cell_queue(store: Store, run_id: str, pair: Pair, is_out_of_sample: bool, moment: Moment) -> PairQueue:
    found = matrix_queries.cell_examples(store, run_id, *pair, is_out_of_sample)
    worst = found["index"].head(matrices.FIRST_TEXTS).tolist()
    rows = review_queries.queue_rows(store, run_id, worst)
    return PairQueue(
        total=len(found),
        suspects=int(found["is_suspect"].sum()),
        reviewed=int(found["is_reviewed"].sum()),
        first=rows.set_index("index", drop=False).loc[worst],
    )
