"""The noise model: posterior by hand, the transition and the exponent it was fed with, noise rates, calibration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import average_precision_score

from lane_core.methods import label_posterior as module
from lane_core.methods.label_posterior import SHARPNESS, anchor_noise_rate, fitted_sharpness, label_posterior

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


def drawn_from_the_model(exponent: float, size: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities whose power ``exponent`` the true classes are drawn from, and labels with 20 % of errors."""
    rng = np.random.default_rng(seed)
    log_probabilities = torch.from_numpy(rng.normal(0, 1, (size, 4))).log_softmax(dim=1)
    powers = (exponent * log_probabilities).softmax(dim=1).numpy()
    true = (rng.random((size, 1)) > powers.cumsum(axis=1)[:, :-1]).sum(axis=1)
    given = np.where(rng.random(size) < 0.2, (true + rng.integers(1, 4, size)) % 4, true)
    return log_probabilities, torch.from_numpy(given)


def likeliest(log_probabilities: torch.Tensor, labels: torch.Tensor) -> float:
    return fitted_sharpness(log_probabilities, labels) / module.SHARPNESS_SHARE


def test_one_step_of_the_exponent_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ITERATIONS", 1)
    monkeypatch.setattr(module, "SHARPNESS", 1.0)
    monkeypatch.setattr(module, "SHARPNESS_SHARE", 0.9)
    log_probabilities = torch.tensor([[0.8, 0.2]]).log().repeat(4, 1)
    labels = torch.tensor([0, 0, 0, 1])
    # T is .8 and .2: q_0 = .64 / .68 where 0 is given, .16 / .32 where 1 is. E_q l - E_p l = (q_0 - .8) log 4.
    slope = 3 * (0.64 / 0.68 - 0.8) + (0.5 - 0.8)
    expected = 1 + slope / (4 * 0.8 * 0.2 * np.log(4))
    assert fitted_sharpness(log_probabilities, labels) == pytest.approx(0.9 * expected, rel=1e-6)


@pytest.mark.parametrize("exponent", [2.5, 3.0, 4.0])
def test_the_exponent_of_the_model_is_found(exponent: float) -> None:
    found = likeliest(*drawn_from_the_model(exponent, size=12_000))
    assert found == pytest.approx(exponent, rel=0.1)


def test_the_exponent_makes_the_labels_likeliest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARPNESS", 0.5)  # no end within reach
    monkeypatch.setattr(module, "ITERATIONS", 150)
    log_probabilities, labels = drawn_from_the_model(2.0, size=300, seed=1)
    found, logs, given = likeliest(log_probabilities, labels), log_probabilities.numpy(), labels.numpy()
    transition = transition_by_loops(logs, given, found)

    def minus_log_likelihood(exponent: float) -> float:
        powers = np.exp(exponent * logs)
        prior = powers / powers.sum(axis=1, keepdims=True)
        return -sum(
            float(np.log(row @ transition[:, label])) for row, label in zip(prior, given, strict=True)
        )

    best = minimize_scalar(minus_log_likelihood, bounds=(0.5, 8), method="bounded", options={"xatol": 1e-6}).x
    assert found == pytest.approx(best, abs=1e-3)


def transition_by_loops(
    logs: npt.NDArray[np.float64], given: npt.NDArray[np.int64], exponent: float
) -> npt.NDArray[np.float64]:
    """The matrix that EM ends at with this exponent, written out."""
    num_classes = logs.shape[1]
    prior = np.exp(exponent * logs) / np.exp(exponent * logs).sum(axis=1, keepdims=True)
    transition = np.full((num_classes, num_classes), 0.2 / (num_classes - 1))
    np.fill_diagonal(transition, 0.8)
    for _ in range(150):
        counts = np.zeros_like(transition)
        for row, label in zip(prior, given, strict=True):
            joint = row * transition[:, label]
            counts[:, label] += joint / joint.sum()
        rate = 1 - np.trace(counts) / len(given)
        for true in range(num_classes):
            for label in range(num_classes):
                belief = 1 - rate if true == label else rate / (num_classes - 1)
                counts[true, label] += module.PRIOR_EXAMPLES * num_classes * belief
        transition = counts / counts.sum(axis=1, keepdims=True)
    return transition


def test_the_exponent_is_kept_believable() -> None:
    certain = torch.tensor([[0.0, -1e4], [-1e4, 0.0]]).repeat(50, 1)
    right = torch.tensor([0, 1]).repeat(50)
    assert fitted_sharpness(certain, right) == SHARPNESS  # all is certain: nothing to fit
    nearly = torch.tensor([[0.8, 0.2], [0.2, 0.8]]).log().repeat(50, 1)
    assert likeliest(nearly, right) == pytest.approx(6.0)  # no error at all: as sharp as may be
    assert fitted_sharpness(*drawn_from_the_model(0.4, size=2000)) == SHARPNESS  # the least there is


def test_the_exponent_is_read_from_a_part_of_many_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    log_probabilities, labels = drawn_from_the_model(2.5, size=2000)
    twice = log_probabilities.repeat_interleave(2, dim=0), labels.repeat_interleave(2)
    monkeypatch.setattr(module, "SHARPNESS_EXAMPLES", 2000)
    assert fitted_sharpness(*twice) == pytest.approx(fitted_sharpness(log_probabilities, labels), rel=0.001)
