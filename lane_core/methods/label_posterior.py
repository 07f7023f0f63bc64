"""From class probabilities to the probability that a given label is wrong: a noise model fitted to the data itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SHARPNESS = 1.5
"""Exponent on the class probabilities. Networks trained on wrong labels for a few epochs are underconfident."""
SHARPNESS_SHARE = 0.75
"""Share of the likeliest exponent that is taken; on large sets that is 1.9 to 2.0 where 1.5 ranks better."""
LARGEST_SHARPNESS = 6.0
"""No likeliest exponent is larger; without errors the likelihood may grow for ever."""
SHARPNESS_EXAMPLES = 20_000
"""Examples that the likeliest exponent is read from, evenly spaced; more make one number hardly surer."""
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
    log_probabilities: Tensor,
    labels: Tensor,
    is_train: Tensor,
    noise_rate: float,
    sharpness: float = SHARPNESS,
) -> LabelPosterior:
    r"""Return the probability that each given label is wrong, under a noise model fitted by EM.

    With p the class probabilities of example i to the power ``sharpness`` (normalised), y its given label and T the
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
        sharpness: Exponent on the class probabilities, see ``fitted_sharpness``.

    References:
        Dawid & Skene, 1979, with one annotator and a classifier as prior. Not in the LANE paper.
    """
    log_prior = (sharpness * log_probabilities.double()).log_softmax(dim=1)
    transition = _fit_transition(log_prior[is_train].exp(), labels[is_train])
    log_odds = _log_odds_of_wrong(log_prior, labels, transition)
    low, high = RATE_RANGE
    shifted = log_odds + _shift_to(log_odds[is_train], min(max(noise_rate, low), high))
    return LabelPosterior(shifted.sigmoid().float(), transition.float())


def fitted_sharpness(log_probabilities: Tensor, labels: Tensor) -> float:
    r"""Return the exponent on class probabilities that owe little to the labels, as those of heads and folds do.

    The exponent g is one more parameter of the EM of ``label_posterior``. With l the log-probabilities and p the
    probabilities to the power g (normalised), the expectation :math:`\sum_{ik} q_{ik} \log p_{ik}` is concave in g, and
    each pass makes one Newton step on it, to at most twice and at least half of what it was:

    .. math:: g \leftarrow g + \frac{\sum_i (E_{q_i}[l_i] - E_{p_i}[l_i])}{\sum_i \mathrm{Var}_{p_i}[l_i]}

    What comes back is ``SHARPNESS_SHARE`` times g, and at least ``SHARPNESS``: flags at the likeliest exponent are less
    often right than it promises, for the noise model knows nothing of texts that are hard in themselves.

    Args:
        log_probabilities: Averaged log class probabilities of the training examples, (N, K); need not be normalised.
        labels: Their given class codes, int64, (N,).
    """
    if len(labels) > SHARPNESS_EXAMPLES:
        chosen = torch.linspace(0, len(labels) - 1, SHARPNESS_EXAMPLES, dtype=torch.float64).long()
        log_probabilities, labels = log_probabilities[chosen], labels[chosen]
    likeliest = _likeliest_sharpness(log_probabilities.double().log_softmax(dim=1), labels)
    return max(SHARPNESS, SHARPNESS_SHARE * likeliest)


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


def _likeliest_sharpness(log_probabilities: Tensor, labels: Tensor) -> float:
    sharpness, transition = SHARPNESS, _uniform_noise(log_probabilities.shape[1], 0.2)
    for _ in range(ITERATIONS):
        prior = (sharpness * log_probabilities).softmax(dim=1)
        posterior = _posterior(prior, labels, transition)
        transition = _transition(posterior, labels)
        centred = log_probabilities - (prior * log_probabilities).sum(dim=1, keepdim=True)
        slope, curvature = float((posterior * centred).sum()), float((prior * centred.square()).sum())
        if curvature > 0:  # else all is certain, and any exponent is as good
            step = min(max(slope / curvature, -sharpness / 2), sharpness)
            sharpness = min(max(sharpness + step, SHARPNESS), LARGEST_SHARPNESS)
    return sharpness


def _fit_transition(prior: Tensor, labels: Tensor) -> Tensor:
    transition = _uniform_noise(prior.shape[1], 0.2)
    for _ in range(ITERATIONS):
        transition = _transition(_posterior(prior, labels, transition), labels)
    return transition


def _transition(posterior: Tensor, labels: Tensor) -> Tensor:
    """Return P(given | true) of expected true classes, (K, K), smoothed towards uniform noise of the same rate."""
    num_classes = posterior.shape[1]
    counts = torch.zeros(num_classes, num_classes, dtype=posterior.dtype).index_add_(0, labels, posterior).T
    rate = float(1 - counts.diagonal().sum() / counts.sum())
    # Rounding may put a rate of nothing below zero, and no probability of T must be zero.
    smoothed = counts + PRIOR_EXAMPLES * num_classes * _uniform_noise(num_classes, max(rate, 1e-12))
    return smoothed / smoothed.sum(dim=1, keepdim=True)


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
