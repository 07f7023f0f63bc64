"""How far people agree about labels: percent, Cohen's and Fleiss' kappa, Krippendorff's alpha, with intervals.

Ratings are a matrix (N, A) of class codes, one row an example and one column a person; -1 = did not label it. Only
items with at least two labels count, since one label agrees with nothing. Intervals are percentiles of a bootstrap over
the items (``item_bootstrap``): every coefficient is a function of sums over items.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from lane_core.evidence.item_bootstrap import values_and_intervals

NUM_RESAMPLES = 1000
SMALLEST_CHANCE_GAP = 1e-12
"""Below it, chance alone already explains full agreement, and a kappa is 0 / 0."""

Ratings = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """A coefficient of agreement with its 95 % interval.

    ``value`` is NaN where the coefficient is undefined: no item with two labels or, for kappas and alphas, one class
    only, where agreement by chance is already full. ``low`` and ``high`` are NaN there too, and where every resample
    gives the same value (no disagreement at all, or one item): then the items hold no sign of how far the value could
    move, and an interval without width would claim certainty.
    """

    value: float
    """1 = full agreement; for kappas and alphas 0 = as by chance, and they may be negative."""
    low: float
    high: float
    num_items: int
    """Items with at least two labels that it was computed on."""


@dataclass(frozen=True)
class ClassAgreement:
    """How far people agree about one class."""

    class_code: int
    agreement: Agreement
    """Share of agreeing pairs among the pairs of labels of which at least one is the class."""
    alpha: Agreement
    """Krippendorff's alpha of this class against all others together."""


@dataclass(frozen=True)
class PairAgreement:
    """How far two people agree, on the items that both labelled."""

    person_a: int
    """Column of the ratings."""
    person_b: int
    num_items: int
    percent: Agreement
    kappa: Agreement


