"""Classes in an order in which alike ones stand together, and the tree that says how alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassTree:
    """The classes, joined two by two until one group is left."""

    order: list[int]
    """The classes from top to bottom."""
    places: Floats
    """(K - 1, 4), one row a join: places in ``order``, from 0, of the four corners of its bracket."""
    distances: Floats
    """(K - 1, 4): how far apart, 0 to 1, the groups are that the corners stand for; the middle two are the join."""


def class_tree(similarity: Floats) -> ClassTree:
    r"""Join the classes that are most alike first (average linkage, leaves in optimal order).

    .. math:: d_{yj} = 1 - (S_{yj} + S_{jy}) / 2

    Args:
        similarity: S, (K, K), 0 to 1; K >= 1.

    References:
        Bar-Joseph, Gifford, Jaakkola: Fast optimal leaf ordering for hierarchical clustering (2001).
    """
    if len(similarity) < 2:
        return ClassTree([0], np.zeros((0, 4)), np.zeros((0, 4)))
    distance = np.clip(1 - (similarity + similarity.T) / 2, 0, 1)
    np.fill_diagonal(distance, 0)
    joins = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    drawn = dendrogram(joins, no_plot=True)
    # scipy draws leaf number n at 10 n + 5.
    places = (np.array(drawn["icoord"], dtype=float) - 5) / 10
    return ClassTree([int(leaf) for leaf in drawn["leaves"]], places, np.array(drawn["dcoord"], dtype=float))
