"""How a report writes its numbers."""

from __future__ import annotations

from math import isnan

from lane_core.evidence.estimates import Estimate
from lane_core.reporting.report import MISSING
from lane_core.wording import percent


def count(value: float) -> str:
    """Return a number of examples.

    Example:
        >>> count(1620), count(190.4)
        ('1,620', '190')
    """
    return f"{value:,.0f}"


def share(value: float) -> str:
    """Return a share of 1 in percent, a dash where it does not exist."""
    return MISSING if isnan(value) else percent(value)


def decimals(value: float) -> str:
    """Return a score, loss or margin with three decimals."""
    return f"{value:.3f}"


def counts_between(bounds: tuple[float, float]) -> str:
    """Return the interval of a number of examples.

    Example:
        >>> counts_between((150.2, 1230.9))
        '150 to 1,231'
    """
    low, high = bounds
    return MISSING if isnan(low) or isnan(high) else f"{count(low)} to {count(high)}"


def shares_between(estimate: Estimate) -> str:
    """Return the interval of a share in percent.

    Example:
        >>> shares_between(Estimate(0.12, 0.093, 0.14))
        '9.3 % to 14 %'
    """
    if isnan(estimate.low) or isnan(estimate.high):
        return MISSING
    return f"{percent(estimate.low)} to {percent(estimate.high)}"
