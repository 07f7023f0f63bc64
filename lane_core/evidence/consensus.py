"""One label from those of several people: the majority, and CROWDLAB, which weighs the people and a model.

Ratings are a matrix (N, A) of class codes, one row an example and one column a person; -1 = did not label it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lane_core.evidence.agreement import Ratings, check_ratings

SMALLEST_WEIGHT = 1e-6
"""Weight of a person or model no better than always saying the commonest class."""
TIE = 1e-12
"""Classes whose posteriors differ by no more are equally likely: sums of equal numbers may round."""

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Consensus:
    """What several people and a model together say about every example."""

    labels: Labels
    """(N,), class codes."""
    posterior: Floats
    """(N, K), rows sum to 1; NaN where no example has two labels."""
    quality: Floats
    """(N,), posterior of the consensus label, in [0, 1]: low = have it looked at again."""
    annotator_weights: Floats
    """(A,), from 1e-6 to 1."""
    annotator_quality: Floats
    """(A,), in [0, 1]; NaN for a person without a label that others gave one beside."""
    model_weight: float
    """On the scale of the annotators' weights; grows with the mean number of labels on an example."""


def majority_label(ratings: Ratings) -> Labels:
    """Return the class that most people chose, (N,); -1 where two or more classes lead, or nobody labelled it.

    Args:
        ratings: Class codes, (N, A), -1 = not labelled.

    Raises:
        ValueError: If ratings is no matrix or holds a code below -1; the message holds what was seen.

    Example:
        >>> majority_label(np.array([[0, 1, 1], [0, 1, -1], [-1, -1, -1]])).tolist()
        [1, -1, -1]
    """
    check_ratings(ratings)
    votes = _votes(ratings, int(ratings.max(initial=0)) + 1, np.ones(ratings.shape[1]))
    most = votes.max(axis=1, keepdims=True)
    has_leader = ((votes == most).sum(axis=1) == 1) & (most[:, 0] > 0)
    return np.where(has_leader, votes.argmax(axis=1), -1)


def crowdlab(ratings: Ratings, pred_probs: npt.NDArray[np.floating]) -> Consensus:
    r"""Return the consensus of people and model, by CROWDLAB.

    Starts from the majority c_i; of classes with equally many labels the likeliest by the model, then the rarer among
    all labels, then the lowest code. n_i is the number of labels on item i; items with n_i >= 2 are *shared*. With A
    the mean over shared items of the share of labels equal to c_i, e the share of shared items that are not of the
    commonest consensus class (at least 1e-6) and agr_a the share of the labels beside a's that equal a's (the mean of
    the other people for one with none beside):

    .. math::
        w_a = \max(1 - (1 - agr_a) / e, 10^{-6}), \quad
        w_M = \max(1 - err_M / e, 10^{-6}) \sqrt{\bar n}

    err_M being the share of shared items whose likeliest class by the model is not c_i. Posterior, over the people a
    who labelled i:

    .. math::
        p_{ik} = \frac{w_M P_{ik} + \sum_a w_a (A \text{ if a said k, else } (1 - A) / (K - 1))}{w_M + \sum_a w_a}

    Then c_i becomes the likeliest class of p_i (in a tie the majority stays), and all of the above is computed once
    more with it. A person's quality is w q_a + (1 - w) g_a, with q_a the mean posterior of their labels, g_a the share
    of their labels on shared items equal to c_i, and w = w_M / (w_M + mean weight of the people * mean n_i).

    Where no item is shared there is nothing to learn about the people: labels are then the majority as above, and all
    else is NaN. An item without labels gets the model's probabilities and does not count in mean n_i.

    Args:
        ratings: Class codes, (N, A), -1 = not labelled.
        pred_probs: Class probabilities of a model that has not seen these labels, (N, K).

    Raises:
        ValueError: If the shapes or codes do not fit; the message holds what was seen.

    References:
        Goh, Tkachenko & Mueller, CROWDLAB, 2022, as in cleanlab 2.9, ``get_label_quality_multiannotator``. Differs:
        cleanlab refuses items and people without labels, breaks a tie that model and class frequency leave by the
        annotators' agreement, then at random, and takes posteriors that differ by a rounding for no tie.
    """
    check_ratings(ratings)
    _check_probs(ratings, pred_probs)
    probs = np.asarray(pred_probs, dtype=np.float64)
    majority = _majority_by_model(ratings, probs)
    num_labels = (ratings >= 0).sum(axis=1)
    if not (num_labels >= 2).any():
        return _without_shared_items(majority, ratings.shape[1], probs.shape)
    agreement = _agreement_with_others(ratings, num_labels)
    first, _, _ = _posterior(ratings, probs, majority, agreement)
    labels = _likeliest(first, majority)
    posterior, weights, model_weight = _posterior(ratings, probs, labels, agreement)
    return Consensus(
        labels=labels,
        posterior=posterior,
        quality=np.asarray(posterior[np.arange(len(labels)), labels]),
        annotator_weights=weights,
        annotator_quality=_annotator_quality(ratings, labels, posterior, weights, model_weight),
        model_weight=model_weight,
    )


