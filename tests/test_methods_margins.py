"""Margins: hand-computed numbers, the paper's Table 1, invariances, an independent NumPy implementation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lane_core.methods.margins import label_aware_margin, margin, strongest_rival


def test_margin_by_hand() -> None:
    logits = torch.tensor([[2.0, 1.0, -1.0], [0.5, 3.0, 2.5], [1.0, 1.0, 1.0]])
    assert margin(logits, torch.tensor([0, 2, 1])).tolist() == [1.0, -0.5, 0.0]
    assert strongest_rival(logits, torch.tensor([0, 2, 1])).tolist() == [1, 1, 0]


@pytest.mark.parametrize(("similarity", "expected"), [(0.896, -0.67), (0.522, -1.15)])
def test_table_1_of_the_paper(similarity: float, expected: float) -> None:
    logits, fear = torch.tensor([[1.2, 1.8, 0.1]]), torch.tensor([0])
    assert margin(logits, fear).item() == pytest.approx(-0.6)
    found = label_aware_margin(logits, fear, torch.tensor([similarity]))
    assert found.item() == pytest.approx(expected, abs=0.005)


def test_a_positive_margin_is_left_alone() -> None:
    logits, labels = torch.tensor([[3.0, 1.0], [1.0, 2.5]]), torch.tensor([0, 1])
    for similarity in (0.001, 0.5, 7.0):
        found = label_aware_margin(logits, labels, torch.full((2,), similarity))
        assert found.tolist() == [2.0, 1.5]


def test_the_factor_is_bounded() -> None:
    logits, labels = torch.tensor([[0.0, 1.0]]), torch.tensor([0])
    assert label_aware_margin(logits, labels, torch.tensor([1e-6])).item() == pytest.approx(-10.0)
    assert label_aware_margin(logits, labels, torch.tensor([0.0]), max_scale=None).item() == pytest.approx(
        -1e6
    )
    assert label_aware_margin(logits, labels, torch.tensor([1e-3]), max_scale=None).item() == pytest.approx(
        -1e3
    )


def test_a_class_matrix_is_read_at_given_and_rival() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0], [1.0, 0.0, 3.0]])
    matrix = torch.tensor([[1.0, 0.5, 0.2], [0.4, 1.0, 0.25], [0.9, 0.9, 1.0]])
    # Example 0: given 0, rival 1, M = -2, s = .5; example 1: given 1, rival 2, M = -3, s = .25.
    assert label_aware_margin(logits, torch.tensor([0, 1]), matrix).tolist() == [-4.0, -12.0]


def test_no_gradient_reaches_the_similarity() -> None:
    logits = torch.tensor([[0.0, 1.0]], requires_grad=True)
    similarity = torch.tensor([0.5], requires_grad=True)
    label_aware_margin(logits, torch.tensor([0]), similarity).sum().backward()
    assert similarity.grad is None
    assert logits.grad.tolist() == [[2.0, -2.0]]


@pytest.mark.parametrize(
    ("logits", "labels"), [((2, 3), (3,)), ((2, 1), (2,)), ((6,), (6,))], ids=["length", "one class", "flat"]
)
def test_shapes_that_do_not_fit_are_named(logits: tuple[int, ...], labels: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(B, K\) with K >= 2"):
        margin(torch.zeros(logits), torch.zeros(labels, dtype=torch.int64))


def test_a_similarity_of_the_wrong_shape_is_named() -> None:
    with pytest.raises(ValueError, match=r"similarity has shape \(2, 3\); expected \(2,\) or \(3, 3\)"):
        label_aware_margin(torch.zeros(2, 3), torch.tensor([0, 1]), torch.zeros(2, 3))


@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(2, 12))
def test_equals_numpy_row_by_row(seed: int, num_examples: int, num_classes: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 5, (num_examples, num_classes))
    labels = rng.integers(0, num_classes, num_examples)
    matrix = rng.uniform(0.01, 1.5, (num_classes, num_classes))
    expected = []
    for row, label in zip(logits, labels, strict=True):
        others = [(value, k) for k, value in enumerate(row) if k != label]
        strongest, rival = max(others)
        plain = row[label] - strongest
        expected.append(plain * min(1 / matrix[label, rival], 10) if plain < 0 else plain)
    found = label_aware_margin(torch.from_numpy(logits), torch.from_numpy(labels), torch.from_numpy(matrix))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(-50, 50))
def test_adding_a_constant_changes_nothing(seed: int, constant: float) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=(5, 4)))
    labels = torch.from_numpy(rng.integers(0, 4, 5))
    torch.testing.assert_close(margin(logits + constant, labels), margin(logits, labels), rtol=0, atol=1e-9)


def test_neutral_similarity_is_the_plain_margin() -> None:
    logits, labels = torch.randn(50, 6), torch.randint(0, 6, (50,))
    assert torch.equal(label_aware_margin(logits, labels, torch.ones(6, 6)), margin(logits, labels))


def test_gradient_in_float64() -> None:
    torch.manual_seed(0)
    logits = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    labels, similarity = torch.tensor([0, 1, 2, 0]), torch.rand(4, dtype=torch.float64) + 0.1
    assert torch.autograd.gradcheck(lambda z: margin(z, labels), (logits,))
    assert torch.autograd.gradcheck(lambda z: label_aware_margin(z, labels, similarity), (logits,))


def test_extreme_logits_stay_finite() -> None:
    logits = torch.tensor([[1e30, -1e30], [-1e30, 1e30]])
    assert torch.isfinite(label_aware_margin(logits, torch.tensor([1, 1]), torch.full((2,), 0.1))).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_logits_of_ten_thousand_in_every_precision(dtype: torch.dtype) -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], dtype=dtype)
    found = label_aware_margin(logits, torch.tensor([0, 0]), torch.tensor([0.5, 0.5], dtype=dtype), None)
    assert found.dtype == torch.promote_types(dtype, torch.float32)
    assert found.tolist() == pytest.approx([1e4, -4e4], rel=0.01)
    vanished = label_aware_margin(logits, torch.tensor([0, 0]), torch.zeros(2, dtype=dtype), None)
    assert vanished.tolist() == pytest.approx([1e4, -2e10], rel=0.01)
    assert margin(logits, torch.tensor([0, 0])).tolist() == pytest.approx([1e4, -2e4], rel=0.01)


def test_a_batch_of_one() -> None:
    assert margin(torch.tensor([[0.5, 2.0]]), torch.tensor([1])).tolist() == [1.5]
