"""Percentile bootstrap over items for coefficients that are functions of sums over the items.

Items that add the same to every sum are one pattern, so a resample is how often each pattern was drawn: no row is ever
touched, and all resamples are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

INTERVAL_PERCENT = (2.5, 97.5)
"""Percentiles of the resamples that bound a 95 % interval."""
SMALLEST_WIDTH = 1e-12
"""Resamples that differ by no more are the same but for rounding."""
CHUNK_VALUES = 4_000_000
"""Numbers drawn at a time, so that 100,000 different patterns do not need gigabytes."""

Floats = npt.NDArray[np.float64]


def values_and_intervals(
    repeats: npt.NDArray[np.int64],
    terms: Floats,
    coefficients: Callable[[Floats], Floats],
    num_resamples: int,
    seed: int,
) -> tuple[list[float], list[float], list[float]]:
    """Return the values of C coefficients and the lows and highs of their 95 % intervals.

    A low and high are NaN where the value is, and where all resamples give the same value: they then show no spread,
    however few the items are.

    Args:
        repeats: Items of each pattern, (U,).
        terms: What an item of the pattern adds to each sum, (U, S).
        coefficients: From sums (R, S) to coefficients (R, C); 0 / 0 is NaN, an undefined coefficient.
        num_resamples: R. A resample in which a coefficient is undefined is left out of its interval.
        seed: Of the resamples.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        values = coefficients((repeats @ terms)[None, :])[0]
        resampled = coefficients(_resampled_sums(repeats, terms, num_resamples, seed))
    lows, highs = intervals(values, resampled)
    return values.tolist(), lows.tolist(), highs.tolist()


def intervals(values: Floats, resampled: Floats) -> tuple[Floats, Floats]:
    """Return the lows and highs of the 95 % intervals of C coefficients, NaN as in ``values_and_intervals``.

    Args:
        values: Of the items themselves, (C,).
        resampled: Of the resamples, (R, C).
    """
    bounds = np.full((2, len(values)), np.nan)
    for column in np.flatnonzero(np.isfinite(values)):
        defined = resampled[np.isfinite(resampled[:, column]), column]
        if len(defined) and np.ptp(defined) > SMALLEST_WIDTH:
            bounds[:, column] = np.percentile(defined, INTERVAL_PERCENT)
    return bounds[0], bounds[1]


def _resampled_sums(repeats: npt.NDArray[np.int64], terms: Floats, num_resamples: int, seed: int) -> Floats:
    """Return the sums of the terms in resamples of the items, (R, S); no rows where there are no items."""
    num_items = repeats.sum()
    if num_items == 0:
        return np.empty((0, terms.shape[1]))
    rng = np.random.default_rng(seed)
    chunk = max(1, CHUNK_VALUES // len(repeats))
    sizes = [min(chunk, num_resamples - start) for start in range(0, num_resamples, chunk)]
    drawn = (rng.multinomial(num_items, repeats / num_items, size=size) for size in sizes)
    return np.concatenate([times.astype(np.float64) @ terms for times in drawn])
