"""Every equation once more in NumPy and plain loops, by the paper's text; 200 random cases must agree to 1e-6."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch

from lane_core.methods.contrastive import label_aware_contrastive_loss
from lane_core.methods.dynamics import Dynamics
from lane_core.methods.margins import label_aware_margin, margin
from lane_core.methods.similarity import relative_class_similarity
from lane_core.methods.weighting import truncated_gaussian_weights

Array = npt.NDArray[np.float64]
SEEDS = range(200)


def np_margin(row: Array, y: int) -> tuple[float, int]:
    rival = -1
    for k in range(len(row)):
        if k != y and (rival < 0 or row[k] > row[rival]):
            rival = k
    return float(row[y] - row[rival]), rival


def np_label_aware_margin(row: Array, y: int, similarity: float, max_scale: float) -> float:
    plain, _ = np_margin(row, y)
    return plain * min(1 / similarity, max_scale) if plain < 0 else plain


def np_weights(alm: Array, sigma: str | float, mu: float | None) -> list[float]:
    suspects = [a for a in alm if a < 0]
    if isinstance(sigma, str) or mu is None:
        if len(suspects) < 2:
            return [1.0] * len(alm)
        mean = sum(suspects) / len(suspects)
        eq_6 = sum((a - mean) ** 2 for a in suspects) / len(suspects)
        mu = mean if mu is None else mu
        if sigma == "std":
            sigma = math.sqrt(eq_6)
        elif sigma == "literal":
            sigma = eq_6
    assert not isinstance(sigma, str)
    return [math.exp(-((a - mu) ** 2) / (2 * sigma**2)) if a < 0 and a < mu else 1.0 for a in alm]


def np_relative(similarity: Array, floor: float) -> Array:
    size = len(similarity)
    relative = np.ones((size, size))
    for y in range(size):
        mean = sum(similarity[y, k] for k in range(size) if k != y) / (size - 1)
        for j in range(size):
            if j != y:
                relative[y, j] = max(similarity[y, j] / mean, floor)
    return relative


def np_contrastive(
    h: Array,
    labels: npt.NDArray[np.int64],
    w: Array,
    temperature: float,
    denominator: str,
    positive_weight: str,
) -> list[float]:
    unit = np.array([row / math.sqrt(sum(value**2 for value in row)) for row in h])
    losses = []
    for i, y in enumerate(labels):
        positives = [p for p, other in enumerate(labels) if p != i and other == y]
        negatives = [s for s, other in enumerate(labels) if other != y]
        if not positives or not negatives:
            losses.append(0.0)
            continue
        below = 0.0
        for s in negatives if denominator == "negatives" else [*positives, *negatives]:
            below += w[i, labels[s]] * math.exp(unit[i] @ unit[s] / temperature)
        total = 0.0
        for p in positives:
            similar = math.exp(unit[i] @ unit[p] / temperature)
            if positive_weight == "inside":
                total += math.log(w[i, y] * similar / below)
            else:
                total += w[i, y] * math.log(similar / below)
        losses.append(-total / len(positives))
    return losses


def np_softmax(row: Array) -> Array:
    powers = [math.exp(value - max(row)) for value in row]
    return np.array(powers) / sum(powers)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_margins(first: int) -> None:
    for seed in SEEDS[first : first + 50]:
        rng = np.random.default_rng(seed)
        num_examples, num_classes = rng.integers(1, 12), rng.integers(2, 10)
        logits, labels = (
            rng.normal(0, 5, (num_examples, num_classes)),
            rng.integers(0, num_classes, num_examples),
        )
        own, matrix = rng.uniform(0.01, 1.2, num_examples), rng.uniform(0.01, 1.2, (num_classes, num_classes))
        rows = list(zip(logits, labels, own, strict=True))
        given = torch.from_numpy(logits), torch.from_numpy(labels)
        np.testing.assert_allclose(margin(*given), [np_margin(z, y)[0] for z, y, _ in rows], rtol=1e-6)
        np.testing.assert_allclose(
            label_aware_margin(*given, torch.from_numpy(own), max_scale=None),
            [np_label_aware_margin(z, y, w, 1e6) for z, y, w in rows],
            rtol=1e-6,
        )
        np.testing.assert_allclose(
            label_aware_margin(*given, torch.from_numpy(matrix), max_scale=4.0),
            [np_label_aware_margin(z, y, matrix[y, np_margin(z, y)[1]], 4.0) for z, y, _ in rows],
            rtol=1e-6,
        )


@pytest.mark.parametrize("sigma", ["std", "literal", 0.7])
@pytest.mark.parametrize("mu", [None, 0.0, -1.0])
def test_weights(sigma: str | float, mu: float | None) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        alm = rng.normal(0, rng.uniform(0.2, 8), rng.integers(1, 40))
        found = truncated_gaussian_weights(torch.from_numpy(alm), sigma, mu)
        np.testing.assert_allclose(found, np_weights(alm, sigma, mu), rtol=1e-6, atol=1e-12)


def test_relative_similarity() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        similarity = rng.dirichlet(np.full(size := rng.integers(2, 9), 0.7), size)
        floor = rng.uniform(0.01, 0.5)
        found = relative_class_similarity(torch.from_numpy(similarity), floor)
        np.testing.assert_allclose(found, np_relative(similarity, floor), rtol=1e-6)


@pytest.mark.parametrize("denominator", ["negatives", "all"])
@pytest.mark.parametrize("positive_weight", ["inside", "outside"])
def test_contrastive_loss(denominator: str, positive_weight: str) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        num_examples, num_classes = rng.integers(1, 9), rng.integers(2, 5)
        h, labels = rng.normal(0, 3, (num_examples, 4)), rng.integers(0, num_classes, num_examples)
        w, temperature = rng.dirichlet(np.ones(num_classes), num_examples), rng.uniform(0.07, 2)
        tensors = torch.from_numpy(h), torch.from_numpy(labels), torch.from_numpy(w)
        found = label_aware_contrastive_loss(*tensors, temperature, denominator, positive_weight)
        assert found.dtype == torch.float64
        expected = np_contrastive(h, labels, w, temperature, denominator, positive_weight)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_dynamics() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        num_examples, num_classes, epochs = 6, rng.integers(2, 6), rng.integers(1, 8)
        start = int(rng.integers(1, epochs + 1))
        labels = rng.integers(0, num_classes, num_examples)
        dynamics = Dynamics(torch.from_numpy(labels), num_classes, start)
        shape = (epochs, num_examples, num_classes)
        theta, pi, aware = rng.normal(0, 3, shape), rng.normal(0, 3, shape), rng.normal(0, 3, shape[:2])
        for t in range(epochs):
            index = rng.permutation(num_examples)
            dynamics.observe(
                torch.from_numpy(index),
                torch.from_numpy(theta[t, index]),
                torch.from_numpy(aware[t, index]),
                torch.from_numpy(pi[t, index]),
            )
        for i, y in enumerate(labels):
            p = np.array([np_softmax(theta[t, i]) for t in range(epochs)])
            both = np.log([np_softmax((theta[t, i] + pi[t, i]) / 2) for t in range(epochs)])
            expected = {
                "aum": np.mean([np_margin(theta[t, i], y)[0] for t in range(start - 1, epochs)]),
                "alm": np.mean(aware[start - 1 :, i]),
                "log_given": math.log(p[-1, y]),
                "is_given_predicted": int(np.argmax(theta[-1, i])) == y,
            }
            for name, value in expected.items():
                assert getattr(dynamics, name)[i].item() == pytest.approx(value, rel=2e-6, abs=1e-6), name
            np.testing.assert_allclose(dynamics.mean_probabilities[i], p.mean(axis=0), rtol=1e-5, atol=1e-7)
            pooled = both[1:].mean(axis=0) if epochs > 1 else both[0]
            np.testing.assert_allclose(dynamics.pooled_log_probabilities[i], pooled, rtol=1e-4, atol=1e-5)
            early = both[:2].sum(axis=0)
            np.testing.assert_allclose(dynamics.early_log_probability_sum[i], early, rtol=1e-4, atol=1e-5)
