"""Consensus: majority, CROWDLAB by hand and against numbers of cleanlab 2.9, properties, degenerate inputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.evidence.consensus import crowdlab, majority_label

Floats = npt.NDArray[np.float64]
Ratings = npt.NDArray[np.int64]

# One tie (item 5), one item with one label, two items (1 and 3) whose majority the model outvotes. The numbers of
# test_crowdlab_equals_cleanlab were printed by cleanlab 2.9.0, multiannotator.get_label_quality_multiannotator with
# return_weights=True, NaN for -1.
EIGHT = np.array(
    [
        [-1, 1, 0, 1],
        [0, 0, 0, -1],
        [2, 2, 2, 0],
        [2, 0, -1, 2],
        [0, -1, 0, 2],
        [0, 1, -1, 2],
        [0, -1, -1, -1],
        [-1, 0, -1, 0],
    ]
)
EIGHT_PROBS = np.array(
    [
        [0.04, 0.96, 0.0],
        [0.0, 0.67, 0.33],
        [0.35, 0.05, 0.6],
        [0.09, 0.72, 0.19],
        [0.95, 0.03, 0.02],
        [0.86, 0.11, 0.03],
        [0.79, 0.03, 0.18],
        [0.63, 0.05, 0.32],
    ]
)


def random_case(seed: int, num_people: int = 4, num_classes: int = 3) -> tuple[Ratings, Floats]:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, num_classes, 40)
    shape = (40, num_people)
    ratings = np.where(rng.random(shape) < 0.7, true[:, None], rng.integers(0, num_classes, shape))
    probs = rng.dirichlet(np.ones(num_classes), 40) * 0.5 + 0.5 * np.eye(num_classes)[true]
    return np.where(rng.random(shape) < 0.3, -1, ratings), probs


def test_majority_needs_a_single_leader() -> None:
    ratings = np.array([[2, 2, 0], [0, 1, -1], [-1, 3, -1], [-1, -1, -1], [0, 1, 2]])
    assert majority_label(ratings).tolist() == [2, -1, 3, -1, -1]
    assert majority_label(np.empty((0, 2), dtype=np.int64)).tolist() == []
    assert majority_label(np.empty((2, 0), dtype=np.int64)).tolist() == [-1, -1]
    assert majority_label(np.array([[0, 0], [-1, -1]])).tolist() == [0, -1]


def test_crowdlab_equals_cleanlab() -> None:
    result = crowdlab(EIGHT, EIGHT_PROBS)
    assert result.labels.tolist() == [1, 1, 2, 1, 0, 0, 0, 0]
    assert result.quality.tolist() == pytest.approx(
        [
            0.8525755335738212,
            0.5666290426608855,
            0.5720617603911247,
            0.643070369096528,
            0.8554584884847078,
            0.783748114700845,
            0.7568502635547719,
            0.6200532137588246,
        ]
    )
    assert result.annotator_weights.tolist() == pytest.approx([9 / 44, 1 / 8, 2 / 9, 1e-6])
    assert result.model_weight == pytest.approx(1.6583123951777)
    assert result.annotator_quality.tolist() == pytest.approx(
        [0.5613153109184016, 0.4250527287843841, 0.4292958410992037, 0.35499789097859363]
    )


def test_crowdlab_by_hand() -> None:
    # Two people; they agree on items 0, 1, 2 and not on 3, where the model breaks the tie for class 1.
    ratings = np.array([[0, 0], [0, 0], [1, 1], [0, 1]])
    probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    result = crowdlab(ratings, probs)
    # A = (1 + 1 + 1 + .5) / 4; e = 2 / 4; agr = 3 / 4, so w_a = 1 - .25 / .5; the model errs nowhere, so w_M = sqrt(2).
    agreement, weight, model_weight = 0.875, 0.5, 2**0.5
    assert result.labels.tolist() == [0, 0, 1, 1]
    assert result.annotator_weights.tolist() == pytest.approx([weight, weight])
    assert result.model_weight == pytest.approx(model_weight)
    total = model_weight + 2 * weight
    first = (model_weight * 0.9 + 2 * weight * agreement) / total
    last = (model_weight * 0.6 + weight * agreement + weight * (1 - agreement)) / total
    assert result.posterior[[0, 3], [0, 1]].tolist() == pytest.approx([first, last])
    assert result.quality[[0, 3]].tolist() == pytest.approx([first, last])
    share = model_weight / (model_weight + 2 * weight)
    own = result.posterior[range(4), ratings[:, 1]].mean()
    assert result.annotator_quality[1] == pytest.approx(share * own + (1 - share) * 1.0)


def test_a_tie_that_the_model_leaves_goes_to_the_rarer_class() -> None:
    ratings = np.array([[0, 1], [0, 0], [0, 0], [1, 1], [0, 2]])
    probs = np.full((5, 3), 1 / 3)
    assert crowdlab(ratings, probs).labels.tolist() == [1, 0, 0, 1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_posteriors_are_probabilities_and_quality_is_theirs(seed: int) -> None:
    ratings, probs = random_case(seed)
    result = crowdlab(ratings, probs)
    assert result.posterior.sum(axis=1) == pytest.approx(np.ones(40))
    assert result.posterior.min() >= 0
    assert result.quality.tolist() == result.posterior[np.arange(40), result.labels].tolist()
    assert np.all((result.annotator_quality >= 0) & (result.annotator_quality <= 1))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.permutations(range(3)), st.permutations(range(4)))
def test_names_of_classes_and_order_of_people_do_not_matter(
    seed: int, order: list[int], people: list[int]
) -> None:
    ratings, probs = random_case(seed)
    plain = crowdlab(ratings, probs)
    renamed = crowdlab(np.array([*order, -1])[ratings][:, people], probs[:, np.argsort(order)])
    assert renamed.labels.tolist() == np.array(order)[plain.labels].tolist()
    assert renamed.quality == pytest.approx(plain.quality)
    assert renamed.annotator_weights == pytest.approx(plain.annotator_weights[people])
    assert renamed.annotator_quality == pytest.approx(plain.annotator_quality[people])


def test_a_careless_person_weighs_less() -> None:
    ratings, probs = random_case(1)
    ratings[:, 3] = np.random.default_rng(0).integers(0, 3, 40)
    result = crowdlab(ratings, probs)
    assert result.annotator_weights.argmin() == 3
    assert result.annotator_quality.argmin() == 3


def test_without_a_shared_item_there_is_only_the_majority() -> None:
    ratings = np.array([[0, -1], [-1, 1], [-1, -1]])
    result = crowdlab(ratings, np.array([[0.2, 0.8], [0.6, 0.4], [0.9, 0.1]]))
    assert result.labels.tolist() == [0, 1, 0]
    for array in (result.posterior, result.quality, result.annotator_weights, result.annotator_quality):
        assert np.isnan(array).all()
    assert np.isnan(result.model_weight)


def test_items_and_people_without_labels_change_nothing_for_the_others() -> None:
    plain = crowdlab(EIGHT, EIGHT_PROBS)
    ratings = np.full((9, 4), -1)
    ratings[:8] = EIGHT
    more = crowdlab(ratings, np.vstack([EIGHT_PROBS, [0.1, 0.2, 0.7]]))
    assert more.posterior[:8] == pytest.approx(plain.posterior)
    assert more.posterior[8].tolist() == pytest.approx([0.1, 0.2, 0.7])
    assert more.labels[8] == 2
    absent = crowdlab(np.hstack([EIGHT, np.full((8, 1), -1)]), EIGHT_PROBS)
    assert absent.posterior == pytest.approx(plain.posterior)
    # Of the labels beside each person's, those that equal theirs; 4 of 7 shared items are not of the commonest class.
    mean_agreement = np.mean([6 / 11, 6 / 12, 5 / 9, 3 / 12])
    assert absent.annotator_weights[4] == pytest.approx(1 - (1 - mean_agreement) / (4 / 7))
    assert np.isnan(absent.annotator_quality[4])


@pytest.mark.parametrize(
    ("ratings", "probs"),
    [
        (np.array([[0, 1]]), np.array([[1.0]])),
        (np.array([[0, 1]]), np.array([[0.5, 0.5], [0.5, 0.5]])),
        (np.array([[0, 2]]), np.array([[0.5, 0.5]])),
        (np.array([[0, 1]]), np.array([0.5, 0.5])),
    ],
    ids=["one class", "other items", "code beyond the classes", "no matrix"],
)
def test_probabilities_that_do_not_fit_are_refused(ratings: Ratings, probs: Floats) -> None:
    with pytest.raises(ValueError, match="pred_probs must be"):
        crowdlab(ratings, probs)


def test_ratings_that_are_no_table_are_refused() -> None:
    with pytest.raises(ValueError, match="ratings must be"):
        majority_label(np.array([0, 1]))
    with pytest.raises(ValueError, match="smallest code -2"):
        crowdlab(np.array([[0, -2]]), np.array([[0.5, 0.5]]))
