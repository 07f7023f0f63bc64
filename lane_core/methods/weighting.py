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
    alm: Tensor, sigma: Literal["std", "literal"] = "std", min_suspects: int = MIN_SUSPECTS
) -> SuspectStatistics | None:
    r"""Return mu_t and sigma_t of the examples with a negative average margin.

    .. math:: \mu = \operatorname{mean}_{N_t} ALM, \quad v = \operatorname{mean}_{N_t} (ALM - \mu)^2

    ``sigma="std"`` reads eq. 6 as the variance that it computes (sigma = sqrt(v), free of the logits' scale);
    ``"literal"`` takes the printed symbol (sigma = v, squared once more in eq. 4).

    Args:
        alm: Average label-aware margins, (N,).
        sigma: Reading of eq. 6.
        min_suspects: With fewer suspects the statistics are not trusted.

    Returns:
        The statistics, or None where there are too few suspects or they are all alike.
    """
    suspects = alm[alm < 0].double()
    if len(suspects) < min_suspects:
        return None
    mean = suspects.mean()
    variance = (suspects - mean).square().mean().item()
    # Equal values differ by rounding alone; a Gaussian that narrow would only amplify it.
    if variance <= 1e-12 * max(mean.item() ** 2, 1e-30):
        return None
    return SuspectStatistics(mean.item(), variance if sigma == "literal" else variance**0.5)


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
    needs_fit = isinstance(sigma, str) or mu is None
    fitted = (
        suspect_statistics(alm, sigma if isinstance(sigma, str) else "std", min_suspects=2)
        if needs_fit
        else None
    )
    if needs_fit and fitted is None:
        return torch.ones_like(alm)
    centre = mu if mu is not None else fitted.mu  # type: ignore[union-attr]
    width = fitted.sigma if isinstance(sigma, str) else sigma  # type: ignore[union-attr]
    return gaussian_weights(alm, SuspectStatistics(centre, width))


def gaussian_weights(alm: Tensor, statistics: SuspectStatistics | None) -> Tensor:
    """Return eq. 4 for any examples under statistics that are given; all 1 if there are none."""
    if statistics is None:
        return torch.ones_like(alm)
    deviation = (alm - statistics.mu) / statistics.sigma
    below = (alm < 0) & (alm < statistics.mu)
    return torch.where(below, torch.exp(-0.5 * deviation.square()), torch.ones_like(alm))
