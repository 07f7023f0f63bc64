"""The label-aware contrastive loss against a double loop, at its edges, and its gradient."""

from __future__ import annotations

import math
from typing import Literal

import pytest
import torch

from lane_core.methods.contrastive import label_aware_contrastive_loss


def by_double_loop(
    embeddings: torch.Tensor,
    labels: list[int],
    weights: torch.Tensor,
    temperature: float,
    denominator: str,
    positive_weight: str,
) -> list[float]:
    unit = (embeddings / embeddings.norm(dim=1, keepdim=True)).tolist()
    losses = []
    for i, label in enumerate(labels):
        positives = [p for p in range(len(labels)) if p != i and labels[p] == label]
        negatives = [s for s in range(len(labels)) if labels[s] != label]
        if not positives or not negatives:
            losses.append(0.0)
            continue

        def similar(a: int, b: int) -> float:
            return math.exp(sum(x * y for x, y in zip(unit[a], unit[b], strict=True)) / temperature)

        summed = negatives if denominator == "negatives" else [s for s in range(len(labels)) if s != i]
        below = sum(weights[i, labels[s]].item() * similar(i, s) for s in summed)
        own = weights[i, label].item()
        terms = []
        for p in positives:
            if positive_weight == "inside":
                terms.append(math.log(own * similar(i, p) / below))
            else:
                terms.append(own * math.log(similar(i, p) / below))
        losses.append(-sum(terms) / len(positives))
    return losses


@pytest.mark.parametrize("denominator", ["negatives", "all"])
@pytest.mark.parametrize("positive_weight", ["inside", "outside"])
def test_equals_the_double_loop(
    denominator: Literal["negatives", "all"], positive_weight: Literal["inside", "outside"]
) -> None:
    torch.manual_seed(1)
    embeddings = torch.randn(9, 5)
    labels = [0, 0, 1, 2, 1, 0, 3, 2, 1]  # class 3 has no positive
    weights = torch.randn(9, 4).softmax(dim=1)
    found = label_aware_contrastive_loss(
        embeddings, torch.tensor(labels), weights, 0.3, denominator, positive_weight
    )
    expected = by_double_loop(embeddings, labels, weights, 0.3, denominator, positive_weight)
    assert found.tolist() == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert found[6] == 0


def test_by_hand() -> None:
    # Unit vectors along the axes, temperature 1: positive dot 1, negative dot 0, w = (.75, .25) for anchor 0.
    embeddings = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
    weights = torch.tensor([[0.75, 0.25], [0.5, 0.5], [0.1, 0.9]])
    found = label_aware_contrastive_loss(embeddings, torch.tensor([0, 0, 1]), weights, temperature=1.0)
    assert found[0].item() == pytest.approx(-math.log(0.75 * math.e / 0.25))
    assert found[1].item() == pytest.approx(-math.log(0.5 * math.e / 0.5))
    assert found[2].item() == 0


def test_all_in_the_denominator_is_bounded_below() -> None:
    torch.manual_seed(0)
    for _ in range(20):
        labels = torch.randint(0, 3, (16,))
        weights = (torch.randn(16, 3) * 8).softmax(dim=1)
        found = label_aware_contrastive_loss(torch.randn(16, 4), labels, weights, denominator="all")
        assert (found >= -1e-5).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_finite_for_long_embeddings_and_vanished_weights(dtype: torch.dtype) -> None:
    embeddings = (torch.randn(12, 16) * 28).to(dtype).requires_grad_()
    weights = torch.zeros(12, 3)
    weights[:, 0] = 1.0
    weights.requires_grad_()
    loss = label_aware_contrastive_loss(embeddings, torch.arange(12) % 3, weights)
    assert torch.isfinite(loss).all()
    loss.mean().backward()
    assert torch.isfinite(embeddings.grad).all()
    assert torch.isfinite(weights.grad).all()


@pytest.mark.parametrize(
    "labels", [[0, 0, 0], [0], [0, 1, 2]], ids=["one class", "batch of one", "no positives"]
)
def test_anchors_without_both_kinds_are_skipped(labels: list[int]) -> None:
    embeddings = torch.randn(len(labels), 4, requires_grad=True)
    weights = torch.full((len(labels), 3), 1 / 3)
    loss = label_aware_contrastive_loss(embeddings, torch.tensor(labels), weights)
    assert loss.tolist() == [0.0] * len(labels)
    loss.sum().backward()
    assert (embeddings.grad == 0).all()


def test_zero_embeddings_are_finite() -> None:
    embeddings = torch.zeros(4, 3, requires_grad=True)
    loss = label_aware_contrastive_loss(embeddings, torch.tensor([0, 0, 1, 1]), torch.full((4, 2), 0.5))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(embeddings.grad).all()


