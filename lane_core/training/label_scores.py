"""Label scores of all examples: what both networks and the fold classifiers say, through the noise model."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lane_core.methods.dynamics import Dynamics
from lane_core.methods.label_posterior import SHARPNESS, anchor_noise_rate, fitted_sharpness, label_posterior
from lane_core.methods.strictness import FlagLimit, flag_limits
from lane_core.records import Strictness


@dataclass(frozen=True)
class LabelScores:
    """How likely each given label is right, and what follows from it."""

    label_score: Tensor
    """Calibrated probability that the given label is right, (N,)."""
    self_confidence: Tensor
    """Probability of the given label by the fold classifiers, averaged, (N,). They have not seen the label."""
    held_out_predicted: Tensor
    """Class that the fold classifiers find most likely, averaged, int64, (N,). They have not seen the label."""
    noise_rate: float
    """Estimated share of wrong labels among the training examples."""
    limits: dict[Strictness, FlagLimit]
    """Drawn on the training examples."""


def score_labels(
    dynamics: Dynamics, is_train: Tensor, fold_log_probabilities: Tensor, features_are_frozen: bool
) -> LabelScores:
    """Return the label scores after the epochs that ``dynamics`` has seen.

    The class probabilities are the networks' own, averaged over the epochs from the second on. Heads on frozen features
    know no more than a regression on them does, and are averaged with the fold classifiers; layers that were trained
    know better than those, which then only help to find the noise rate. How far to sharpen the probabilities is fitted
    to the run only for heads: the fewer texts, the flatter they are, and they owe little to the labels.

    Args:
        dynamics: Of the run.
        is_train: bool, (N,).
        fold_log_probabilities: Log class probabilities of each fold classifier, (C, N, K).
        features_are_frozen: Whether the networks are heads on frozen features.
    """
    labels = dynamics.labels
    pooled = dynamics.pooled_log_probabilities
    sharpness = SHARPNESS
    if features_are_frozen:
        pooled = torch.cat([pooled[None], fold_log_probabilities]).mean(dim=0)
        sharpness = fitted_sharpness(pooled[is_train], labels[is_train])
    early = dynamics.early_log_probability_sum + fold_log_probabilities.sum(dim=0)
    noise_rate = anchor_noise_rate(early[is_train], labels[is_train])
    posterior = label_posterior(pooled, labels, is_train, noise_rate, sharpness)
    label_score = 1 - posterior.wrong_probability
    held_out = fold_log_probabilities.exp().mean(dim=0)
    self_confidence = held_out[torch.arange(len(labels)), labels]
    return LabelScores(
        label_score, self_confidence, held_out.argmax(dim=1), noise_rate, flag_limits(label_score[is_train])
    )
