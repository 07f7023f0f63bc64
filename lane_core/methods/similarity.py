"""Class similarity: how readily Pi takes an example of one class for another."""

from __future__ import annotations

import torch
from torch import Tensor


class ClassSimilarity:
    """Mean of Pi's class probabilities over the examples given each label, collected over one epoch.

    S[y, k] = mean of w_{x,k} over training examples x labelled y. Rows sum to 1; row = given class.
    """

    def __init__(self, num_classes: int) -> None:
        self.sums = torch.zeros(num_classes, num_classes)
        self.counts = torch.zeros(num_classes)

    def add(self, pi_probabilities: Tensor, labels: Tensor) -> None:
        """Add a batch: (B, K) probabilities of Pi and (B,) given classes, both on the CPU."""
        self.sums.index_add_(0, labels, pi_probabilities.float())
        self.counts.index_add_(0, labels, torch.ones(len(labels)))

    def matrix(self) -> Tensor:
        """Return S, (K, K); the row of a class without examples is uniform."""
        num_classes = len(self.counts)
        means = self.sums / self.counts.clamp(min=1)[:, None]
        return torch.where(self.counts[:, None] > 0, means, torch.full_like(means, 1 / num_classes))


def relative_class_similarity(similarity: Tensor, floor: float = 0.05) -> Tensor:
    r"""Return the similarity of each pair relative to the mean of its row.

    .. math:: R_{yj} = \max(S_{yj} / \operatorname{mean}_{k \ne y} S_{yk},\ \text{floor}), \quad R_{yy} = 1

    1 means "as alike as any two classes"; above 1 nearer, below 1 farther. Because it is relative, it does
    not drift as Pi grows confident, and it does not favour large classes of the row.

    Args:
        similarity: S, (K, K), non-negative, row = given class; K >= 2.
        floor: Smallest value returned.

    Returns:
        R, (K, K).

    Raises:
        ValueError: If the matrix is not square with K >= 2.

    Example:
        >>> relative_class_similarity(torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.6, 0.2], [0.0, 0.2, 0.8]]))
        tensor([[1.0000, 1.5000, 0.5000],
                [1.0000, 1.0000, 1.0000],
                [0.0500, 2.0000, 1.0000]])

    References:
        Not in the paper: w_{x,j} of eq. 3 is high exactly where Pi has seen through a wrong label, so it
        forgives the worst errors; the class-level ratio does not (docs/method.md).
    """
    if similarity.ndim != 2 or similarity.shape[0] != similarity.shape[1] or len(similarity) < 2:
        raise ValueError(f"similarity has shape {tuple(similarity.shape)}; expected (K, K) with K >= 2.")
    off_diagonal = similarity.clone().fill_diagonal_(0)
    row_means = off_diagonal.sum(dim=1, keepdim=True) / (len(similarity) - 1)
    # A row of zeros says nothing about its pairs: all of them count as ordinary.
    relative = torch.where(row_means > 0, off_diagonal / row_means, torch.ones_like(off_diagonal))
    return relative.clamp(min=floor).fill_diagonal_(1)


def severity(relative_similarity: Tensor) -> Tensor:
    r"""Return how far apart each pair of classes is, beside the nearest pair of its row.

    .. math:: V_{yj} = 1 - R_{yj} / \max_{k \ne y} R_{yk}, \quad V_{yy} = 0

    0 = no class is nearer to y than j; towards 1 = ever farther. A wrong label of high severity misleads more than one
    of a neighbouring class; it says nothing about how likely the label is wrong.

    Args:
        relative_similarity: R, (K, K), above 0, row = given class; see ``relative_class_similarity``.

    Example:
        >>> severity(torch.tensor([[1.0, 1.5, 0.5], [1.0, 1.0, 1.0], [0.05, 2.0, 1.0]]))
        tensor([[0.0000, 0.0000, 0.6667],
                [0.0000, 0.0000, 0.0000],
                [0.9750, 0.0000, 0.0000]])
    """
    nearest = relative_similarity.clone().fill_diagonal_(0).amax(dim=1, keepdim=True)
    return (1 - relative_similarity / nearest).clamp(min=0).fill_diagonal_(0)
