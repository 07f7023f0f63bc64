"""The noise model: posterior by hand, the transition it was fed with, noise rates, calibration."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from lane_core.methods import label_posterior as module
from lane_core.methods.label_posterior import anchor_noise_rate, label_posterior

SHAME, GUILT, JOY = 0, 1, 2


def noisy_sample(rate: float, seed: int = 0, size: int = 3000) -> tuple[torch.Tensor, ...]:
    """True posteriors of overlapping classes, and labels in which shame is given as guilt, never as joy."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, size)
    logits = rng.normal(0, 1, (size, 3)) + 3 * np.eye(3)[true]
    given = true.copy()
    chosen = rng.choice(np.flatnonzero(true == SHAME), round(rate * size), replace=False)
    given[chosen] = GUILT
    log_probabilities = torch.from_numpy(logits).log_softmax(dim=1)
    return log_probabilities, torch.from_numpy(given), torch.from_numpy(given != true)


def everybody(labels: torch.Tensor) -> torch.Tensor:
    return torch.ones(len(labels), dtype=torch.bool)


def test_one_step_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ITERATIONS", 0)  # the start: uniform noise of rate .2
    probabilities = torch.tensor([[0.36, 0.16, 0.09], [0.09, 0.16, 0.36]])
    labels = torch.tensor([0, 0])
    # To the power 1.5: (.216, .064, .027), any scale. Times P(given 0 | true) = (.8, .1, .1).
    wrong_first = 0.0091 / (0.216 * 0.8 + 0.0091)
    wrong_second = 0.028 / (0.027 * 0.8 + 0.028)
    rate = (wrong_first + wrong_second) / 2
    found = label_posterior(probabilities.log(), labels, everybody(labels), rate)
    assert found.wrong_probability.tolist() == pytest.approx([wrong_first, wrong_second], rel=1e-5)
    assert found.transition.tolist()[0] == pytest.approx([0.8, 0.1, 0.1])


def test_the_transition_is_found() -> None:
    log_probabilities, given, _ = noisy_sample(rate=0.15)
    transition = label_posterior(log_probabilities, given, everybody(given), 0.15).transition
    assert transition.sum(dim=1).tolist() == pytest.approx([1.0, 1.0, 1.0], abs=1e-5)
    assert transition[SHAME, GUILT] == pytest.approx(0.45, abs=0.08)
    assert transition[SHAME, JOY] < 0.05
    assert transition[JOY].max() == transition[JOY, JOY] > 0.9


def test_it_ranks_better_than_the_probability_of_the_label() -> None:
    log_probabilities, given, is_wrong = noisy_sample(rate=0.1)
    wrong = label_posterior(log_probabilities, given, everybody(given), 0.1).wrong_probability
    plain = -log_probabilities.gather(1, given[:, None])[:, 0]
    assert average_precision_score(is_wrong, wrong) > average_precision_score(is_wrong, plain) + 0.008


@pytest.mark.parametrize("rate", [0.03, 0.2])
def test_probabilities_mean_what_they_say(rate: float) -> None:
    log_probabilities, given, is_wrong = noisy_sample(rate)
    wrong = label_posterior(log_probabilities, given, everybody(given), rate).wrong_probability
    assert wrong.mean().item() == pytest.approx(rate, abs=1e-3)
    order = wrong.argsort()
    gaps = [(wrong[part].mean() - is_wrong[part].float().mean()).abs() for part in order.chunk(15)]
    assert torch.stack(gaps).mean() < 0.05


@pytest.mark.parametrize(("asked", "taken"), [(0.0, 0.002), (0.9, 0.6)])
def test_the_rate_is_kept_believable(asked: float, taken: float) -> None:
    log_probabilities, given, _ = noisy_sample(rate=0.1, size=600)
    wrong = label_posterior(log_probabilities, given, everybody(given), asked).wrong_probability
    assert wrong.mean().item() == pytest.approx(taken, rel=1e-2)


def test_held_out_labels_fit_nothing() -> None:
    log_probabilities, given, _ = noisy_sample(rate=0.1, size=900)
    is_train = torch.arange(900) < 600
    other = given.clone()
    other[600:] = JOY
    one = label_posterior(log_probabilities, given, is_train, 0.1)
    two = label_posterior(log_probabilities, other, is_train, 0.1)
    assert torch.equal(one.transition, two.transition)
    assert torch.equal(one.wrong_probability[:600], two.wrong_probability[:600])


def test_extreme_probabilities_stay_finite() -> None:
    log_probabilities = torch.tensor([[0.0, -1e4], [-1e4, 0.0], [0.0, -1e4]])
    found = label_posterior(log_probabilities, torch.tensor([0, 0, 1]), torch.ones(3, dtype=torch.bool), 0.3)
    assert found.wrong_probability.isfinite().all()
    assert found.wrong_probability[0] < found.wrong_probability[1]


def test_anchors_by_hand() -> None:
    # Of twenty, the two most confident: one is labelled otherwise.
    logits = torch.zeros(20, 2)
    logits[3, 0], logits[7, 1], logits[9, 0] = 9.0, 8.0, 1.0
    labels = torch.zeros(20, dtype=torch.int64)
    assert anchor_noise_rate(logits, labels) == 0.5


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3])
def test_anchors_find_uniform_noise(rate: float) -> None:
    log_probabilities, _, _ = noisy_sample(0.0, size=6000)
    true = log_probabilities.argmax(dim=1)
    flipped = torch.rand(6000, generator=torch.Generator().manual_seed(1)) < rate
    given = torch.where(flipped, (true + 1) % 3, true)
    assert anchor_noise_rate(log_probabilities, given) == pytest.approx(rate, abs=0.05)
