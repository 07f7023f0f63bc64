"""Confident learning: by hand on 6 rows x 3 classes, against numbers of cleanlab 2.9, degenerate inputs."""

from __future__ import annotations

import numpy as np
import pytest

from lane_core.evidence.confident_learning import (
    adjusted_self_confidence,
    class_thresholds,
    confident_joint,
    flag_by_confident_joint,
    flag_by_noise_rate,
    normalised_margin,
    self_confidence,
)

SIX = np.array(
    [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.7, 0.2], [0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.4, 0.4]]
)
SIX_LABELS = np.array([0, 0, 1, 1, 2, 2])

# The numbers of test_cleanlab_* were printed by cleanlab 2.9.0: count.compute_confident_joint(labels, probs) with
# calibrate=False and True, count.get_confident_thresholds, filter.find_label_issues with filter_by="confident_learning"
# and its default, and rank.get_label_quality_scores with the methods and adjust_pred_probs of the tests' names.
PROBS = np.array(
    [
        [0.61, 0.31, 0.08],
        [0.06, 0.72, 0.22],
        [0.1, 0.06, 0.84],
        [0.59, 0.18, 0.23],
        [0.15, 0.83, 0.02],
        [0.17, 0.13, 0.7],
        [0.64, 0.13, 0.23],
        [0.12, 0.83, 0.05],
        [0.19, 0.27, 0.54],
        [0.94, 0.02, 0.04],
        [0.08, 0.67, 0.25],
        [0.11, 0.02, 0.87],
        [0.66, 0.04, 0.3],
        [0.16, 0.7, 0.14],
        [0.17, 0.33, 0.5],
    ]
)
LABELS = np.array([0, 0, 0, 2, 1, 2, 0, 1, 2, 0, 1, 0, 0, 0, 2])


def test_scores_by_hand() -> None:
    assert self_confidence(SIX, SIX_LABELS).tolist() == [0.8, 0.6, 0.7, 0.2, 0.6, 0.4]
    # (P_y - best other + 1) / 2.
    assert normalised_margin(SIX, SIX_LABELS).tolist() == pytest.approx([0.85, 0.65, 0.75, 0.25, 0.65, 0.5])


def test_thresholds_are_the_mean_self_confidence_of_a_class() -> None:
    assert class_thresholds(SIX, SIX_LABELS).tolist() == pytest.approx([0.7, 0.45, 0.5])


def test_adjusted_self_confidence_by_hand() -> None:
    # Thresholds .7, .45, .5 add 0, .25, .2 to the probabilities; the sum is then 1.45.
    expected = [0.8 / 1.45, 0.6 / 1.45, 0.95 / 1.45, 0.45 / 1.45, 0.8 / 1.45, 0.6 / 1.45]
    assert adjusted_self_confidence(SIX, SIX_LABELS).tolist() == pytest.approx(expected)


def test_confident_joint_by_hand() -> None:
    # Reached thresholds (.7, .45, .5): row 0 class 0, row 1 none, row 2 class 1, row 3 class 0, row 4 class 2, row 5
    # none. Each class is given twice, so row 0 and row 2 of the counts are doubled.
    found = confident_joint(SIX, SIX_LABELS)
    assert found.guesses.tolist() == [0, -1, 1, 0, 2, -1]
    assert found.counts.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert found.joint.tolist() == [[2, 0, 0], [1, 1, 0], [0, 0, 2]]
    assert found.noise_rate == pytest.approx(1 / 6)
    for flag in (flag_by_confident_joint, flag_by_noise_rate):
        assert flag(SIX, SIX_LABELS).tolist() == [False, False, False, True, False, False]


def test_of_several_reached_classes_the_likeliest_reached_one_is_the_guess() -> None:
    # Thresholds .9, .3, .2. Row 1 reaches classes 1 and 2 but not the likeliest of all, 0.
    probs = np.array([[0.9, 0.05, 0.05], [0.5, 0.3, 0.2], [0.3, 0.5, 0.2]])
    labels = np.array([0, 1, 2])
    assert confident_joint(probs, labels).guesses.tolist() == [0, 1, 1]


