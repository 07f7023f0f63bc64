"""Scores beside ALM: what else one run, its folds and its embeddings say about every given label.

Every score is (N,) and "higher = more likely right". Those of a run's history are in-sample for training examples (the
network was trained on the label) and out-of-sample for held-out ones, so the two are not on one scale. Those of fold
probabilities and embeddings are out-of-sample for all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lane_core.evidence.beta_mixture import beta_mixture
from lane_core.evidence.confident_learning import (
    adjusted_self_confidence,
    normalised_margin,
    self_confidence,
)
from lane_core.evidence.knn import knn_agreement

LEARNED_STREAK = 2
"""Consecutive epochs of predicting the given label after which an example counts as learned."""
EARLY_EPOCHS = 3
"""Epochs whose mean loss the beta mixture is fitted to: later the wrong labels are learned too."""

Floats = npt.NDArray[np.floating]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RunHistory:
    """What a run observed of every example in every epoch; row 0 is epoch 1.

    Raises:
        ValueError: If the shapes do not fit, or there is no epoch from ``start_epoch`` on.
    """

    given_labels: npt.NDArray[np.integer]
    """Class codes, (N,)."""
    margins: Floats
    """(E, N), eq. 1."""
    label_aware_margins: Floats
    """(E, N), eq. 3."""
    log_given: Floats
    """(E, N), log probability of the given label."""
    is_predicted: npt.NDArray[np.bool_]
    """(E, N), whether the given label was the likeliest class."""
    start_epoch: int = 1
    """First epoch whose margins count in AUM and ALM."""

    def __post_init__(self) -> None:
        shape = self.margins.shape
        for name in ("margins", "label_aware_margins", "log_given", "is_predicted"):
            array = getattr(self, name)
            if array.ndim != 2 or array.shape != shape or array.shape[1:] != self.given_labels.shape:
                raise ValueError(
                    f"{name} must be (E, N) like margins {shape}, with N labels {self.given_labels.shape}; "
                    f"it is {array.shape}."
                )
        if not 1 <= self.start_epoch <= shape[0]:
            raise ValueError(f"start_epoch is {self.start_epoch}; it must be an epoch from 1 to {shape[0]}.")


def score_table(
    history: RunHistory,
    fold_probabilities: Floats | None = None,
    embeddings: npt.NDArray[np.float32] | None = None,
) -> pd.DataFrame:
    """Return every score that the inputs allow, one column each.

    Args:
        history: Of one run.
        fold_probabilities: Class probabilities of models that have not seen the example, (N, K).
        embeddings: Of an encoder that has not been trained on these labels, (N, H).

    Returns:
        Columns index (0…N-1), aum, alm, mean_log_probability, small_loss, confidence, variability, correctness,
        late_stopping, beta_mixture; with fold_probabilities self_confidence, normalised_margin and
        adjusted_self_confidence; with embeddings knn_agreement.

    Raises:
        ValueError: If the inputs are of different numbers of examples.
    """
    labels = history.given_labels
    columns: dict[str, npt.NDArray[np.generic]] = {
        "index": np.arange(len(labels)),
        "aum": mean_margin(history.margins, history.start_epoch),
        "alm": mean_margin(history.label_aware_margins, history.start_epoch),
        "mean_log_probability": mean_log_probability(history.log_given),
        "small_loss": small_loss(history.log_given, labels),
        "confidence": confidence(history.log_given),
        "variability": variability(history.log_given),
        "correctness": correctness(history.is_predicted),
        "late_stopping": late_stopping(history.is_predicted),
        "beta_mixture": beta_mixture(-mean_log_probability(history.log_given[:EARLY_EPOCHS])),
    }
    if fold_probabilities is not None:
        columns["self_confidence"] = self_confidence(fold_probabilities, labels)
        columns["normalised_margin"] = normalised_margin(fold_probabilities, labels)
        columns["adjusted_self_confidence"] = adjusted_self_confidence(fold_probabilities, labels)
    if embeddings is not None:
        columns["knn_agreement"] = knn_agreement(embeddings, labels)
    return pd.DataFrame(columns)


def mean_margin(margins: Floats, start_epoch: int = 1) -> Scores:
    r"""Return the mean of an example's margins over the epochs that count, (N,): AUM, or ALM of label-aware margins.

    .. math:: \frac{1}{E - s + 1} \sum_{t=s}^{E} M_t

    Unit: logits, unbounded. Below 0 the network prefers another class. ALM has a heavy tail: show its rank.

    Args:
        margins: Plain (AUM) or label-aware (ALM) margins, (E, N).
        start_epoch: s, from 1.

    References:
        Pleiss et al., AUM, NeurIPS 2020; Sosea & Caragea, LANE, ICLR 2026, eq. 2 and 3. Differs: nothing.
    """
    return np.asarray(np.mean(margins[start_epoch - 1 :], axis=0, dtype=np.float64))


def mean_log_probability(log_given: Floats) -> Scores:
    """Return the mean over the epochs of log p_y, (N,), at most 0; its exponential is a geometric mean.

    Args:
        log_given: log p_y, (E, N).
    """
    return np.asarray(np.mean(log_given, axis=0, dtype=np.float64))


def small_loss(log_given: Floats, labels: npt.NDArray[np.integer]) -> Scores:
    r"""Return minus the mean cross-entropy, standardised within the given class, (N,).

    With l the mean over the epochs of log p_y, m and s its mean and standard deviation over the examples of the class:

    .. math:: (l_i - m_{y_i}) / s_{y_i}

    Unit: standard deviations, mean 0 in every class. A hard or rare class, all of whose losses are high, is not
    suspected as a whole. 0 for all examples of a class with one loss only.

    Args:
        log_given: log p_y, (E, N).
        labels: Given class codes, (N,).

    References:
        The small-loss rule of Co-teaching (Han et al., NeurIPS 2018). Differs: a score instead of a selection,
        averaged over the epochs, standardised.
    """
    _, codes = np.unique(labels, return_inverse=True)
    means = mean_log_probability(log_given)
    counts = np.bincount(codes)
    deviations = means - (np.bincount(codes, weights=means) / counts)[codes]
    spread = np.sqrt(np.bincount(codes, weights=deviations**2) / counts)[codes]
    # Equal losses: their mean may be off by the last bit, which is no spread.
    is_spread = spread > 1e-9 * np.maximum(1, np.abs(means))
    return np.where(is_spread, deviations / np.where(is_spread, spread, 1), 0.0)


def confidence(log_given: Floats) -> Scores:
    """Return the mean over the epochs of p_y, (N,), in [0, 1].

    Args:
        log_given: log p_y, (E, N).

    References:
        Swayamdipta et al., Dataset Cartography, EMNLP 2020. Differs: nothing.
    """
    return np.asarray(np.exp(log_given, dtype=np.float64).mean(axis=0))


def variability(log_given: Floats) -> Scores:
    """Return the standard deviation over the epochs of p_y, (N,), in [0, 0.5]; 0 after one epoch.

    The horizontal axis of the data map. By itself a weak score, and high = likely right only in runs of a few epochs:
    there p_y of a right label rises from 1 / K, while that of one that is never learned, mostly a wrong one, hardly
    moves. With many epochs right and easy labels come to rest too, and the order turns.

    Args:
        log_given: log p_y, (E, N).

    References:
        Swayamdipta et al., Dataset Cartography, EMNLP 2020 (population standard deviation). Differs: nothing.
    """
    return np.asarray(np.exp(log_given, dtype=np.float64).std(axis=0))


def correctness(is_predicted: npt.NDArray[np.bool_]) -> Scores:
    """Return the share of the epochs in which the given label was the likeliest class, (N,), in [0, 1].

    Args:
        is_predicted: (E, N).

    References:
        Swayamdipta et al., Dataset Cartography, EMNLP 2020. Differs: a share where their code counts epochs.
    """
    return np.asarray(is_predicted.mean(axis=0, dtype=np.float64))


def late_stopping(is_predicted: npt.NDArray[np.bool_]) -> Scores:
    """Return minus the first epoch from which the given label was predicted twice in a row, (N,), in -1…-(E + 1).

    -(E + 1) where that never happened: what is learned late, or not at all, is likely wrong.

    Args:
        is_predicted: (E, N).

    References:
        Yuan et al., Late Stopping, ICCV 2023 (first-time k-epoch learning). Differs: k = 2, for runs of a few epochs.
    """
    num_epochs = len(is_predicted)
    starts = [
        is_predicted[first : first + LEARNED_STREAK].all(axis=0)
        for first in range(num_epochs - LEARNED_STREAK + 1)
    ]
    always = np.ones(is_predicted.shape[1], dtype=bool)
    never = [np.zeros_like(always)] * (num_epochs - len(starts))
    return np.asarray(-1.0 - np.argmax(np.array([*starts, *never, always]), axis=0))


def percentile_in_class(score: Floats, labels: npt.NDArray[np.integer]) -> Scores:
    """Return where each example stands among those of its given class, (N,), in (0, 1), high = likely right.

    (rank - 0.5) / examples of the class: mean 0.5 in a class of any size, ties share their mean rank. Scores of
    different units become comparable; a class with more wrong labels than others is not suspected more.

    Args:
        score: (N,), high = likely right.
        labels: Given class codes, (N,).
    """
    groups = pd.Series(np.asarray(score)).groupby(np.asarray(labels))
    return ((groups.rank(method="average") - 0.5) / groups.transform("size")).to_numpy(dtype=np.float64)
