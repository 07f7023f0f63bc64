"""How far apart two classes are, from the class similarity that a run has stored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def class_severity(similarity: Floats, used: npt.NDArray[np.bool_], floor: float = 0.05) -> Floats:
    r"""Return how much a label of each class misleads where each other class is right, 0 to 1.

    .. math:: R_{yj} = \max(S_{yj} / \operatorname{mean}_{k \ne y} S_{yk},\ \text{floor}), \quad
        V_{yj} = 1 - R_{yj} / \max_{k \ne y} R_{yk}, \quad V_{yy} = 0

    The same numbers as a run writes for its own suggestions (``lane_core.methods.similarity``), for any pair and
    without the library that trains.

    Args:
        similarity: S, (K, K), non-negative, row = given class.
        used: (K,), whether the run knew an example of the class; the others take no part.
        floor: Smallest relative similarity, as the run was told.

    Returns:
        (K, K); 0 where a class takes no part.
    """
    severity = np.zeros_like(similarity)
    if used.sum() < 2:
        return severity
    known = similarity[np.ix_(used, used)]
    is_diagonal = np.eye(len(known), dtype=bool)
    others = np.where(is_diagonal, 0, known)
    means = others.sum(axis=1, keepdims=True) / (len(known) - 1)
    # A row of zeros says nothing about its pairs: all of them count as ordinary.
    relative = np.divide(others, means, out=np.ones_like(others), where=means > 0).clip(min=floor)
    nearest = np.where(is_diagonal, 0, relative).max(axis=1, keepdims=True)
    severity[np.ix_(used, used)] = np.where(is_diagonal, 0, (1 - relative / nearest).clip(min=0))
    return severity
