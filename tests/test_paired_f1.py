"""Two classifiers on the same labels: scores as scikit-learn has them, and the paired bootstrap row by row."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from lane_core.evidence.paired_f1 import class_scores, paired_scores


def made_up(num_examples: int, num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels, one, other = (rng.integers(0, num_classes, num_examples) for _ in range(3))
    one = np.where(rng.random(num_examples) < 0.6, labels, one)
    return labels, one, np.where(rng.random(num_examples) < 0.7, labels, other)


def patterns(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    rows, repeats = np.unique(np.column_stack(columns), axis=0, return_counts=True)
    return *rows.T, repeats


def macro(labels: np.ndarray, predicted: np.ndarray) -> float:
    return f1_score(labels, predicted, average="macro", zero_division=0)


def test_scores_are_those_of_sklearn() -> None:
    labels, before, after = made_up(400, 7)
    after[:3] = 7  # a class that no label has: it counts for the one that predicts it
    found = paired_scores(*patterns(labels, before, after), num_classes=9)
    assert found.num_examples == 400
    for when, predicted in (("before", before), ("after", after)):
        assert getattr(found.macro_f1, when) == pytest.approx(macro(labels, predicted))
        assert getattr(found.accuracy, when) == pytest.approx(accuracy_score(labels, predicted))


def test_the_interval_is_that_of_resampled_rows() -> None:
    labels, before, after = made_up(300, 4)
    found = paired_scores(*patterns(labels, before, after), num_classes=4)
    rng = np.random.default_rng(5)
    changes = []
    for _ in range(300):
        rows = rng.integers(0, 300, 300)
        changes.append(macro(labels[rows], after[rows]) - macro(labels[rows], before[rows]))
    # Of 300 resamples, a tail percentile has a standard error of about 0.16 standard deviations.
    tolerance = 0.4 * np.std(changes)
    assert (found.macro_f1.low, found.macro_f1.high) == pytest.approx(
        tuple(np.percentile(changes, [2.5, 97.5])), abs=tolerance
    )
    assert found.macro_f1.low < found.macro_f1.change < found.macro_f1.high


def test_pairing_makes_what_two_share_no_doubt() -> None:
    # Both are wrong on the same half; only the second is right on 30 more. Unpaired, that would be open.
    labels = np.zeros(1000, dtype=int)
    before = np.where(np.arange(1000) < 500, 1, 0)
    after = np.where(np.arange(1000) < 470, 1, 0)
    found = paired_scores(*patterns(labels, before, after), num_classes=2).accuracy
    assert found.is_sure
    assert found.change == pytest.approx(0.03)
    # The count of the 30 is binomial, standard deviation 5.4: 1.96 of them on either side.
    assert (found.low, found.high) == pytest.approx((0.0194, 0.0406), abs=0.003)


def test_equal_predictions_have_no_interval_and_are_not_sure() -> None:
    labels, before, _ = made_up(50, 3)
    found = paired_scores(*patterns(labels, before, before), num_classes=3).macro_f1
    assert found.change == 0
    assert np.isnan([found.low, found.high]).all()
    assert not found.is_sure


def test_nothing_cannot_be_compared() -> None:
    nothing = np.array([], dtype=int)
    with pytest.raises(ValueError, match="no example"):
        paired_scores(nothing, nothing, nothing, nothing, num_classes=2)


def test_class_scores_are_those_of_sklearn_and_missing_where_undefined() -> None:
    labels, predicted, _ = made_up(200, 5)
    predicted[predicted == 2] = 1  # never predicted
    found = class_scores(*patterns(labels, predicted), num_classes=6)
    wanted = precision_recall_fscore_support(labels, predicted, labels=range(6), zero_division=np.nan)
    assert found.precision == pytest.approx(wanted[0], nan_ok=True)
    assert found.recall == pytest.approx(wanted[1], nan_ok=True)
    assert np.isnan(found.precision[2])
    assert found.f1[2] == 0
    assert np.isnan(found.f1[5])
