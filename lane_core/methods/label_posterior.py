"""From class probabilities to the probability that a given label is wrong: a noise model fitted to the data itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SHARPNESS = 1.5
"""Exponent on the class probabilities. Networks trained on wrong labels for a few epochs are underconfident."""
PRIOR_EXAMPLES = 20.0
"""Weight, in examples a class pair, of the belief that errors fall on all classes alike."""
ITERATIONS = 20
"""Passes of expectation and maximisation; the posterior moves by less than 0.001 after these."""
ANCHOR_SHARE = 0.1
"""Share of the examples, the most confidently predicted ones, that the noise rate is read from."""
RATE_RANGE = (0.002, 0.6)
"""Noise rates outside are taken for the nearest end: none is not believable, and above it nothing can be told."""


@dataclass(frozen=True)
class LabelPosterior:
    """What the noise model says."""

    wrong_probability: Tensor
    """Calibrated probability that the given label is wrong, (N,), float32."""
    transition: Tensor
    """Estimated P(given label | true label), (K, K), row = true class, rows sum to 1."""


def label_posterior(
    log_probabilities: Tensor, labels: Tensor, is_train: Tensor, noise_rate: float
) -> LabelPosterior:
    r"""Return the probability that each given label is wrong, under a noise model fitted by EM.

    With p the class probabilities of example i to the power ``SHARPNESS`` (normalised), y its given label and T the
    transition matrix, start from uniform noise and repeat

    .. math:: q_{ik} \propto p_{ik} T_{k y_i}, \qquad
              T_{kl} \propto \sum_{i: y_i = l} q_{ik} + \text{PRIOR\_EXAMPLES} \cdot K \cdot U_{kl}

    where U is the uniform-noise matrix of the current overall rate. Then the log-odds of 1 - q_{iy} are shifted so that
    the mean probability over the training examples is ``noise_rate``.

    Why not the probability of the label alone: where annotators take shame for guilt but never for joy, an example
    of shame that the networks find a little more like guilt is suspect, and one a little more like joy is not.

    Args:
        log_probabilities: Averaged log class probabilities, (N, K); need not be normalised.
        labels: Given class codes, int64, (N,).
        is_train: Examples that T and the shift are fitted to, bool, (N,).
        noise_rate: Expected share of wrong labels among them, see ``anchor_noise_rate``.

    References:
        Dawid & Skene, 1979, with one annotator and a classifier as prior. Not in the LANE paper.
    """
    log_prior = (SHARPNESS * log_probabilities.double()).log_softmax(dim=1)
    transition = _fit_transition(log_prior[is_train].exp(), labels[is_train])
    log_odds = _log_odds_of_wrong(log_prior, labels, transition)
    low, high = RATE_RANGE
    shifted = log_odds + _shift_to(log_odds[is_train], min(max(noise_rate, low), high))
    return LabelPosterior(shifted.sigmoid().float(), transition.float())


def anchor_noise_rate(log_probabilities: Tensor, labels: Tensor) -> float:
    """Estimate the share of wrong labels by the most confidently predicted examples.

    Where a prediction that has not seen the label is all but certain, a given label that differs is a wrong label;
    so the share of such disagreement among the ``ANCHOR_SHARE`` most confident examples is the noise rate, if errors
    are as frequent there as elsewhere.

    Args:
        log_probabilities: Log class probabilities that have hardly seen the labels (held-out folds, the first
            epochs), (N, K); need not be normalised.
        labels: Given class codes, int64, (N,).

    References:
        Anchor points: Patrini et al., CVPR 2017.
    """
    confidence, predicted = log_probabilities.log_softmax(dim=1).max(dim=1)
    num_anchors = max(1, round(ANCHOR_SHARE * len(labels)))
    anchors = confidence.argsort(descending=True, stable=True)[:num_anchors]
    return float((predicted[anchors] != labels[anchors]).double().mean())


def _fit_transition(prior: Tensor, labels: Tensor) -> Tensor:
    num_classes = prior.shape[1]
    transition = _uniform_noise(num_classes, 0.2)
    for _ in range(ITERATIONS):
        posterior = _posterior(prior, labels, transition)
        counts = torch.zeros(num_classes, num_classes, dtype=prior.dtype).index_add_(0, labels, posterior).T
        rate = float(1 - counts.diagonal().sum() / counts.sum())
        smoothed = counts + PRIOR_EXAMPLES * num_classes * _uniform_noise(num_classes, rate)
        transition = smoothed / smoothed.sum(dim=1, keepdim=True)
    return transition


def _posterior(prior: Tensor, labels: Tensor, transition: Tensor) -> Tensor:
    joint = prior * transition.T[labels]
    return joint / joint.sum(dim=1, keepdim=True)


def _log_odds_of_wrong(log_prior: Tensor, labels: Tensor, transition: Tensor) -> Tensor:
    """Return log (1 - q_{iy}) - log q_{iy}, (N,), in log space: q_{iy} may be 1 to the last bit."""
    log_joint = log_prior + transition.T[labels].log()
    right = log_joint.gather(1, labels[:, None])[:, 0]
    return log_joint.scatter(1, labels[:, None], float("-inf")).logsumexp(dim=1) - right


def _uniform_noise(num_classes: int, rate: float) -> Tensor:
    matrix = torch.full((num_classes, num_classes), rate / (num_classes - 1), dtype=torch.float64)
    return matrix.fill_diagonal_(1 - rate)


def _shift_to(log_odds: Tensor, rate: float) -> float:
    """Return the number that, added to all log-odds, makes their mean probability ``rate``; by bisection."""
    low, high = -1e6, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        if float((log_odds + middle).sigmoid().mean()) < rate:
            low = middle
        else:
            high = middle
    return (low + high) / 2
