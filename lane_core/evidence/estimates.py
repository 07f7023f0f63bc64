"""What a sample of reviewed examples says about the rest: intervals, wrong labels left, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from statistics import NormalDist
from typing import Literal

WORTH_REVIEWING = 0.1
"""Share of wrong labels among the suspects that makes the queue worth its time: one find in ten decisions."""
ADVICE_WINDOW = 100
"""Newest reviewed suspects to judge the queue by. Of 100, up to 4 wrong end it; of 50, none; under 35 nothing does."""
TOLERABLE_RATE = 0.02
"""Share of wrong labels among the unflagged examples that a data set may keep, where the project names none."""

Advice = Literal["go_on", "check_control", "change_order", "stop"]


@dataclass(frozen=True)
class Estimate:
    """An estimate with its interval."""

    value: float
    """NaN where nothing was sampled."""
    low: float
    high: float


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> Estimate:
    r"""Return a proportion with Wilson's score interval, all in [0, 1].

    With p = successes / trials, n = trials and z the normal quantile of the confidence:

    .. math:: \frac{p + z^2 / 2n \pm z \sqrt{p (1 - p) / n + z^2 / 4n^2}}{1 + z^2 / n}

    Unlike the textbook interval it has a width at 0 and n successes, and stays in [0, 1]. Without a trial: NaN, 0, 1.

    Args:
        successes: For instance the flags that were right; 0 to trials.
        trials: For instance the flags that were reviewed.
        confidence: Above 0 and below 1.

    Raises:
        ValueError: If a number is out of its range; the message holds it.

    Example:
        >>> [round(bound, 3) for bound in (wilson_interval(8, 10).low, wilson_interval(8, 10).high)]
        [0.49, 0.943]

    References:
        Wilson, Probable inference, 1927. Differs: nothing.
    """
    _check_sample(successes, trials, confidence)
    if trials == 0:
        return Estimate(nan, 0.0, 1.0)
    return _wilson(successes / trials, trials, confidence)


def errors_left(wrong: int, sampled: int, population: int, confidence: float = 0.95) -> Estimate:
    r"""Return how many wrong labels are left among the unflagged examples, by a random sample of them.

    Left = not yet seen: those found in the sample are not counted, they are known and can be mended. With p = wrong /
    sampled, n = sampled and M = population:

    .. math:: (M - n) p, \quad M \cdot \text{Wilson}(p, n') - \text{wrong}, \quad n' = n (M - 1) / (M - n)

    cut to the M - n unseen examples. n' is the usual correction for a finite population: the more of it is sampled, the
    narrower the interval, and once all is sampled, exactly 0 are left. Without a sample it is NaN, 0, M.

    Args:
        wrong: Wrong labels found in the sample.
        sampled: Examples in the random sample that were reviewed. It must be random: of suspects it says nothing.
        population: Unflagged examples, the sample included.
        confidence: Above 0 and below 1.

    Raises:
        ValueError: If not 0 <= wrong <= sampled <= population, or the confidence is out of its range; the message holds
            the numbers.
    """
    _check_sample(wrong, sampled, confidence)
    if sampled > population:
        raise ValueError(f"sampled is {sampled}, more than the population of {population}.")
    unseen = population - sampled
    if unseen == 0:
        return Estimate(0.0, 0.0, 0.0)
    if sampled == 0:
        return Estimate(nan, 0.0, float(unseen))
    rate = wrong / sampled
    bounds = _wilson(rate, sampled * (population - 1) / unseen, confidence)
    low, high = (min(max(population * bound - wrong, 0.0), unseen) for bound in (bounds.low, bounds.high))
    return Estimate(unseen * rate, low, high)


def advice(
    window_wrong: int,
    window_reviewed: int,
    suspects_left: int,
    left: Estimate,
    population: int,
    tolerable_rate: float = TOLERABLE_RATE,
) -> Advice:
    """Return what to do next: go on with the suspects, look at the control sample, change the order, or stop.

    Two questions have to be answered "no" before stopping: does the queue still find enough, and do the examples it
    would never show hide too much? Each is answered by the end of its 95 % interval that is against stopping, so a
    small sample never stops anybody:

    1. "go_on" while suspects are left and one in ten of the newest may still be wrong (upper end of Wilson's interval
       at least 0.1). Later suspects are less likely wrong than the newest, the queue being ranked.
    2. "stop" if at most the tolerable share of the unflagged examples is wrong (upper end of ``left``).
    3. "change_order" if surely more are wrong (lower end): this order is used up and does not find them, since their
       labels look right to it. Another score may, or a review at random.
    4. "check_control" otherwise: the control sample is too small to tell. Review more of it.

    A rule of thumb, no guarantee: whoever looks after each decision looks many times. The suspects that are skipped by
    stopping are not in ``left``; up to one in ten of them may be wrong.

    Args:
        window_wrong: Wrong labels among the newest reviewed suspects.
        window_reviewed: How many suspects that is, for instance the newest ADVICE_WINDOW.
        suspects_left: Flagged examples not yet reviewed.
        left: Of ``errors_left``.
        population: Unflagged examples, as given to ``errors_left``.
        tolerable_rate: Share of them that may stay wrong, in [0, 1].

    Raises:
        ValueError: If not 0 <= window_wrong <= window_reviewed; the message holds the numbers.
    """
    if suspects_left > 0 and wilson_interval(window_wrong, window_reviewed).high >= WORTH_REVIEWING:
        return "go_on"
    tolerable = tolerable_rate * population
    if left.high <= tolerable:
        return "stop"
    return "change_order" if left.low > tolerable else "check_control"


def _wilson(rate: float, trials: float, confidence: float) -> Estimate:
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    shrink = 1 + z * z / trials
    middle = (rate + z * z / (2 * trials)) / shrink
    half = z * sqrt(rate * (1 - rate) / trials + (z / (2 * trials)) ** 2) / shrink
    low = 0.0 if rate == 0 else middle - half
    high = 1.0 if rate == 1 else middle + half
    return Estimate(rate, low, high)


def _check_sample(successes: int, trials: int, confidence: float) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} cannot be: the first number must be from 0 to the second.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must be above 0 and below 1.")
