"""Nearest examples by the meaning of their texts."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

NUM_NEIGHBOURS = 5
CHUNK_ROWS = 2048
"""Rows compared with all others at a time: bounds the memory at CHUNK_ROWS x N floats."""


def nearest_neighbours(embeddings: npt.NDArray[np.float32], k: int = NUM_NEIGHBOURS) -> pd.DataFrame:
    """Return the k nearest other examples of each example by cosine.

    Args:
        embeddings: (N, H), any length; a row of zeros is at cosine 0 from everything.
        k: Neighbours wanted; fewer where there are fewer other examples.

    Returns:
        Columns index, rank (from 1), neighbour, cosine; sorted by index, then rank. Equal cosines in order of
        index.

    Example:
        >>> nearest_neighbours(np.array([[1, 0], [0, 1], [1, 0.1]], dtype=np.float32), k=1).neighbour.tolist()
        [2, 2, 0]
    """
    num_examples = len(embeddings)
    k = min(k, num_examples - 1)
    if k < 1:
        return pd.DataFrame({"index": [], "rank": [], "neighbour": [], "cosine": []})
    neighbours, cosines = nearest_rows(embeddings, k)
    return pd.DataFrame(
        {
            "index": np.repeat(np.arange(num_examples), k),
            "rank": np.tile(np.arange(1, k + 1), num_examples),
            "neighbour": neighbours.ravel(),
            "cosine": cosines.ravel(),
        }
    )


def nearest_rows(
    embeddings: npt.NDArray[np.float32], k: int, max_cosine: float = math.inf
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the rows of the k nearest other examples and their cosines, both (N, k), nearest first.

    Args:
        embeddings: (N, H), any length; a row of zeros is at cosine 0 from everything.
        k: 1 to N - 1.
        max_cosine: Examples above it are passed over as the same text once more. Where fewer than k examples are
            left, the last places have cosine -inf, and what stands there as neighbour means nothing.
    """
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.maximum(norms, np.float32(1e-12))
    chunks = list(_nearest_of_chunks(unit, k, max_cosine))
    return np.concatenate([rows for rows, _ in chunks]), np.concatenate([cosines for _, cosines in chunks])


def _nearest_of_chunks(
    unit: npt.NDArray[np.float32], k: int, max_cosine: float
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
    for start in range(0, len(unit), CHUNK_ROWS):
        cosines = unit[start : start + CHUNK_ROWS] @ unit.T
        own = np.arange(len(cosines))
        cosines[own, start + own] = -np.inf
        cosines[cosines > max_cosine] = -np.inf
        nearest = np.sort(np.argpartition(-cosines, k - 1, axis=1)[:, :k], axis=1)
        order = np.argsort(-np.take_along_axis(cosines, nearest, axis=1), axis=1, kind="stable")
        nearest = np.take_along_axis(nearest, order, axis=1)
        yield nearest, np.take_along_axis(cosines, nearest, axis=1)
