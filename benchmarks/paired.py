"""Paired comparison of two methods over the same seeds: mean difference and its 95 % t interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats


@dataclass(frozen=True)
class Difference:
    """Mean over seeds of (method - anchor); low and high are NaN with fewer than two seeds."""

    mean: float
    low: float
    high: float
    num_seeds: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval is on one side of 0."""
        return bool(self.low > 0 or self.high < 0)


def paired_difference(method: pd.Series, anchor: pd.Series) -> Difference:
    """Compare two series of one metric, each indexed by seed; seeds that one of them lacks do not count."""
    gaps = (method - anchor).dropna().to_numpy(dtype=np.float64)
    if not len(gaps):
        return Difference(np.nan, np.nan, np.nan, 0)
    mean = float(gaps.mean())
    if len(gaps) < 2:
        return Difference(mean, np.nan, np.nan, 1)
    half = float(stats.t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps)))
    return Difference(mean, mean - half, mean + half, len(gaps))


def in_words(difference: Difference, factor: float = 1.0, digits: int = 3) -> str:
    """Return "+0.012 [+0.003, +0.021]", times ``factor``; a dash where there is nothing."""
    values = [value * factor for value in (difference.mean, difference.low, difference.high)]
    if np.isnan(values[0]):
        return "–"
    mean, low, high = (f"{value:+.{digits}f}" for value in values)
    return mean if np.isnan(values[1]) else f"{mean} [{low}, {high}]"


def mean_and_sd(values: pd.Series, factor: float = 1.0, digits: int = 3) -> str:
    """Return "0.760 ± 0.004" (sd over seeds, n - 1); the mean alone of one seed, a dash of none."""
    known = values.dropna() * factor
    if known.empty:
        return "–"
    mean = f"{known.mean():.{digits}f}"
    return mean if len(known) < 2 else f"{mean} ± {known.std(ddof=1):.{digits}f}"


def markdown_table(headings: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
