"""Two groups in the losses: a mixture of two beta distributions, and the probability of the group of low losses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ITERATIONS = 50
CLIPPED_PERCENT = 2.0
"""Losses below this percentile and above 100 minus it are moved there: a few outliers would set the whole scale."""
EDGE = 0.01
"""Scaled losses lie in [EDGE, 1 - EDGE]. The clipped ones stand all on one spot; nearer to 0 or 1, where a beta density
may be infinite, a component would be bent to explain just them."""
MIN_VARIANCE = 1e-6
"""Of a component; a group whose losses are all the same would be a spike of infinite height."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BetaMixture:
    """A fitted mixture; component 0 is the one with the lower mean."""

    alphas: Floats
    """(2,)."""
    betas: Floats
    """(2,)."""
    weights: Floats
    """(2,), sum to 1. The second is the share of high losses; hard and right examples have them too, so it is no
    estimate of the noise rate."""
    low: float
    """Loss that is scaled to 0."""
    high: float
    """Loss that is scaled to 1."""

    @property
    def means(self) -> Floats:
        """Mean loss of each component, in the unit of the losses, (2,)."""
        return self.low + (self.high - self.low) * self.alphas / (self.alphas + self.betas)

    def clean_probability(self, losses: npt.NDArray[np.floating]) -> Floats:
        """Return each loss's posterior probability of component 0, (N,), in [0, 1]; never rises with the loss.

        The log-odds of two beta densities have at most one turning point. A loss beyond it gets the value of the
        turning point; else the lowest losses of all, or the highest, could be said to be of the wrong group.
        """
        scaled = _scaled(losses, self.low, self.high)
        by_log, by_rest = self.alphas[0] - self.alphas[1], self.betas[0] - self.betas[1]
        if by_log * by_rest > 0:
            turning_point = by_log / (by_log + by_rest)
            scaled = np.maximum(scaled, turning_point) if by_log > 0 else np.minimum(scaled, turning_point)
        return np.asarray(_responsibilities(scaled, self.alphas, self.betas, self.weights)[0])


def fit_beta_mixture(losses: npt.NDArray[np.floating]) -> BetaMixture | None:
    r"""Fit two beta distributions to the losses by expectation maximisation with weighted moment matching.

    Losses are clipped to their 2nd to 98th percentile and scaled to (0, 1). From Beta(1, 2) and Beta(2, 1) of equal
    weight, 50 times: responsibilities r of each component, then with m and v the mean and variance weighted by r

    .. math:: \alpha = m (m (1 - m) / v - 1), \qquad \beta = \alpha (1 - m) / m

    Args:
        losses: Cross-entropies of the given labels, (N,), taken before the network has learned the wrong labels by
            heart, which is after one to three epochs.

    Returns:
        The mixture, or None where the losses are all the same (or there are none) and so hold no two groups.

    References:
        Arazo et al., Unsupervised Label Noise Modeling and Loss Correction, ICML 2019. Differs: clipped at 2 and 98
        per cent where theirs leaves out all beyond 5 and 95; 50 steps, not 10, as it has often not converged by then;
        scaled losses at least 0.01 from 0 and 1, not 0.0001, see ``EDGE``; the posterior is held constant beyond its
        turning point on either side, by the formula rather than by a table of 100 values.
    """
    low, high = np.percentile(losses, [CLIPPED_PERCENT, 100 - CLIPPED_PERCENT]) if len(losses) else (0.0, 0.0)
    if high - low <= 1e-12 * max(abs(low), abs(high), 1.0):
        return None
    scaled = _scaled(losses, float(low), float(high))
    alphas, betas, weights = np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([0.5, 0.5])
    for _ in range(ITERATIONS):
        responsibilities = _responsibilities(scaled, alphas, betas, weights)
        mass = responsibilities.sum(axis=1)
        if mass.min() < 1:
            break  # One component has less than one example: nothing to take moments of.
        weights = mass / mass.sum()
        means = responsibilities @ scaled / mass
        variances = (responsibilities * (scaled - means[:, None]) ** 2).sum(axis=1) / mass
        variances = np.maximum(variances, MIN_VARIANCE)
        alphas = means * (means * (1 - means) / variances - 1)
        betas = alphas * (1 - means) / means
    order = np.argsort(alphas / (alphas + betas), kind="stable")
    return BetaMixture(alphas[order], betas[order], weights[order], float(low), float(high))


def beta_mixture(losses: npt.NDArray[np.floating]) -> Floats:
    """Return each example's probability of belonging to the group of low losses, (N,), in [0, 1], high = likely right.

    0.5 for all where the losses are all the same. Needs the losses of a run, see ``fit_beta_mixture``; in-sample for
    training examples, so take early epochs. A group of high losses is found even where nothing is wrong: the order of
    the examples means something, the number only within one data set.
    """
    mixture = fit_beta_mixture(losses)
    return np.full(len(losses), 0.5) if mixture is None else mixture.clean_probability(losses)


def _scaled(losses: npt.NDArray[np.floating], low: float, high: float) -> Floats:
    shares = (np.asarray(losses, dtype=np.float64) - low) / (high - low)
    return np.clip(shares, EDGE, 1 - EDGE)


def _responsibilities(scaled: Floats, alphas: Floats, betas: Floats, weights: Floats) -> Floats:
    """Return the posterior of each component, (2, N), from log densities: the densities may overflow."""
    constants = [
        math.log(weight) + math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta)
        for alpha, beta, weight in zip(alphas, betas, weights, strict=True)
    ]
    log_joint = (
        np.outer(alphas - 1, np.log(scaled))
        + np.outer(betas - 1, np.log1p(-scaled))
        + np.array(constants)[:, None]
    )
    return np.asarray(np.exp(log_joint - np.logaddexp(log_joint[0], log_joint[1])))
