"""Estimates: Wilson's interval by hand, wrong labels left by simulation, the advice at its borders."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lane_core.evidence.estimates import Advice, Estimate, advice, errors_left, wilson_interval

counts = st.integers(0, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


def test_wilson_by_hand() -> None:
    # z² = 3.8415: (0.8 + 0.19207 ± 1.95996 sqrt(0.016 + 0.0096037)) / 1.38415.
    interval = wilson_interval(8, 10)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.8, 0.49016, 0.94332), abs=1e-5)
    narrower = wilson_interval(8, 10, confidence=0.8)
    assert interval.low < narrower.low < 0.8 < narrower.high < interval.high


def test_wilson_of_none_and_of_all_has_a_width() -> None:
    # z² / (n + z²) with n = 10.
    assert wilson_interval(0, 10) == Estimate(0.0, 0.0, pytest.approx(3.84146 / 13.84146))
    assert wilson_interval(10, 10) == Estimate(1.0, pytest.approx(10 / 13.84146), 1.0)


def test_wilson_without_a_trial_knows_nothing() -> None:
    interval = wilson_interval(0, 0)
    assert math.isnan(interval.value)
    assert (interval.low, interval.high) == (0, 1)


@given(counts)
def test_wilson_holds_its_value_and_mirrors(sample: tuple[int, int]) -> None:
    successes, trials = sample
    interval, mirrored = wilson_interval(successes, trials), wilson_interval(trials - successes, trials)
    assert 0 <= interval.low <= interval.high <= 1
    assert mirrored.low == pytest.approx(1 - interval.high)
    if trials:
        assert interval.low <= interval.value <= interval.high


def test_errors_left_by_hand() -> None:
    # 900 unseen. n' = 100 * 999 / 900 = 111 and z² = 3.8415, so Wilson's middle is (.02 + .017304) / 1.034608 and its
    # half width 1.95996 sqrt(.00017658 + .000077944) / 1.034608: .0058332 and .0662789 of 1000, less the 2 found.
    left = errors_left(2, 100, 1000)
    assert (left.value, left.low, left.high) == pytest.approx((18, 3.833, 64.279), abs=2e-3)


def test_the_whole_population_leaves_nothing_unseen() -> None:
    assert errors_left(7, 50, 50) == Estimate(0.0, 0.0, 0.0)
    assert errors_left(0, 0, 0) == Estimate(0.0, 0.0, 0.0)


def test_without_a_sample_anything_may_be_wrong() -> None:
    left = errors_left(0, 0, 30)
    assert math.isnan(left.value)
    assert (left.low, left.high) == (0, 30)


@given(counts, st.integers(0, 2000))
def test_errors_left_stay_within_the_unseen(sample: tuple[int, int], unseen: int) -> None:
    wrong, sampled = sample
    left = errors_left(wrong, sampled, sampled + unseen)
    assert 0 <= left.low <= left.high <= unseen
    if sampled:
        assert left.low - 1e-9 <= left.value <= left.high + 1e-9


def test_a_larger_sample_narrows_the_estimate() -> None:
    small, large = errors_left(2, 50, 1000), errors_left(20, 500, 1000)
    assert large.high - large.low < small.high - small.low


@pytest.mark.parametrize(("num_errors", "sampled"), [(40, 100), (40, 700), (150, 200)])
def test_errors_left_hold_the_truth_about_as_often_as_they_say(num_errors: int, sampled: int) -> None:
    found = np.random.default_rng(4).hypergeometric(num_errors, 1000 - num_errors, sampled, size=2000)
    estimates = {int(wrong): errors_left(int(wrong), sampled, 1000) for wrong in set(found.tolist())}
    hits = [estimates[wrong].low <= num_errors - wrong <= estimates[wrong].high for wrong in found.tolist()]
    assert 0.92 <= np.mean(hits) <= 0.99


@pytest.mark.parametrize(
    ("window", "suspects_left", "left", "expected"),
    [
        # One in ten may still be wrong: 5 of 100 reach 11.2 %; 4 of 100 only 9.8 %.
        ((5, 100), 300, Estimate(0, 0, 5), "go_on"),
        ((4, 100), 300, Estimate(0, 0, 5), "stop"),
        # Too few reviewed to say that the queue is used up.
        ((0, 34), 300, Estimate(0, 0, 5), "go_on"),
        ((0, 35), 300, Estimate(0, 0, 5), "stop"),
        ((0, 0), 300, Estimate(0, 0, 5), "go_on"),
        # No suspects left: the window no longer matters.
        ((30, 30), 0, Estimate(0, 0, 5), "stop"),
        ((0, 0), 0, Estimate(0, 0, 5), "stop"),
        # 2 % of 1000 unflagged examples are 20.
        ((0, 100), 300, Estimate(5, 1, 20), "stop"),
        ((0, 100), 300, Estimate(5, 1, 20.1), "check_control"),
        ((0, 100), 300, Estimate(30, 20, 50), "check_control"),
        ((0, 100), 300, Estimate(40, 20.1, 90), "change_order"),
    ],
)
def test_advice(window: tuple[int, int], suspects_left: int, left: Estimate, expected: Advice) -> None:
    assert advice(*window, suspects_left, left, population=1000) == expected


def test_without_a_control_sample_nobody_is_told_to_stop() -> None:
    assert advice(0, 100, 0, errors_left(0, 0, 1000), population=1000) == "check_control"


def test_with_nothing_unflagged_the_suspects_decide_alone() -> None:
    nothing = errors_left(0, 0, 0)
    assert advice(50, 100, 10, nothing, population=0) == "go_on"
    assert advice(50, 100, 0, nothing, population=0) == "stop"


def test_a_project_may_tolerate_less() -> None:
    left = Estimate(5, 1, 15)
    assert advice(0, 100, 0, left, population=1000) == "stop"
    assert advice(0, 100, 0, left, population=1000, tolerable_rate=0.01) == "check_control"


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5)])
def test_numbers_that_cannot_be_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"{successes} of {trials} cannot be"):
        wilson_interval(successes, trials)
    with pytest.raises(ValueError, match=f"{successes} of {trials} cannot be"):
        errors_left(successes, trials, 10)


def test_a_sample_beyond_the_population_and_a_full_confidence_are_refused() -> None:
    with pytest.raises(ValueError, match="sampled is 11, more than the population of 10"):
        errors_left(0, 11, 10)
    with pytest.raises(ValueError, match="confidence is 1"):
        wilson_interval(1, 2, confidence=1)
