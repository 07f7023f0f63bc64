"""Noise that depends on the text: where a weak classifier errs, or along random directions of the embeddings."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lane_core.data.noise.class_noise import other_classes
from lane_core.errors import ConfigError

RATE_SPREAD = 0.1
"""Standard deviation of the rows' own flip rates in part-dependent noise."""


def teacher_flips(
    labels: npt.NDArray[np.int64], rate: float, pred_probs: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return the labels with floor(rate * N) of them changed to what a weak classifier takes them for.

    First the rows that the classifier gets wrong, most confident first, each to its prediction. If that is not
    enough, the rows it gets right whose second class is most probable, each to that class; where the second class
    has probability 0, to any other. Equal probabilities in order of the rows. Only the last case draws at random.

    Args:
        labels: True class codes, (N,), in 0…K-1.
        rate: Share of rows to flip.
        pred_probs: (N, K), rows sum to 1. Fit the classifier (TF-IDF with logistic regression, say) on 5 to 10 % of
            the rows, so that its errors are errors of meaning.
        rng: Draws the classes of the last case.

    Raises:
        ConfigError: If a row of ``pred_probs`` is not a distribution.

    References:
        Qiao et al., SelfMix, COLING 2022, after Algan & Ulusoy 2020. Differs: the classifier is the caller's.
    """
    _check_probabilities(pred_probs)
    rows = np.arange(len(labels))
    predicted = pred_probs.argmax(axis=1)
    is_wrong = predicted != labels
    others = pred_probs.copy()
    others[rows, labels] = -1.0
    # A wrong row's likeliest other class is its prediction, so one rule gives the target of both groups.
    target = others.argmax(axis=1)
    target_probability = others[rows, target]
    without_rival = target_probability == 0
    target[without_rival] = other_classes(labels[without_rival], pred_probs.shape[1], rng)
    most_likely_first = np.lexsort((rows, -target_probability, ~is_wrong))
    # 0.29 * 100 is 28.999999999999996.
    flipped = most_likely_first[: math.floor(rate * len(labels) + 1e-9)]
    noisy = labels.copy()
    noisy[flipped] = target[flipped]
    return noisy


def part_dependent_flips(
    labels: npt.NDArray[np.int64],
    rate: float,
    num_classes: int,
    embeddings: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    r"""Return the labels, each flipped with its own probability to a class that its embedding points to.

    With e_i the embedding, standardised column by column over the rows and divided by sqrt(d), and W_c of shape
    (d, K) with standard normal entries, one for each class c:

    .. math:: q_i \sim N(\text{rate}, 0.1^2) \text{ within } [0, 1], \quad
        P(k \mid i) = q_i \operatorname{softmax}_{k \ne y_i}(e_i^T W_{y_i}), \quad P(y_i \mid i) = 1 - q_i

    The rate holds on average only, and the truncation moves it towards 1/2: 0.2055 on average for 0.2. Rate 0
    flips nothing.

    Args:
        labels: True class codes, (N,), in 0…K-1.
        rate: Mean of the rows' flip rates before truncation.
        num_classes: K.
        embeddings: (N, d), of a frozen encoder.
        rng: Draws q, W and the flips, in this order.

    Raises:
        ConfigError: If ``embeddings`` holds numbers that are not finite.

    References:
        Xia et al., Part-dependent Label Noise, NeurIPS 2020; code of DISC (JackYFL/DISC). Differs: the division by
        sqrt(d), without which the softmax saturates on sentence embeddings.
    """
    if rate == 0:
        return labels.copy()
    scaled = _standardised(embeddings) / math.sqrt(embeddings.shape[1])
    flip_rates = _truncated_normal(rate, len(labels), rng)
    scores = np.empty((len(labels), num_classes))
    for code in range(num_classes):
        # Drawn for every class, with or without rows: a class's directions depend on the seed alone.
        directions = rng.standard_normal((embeddings.shape[1], num_classes))
        scores[labels == code] = scaled[labels == code] @ directions
    scores[np.arange(len(labels)), labels] = -np.inf
    # The largest of scores plus Gumbel noise is a draw from their softmax.
    target = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    return np.where(rng.random(len(labels)) < flip_rates, target, labels)


def _check_probabilities(pred_probs: npt.NDArray[np.float64]) -> None:
    sums = pred_probs.sum(axis=1)
    is_bad = ~((pred_probs >= 0).all(axis=1) & (np.abs(sums - 1) < 1e-3))
    if is_bad.any():
        raise ConfigError(
            f"pred_probs is not a distribution in {int(is_bad.sum())} rows (first sum: {sums[is_bad.argmax()]:g}). "
            "Hand in probabilities, not logits: 0 or more, each row with sum 1."
        )


def _standardised(embeddings: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if not np.isfinite(embeddings).all():
        raise ConfigError(
            f"embeddings holds {int((~np.isfinite(embeddings)).sum())} values that are not finite numbers. "
            "Encode the texts again; 32 bits rather than 16 help."
        )
    spread = embeddings.std(axis=0)
    return np.asarray((embeddings - embeddings.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _truncated_normal(mean: float, size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return draws from N(mean, RATE_SPREAD^2) within [0, 1]: those outside are drawn again."""
    drawn = rng.normal(mean, RATE_SPREAD, size)
    while (outside := (drawn < 0) | (drawn > 1)).any():
        drawn[outside] = rng.normal(mean, RATE_SPREAD, int(outside.sum()))
    return drawn
