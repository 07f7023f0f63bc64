"""Training dynamics of a run: margins, weights, single examples over the epochs, losses, and the queues behind them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services.workspaces import workspace
from lane_core.charts.alm_histogram import TAIL, reach
from lane_core.records import QueueFilter
from lane_core.store import datasets, dynamics_queries, review_queries, run_queries
from lane_core.store import runs as run_store
from lane_core.store.selections import keep_selection
from lane_core.store.store import Store

WORST_SHOWN = 5
MOST_MATCHES = 20
DISTRUSTED_BELOW = 0.5
"""Weight below which the training hardly listens to a label."""

Indices = npt.NDArray[np.integer]


@dataclass(frozen=True)
class History:
    """Which epochs of a run there are numbers of."""

    newest: int
    """Last epoch that is stored; 0 before the first."""
    epochs: tuple[int, ...]
    """Those whose numbers of single examples are stored, in order."""
    gaps: tuple[str, ...]
    """What is missing and why, a sentence each."""


@dataclass(frozen=True, eq=False)
class Margins:
    """The training examples after one epoch."""

    epoch: int
    frame: pd.DataFrame
    """index, alm (logits), weight."""
    mu: float | None
    """None where nobody weighs less: too few suspects, or a method without weights."""
    sigma: float | None
    has_weights: bool
    """Whether the method of the run weighs examples at all, as far as this epoch tells."""

    @property
    def below(self) -> Indices:
        """The examples that weigh less."""
        if self.mu is None:
            return np.empty(0, dtype=np.int32)
        return self.frame["index"].to_numpy()[self.frame["alm"].to_numpy() < reach(self.mu)]


def history(run_id: str) -> History:
    """Return which epochs there are numbers of; those of an unknown run are none."""
    store = workspace().store
    read_in = run_queries.stored_epochs(store, run_id)
    newest = max(read_in, default=0)
    epochs = dynamics_queries.history_epochs(store, run_id)
    absent = [epoch for epoch in range(1, newest + 1) if epoch not in epochs]
    dropped = [epoch for epoch in absent if epoch in read_in]
    waiting = [epoch for epoch in absent if epoch not in read_in]
    gaps = []
    if dropped:
        gaps.append(
            f"What single examples did in {_epochs_in_words(dropped)} was dropped to save room, so only the later "
            "history is drawn."
        )
    if waiting:
        gaps.append(
            f"The numbers of {_epochs_in_words(waiting)} are not read in: they are on their way, or could not be read "
            "(the Train page then says why)."
        )
    return History(newest, epochs, tuple(gaps))


def metrics(run_id: str) -> pd.DataFrame:
    """Return epoch, mu, sigma, clipped_share, losses and F1 of the whole epochs; see METRICS_SCHEMA."""
    found = run_queries.epoch_metrics(workspace().store, run_id)
    return found[found["epoch"] <= run_queries.last_epoch(workspace().store, run_id)]


def step_losses(run_id: str) -> pd.DataFrame:
    """Return epoch, step, theta_loss, pi_loss, contrastive_loss of the whole epochs."""
    found = run_queries.step_losses(workspace().store, run_id)
    return found[found["epoch"] <= run_queries.last_epoch(workspace().store, run_id)]


def margins(run_id: str, epoch: int) -> Margins:
    """Return the training examples after one epoch, with mu and sigma where they make weights."""
    frame = dynamics_queries.training_margins(workspace().store, run_id, epoch)
    known = run_queries.epoch_metrics(workspace().store, run_id).set_index("epoch")
    mu, sigma = (_known(known[name].get(epoch)) for name in ("mu", "sigma"))
    is_below = frame["alm"].to_numpy() < reach(mu)
    # A method may know mu and yet listen to everybody alike.
    has_weights = mu is None or not is_below.any() or bool((frame["weight"].to_numpy()[is_below] < 1).any())
    return Margins(epoch, frame, *((mu, sigma) if has_weights else (None, None)), has_weights)


def alm_span(run_id: str, epochs: tuple[int, ...]) -> tuple[float, float]:
    """Return between which ALM nearly all training examples lie in these epochs, all that are stored."""
    return _alm_span(workspace().store, run_id, epochs)


def weight_bands(run_id: str, epochs: tuple[int, ...]) -> pd.DataFrame:
    """Return the columns of ``dynamics_queries.weight_bands`` for these epochs, all that are stored."""
    return _weight_bands(workspace().store, run_id, epochs)


def distrusted(run_id: str) -> Indices:
    """Return the training examples that are not flagged and yet weigh less than half after the newest epoch."""
    frame = dynamics_queries.training_results(workspace().store, run_id)
    return frame.loc[~frame["is_flagged"] & (frame["weight"] < DISTRUSTED_BELOW), "index"].to_numpy()


def num_flagged_in_training(run_id: str) -> int:
    """Return how many examples the queue of ``FLAGGED_IN_TRAINING`` holds."""
    return int(review_queries.queue_counts(workspace().store, run_id, FLAGGED_IN_TRAINING)["total"])


FLAGGED_IN_TRAINING = QueueFilter(splits=("train",), status="all")


def held_out_against(run_id: str) -> Indices:
    """Return the validation and test examples whose label the run does not predict."""
    return dynamics_queries.held_out_against(workspace().store, run_id)


def classes(run_id: str) -> list[str]:
    """Return the classes of the run's project, in order; StoreError if there is no such run."""
    store = workspace().store
    return list(datasets.dataset_classes(store, run_store.get_run(store, run_id).dataset_id))


