"""The beta mixture: posteriors by hand, two groups recovered, order kept, degenerate losses."""

from __future__ import annotations

import numpy as np
import pytest

from lane_core.evidence.beta_mixture import BetaMixture, beta_mixture, fit_beta_mixture


def mixture(alphas: list[float], betas: list[float], low: float = 0.0, high: float = 1.0) -> BetaMixture:
    return BetaMixture(np.array(alphas), np.array(betas), np.array([0.5, 0.5]), low, high)


def two_groups() -> np.ndarray:
    """700 losses from 5 * Beta(2, 8), mean 1, then 300 from 5 * Beta(8, 2), mean 4."""
    drawn = np.random.default_rng(0)
    return 5 * np.concatenate([drawn.beta(2, 8, 700), drawn.beta(8, 2, 300)])


def test_posterior_by_hand() -> None:
    # Densities 2 (1 - x) and 2 x of equal weight: P(clean) = 1 - x.
    found = mixture([1, 2], [2, 1]).clean_probability(np.array([0.25, 0.5, 0.9]))
    assert found.tolist() == pytest.approx([0.75, 0.5, 0.1])


def test_weights_count_in_the_posterior() -> None:
    uneven = BetaMixture(np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([0.9, 0.1]), 0.0, 1.0)
    # At x = .5 both densities are 1.
    assert uneven.clean_probability(np.array([0.5])).tolist() == pytest.approx([0.9])


def test_losses_are_scaled_and_those_outside_clipped() -> None:
    found = mixture([1, 2], [2, 1], low=2.0, high=6.0).clean_probability(np.array([3.0, 0.0, 99.0]))
    assert found.tolist() == pytest.approx([0.75, 0.99, 0.01])
    assert mixture([1, 2], [2, 1], low=2.0, high=6.0).means.tolist() == pytest.approx([2 + 4 / 3, 2 + 8 / 3])


def test_below_the_peak_the_posterior_is_held() -> None:
    # 20 x (1 - x)^3 against a constant 1: peak at x = 1/4 with 2.109375 / 3.109375; at .8 it is .128 / 1.128.
    found = mixture([2, 1], [4, 1]).clean_probability(np.array([0.0, 0.01, 0.25, 0.8]))
    assert found.tolist() == pytest.approx([0.678392, 0.678392, 0.678392, 0.113475], abs=1e-6)


def test_beyond_the_trough_the_posterior_is_held() -> None:
    # A constant 1 against 20 x^3 (1 - x): trough at x = 3/4 with 1 / 3.109375; at .2 it is 1 / 1.128.
    found = mixture([1, 4], [1, 2]).clean_probability(np.array([0.2, 0.75, 0.99, 1.0]))
    assert found.tolist() == pytest.approx([0.886525, 0.321608, 0.321608, 0.321608], abs=1e-6)


def test_two_clear_groups_are_recovered() -> None:
    found = fit_beta_mixture(two_groups())
    assert found is not None
    assert found.means.tolist() == pytest.approx([1.0, 4.0], abs=0.1)
    assert found.weights.tolist() == pytest.approx([0.7, 0.3], abs=0.02)
    probability = found.clean_probability(two_groups())
    assert probability[:700].mean() > 0.97
    assert probability[700:].mean() < 0.05


def test_moments_of_the_last_step_match() -> None:
    # Each component's mean and variance are the weighted ones, so mixed they give the mean of the scaled losses.
    losses = two_groups()
    found = fit_beta_mixture(losses)
    assert found is not None
    low, high = np.percentile(losses, [2, 98])
    assert (found.low, found.high) == (low, high)
    assert found.weights @ found.means == pytest.approx(np.clip(losses, low, high).mean(), abs=1e-3)


def test_never_rises_with_the_loss() -> None:
    drawn = np.random.default_rng(3)
    for _ in range(20):
        losses = np.sort(drawn.gamma(drawn.uniform(0.3, 4), size=200))
        probability = beta_mixture(losses)
        assert (np.diff(probability) <= 1e-12).all()
        assert (probability >= 0).all()
        assert (probability <= 1).all()


def test_order_unit_and_origin_of_the_losses_do_not_matter() -> None:
    losses = two_groups()
    order = np.random.default_rng(1).permutation(len(losses))
    expected = beta_mixture(losses)
    np.testing.assert_allclose(beta_mixture(losses[order]), expected[order], atol=1e-9)
    np.testing.assert_allclose(beta_mixture(3 * losses + 7), expected, atol=1e-9)


def test_float32_losses_are_computed_in_float64() -> None:
    losses = two_groups()
    np.testing.assert_allclose(beta_mixture(losses.astype(np.float32)), beta_mixture(losses), atol=1e-4)


@pytest.mark.parametrize("losses", [[], [0.7], [0.1] * 9, [0.1 + 0.2, 0.3, 0.3]], ids=str)
def test_equal_losses_say_nothing(losses: list[float]) -> None:
    assert fit_beta_mixture(np.array(losses)) is None
    assert beta_mixture(np.array(losses)).tolist() == [0.5] * len(losses)


@pytest.mark.parametrize(
    "losses", [[0.0, 1.0], [1.0] * 50 + [2.0] * 50, [0.0] * 95 + [9.0] * 5, [1.0, 2.0, 3.0]]
)
def test_few_or_two_valued_losses_keep_their_order(losses: list[float]) -> None:
    probability = beta_mixture(np.array(losses))
    assert np.isfinite(probability).all()
    assert (np.diff(probability) <= 0).all()
    assert probability[0] > 0.5 > probability[-1]


def test_no_component_is_fitted_to_less_than_one_example() -> None:
    drawn = np.random.default_rng(0)
    for _ in range(300):
        losses = drawn.gamma(0.3, size=int(drawn.integers(2, 12))) ** 3
        found = fit_beta_mixture(losses)
        assert found is not None
        assert found.weights.min() * len(losses) > 1 - 1e-9
        assert np.isfinite(found.clean_probability(losses)).all()
