"""Training weights from averaged margins: eq. 4 to 6, the truncated Gaussian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

MIN_SUSPECTS = 20
"""Fewer negative ALMs than this give no stable mu and sigma in a whole data set: nobody is down-weighted."""


@dataclass(frozen=True)
class SuspectStatistics:
    """mu_t and sigma_t of the suspects N_t = {i : ALM_i < 0}, both in logits."""

    mu: float
    sigma: float


def suspect_statistics(
    alm: Tensor,
    sigma: Literal["std", "literal"] | float = "std",
    mu: float | None = None,
    min_suspects: int = MIN_SUSPECTS,
    fit: Literal["suspects", "below_mu"] = "suspects",
) -> SuspectStatistics | None:
    r"""Return mu_t and sigma_t of the examples with a negative average margin.

    .. math:: \mu = \operatorname{mean}_{N_t} ALM, \quad v = \operatorname{mean}_{F} (ALM - \mu)^2

    ``sigma="std"`` reads eq. 6 as the variance that it computes (sigma = sqrt(v), free of the logits' scale);
    ``"literal"`` takes the printed symbol (sigma = v, squared once more in eq. 4). F is N_t as in eq. 6, or
    {i in N_t: ALM_i < mu}, as the paper's text puts it ("all samples with ALM under the mean").

    Args:
        alm: Average label-aware margins, (N,).
        sigma: Reading of eq. 6, or a fixed number.
        mu: A fixed mu; None = the mean over N_t. It does not move the centre that v is taken about.
        min_suspects: With fewer suspects no statistics are fitted.
        fit: Whose deviations v averages.

    Returns:
        The statistics, or None where they must be fitted and the suspects are too few or all alike.
    """
    if mu is not None and not isinstance(sigma, str):
        return SuspectStatistics(mu, sigma)
    suspects = alm[alm < 0].double()
    if len(suspects) < min_suspects:
        return None
    mean = suspects.mean()
    fitted = suspects if fit == "suspects" else suspects[suspects < mean]
    variance = (fitted - mean).square().mean().item()
    # Equal values differ by rounding alone; a Gaussian that narrow would only amplify it. (No value: NaN.)
    if not variance > 1e-12 * max(mean.item() ** 2, 1e-30):
        return None
    if isinstance(sigma, str):
        sigma = variance if sigma == "literal" else variance**0.5
    return SuspectStatistics(mean.item() if mu is None else mu, sigma)


def truncated_gaussian_weights(
    alm: Tensor, sigma: Literal["std", "literal"] | float = "std", mu: float | None = None
) -> Tensor:
    r"""Return the training weight of each example: 1, or less where its ALM lies below mu.

    .. math:: \lambda_i = \exp\left(-\frac{(ALM_i - \mu)^2}{2 \sigma^2}\right)
              \text{ if } ALM_i < 0 \text{ and } ALM_i < \mu, \text{ else } 1

    Args:
        alm: Average label-aware margins, (N,), of the examples that mu and sigma are taken from.
        sigma: "std" or "literal" (see ``suspect_statistics``), or a fixed number.
        mu: A fixed mu; None = the mean of the negative values.

    Returns:
        Weights in (0, 1], (N,). All 1 where mu and sigma cannot be told (fewer than two suspects).

    Raises:
        ValueError: If ``alm`` is not one-dimensional, or a fixed sigma is not above 0.

    Example:
        >>> truncated_gaussian_weights(torch.tensor([-3.0, -1.0, 2.0]))
        tensor([0.6065, 1.0000, 1.0000])

    References:
        LANE eq. 4 to 6. Differs: sigma^2 is the variance of eq. 6 by default (the paper's symbols disagree).
    """
    if alm.ndim != 1:
        raise ValueError(f"alm has shape {tuple(alm.shape)}; expected (N,).")
    if not isinstance(sigma, str) and not sigma > 0:
        raise ValueError(f"sigma is {sigma!r}; it must be above 0.")
    return gaussian_weights(alm, suspect_statistics(alm, sigma, mu, min_suspects=2))


def gaussian_weights(alm: Tensor, statistics: SuspectStatistics | None) -> Tensor:
    """Return eq. 4 for any examples under statistics that are given; all 1 if there are none."""
    if statistics is None:
        return torch.ones_like(alm)
    deviation = (alm - statistics.mu) / statistics.sigma
    return torch.where(
        is_below_mu(alm, statistics), torch.exp(-0.5 * deviation.square()), torch.ones_like(alm)
    )


def is_below_mu(alm: Tensor, statistics: SuspectStatistics | None) -> Tensor:
    """Return whom eq. 4 reaches: suspects (ALM below 0) whose ALM lies below mu, bool, (N,); none without mu."""
    if statistics is None:
        return torch.zeros_like(alm, dtype=torch.bool)
    return (alm < 0) & (alm < statistics.mu)
