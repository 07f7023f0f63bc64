"""Regions of the data map, as Dataset Cartography names them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Regions:
    """Three thirds of the examples, each (N,). They may overlap: what varies may also be hard on average."""

    hard: Mask
    """The third with the lowest confidence."""
    ambiguous: Mask
    """The third with the highest variability; nobody where it does not vary at all."""
    easy: Mask
    """The third with the highest confidence."""


def regions(confidence: Floats, variability: Floats) -> Regions:
    """Return which examples are hard to learn, ambiguous and easy to learn.

    Args:
        confidence: Mean probability of the given label over the epochs, (N,).
        variability: Its standard deviation, (N,).

    References:
        Swayamdipta et al., Dataset Cartography, EMNLP 2020, section 3 (33 % each). Differs: ties go by place.
    """
    # Equal values may differ by rounding alone.
    varies = len(variability) > 0 and bool(np.ptp(variability) > 1e-9)
    return Regions(
        hard=_lowest_third(confidence),
        ambiguous=_lowest_third(-variability) & varies,
        easy=_lowest_third(-confidence),
    )


def _lowest_third(values: Floats) -> Mask:
    is_in = np.zeros(len(values), dtype=bool)
    is_in[np.argsort(values, kind="stable")[: round(len(values) / 3)]] = True
    return is_in
