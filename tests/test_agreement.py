"""Agreement: printed examples, by hand, against scikit-learn and the krippendorff package, properties, intervals."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import krippendorff
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from lane_core.evidence.agreement import (
    Agreement,
    class_agreements,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    pair_agreements,
    percent_agreement,
)

Ratings = npt.NDArray[np.int64]
COEFFICIENTS = [percent_agreement, fleiss_kappa, krippendorff_alpha]
tables = arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(2, 4)), elements=st.integers(-1, 3))

# Krippendorff, Computing Krippendorff's alpha-reliability, part C: 3 people, 15 items, classes 1 to 4, 0 = missing.
KRIPPENDORFF = (
    np.array(
        [
            [0, 0, 0, 0, 0, 3, 4, 1, 2, 1, 1, 3, 3, 0, 3],
            [1, 0, 2, 1, 3, 3, 4, 3, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 2, 1, 3, 4, 4, 0, 2, 1, 1, 3, 3, 0, 4],
        ]
    ).T
    - 1
)
# Fleiss' kappa on Wikipedia: 10 items, 14 people, how often each of 5 classes was chosen.
FLEISS_COUNTS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
FLEISS = np.array([np.repeat(np.arange(5), row) for row in FLEISS_COUNTS])
# Items: all three agree; two of three; two people disagree; one label, which does not count.
FOUR = np.array([[0, 0, 0], [0, 0, 1], [1, -1, 2], [2, -1, -1]])


def values(agreement: Agreement) -> tuple[float, float, float]:
    return agreement.value, agreement.low, agreement.high


def noisy_ratings(num_items: int, num_people: int, num_classes: int, seed: int) -> Ratings:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, num_classes, num_items)
    shape = (num_items, num_people)
    ratings = np.where(rng.random(shape) < 0.7, true[:, None], rng.integers(0, num_classes, shape))
    return np.where(rng.random(shape) < 0.2, -1, ratings)


def test_percent_by_hand() -> None:
    agreement = percent_agreement(FOUR)
    assert agreement.value == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert agreement.num_items == 3


def test_cohen_kappa_by_hand() -> None:
    # 20 times both say 0, 15 times both say 1, 5 and 10 times not: p_o = .7, p_e = .5 * .6 + .5 * .4 = .5.
    labels_a = np.repeat([0, 0, 1, 1, 1, -1], [20, 5, 10, 15, 3, 3])
    labels_b = np.repeat([0, 1, 0, 1, -1, 0], [20, 5, 10, 15, 3, 3])
    kappa = cohen_kappa(labels_a, labels_b)
    assert kappa.value == pytest.approx(0.4)
    assert kappa.num_items == 50
    assert 0.1 < kappa.low < 0.4 < kappa.high < 0.7


def test_fleiss_kappa_of_the_published_table() -> None:
    assert fleiss_kappa(FLEISS).value == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_by_hand_with_different_numbers_of_labels() -> None:
    # Shares of classes 0, 1, 2 on the three items: (1, 0, 0), (2/3, 1/3, 0), (0, 1/2, 1/2).
    by_chance = (5 / 9) ** 2 + (5 / 18) ** 2 + (1 / 6) ** 2
    assert fleiss_kappa(FOUR).value == pytest.approx((4 / 9 - by_chance) / (1 - by_chance))


def test_alpha_of_the_published_table() -> None:
    alpha = krippendorff_alpha(KRIPPENDORFF)
    assert alpha.value == pytest.approx(0.691, abs=5e-4)
    assert alpha.num_items == 12


def test_class_agreement_by_hand() -> None:
    zero, one, two, absent = class_agreements(FOUR, 4)
    # Class 0: 3 + 1 pairs agree, 2 more hold one 0. Class 1: pairs (0, 1) twice and (1, 2). Class 2: (1, 2).
    assert [record.agreement.value for record in (zero, one, two)] == pytest.approx([4 / 6, 0, 0])
    assert [record.agreement.num_items for record in (zero, one, two, absent)] == [2, 2, 1, 0]
    assert [record.class_code for record in (zero, one, two, absent)] == [0, 1, 2, 3]
    assert all(math.isnan(value) for value in values(absent.agreement) + values(absent.alpha))


def test_class_alpha_is_the_alpha_of_one_class_against_the_rest() -> None:
    for code, record in enumerate(class_agreements(KRIPPENDORFF, 4)):
        merged = np.where(KRIPPENDORFF < 0, -1, code == KRIPPENDORFF)
        assert record.alpha.value == pytest.approx(krippendorff_alpha(merged).value)
        assert record.alpha.num_items == 12


def test_pairs_name_their_people_and_count_their_common_items() -> None:
    pairs = pair_agreements(KRIPPENDORFF)
    assert [(pair.person_a, pair.person_b, pair.num_items) for pair in pairs] == [
        (0, 1, 3),
        (0, 2, 8),
        (1, 2, 5),
    ]
    assert pairs[1].percent.value == pytest.approx(6 / 8)
    assert pairs[1].kappa == cohen_kappa(KRIPPENDORFF[:, 0], KRIPPENDORFF[:, 2])
    assert pairs[1].percent == percent_agreement(KRIPPENDORFF[:, [0, 2]])


@settings(max_examples=60, deadline=None)
@given(tables)
def test_kappas_of_pairs_equal_scikit_learn(ratings: Ratings) -> None:
    for pair in pair_agreements(ratings, num_resamples=1):
        labels_a, labels_b = ratings[:, pair.person_a], ratings[:, pair.person_b]
        both = (labels_a >= 0) & (labels_b >= 0)
        assert pair.num_items == both.sum()
        if len(set(labels_a[both]) | set(labels_b[both])) < 2:
            assert math.isnan(pair.kappa.value)
        else:
            assert pair.kappa.value == pytest.approx(cohen_kappa_score(labels_a[both], labels_b[both]))


@settings(max_examples=80, deadline=None)
@given(tables)
def test_alpha_equals_the_krippendorff_package(ratings: Ratings) -> None:
    shared = ratings[(ratings >= 0).sum(axis=1) >= 2]
    assume(len(np.unique(shared[shared >= 0])) >= 2)
    data = np.where(ratings < 0, np.nan, ratings.astype(float)).T
    expected = krippendorff.alpha(data, level_of_measurement="nominal")
    assert krippendorff_alpha(ratings, num_resamples=1).value == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(tables, st.permutations(range(4)), st.integers(0, 2**32))
def test_names_of_classes_and_order_of_people_and_items_do_not_matter(
    ratings: Ratings, order: list[int], seed: int
) -> None:
    people = np.random.default_rng(seed).permutation(ratings.shape[1])
    relabelled = np.array([*order, -1])[ratings]
    for coefficient in COEFFICIENTS:
        plain = coefficient(ratings, num_resamples=20)
        # The same labels give the same patterns, so even the interval stays.
        assert repr(coefficient(ratings[::-1, people], num_resamples=20)) == repr(plain)
        assert coefficient(relabelled, num_resamples=1).value == pytest.approx(plain.value, nan_ok=True)
    classes, others = class_agreements(ratings, 4, 1), class_agreements(relabelled, 4, 1)
    for code, record in enumerate(classes):
        assert others[order[code]].alpha.value == pytest.approx(record.alpha.value, nan_ok=True)
        assert others[order[code]].agreement.value == pytest.approx(record.agreement.value, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(arrays(np.int64, st.integers(2, 10), elements=st.integers(0, 3)), st.integers(2, 5))
def test_perfect_agreement_is_one(labels: Ratings, num_people: int) -> None:
    assume(len(np.unique(labels)) >= 2)
    ratings = np.repeat(labels[:, None], num_people, axis=1)
    for coefficient in COEFFICIENTS:
        assert coefficient(ratings, num_resamples=1).value == pytest.approx(1)
    assert all(pair.kappa.value == pytest.approx(1) for pair in pair_agreements(ratings, 1))


@pytest.mark.parametrize(
    "ratings",
    [
        np.empty((0, 3), dtype=np.int64),
        np.empty((4, 0), dtype=np.int64),
        np.full((4, 2), -1),
        np.array([[0, -1], [-1, 1]]),
        np.array([[0], [1]]),
    ],
    ids=["no items", "no people", "no labels", "no overlap", "one person"],
)
def test_without_two_labels_on_an_item_all_is_nan(ratings: Ratings) -> None:
    for coefficient in COEFFICIENTS:
        agreement = coefficient(ratings)
        assert all(map(math.isnan, values(agreement)))
        assert agreement.num_items == 0
    for pair in pair_agreements(ratings):
        assert pair.num_items == 0
        assert all(map(math.isnan, values(pair.percent) + values(pair.kappa)))
    for record in class_agreements(ratings, 2):
        assert all(map(math.isnan, values(record.agreement) + values(record.alpha)))


def test_with_one_class_only_percent_is_full_and_the_rest_is_nan() -> None:
    ratings = np.full((5, 3), 2)
    assert percent_agreement(ratings).value == 1
    assert all(map(math.isnan, values(fleiss_kappa(ratings)) + values(krippendorff_alpha(ratings))))
    assert all(math.isnan(pair.kappa.value) for pair in pair_agreements(ratings))
    assert class_agreements(ratings, 3)[2].agreement.value == 1
    assert math.isnan(class_agreements(ratings, 3)[2].alpha.value)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_no_disagreement_gives_no_interval(coefficient: Callable[[Ratings], Agreement]) -> None:
    # Three items that agree are no proof of agreement: [1, 1] would claim one.
    agreement = coefficient(np.array([[0, 0], [1, 1], [0, 0]]))
    assert agreement.value == 1
    assert math.isnan(agreement.low)
    assert math.isnan(agreement.high)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_the_seed_fixes_the_interval(coefficient: Callable[..., Agreement]) -> None:
    ratings = noisy_ratings(80, 3, 4, seed=5)
    first = coefficient(ratings, seed=1)
    assert coefficient(ratings, seed=1) == first
    assert coefficient(ratings, seed=2).low != first.low
    assert first.low < first.value < first.high


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_intervals_are_those_of_a_bootstrap_over_rows(coefficient: Callable[..., Agreement]) -> None:
    ratings = noisy_ratings(60, 4, 3, seed=3)
    rng = np.random.default_rng(0)
    slow = [coefficient(ratings[rng.integers(0, 60, 60)], num_resamples=1).value for _ in range(400)]
    agreement = coefficient(ratings, num_resamples=4000)
    assert [agreement.low, agreement.high] == pytest.approx(np.percentile(slow, [2.5, 97.5]), abs=0.025)


def test_intervals_hold_the_true_value_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(11)
    hits = 0
    for seed in range(200):
        first = rng.integers(0, 2, 100)
        second = np.where(rng.random(100) < 0.8, first, 1 - first)
        # Agreement by chance is a half, so the true kappa is (.8 - .5) / .5.
        kappa = cohen_kappa(first, second, num_resamples=300, seed=seed)
        hits += kappa.low <= 0.6 <= kappa.high
    assert 180 <= hits <= 199


def test_many_chunks_of_resamples_give_the_interval_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = noisy_ratings(50, 3, 4, seed=2)
    whole = krippendorff_alpha(ratings)
    monkeypatch.setattr("lane_core.evidence.item_bootstrap.CHUNK_VALUES", 1)
    assert values(krippendorff_alpha(ratings)) == pytest.approx(values(whole))


def test_ten_thousand_items_take_less_than_two_seconds() -> None:
    ratings = noisy_ratings(10_000, 5, 6, seed=0)
    for coefficient in COEFFICIENTS:
        started = time.process_time()
        coefficient(ratings)
        assert time.process_time() - started < 2


def test_small_integer_codes_are_enough() -> None:
    assert krippendorff_alpha(KRIPPENDORFF.astype(np.int16)) == krippendorff_alpha(KRIPPENDORFF)


@pytest.mark.parametrize("ratings", [np.array([0, 1]), np.array([[0, -2]])])
def test_what_is_no_table_of_ratings_is_refused(ratings: Ratings) -> None:
    for measure in (*COEFFICIENTS, pair_agreements):
        with pytest.raises(ValueError, match="ratings must be"):
            measure(ratings)


def test_a_class_code_beyond_the_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="class code 2, with num_classes 2"):
        class_agreements(FOUR, 2)