def percent_agreement(ratings: Ratings, num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> Agreement:
    r"""Return the mean over items of the share of agreeing pairs of labels.

    With n_ik the labels k on item i, n_i their sum and N the items with n_i >= 2:

    .. math:: \frac{1}{N} \sum_i \frac{\sum_k n_{ik} (n_{ik} - 1)}{n_i (n_i - 1)}

    Not corrected for chance: it is high wherever one class is common.

    Args:
        ratings: Class codes, (N, A), -1 = not labelled.
        num_resamples: Bootstrap resamples of the items.
        seed: Of the resamples; the same seed gives the same interval.

    Raises:
        ValueError: If ratings is no matrix or holds a code below -1; the message holds what was seen.

    Example:
        >>> percent_agreement(np.array([[0, 0, 1], [1, 1, -1]])).value.__round__(3)
        0.667
    """
    patterns = _patterns(ratings)
    terms = np.column_stack([_agreeing_share(patterns.counts), np.ones(len(patterns.counts))])
    return _single(patterns.repeats, terms, lambda sums: sums[:, 0] / sums[:, 1], num_resamples, seed)


def cohen_kappa(
    labels_a: Ratings, labels_b: Ratings, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> Agreement:
    r"""Return Cohen's kappa of two people on the items that both labelled.

    With p_o the share of items on which they agree, and p_ak, p_bk how often each chose class k:

    .. math:: \kappa = (p_o - p_e) / (1 - p_e), \quad p_e = \sum_k p_{ak} p_{bk}

    NaN where both chose the same one class always, or share no item.

    Args:
        labels_a: Class codes of one person, (N,), -1 = not labelled.
        labels_b: Of the other, (N,).
        num_resamples: As in ``percent_agreement``; seed and errors too.
        seed: Of the resamples.

    References:
        Cohen, A coefficient of agreement for nominal scales, 1960. Differs: nothing.
    """
    return _percent_and_kappa(labels_a, labels_b, num_resamples, seed)[1]


def fleiss_kappa(ratings: Ratings, num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> Agreement:
    r"""Return Fleiss' kappa, for any number of labels from two on an item.

    With P the ``percent_agreement`` and n_ik, n_i and N as there:

    .. math:: \kappa = (P - P_e) / (1 - P_e), \quad P_e = \sum_k \Big(\frac{1}{N} \sum_i \frac{n_{ik}}{n_i}\Big)^2

    Every item weighs the same, however many people labelled it. Who gave a label does not matter. Arguments and errors
    as ``percent_agreement``; NaN where only one class was chosen.

    References:
        Fleiss, Measuring nominal scale agreement among many raters, 1971. Differs: n_i instead of one n, as in Gwet,
        Handbook of Inter-Rater Reliability, 2014; class shares from items with at least two labels only.
    """
    patterns = _patterns(ratings)
    shares = patterns.counts / patterns.counts.sum(axis=1, keepdims=True)
    terms = np.column_stack([_agreeing_share(patterns.counts), shares])

    def kappa(sums: Floats) -> Floats:
        num_items = sums[:, 1:].sum(axis=1)
        by_chance = ((sums[:, 1:] / num_items[:, None]) ** 2).sum(axis=1)
        return _above_chance(sums[:, 0] / num_items, by_chance)

    return _single(patterns.repeats, terms, kappa, num_resamples, seed)


def krippendorff_alpha(ratings: Ratings, num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> Agreement:
    r"""Return Krippendorff's alpha for nominal classes, with any labels missing.

    With n_ik and n_i as in ``percent_agreement``, n_k = sum_i n_ik and n = sum_k n_k over items with n_i >= 2:

    .. math:: \alpha = 1 - (n - 1)
        \frac{\sum_i \sum_k n_{ik} (n_i - n_{ik}) / (n_i - 1)}{\sum_k n_k (n - n_k)}

    An item weighs as many as it has labels. Arguments and errors as ``percent_agreement``; NaN where only one class was
    chosen.

    References:
        Krippendorff, Computing Krippendorff's alpha-reliability, 2011, nominal metric. Differs: nothing.
    """
    patterns = _patterns(ratings)
    terms = np.column_stack([_disagreements(patterns.counts).sum(axis=1), patterns.counts])

    def alpha(sums: Floats) -> Floats:
        chosen = sums[:, 1:]
        total = chosen.sum(axis=1)
        return _alpha(sums[:, 0], (chosen * (total[:, None] - chosen)).sum(axis=1), total)

    return _single(patterns.repeats, terms, alpha, num_resamples, seed)


def class_agreements(
    ratings: Ratings, num_classes: int, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> tuple[ClassAgreement, ...]:
    r"""Return how far people agree about each class, K records in the order of the classes.

    With n_ik and n_i as in ``percent_agreement``, the agreement about class k is

    .. math:: \frac{\sum_i n_{ik} (n_{ik} - 1) / 2}{\sum_i n_{ik} (n_{ik} - 1) / 2 + n_{ik} (n_i - n_{ik})}

    and its alpha that of ``krippendorff_alpha`` when all other classes are one. Both are NaN for a class nobody chose
    on an item with two labels. ``num_items`` are: of the agreement, the items on which somebody chose the class; of the
    alpha, all items with two labels. Arguments as ``percent_agreement``.

    Raises:
        ValueError: As ``percent_agreement``, and if a code is not below num_classes.
    """
    if ratings.max(initial=-1) >= num_classes:
        raise ValueError(f"ratings hold class code {ratings.max()}, with num_classes {num_classes}.")
    patterns = _patterns(ratings, num_classes)
    counts = patterns.counts
    agreeing = counts * (counts - 1) / 2
    mixed = counts * (counts.sum(axis=1, keepdims=True) - counts)
    terms = np.hstack([agreeing, agreeing + mixed, 2 * _disagreements(counts), counts])

    def both(sums: Floats) -> Floats:
        same, touched, disagreements, chosen = np.split(sums, 4, axis=1)
        total = chosen.sum(axis=1, keepdims=True)
        alphas = _alpha(disagreements, 2 * chosen * (total - chosen), total)
        return np.hstack([same / touched, alphas])

    values, lows, highs = values_and_intervals(patterns.repeats, terms, both, num_resamples, seed)
    num_touched = patterns.repeats @ (counts > 0)
    num_items = int(patterns.repeats.sum())
    return tuple(
        ClassAgreement(
            code,
            Agreement(values[code], lows[code], highs[code], int(num_touched[code])),
            Agreement(values[other], lows[other], highs[other], num_items),
        )
        for code, other in enumerate(range(num_classes, 2 * num_classes))
    )


def pair_agreements(
    ratings: Ratings, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> tuple[PairAgreement, ...]:
    """Return how far each two people agree, A (A - 1) / 2 records in the order (0, 1), (0, 2) and so on.

    A pair without a common item is there with num_items 0 and NaN. Arguments and errors as ``percent_agreement``.
    """
    check_ratings(ratings)
    pairs = []
    for person_a, person_b in combinations(range(ratings.shape[1]), 2):
        percent, kappa = _percent_and_kappa(ratings[:, person_a], ratings[:, person_b], num_resamples, seed)
        pairs.append(PairAgreement(person_a, person_b, percent.num_items, percent, kappa))
    return tuple(pairs)


def _percent_and_kappa(
    labels_a: Ratings, labels_b: Ratings, num_resamples: int, seed: int
) -> tuple[Agreement, Agreement]:
    pairs = _rows_of_two(np.column_stack([labels_a, labels_b]))
    cells, repeats = np.unique(pairs, axis=0, return_counts=True)
    classes = np.arange(pairs.max(initial=-1) + 1)
    is_same = cells[:, :1] == cells[:, 1:]
    terms = np.hstack([is_same, cells[:, :1] == classes, cells[:, 1:] == classes]).astype(np.float64)

    def both(sums: Floats) -> Floats:
        chose_a, chose_b = np.split(sums[:, 1:], 2, axis=1)
        num_items = chose_a.sum(axis=1)
        observed = sums[:, 0] / num_items
        by_chance = (chose_a * chose_b).sum(axis=1) / num_items**2
        return np.column_stack([observed, _above_chance(observed, by_chance)])

    values, lows, highs = values_and_intervals(repeats, terms, both, num_resamples, seed)
    num_items = int(repeats.sum())
    return Agreement(values[0], lows[0], highs[0], num_items), Agreement(
        values[1], lows[1], highs[1], num_items
    )


@dataclass(frozen=True, eq=False)
class _Patterns:
    """The different rows of labels among items with at least two; who gave which label is left out."""

    counts: Floats
    """(U, K), labels of each class in a pattern."""
    repeats: npt.NDArray[np.int64]
    """(U,), items with the pattern."""


def _patterns(ratings: Ratings, num_classes: int | None = None) -> _Patterns:
    rows, repeats = np.unique(np.sort(_rows_of_two(ratings), axis=1), axis=0, return_counts=True)
    width = rows.max(initial=-1) + 1 if num_classes is None else num_classes
    counts = np.zeros((len(rows), width))
    for column in rows.T:
        is_labelled = column >= 0
        counts[is_labelled, column[is_labelled]] += 1
    return _Patterns(counts, repeats)


def _rows_of_two(ratings: Ratings) -> Ratings:
    check_ratings(ratings)
    return np.asarray(ratings[(ratings >= 0).sum(axis=1) >= 2])


def check_ratings(ratings: Ratings) -> None:
    """Raise ValueError if ratings is no matrix or holds a code below -1; the message holds what was seen."""
    if ratings.ndim != 2 or ratings.min(initial=0) < -1:
        raise ValueError(
            f"ratings must be (N, A) with class codes from 0, or -1 for none, not shape {ratings.shape} with "
            f"smallest code {ratings.min(initial=0)}."
        )


def _agreeing_share(counts: Floats) -> Floats:
    totals = counts.sum(axis=1)
    return np.asarray((counts * (counts - 1)).sum(axis=1) / (totals * (totals - 1)))


def _disagreements(counts: Floats) -> Floats:
    """Return n_ik (n_i - n_ik) / (n_i - 1), (U, K)."""
    totals = counts.sum(axis=1, keepdims=True)
    return np.asarray(counts * (totals - counts) / (totals - 1))


def _above_chance(observed: Floats, by_chance: Floats) -> Floats:
    gap = 1 - by_chance
    return np.where(gap > SMALLEST_CHANCE_GAP, (observed - by_chance) / gap, np.nan)


def _alpha(disagreements: Floats, expected: Floats, total: Floats) -> Floats:
    return np.asarray(1 - (total - 1) * disagreements / expected)


def _single(
    repeats: npt.NDArray[np.int64],
    terms: Floats,
    coefficient: Callable[[Floats], Floats],
    num_resamples: int,
    seed: int,
) -> Agreement:
    """Return one coefficient, a function from (R, S) sums of the terms to (R,), with its interval."""
    values, lows, highs = values_and_intervals(
        repeats, terms, lambda sums: coefficient(sums)[:, None], num_resamples, seed
    )
    return Agreement(values[0], lows[0], highs[0], int(repeats.sum()))
