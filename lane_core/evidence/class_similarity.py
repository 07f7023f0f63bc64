"""Class similarities in the forms that people read, and each class's nearest ones."""

from __future__ import annotations

import numpy as np
import pandas as pd


def symmetric(similarity: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of both directions, (S + S^T) / 2."""
    return (similarity + similarity.T) / 2


def without_diagonal(similarity: pd.DataFrame) -> pd.DataFrame:
    r"""Return each row divided by what it gives to the other classes; the diagonal becomes 0.

    .. math:: P_{yj} = S_{yj} / \sum_{k \ne y} S_{yk}, \quad P_{yy} = 0

    A row that gives nothing to others stays 0.
    """
    values = similarity.to_numpy(dtype=float, copy=True)
    np.fill_diagonal(values, 0)
    sums = values.sum(axis=1, keepdims=True)
    scaled = np.divide(values, sums, out=np.zeros_like(values), where=sums > 0)
    return pd.DataFrame(scaled, index=similarity.index, columns=similarity.columns)


def nearest_classes(similarity: pd.DataFrame, number: int = 3) -> pd.DataFrame:
    """Return what each class is most readily taken for.

    Args:
        similarity: (K, K), any form of it.
        number: How many other classes; fewer where there are fewer.

    Returns:
        class, then nearest_1, similarity_1, nearest_2, ...; in the order of the rows, ties in that of the columns.
    """
    values = similarity.to_numpy(dtype=float, copy=True)
    np.fill_diagonal(values, -np.inf)
    order = np.argsort(-values, axis=1, kind="stable")[:, : min(number, len(values) - 1)]
    found = {"class": list(similarity.index)}
    for rank, columns in enumerate(order.T, start=1):
        found[f"nearest_{rank}"] = [similarity.columns[column] for column in columns]
        found[f"similarity_{rank}"] = list(values[np.arange(len(values)), columns])
    return pd.DataFrame(found)
