"""Do the examples that read alike have the same label? A score that needs no training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lane_core.evidence.neighbours import nearest_rows

NUM_VOTERS = 25
NEAR_DUPLICATE_COSINE = 0.98
"""Above it two texts are the same text once more: their labels were not given independently."""


def knn_agreement(
    embeddings: npt.NDArray[np.float32], labels: npt.NDArray[np.integer], k: int = NUM_VOTERS
) -> npt.NDArray[np.float64]:
    r"""Return the share of an example's neighbours that have its label, weighted by their cosine.

    With s the cosine of embeddings i and j, negative ones counted as 0:

    .. math:: A_i = \sum_{j \in kNN(i)} s_{ij} [y_j = y_i] / \sum_{j \in kNN(i)} s_{ij}

    Range: [0, 1]; high = likely right. The example itself and its near-duplicates (cosine above 0.98) have no vote.
    Where nobody has one, the answer is the share that a neighbour drawn at random would give: that of the label among
    the other examples. Needs embeddings from an encoder that has not been trained on these labels; then the score is
    out-of-sample, as an example's own label is never among the votes.

    Args:
        embeddings: (N, H), any length.
        labels: Given class codes, (N,).
        k: Neighbours that vote; fewer where there are fewer other examples.

    Returns:
        (N,).

    Raises:
        ValueError: If the numbers of rows differ.

    Example:
        >>> east = [[1, 0.0], [0.9, 0.3], [0.9, -0.3]]
        >>> knn_agreement(np.array(east, dtype=np.float32), np.array([0, 0, 1]), k=2).tolist()[0]
        0.5

    References:
        Nearest-neighbour label consistency, e.g. Zhu et al., ICML 2022 (SimiFeat). Differs: weighted by cosine,
        near-duplicates left out.
    """
    if len(embeddings) != len(labels):
        raise ValueError(f"{len(embeddings)} embeddings do not fit {len(labels)} labels.")
    _, codes = np.unique(labels, return_inverse=True)
    at_random = (np.bincount(codes)[codes] - 1) / max(len(labels) - 1, 1)
    k = min(k, len(labels) - 1)
    if k < 1:
        return at_random
    neighbours, cosines = nearest_rows(embeddings, k, NEAR_DUPLICATE_COSINE)
    votes = np.maximum(cosines, 0).astype(np.float64)
    agreeing = (votes * (codes[neighbours] == codes[:, None])).sum(axis=1)
    total = votes.sum(axis=1)
    return np.where(total > 0, agreeing / np.where(total > 0, total, 1), at_random)
