"""The truncated Gaussian: hand-computed weights, both readings of sigma, scale, limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lane_core.methods.weighting import (
    SuspectStatistics,
    gaussian_weights,
    suspect_statistics,
    truncated_gaussian_weights,
)


def test_two_suspects_by_hand() -> None:
    # mu = -2, variance 1: the lower one is one sigma below, exp(-1/2); the upper one is above mu.
    found = truncated_gaussian_weights(torch.tensor([-3.0, -1.0, 2.0, 0.0]))
    assert found.tolist() == pytest.approx([math.exp(-0.5), 1, 1, 1])


def test_four_suspects_by_hand() -> None:
    # mu = -2.5, squared deviations 5.0625+.0625... for -4.75, -2.25, -2, -1: mean 1.9375.
    alm = torch.tensor([-4.75, -2.25, -2.0, -1.0], dtype=torch.float64)
    variance = ((-4.75 + 2.5) ** 2 + 0.25**2 + 0.5**2 + 1.5**2) / 4
    assert truncated_gaussian_weights(alm).tolist() == pytest.approx(
        [math.exp(-(2.25**2) / (2 * variance)), 1, 1, 1]
    )
    assert truncated_gaussian_weights(alm, sigma="literal")[0].item() == pytest.approx(
        math.exp(-(2.25**2) / (2 * variance**2))
    )


def test_fixed_mu_and_sigma() -> None:
    alm = torch.tensor([-2.0, -0.5, 0.5])
    assert truncated_gaussian_weights(alm, sigma=1.0, mu=0.0).tolist() == pytest.approx(
        [math.exp(-2), math.exp(-0.125), 1]
    )
    assert truncated_gaussian_weights(alm, sigma=1.0, mu=-1.0).tolist() == pytest.approx(
        [math.exp(-0.5), 1, 1]
    )


def test_a_fixed_mu_above_zero_spares_positive_margins() -> None:
    assert truncated_gaussian_weights(torch.tensor([0.5, -1.0]), sigma=1.0, mu=1.0).tolist() == pytest.approx(
        [1.0, math.exp(-2)]
    )


@given(st.integers(0, 2**32 - 1), st.floats(0.001, 1000))
def test_scaling_all_margins_changes_no_weight(seed: int, scale: float) -> None:
    alm = torch.from_numpy(np.random.default_rng(seed).normal(-1, 2, 40))
    torch.testing.assert_close(
        truncated_gaussian_weights(alm * scale), truncated_gaussian_weights(alm), rtol=1e-6, atol=1e-9
    )


@given(st.lists(st.floats(-1e6, 1e6), max_size=60))
def test_weights_are_between_zero_and_one_and_one_above_mu(values: list[float]) -> None:
    alm = torch.tensor(values, dtype=torch.float64)
    weights = truncated_gaussian_weights(alm)
    assert ((weights >= 0) & (weights <= 1)).all()
    negative = alm[alm < 0]
    if len(negative):
        assert (weights[alm >= negative.mean()] == 1).all()


@pytest.mark.parametrize("values", [[], [1.0, 2.0], [-1.0, 3.0], [-1.0, -1.0, -1.0]])
def test_without_a_spread_nobody_is_down_weighted(values: list[float]) -> None:
    assert (truncated_gaussian_weights(torch.tensor(values)) == 1).all()


def test_too_few_suspects_give_no_statistics() -> None:
    alm = torch.linspace(-2, -1, 19)
    assert suspect_statistics(alm) is None
    found = suspect_statistics(torch.linspace(-2, -1, 21))
    assert found is not None
    assert found.mu == pytest.approx(-1.5)
    assert found.sigma == pytest.approx(np.std(np.linspace(-2, -1, 21)))


def test_statistics_of_others_can_be_applied() -> None:
    statistics = SuspectStatistics(mu=-1.0, sigma=2.0)
    assert gaussian_weights(torch.tensor([-5.0, -1.0]), statistics).tolist() == pytest.approx(
        [math.exp(-2), 1]
    )
    assert gaussian_weights(torch.tensor([-5.0]), None).tolist() == [1.0]


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"alm has shape \(2, 2\)"):
        truncated_gaussian_weights(torch.zeros(2, 2))
    with pytest.raises(ValueError, match=r"sigma is 0\.0"):
        truncated_gaussian_weights(torch.zeros(2), sigma=0.0)