def test_a_threshold_is_reached_despite_rounding() -> None:
    # The mean of three times .1 is above .1 by the last bit.
    probs = np.array([[0.1, 0.9], [0.1, 0.9], [0.1, 0.9], [0.05, 0.95]])
    assert confident_joint(probs, np.array([0, 0, 0, 1])).guesses.tolist() == [0, 0, 0, 1]


def test_what_is_predicted_as_given_is_never_flagged() -> None:
    # Thresholds: 0 (.9 + .5) / 2 = .7, 1 (.4 + .4) / 2 = .4. Row 1 reaches class 1 alone, yet .5 > .4: the given label.
    probs = np.array([[0.9, 0.05, 0.05], [0.5, 0.45, 0.05], [0.1, 0.4, 0.5], [0.5, 0.4, 0.1]])
    labels = np.array([0, 0, 1, 1])
    assert confident_joint(probs, labels).guesses.tolist() == [0, 1, 1, 1]
    assert not flag_by_confident_joint(probs, labels)[1]
    assert not flag_by_noise_rate(probs, labels)[1]


def test_noise_rate_flags_the_largest_excess() -> None:
    # Thresholds .589 and .85. Class 0 has 8 examples; its confident ones are 4 of class 0 and 2 of class 1, so
    # 8 / 6 * 2 = 2.67 -> 3 of them go: those with the largest P_1 - P_0, of which row 6 reaches no threshold.
    first = [0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.45, 0.46]
    probs = np.array([[p, 1 - p] for p in first] + [[0.1, 0.9], [0.2, 0.8]])
    labels = np.array([0] * 8 + [1, 1])
    found = confident_joint(probs, labels)
    assert found.counts.tolist() == [[4, 2], [0, 1]]
    assert found.joint.tolist() == [[5, 3], [0, 2]]
    assert np.flatnonzero(flag_by_noise_rate(probs, labels)).tolist() == [4, 5, 6]
    assert np.flatnonzero(flag_by_confident_joint(probs, labels)).tolist() == [4, 5]


def test_a_rounding_tie_goes_to_the_diagonal() -> None:
    # Class 0 counts one confident example of each class, and has three: 1.5 and 1.5 become 2 and 1.
    probs = np.array([[0.9, 0.1], [0.1, 0.9], [0.35, 0.65], [0.2, 0.8]])
    labels = np.array([0, 0, 0, 1])
    found = confident_joint(probs, labels)
    assert found.counts.tolist() == [[1, 1], [0, 1]]
    assert found.joint.tolist() == [[2, 1], [0, 1]]


def test_cleanlab_joint() -> None:
    found = confident_joint(PROBS, LABELS)
    assert class_thresholds(PROBS, LABELS).tolist() == pytest.approx([0.41, 0.776666667, 0.4925])
    assert found.counts.tolist() == [[4, 0, 2], [0, 2, 0], [1, 0, 3]]
    assert found.joint.tolist() == [[5, 0, 3], [0, 3, 0], [1, 0, 3]]
    assert found.noise_rate == pytest.approx(4 / 15)


def test_cleanlab_flags() -> None:
    assert np.flatnonzero(flag_by_confident_joint(PROBS, LABELS)).tolist() == [2, 3, 11]
    assert np.flatnonzero(flag_by_noise_rate(PROBS, LABELS)).tolist() == [1, 2, 3, 11]


