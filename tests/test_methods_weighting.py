"""The truncated Gaussian: hand-computed weights, both readings of sigma, scale, limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lane_core.methods.margins import label_aware_margin
from lane_core.methods.weighting import (
    SuspectStatistics,
    gaussian_weights,
    is_below_mu,
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


def test_sigma_of_those_below_mu_by_hand() -> None:
    # mu = -3; below it -6 alone: variance 9 instead of (9 + 1 + 1 + 1) / 4.
    alm = torch.tensor([-6.0, -2.0, -2.0, -2.0, 5.0])
    found = suspect_statistics(alm, min_suspects=2, fit="below_mu")
    assert (found.mu, found.sigma) == (-3.0, 3.0)
    assert suspect_statistics(alm, min_suspects=2).sigma == pytest.approx(math.sqrt(3))
    assert suspect_statistics(torch.full((30,), -2.0), fit="below_mu") is None


def test_thresholds_fixed_alone_or_together() -> None:
    alm = torch.tensor([-3.0, -1.0])  # mean -2, deviation 1
    assert suspect_statistics(alm, mu=-1.5, min_suspects=2) == SuspectStatistics(-1.5, 1.0)
    assert suspect_statistics(alm, sigma=4.0, min_suspects=2) == SuspectStatistics(-2.0, 4.0)
    assert suspect_statistics(alm, sigma=4.0) is None  # mu needs twenty suspects
    assert suspect_statistics(torch.zeros(0), sigma=1.0, mu=0.0) == SuspectStatistics(0.0, 1.0)


def test_below_mu_are_suspects_only() -> None:
    alm = torch.tensor([-2.0, -0.5, 0.5, 3.0])
    assert is_below_mu(alm, SuspectStatistics(-1.0, 1.0)).tolist() == [True, False, False, False]
    assert is_below_mu(alm, SuspectStatistics(1.0, 1.0)).tolist() == [True, True, False, False]
    assert not is_below_mu(alm, None).any()


@pytest.mark.parametrize("scale", [1e-4, 1.0, 27.0])
def test_the_literal_sigma_depends_on_the_scale_of_the_logits(scale: float) -> None:
    # An exponential tail of this scale: the larger the margins, the nearer the weights are to 1.
    alm = -scale * torch.distributions.Exponential(1.0).icdf(torch.linspace(0.001, 0.999, 999).double())
    touched = truncated_gaussian_weights(alm, sigma="literal")[alm < alm.mean()]
    expected = {1e-4: 0.0, 1.0: 0.65, 27.0: 1.0}[scale]
    assert touched.mean().item() == pytest.approx(expected, abs=0.02)


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


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-100, 100))
def test_weights_depend_neither_on_the_scale_nor_on_the_level_of_the_logits(
    seed: int, scale: float, level: float
) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(0, 3, (3, 30, 4)))  # three epochs
    labels, similarity = torch.from_numpy(rng.integers(0, 4, 30)), torch.from_numpy(rng.uniform(0.05, 1, 30))

    def weights(epochs: torch.Tensor) -> torch.Tensor:
        aware = [label_aware_margin(epoch, labels, similarity) for epoch in epochs]
        return truncated_gaussian_weights(torch.stack(aware).mean(dim=0))

    torch.testing.assert_close(weights(logits * scale + level), weights(logits), rtol=1e-5, atol=1e-8)


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
