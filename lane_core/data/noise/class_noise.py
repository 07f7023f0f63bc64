"""Noise that depends on the class alone: uniform, semantic (eq. 10) and pair."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Reading = Literal["exact", "bernoulli", "resample", "permute"]
"""How "a share rho of the labels" is read; ``inject_noise`` says what each means."""


def uniform_flips(
    true: npt.NDArray[np.int64], rate: float, num_classes: int, reading: Reading, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return the labels with flips to any class: of the others (exact, bernoulli), of all, or of one another."""
    noisy = true.copy()
    rows = _chosen_rows(len(true), rate, reading, rng)
    if reading == "resample":
        noisy[rows] = rng.integers(num_classes, size=len(rows))
    elif reading == "permute":
        noisy[rows] = rng.permutation(true[rows])
    else:
        noisy[rows] = other_classes(true[rows], num_classes, rng)
    return noisy


def semantic_flips(
    true: npt.NDArray[np.int64],
    rate: float,
    targets: npt.NDArray[np.float64],
    reading: Reading,
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Return the labels with flips drawn from ``targets``, (K, K), the rows' distributions over other classes."""
    noisy = true.copy()
    rows = _chosen_rows(len(true), rate, reading, rng)
    for code in np.unique(true[rows]):
        of_class = rows[true[rows] == code]
        noisy[of_class] = rng.choice(len(targets), size=len(of_class), p=targets[code])
    return noisy


def pair_flips(
    true: npt.NDArray[np.int64],
    rate: float,
    partner: npt.NDArray[np.int64],
    reading: Reading,
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Return the labels with flips to ``partner``, (K,); a class that is its own partner is left out."""
    noisy = true.copy()
    with_partner = np.flatnonzero(partner[true] != true)
    rows = with_partner[_chosen_rows(len(with_partner), rate, reading, rng)]
    noisy[rows] = partner[true[rows]]
    return noisy


def other_classes(
    labels: npt.NDArray[np.int64], num_classes: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return for each label one of the K - 1 others, all equally likely."""
    return (labels + rng.integers(1, num_classes, size=len(labels))) % num_classes


def _chosen_rows(
    num_rows: int, rate: float, reading: Reading, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    if reading == "bernoulli":
        return np.flatnonzero(rng.random(num_rows) < rate)
    return rng.choice(num_rows, size=round(rate * num_rows), replace=False)