def worst(run_id: str) -> pd.DataFrame:
    """Return the worst suspects, reviewed or not; the columns of ``review_queue``."""
    return review_queries.review_queue(workspace().store, run_id, QueueFilter(status="all"), WORST_SHOWN)


def search(run_id: str, words: str, label: str | None) -> pd.DataFrame:
    """Return the first examples with an id or words in the text, of one class or any, worst first.

    Returns:
        The columns of ``review_queue``, at most ``MOST_MATCHES`` rows; who has just this id comes first.

    Raises:
        StoreError: If there is no such run or class.
    """
    store = workspace().store
    filters = QueueFilter(
        given_labels=(label,) if label else (), text=words, status="all", suspects_only=False
    )
    found = review_queries.review_queue(store, run_id, filters, MOST_MATCHES)
    named = dynamics_queries.examples_with_id(store, run_id, words)[:MOST_MATCHES] if words else []
    if not named:
        return found
    rows = review_queries.queue_rows(store, run_id, named)
    rows = rows[rows["given_label"] == label] if label else rows
    return pd.concat([rows, found]).drop_duplicates("index").head(MOST_MATCHES)


def examples(run_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return some examples as rows of ``review_queue``, in this order; those that are not there are left out."""
    rows = review_queries.queue_rows(workspace().store, run_id, indices).set_index("index", drop=False)
    return rows.loc[[index for index in indices if index in rows.index]]


def trajectories(run_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return index, epoch, margin, label_aware_margin, alm, weight of some examples."""
    return run_queries.trajectories(workspace().store, run_id, indices)


def class_means(run_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return label, epoch, alm, margin: means of the classes of some examples."""
    return dynamics_queries.class_means(workspace().store, run_id, indices)


def queue_of(run_id: str, indices: Collection[int] | Indices, words: str) -> QueueFilter:
    """Keep some examples as a selection and return the queue of exactly those, reviewed or not.

    Raises:
        StoreError: If there is no such run, or there are no examples.
    """
    store = workspace().store
    dataset_id = run_store.get_run(store, run_id).dataset_id
    kept = keep_selection(store, dataset_id, list(indices), words)
    return QueueFilter(selection=kept.selection_id, status="all", suspects_only=False)


def as_csv(frame: pd.DataFrame) -> bytes:
    """Return a table as a CSV file, numbers with six digits."""
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode("utf-8")


def with_ids(run_id: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with the id that people know in the place of the column index."""
    ids = dynamics_queries.example_ids(workspace().store, run_id)
    named = frame.drop(columns="index")
    named.insert(0, "example_id", ids.reindex(frame["index"]).to_numpy())
    return named


def forget() -> None:
    """Work everything out anew: the database is another one."""
    _alm_span.cache_clear()
    _weight_bands.cache_clear()


# The epochs say when the answer changes.
@lru_cache(maxsize=32)
def _alm_span(store: Store, run_id: str, epochs: tuple[int, ...]) -> tuple[float, float]:
    return dynamics_queries.alm_span(store, run_id, TAIL) or (-1.0, 1.0)


@lru_cache(maxsize=32)
def _weight_bands(store: Store, run_id: str, epochs: tuple[int, ...]) -> pd.DataFrame:
    return dynamics_queries.weight_bands(store, run_id)


def _known(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _epochs_in_words(epochs: Sequence[int]) -> str:
    """Return epochs, in order, as people name them.

    Example:
        >>> _epochs_in_words([1, 2, 3]), _epochs_in_words([4]), _epochs_in_words([1, 3, 4])
        ('epochs 1 to 3', 'epoch 4', 'epochs 1, 3, 4')
    """
    if len(epochs) == 1:
        return f"epoch {epochs[0]}"
    is_unbroken = epochs[-1] - epochs[0] == len(epochs) - 1
    return f"epochs {epochs[0]} to {epochs[-1]}" if is_unbroken else f"epochs {', '.join(map(str, epochs))}"