def _majority_by_model(ratings: Ratings, probs: Floats) -> Labels:
    votes = _votes(ratings, probs.shape[1], np.ones(ratings.shape[1]))
    is_left = votes == votes.max(axis=1, keepdims=True)
    for preference in (probs, np.broadcast_to(-votes.sum(axis=0), probs.shape)):
        best = np.where(is_left, preference, -np.inf).max(axis=1, keepdims=True)
        is_left &= preference == best
    return np.asarray(is_left.argmax(axis=1))


def _agreement_with_others(ratings: Ratings, num_labels: npt.NDArray[np.int64]) -> Floats:
    """Return of each person the share of the labels beside theirs that equal theirs, (A,)."""
    shares = np.full(ratings.shape[1], np.nan)
    for person, own in enumerate(ratings.T):
        has_own = own >= 0
        num_beside = (num_labels[has_own] - 1).sum()
        if num_beside:
            same = (ratings[has_own] == own[has_own, None]).sum() - has_own.sum()
            shares[person] = same / num_beside
    return np.where(np.isnan(shares), np.nanmean(shares), shares)


def _posterior(
    ratings: Ratings, probs: Floats, labels: Labels, agreement: Floats
) -> tuple[Floats, Floats, float]:
    """Return p, (N, K), w_a, (A,), and w_M for the consensus labels."""
    num_classes = probs.shape[1]
    num_labels = (ratings >= 0).sum(axis=1)
    is_shared = num_labels >= 2
    shared = labels[is_shared]
    likelihood = ((ratings == labels[:, None]).sum(axis=1)[is_shared] / num_labels[is_shared]).mean()
    otherwise = (1 - likelihood) / (num_classes - 1)
    commonest_error = max(1 - np.bincount(shared).max() / len(shared), SMALLEST_WEIGHT)
    weights = np.maximum(1 - (1 - agreement) / commonest_error, SMALLEST_WEIGHT)
    model_error = (probs[is_shared].argmax(axis=1) != shared).mean()
    mean_labels = num_labels[num_labels > 0].mean()
    model_weight = float(max(1 - model_error / commonest_error, SMALLEST_WEIGHT) * np.sqrt(mean_labels))
    votes = _votes(ratings, num_classes, weights)
    voted = votes.sum(axis=1, keepdims=True)
    mixed = model_weight * probs + likelihood * votes + otherwise * (voted - votes)
    return mixed / (model_weight + voted), weights, model_weight


def _likeliest(posterior: Floats, majority: Labels) -> Labels:
    leads = posterior >= posterior.max(axis=1, keepdims=True) - TIE
    return np.where(leads.sum(axis=1) == 1, posterior.argmax(axis=1), majority)


def _annotator_quality(
    ratings: Ratings, labels: Labels, posterior: Floats, weights: Floats, model_weight: float
) -> Floats:
    num_labels = (ratings >= 0).sum(axis=1)
    mean_labels = num_labels[num_labels > 0].mean()
    share = model_weight / (model_weight + weights.mean() * mean_labels)
    quality = np.full(ratings.shape[1], np.nan)
    for person, own in enumerate(ratings.T):
        rows = np.flatnonzero(own >= 0)
        beside = rows[num_labels[rows] >= 2]
        if len(beside):
            own_quality = posterior[rows, own[rows]].mean()
            quality[person] = share * own_quality + (1 - share) * (own[beside] == labels[beside]).mean()
    return quality


def _votes(ratings: Ratings, num_classes: int, weights: Floats) -> Floats:
    """Return the sum of the weights of those who chose the class, (N, K)."""
    votes = np.zeros((len(ratings), num_classes))
    for own, weight in zip(ratings.T, weights, strict=True):
        rows = np.flatnonzero(own >= 0)
        votes[rows, own[rows]] += weight
    return votes


def _without_shared_items(labels: Labels, num_annotators: int, shape: tuple[int, ...]) -> Consensus:
    nobody = np.full(num_annotators, np.nan)
    return Consensus(labels, np.full(shape, np.nan), np.full(shape[0], np.nan), nobody, nobody, float("nan"))


def _check_probs(ratings: Ratings, pred_probs: npt.NDArray[np.floating]) -> None:
    fits = pred_probs.ndim == 2 and len(pred_probs) == len(ratings) and pred_probs.shape[1] >= 2
    if not fits or ratings.max(initial=-1) >= pred_probs.shape[1]:
        raise ValueError(
            f"pred_probs must be (N, K) with K >= 2 and N and K of the ratings, not {pred_probs.shape} for ratings "
            f"{ratings.shape} with largest code {ratings.max(initial=-1)}."
        )