def test_cleanlab_scores() -> None:
    normalised = [0.65, 0.17, 0.13, 0.32, 0.84, 0.765, 0.705, 0.855, 0.635, 0.95, 0.71, 0.12, 0.68, 0.23]
    assert normalised_margin(PROBS, LABELS).tolist() == pytest.approx([*normalised, 0.585])
    adjusted = [0.5916204, 0.2584553, 0.2826855, 0.3114589, 0.5027764, 0.5961636, 0.609793, 0.5027764]
    adjusted += [0.4992428, 0.7915194, 0.4058556, 0.2887431, 0.6219081, 0.3190308, 0.4750126]
    assert adjusted_self_confidence(PROBS, LABELS).tolist() == pytest.approx(adjusted, abs=1e-7)


def test_a_class_that_none_is_labelled() -> None:
    labels = np.array([0, 0, 0, 0, 2, 2])
    found = confident_joint(SIX, labels)
    assert class_thresholds(SIX, labels)[1] == np.inf
    assert 1 not in found.guesses
    assert found.joint[1].tolist() == [0, 0, 0]
    assert found.joint.sum(axis=1).tolist() == [4, 0, 2]
    # Thresholds (.8 + .6 + .1 + .7) / 4 = .55 and .5: class 1 is taken at .55 too.
    expected = np.array([0.8, 0.6, 0.1, 0.7, 0.65, 0.45]) / 1.05
    np.testing.assert_allclose(adjusted_self_confidence(SIX, labels), expected)


def test_equal_probabilities_accuse_nobody() -> None:
    probs = np.full((6, 3), 1 / 3)
    found = confident_joint(probs, SIX_LABELS)
    # Everybody reaches every threshold; the first class wins the tie.
    assert found.guesses.tolist() == [0] * 6
    assert not flag_by_confident_joint(probs, SIX_LABELS).any()
    assert not flag_by_noise_rate(probs, SIX_LABELS).any()
    assert normalised_margin(probs, SIX_LABELS).tolist() == [0.5] * 6


def test_no_examples() -> None:
    probs, labels = np.zeros((0, 3)), np.zeros(0, dtype=np.int64)
    assert confident_joint(probs, labels).noise_rate == 0
    assert confident_joint(probs, labels).joint.sum() == 0
    for function in (self_confidence, normalised_margin, adjusted_self_confidence, flag_by_noise_rate):
        assert function(probs, labels).shape == (0,)


def test_order_of_examples_and_names_of_classes_do_not_matter() -> None:
    drawn = np.random.default_rng(0)
    labels = drawn.integers(0, 4, 400)
    probs = drawn.dirichlet(np.ones(4), 400) + np.eye(4)[np.where(drawn.random(400) < 0.3, 0, labels)]
    probs /= probs.sum(axis=1, keepdims=True)
    order, codes = drawn.permutation(400), np.array([2, 0, 3, 1])
    renamed = np.empty_like(probs)
    renamed[:, codes] = probs
    functions = (
        self_confidence,
        normalised_margin,
        adjusted_self_confidence,
        flag_by_confident_joint,
        flag_by_noise_rate,
    )
    for function in functions:
        expected = function(probs, labels)
        np.testing.assert_allclose(function(probs[order], labels[order]), expected[order])
        np.testing.assert_allclose(function(renamed, codes[labels]), expected)
    joint = confident_joint(probs, labels).joint
    np.testing.assert_array_equal(confident_joint(renamed, codes[labels]).joint[np.ix_(codes, codes)], joint)


def test_rows_of_the_joint_sum_to_the_class_counts() -> None:
    drawn = np.random.default_rng(5)
    for num_classes in (2, 3, 9):
        labels = drawn.integers(0, num_classes, 101)
        found = confident_joint(drawn.dirichlet(np.ones(num_classes), 101), labels)
        assert found.joint.sum(axis=1).tolist() == np.bincount(labels, minlength=num_classes).tolist()
        assert (found.joint >= 0).all()


@pytest.mark.parametrize("shape", [(6,), (6, 1), (5, 3), (6, 3, 1)])
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"labels \(N,\), not"):
        self_confidence(np.full(shape, 0.5), SIX_LABELS)
