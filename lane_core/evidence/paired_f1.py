"""Two classifiers on the same labelled examples: how far apart they are, and how sure that is.

Examples with the same label and the same two predictions are one pattern, so that 100,000 examples are a few thousand
rows. Intervals are percentiles of a paired bootstrap over the examples: both classifiers are measured on the same
resample, so that what makes an example hard for both does not widen the interval of their difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lane_core.evidence.item_bootstrap import intervals

NUM_RESAMPLES = 1000
FEWEST_RESAMPLES = 200
MOST_DRAWN = 20_000_000
"""Examples times resamples: 100,000 examples get 200 resamples, enough for the narrow intervals they have."""

Codes = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A score of two classifiers on the same examples, 0 to 1, and its change with a 95 % interval.

    ``low`` and ``high`` are NaN where every resample gives the same change: equal predictions, or one pattern.
    """

    before: float
    after: float
    low: float
    """Of the change."""
    high: float

    @property
    def change(self) -> float:
        """After minus before."""
        return self.after - self.before

    @property
    def is_sure(self) -> bool:
        """Whether the interval of the change leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class PairedScores:
    """Two classifiers against the same labels."""

    macro_f1: Difference
    accuracy: Difference
    num_examples: int


@dataclass(frozen=True, eq=False)
class ClassScores:
    """How well each class is predicted, (K,), 0 to 1."""

    precision: Floats
    """NaN for a class that is never predicted."""
    recall: Floats
    """NaN for a class without an example."""
    f1: Floats
    """NaN for a class that is neither labelled nor predicted."""


def paired_scores(
    labels: Codes, before: Codes, after: Codes, repeats: Codes, num_classes: int, seed: int = 0
) -> PairedScores:
    r"""Return macro F1 and accuracy of two classifiers and the intervals of their differences.

    With n_k examples of class k, p_k of them predicted as k, and t_k rightly so:

    .. math:: F_1 = \frac{1}{|C|} \sum_{k \in C} \frac{2 t_k}{n_k + p_k}, \quad C = \{k : n_k + p_k > 0\}

    as ``sklearn.metrics.f1_score(average="macro", zero_division=0)`` has it, each classifier with its own C. The
    interval of a change is that of its 2.5th to 97.5th percentile in resamples of the examples.

    Args:
        labels: Class codes of U patterns, (U,), 0 to num_classes - 1; predictions likewise.
        before: What the first classifier predicts, (U,).
        after: What the second predicts, (U,).
        repeats: Examples of each pattern, (U,).
        num_classes: K.
        seed: Of the resamples; the same seed gives the same interval.

    Raises:
        ValueError: If there is no example; a mean over none says nothing.
    """
    num_examples = int(repeats.sum())
    if num_examples == 0:
        raise ValueError("There is no example to compare two classifiers on.")
    count = _Counter(labels, before, after, num_classes)
    both = count.scores(repeats.astype(np.float64))
    num_resamples = max(FEWEST_RESAMPLES, min(NUM_RESAMPLES, MOST_DRAWN // num_examples))
    rng = np.random.default_rng(seed)
    pattern = np.repeat(np.arange(len(repeats)), repeats)
    changes = np.empty((num_resamples, 2))
    for place in range(num_resamples):
        # Half the time of a multinomial draw, which walks through every pattern.
        drawn = pattern[rng.integers(num_examples, size=num_examples)]
        one, other = count.scores(np.bincount(drawn, minlength=len(repeats)).astype(np.float64))
        changes[place] = other - one
    lows, highs = intervals(both[1] - both[0], changes)
    f1, accuracy = (
        Difference(float(both[0, at]), float(both[1, at]), float(lows[at]), float(highs[at])) for at in (0, 1)
    )
    return PairedScores(f1, accuracy, num_examples)


def class_scores(labels: Codes, predicted: Codes, repeats: Codes, num_classes: int) -> ClassScores:
    """Return precision, recall and F1 of each class.

    Args:
        labels: Class codes of U patterns, (U,), 0 to num_classes - 1.
        predicted: What is predicted, (U,).
        repeats: Examples of each pattern, (U,).
        num_classes: K.
    """
    times = repeats.astype(np.float64)
    num_labelled = np.bincount(labels, times, num_classes)
    num_predicted = np.bincount(predicted, times, num_classes)
    right = np.bincount(labels, times * (labels == predicted), num_classes)
    with np.errstate(invalid="ignore"):
        return ClassScores(
            precision=right / num_predicted,
            recall=right / num_labelled,
            f1=2 * right / (num_labelled + num_predicted),
        )


class _Counter:
    """Scores of two classifiers from how often each pattern was drawn."""

    def __init__(self, labels: Codes, before: Codes, after: Codes, num_classes: int) -> None:
        self._labels = labels
        self._predicted = (before, after)
        self._is_right = (labels == before, labels == after)
        self._num_classes = num_classes

    def scores(self, times: Floats) -> Floats:
        """Return macro F1 and accuracy of the one and the other, (2, 2)."""
        num_labelled = np.bincount(self._labels, times, self._num_classes)
        found = np.empty((2, 2))
        for place, (predicted, is_right) in enumerate(zip(self._predicted, self._is_right, strict=True)):
            right = np.bincount(self._labels, times * is_right, self._num_classes)
            either = num_labelled + np.bincount(predicted, times, self._num_classes)
            is_there = either > 0
            found[place] = (2 * right[is_there] / either[is_there]).mean(), right.sum() / times.sum()
        return found