@pytest.mark.parametrize("denominator", ["negatives", "all"])
@pytest.mark.parametrize("positive_weight", ["inside", "outside"])
@pytest.mark.parametrize("embedding_norm", ["l2", "none"])
def test_gradients_in_float64(
    denominator: Literal["negatives", "all"],
    positive_weight: Literal["inside", "outside"],
    embedding_norm: Literal["l2", "none"],
) -> None:
    torch.manual_seed(2)
    embeddings = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    scores = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 0, 1, 1, 3, 0])  # class 3 has no positive
    example_weights = torch.tensor([1.0, 0.3, 0.9, 1.0, 1.0, 0.01], dtype=torch.float64)

    def loss(h: torch.Tensor, z: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
        return label_aware_contrastive_loss(
            h, labels, z.softmax(dim=1), 0.7, denominator, positive_weight, embedding_norm, weights
        )

    assert torch.autograd.gradcheck(loss, (embeddings, scores))
    assert torch.autograd.gradcheck(lambda h, z: loss(h, z, example_weights), (embeddings, scores))


def test_raw_embeddings_by_hand() -> None:
    # Dots 2 * 3 = 6 to the positive and 0 to the negative, w = (.75, .25): -log(.75 e^6 / .25).
    embeddings = torch.tensor([[2.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
    weights = torch.tensor([[0.75, 0.25]] * 3)
    found = label_aware_contrastive_loss(
        embeddings, torch.tensor([0, 0, 1]), weights, temperature=1.0, embedding_norm="none"
    )
    assert found[0].item() == pytest.approx(-math.log(3) - 6)


def test_example_weights_by_hand() -> None:
    # Anchor 0 with positives 1 (dot 1, weight .25) and 2 (dot 0, weight .75), negative 3 (dot 0), w = (.5, .5).
    embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    found = label_aware_contrastive_loss(
        embeddings,
        torch.tensor([0, 0, 0, 1]),
        torch.full((4, 2), 0.5),
        temperature=1.0,
        example_weights=torch.tensor([0.2, 0.25, 0.75, 1.0]),
    )
    assert found[0].item() == pytest.approx(0.2 * -0.25)
    vanished = label_aware_contrastive_loss(
        embeddings, torch.tensor([0, 0, 0, 1]), torch.full((4, 2), 0.5), example_weights=torch.zeros(4)
    )
    assert vanished.tolist() == [0.0] * 4


@pytest.mark.parametrize("length", [28.0, 1e20, math.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("embedding_norm", ["l2", "none"])
def test_finite_for_embeddings_of_any_length(
    length: float, dtype: torch.dtype, embedding_norm: Literal["l2", "none"]
) -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(12, 16)
    embeddings = (embeddings / embeddings.norm(dim=1, keepdim=True) * length).to(dtype).requires_grad_()
    weights = torch.full((12, 3), 1 / 3, requires_grad=True)
    loss = label_aware_contrastive_loss(
        embeddings, torch.arange(12) % 3, weights, embedding_norm=embedding_norm
    )
    assert loss.dtype == torch.float32
    loss.mean().backward()
    for tensor in (loss, embeddings.grad, weights.grad):
        assert torch.isfinite(tensor).all()


def test_raw_dot_products_are_exact_under_autocast() -> None:
    torch.manual_seed(0)
    embeddings, weights = torch.randn(8, 64) * 3, torch.full((8, 2), 0.5)
    labels = torch.arange(8) % 2
    exact = label_aware_contrastive_loss(embeddings, labels, weights, 1.0, embedding_norm="none")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = label_aware_contrastive_loss(embeddings, labels, weights, 1.0, embedding_norm="none")
    assert found.abs().max() > 50
    torch.testing.assert_close(found, exact, rtol=1e-5, atol=1e-3)


def test_pushing_harder_against_a_confusable_negative() -> None:
    embeddings = torch.randn(4, 3)
    labels = torch.tensor([0, 0, 1, 2])
    even = torch.full((4, 3), 1 / 3)
    wary = even.clone()
    wary[:, 1] += 0.3
    apart = label_aware_contrastive_loss(embeddings, labels, wary)[0]
    assert apart > label_aware_contrastive_loss(embeddings, labels, even)[0]


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"expected \(B, H\), \(B,\) and \(B, K\)"):
        label_aware_contrastive_loss(torch.zeros(3, 2), torch.zeros(2, dtype=torch.int64), torch.zeros(2, 2))
    with pytest.raises(ValueError, match="temperature is 0"):
        label_aware_contrastive_loss(
            torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64), torch.zeros(2, 2), temperature=0
        )
