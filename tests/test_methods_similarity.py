"""Class similarity: collected means and the relative form."""

from __future__ import annotations

import pytest
import torch

from lane_core.methods.similarity import ClassSimilarity, relative_class_similarity, severity


def test_means_over_batches_by_hand() -> None:
    collected = ClassSimilarity(3)
    collected.add(torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]]), torch.tensor([0, 1]))
    collected.add(torch.tensor([[0.4, 0.1, 0.5]]), torch.tensor([0]))
    expected = torch.tensor([[0.5, 0.2, 0.3], [0.2, 0.7, 0.1], [1 / 3, 1 / 3, 1 / 3]])
    torch.testing.assert_close(collected.matrix(), expected)


def test_relative_similarity_by_hand() -> None:
    similarity = torch.tensor([[0.7, 0.2, 0.1], [0.05, 0.8, 0.15], [0.0, 0.0, 1.0]])
    expected = torch.tensor([[1.0, 4 / 3, 2 / 3], [0.5, 1.0, 1.5], [1.0, 1.0, 1.0]])
    torch.testing.assert_close(relative_class_similarity(similarity), expected)


def test_off_diagonal_means_are_one_and_the_floor_holds() -> None:
    torch.manual_seed(0)
    similarity = (torch.randn(6, 6) * 3).softmax(dim=1)
    relative = relative_class_similarity(similarity, floor=1e-9)
    off = relative - torch.eye(6)
    torch.testing.assert_close(off.sum(dim=1) / 5, torch.ones(6))
    assert relative_class_similarity(similarity, floor=0.4).min() == pytest.approx(0.4)


def test_growing_confidence_of_pi_changes_nothing() -> None:
    # Half of every off-diagonal mass moves to the diagonal: the pairs stand to each other as before.
    similarity = torch.tensor([[0.6, 0.3, 0.1], [0.1, 0.5, 0.4], [0.2, 0.2, 0.6]])
    confident = similarity / 2 + torch.eye(3) / 2
    torch.testing.assert_close(relative_class_similarity(confident), relative_class_similarity(similarity))


@pytest.mark.parametrize("shape", [(2, 3), (1, 1), (4,)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(K, K\) with K >= 2"):
        relative_class_similarity(torch.ones(shape))


def test_severity_by_hand() -> None:
    relative = torch.tensor([[1.0, 1.5, 0.5], [0.4, 1.0, 1.6], [0.05, 2.0, 1.0]])
    found = severity(relative)
    assert found.flatten().tolist() == pytest.approx([0, 0, 2 / 3, 0.75, 0, 0, 0.975, 0, 0])
