"""Coefficients of agreement in words: the number, its interval, and what it means for the labels."""

from __future__ import annotations

from math import isfinite

import pandas as pd

from lane_core.evidence.agreement import Agreement
from lane_core.wording import percent

MISSING = "–"
_UNDEFINED = "Cannot be told: everybody chose the same class every time."
_ALPHA_BANDS = (
    (0.8, "0.8 or more: the labels can be relied on."),
    (0.667, "From 0.67 to 0.8: good for a first look, no more. Say more clearly what the classes mean."),
    (
        -1.0,
        "Below 0.67: too low to rely on. Describe the classes that people disagree about, then decide anew.",
    ),
)
"""From -> what follows for the labels: the limits that Krippendorff gives."""


def value_words(found: Agreement, *, is_share: bool = False) -> str:
    """Return a coefficient as it is shown; a share of 1 in percent.

    Example:
        >>> value_words(Agreement(0.8149, 0.7, 0.9, 50)), value_words(Agreement(0.8149, 0.7, 0.9, 50), is_share=True)
        ('0.81', '81 %')
    """
    if not isfinite(found.value):
        return MISSING
    return _share(found.value) if is_share else _signed(found.value)


def interval_words(found: Agreement, *, is_share: bool = False) -> str:
    """Return the bounds of the 95 % interval; a dash where there is none.

    Example:
        >>> interval_words(Agreement(0.81, 0.7, 0.9, 50)), interval_words(Agreement(0.81, 0.7, 0.9, 50), is_share=True)
        ('0.70 to 0.90', '70 to 90 %')
    """
    if not isfinite(found.low):
        return MISSING
    if is_share:
        return f"{_share(found.low).removesuffix(' %')} to {_share(found.high)}"
    return f"{_signed(found.low)} to {_signed(found.high)}"


def percents(shares: pd.Series[float]) -> pd.Series[float]:
    """Return shares of 1 in percent for a column that is sorted as numbers, with a decimal only below 10 %.

    Example:
        >>> percents(pd.Series([0.742, 0.0411])).tolist()
        [74.0, 4.1]
    """
    found = 100 * shares
    return found.round(0).where(found >= 9.95, found.round(1))


def percent_meaning(found: Agreement) -> str:
    """Say what a percent agreement means."""
    if not isfinite(found.value):
        return "Cannot be told."
    return f"Two people who saw the same example chose the same in {_share(found.value)} of the cases."


def kappa_meaning(found: Agreement) -> str:
    """Say what a kappa means."""
    if not isfinite(found.value):
        return _UNDEFINED
    if found.value <= 0:
        return "No more than chance gives: 0 is chance, 1 is complete."
    return f"Agreement goes {_share(found.value)} of the way from chance (0) to complete (1)."


def alpha_meaning(found: Agreement) -> str:
    """Say what an alpha means for the labels, and where its interval leaves that open."""
    if not isfinite(found.value):
        return _UNDEFINED
    meaning = _follows(found.value)
    if isfinite(found.low) and _follows(found.low) != meaning:
        return f"{meaning} It may be as low as {_signed(found.low)}: more shared examples would tell."
    if isfinite(found.high) and _follows(found.high) != meaning:
        return f"{meaning} It may be as high as {_signed(found.high)}: more shared examples would tell."
    return meaning


def _follows(alpha: float) -> str:
    return next((words for least, words in _ALPHA_BANDS if alpha >= least), _ALPHA_BANDS[-1][1])


def _share(value: float) -> str:
    return percent(value).replace("0.0 %", "0 %")


def _signed(value: float) -> str:
    written = f"{value:.2f}"
    return "0.00" if written == "-0.00" else written.replace("-", "−")
