"""Label scores of a run: which probabilities they come from, and how far those are sharpened."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lane_core.methods.dynamics import Dynamics
from lane_core.methods.label_posterior import SHARPNESS, anchor_noise_rate, fitted_sharpness, label_posterior
from lane_core.training.label_scores import score_labels

NUM_EXAMPLES = 400


@pytest.fixture
def seen() -> tuple[Dynamics, torch.Tensor, torch.Tensor]:
    """Two epochs of flat predictions, which examples are trained on, and two fold classifiers."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, NUM_EXAMPLES)
    given = np.where(rng.random(NUM_EXAMPLES) < 0.2, (true + 1) % 3, true)
    dynamics = Dynamics(torch.from_numpy(given), num_classes=3)
    signal = 0.8 * np.eye(3)[true]
    for _ in range(2):
        logits = torch.from_numpy(signal + rng.normal(0, 0.2, signal.shape)).float()
        dynamics.observe(torch.arange(NUM_EXAMPLES), logits, torch.zeros(NUM_EXAMPLES))
    folds = torch.from_numpy(signal + rng.normal(0, 0.2, (2, *signal.shape))).float().log_softmax(dim=2)
    return dynamics, torch.arange(NUM_EXAMPLES) < 300, folds


def test_heads_are_averaged_with_the_folds_and_sharpened_by_what_fits(
    seen: tuple[Dynamics, torch.Tensor, torch.Tensor],
) -> None:
    dynamics, is_train, folds = seen
    found = score_labels(dynamics, is_train, folds, features_are_frozen=True)
    pooled = (dynamics.pooled_log_probabilities + folds[0] + folds[1]) / 3
    sharpness = fitted_sharpness(pooled[is_train], dynamics.labels[is_train])
    assert sharpness > 1.1 * SHARPNESS
    expected = label_posterior(
        pooled, dynamics.labels, is_train, found.noise_rate, sharpness
    ).wrong_probability
    assert torch.allclose(found.label_score, 1 - expected, atol=1e-5)


def test_trained_layers_speak_for_themselves_with_the_constant(
    seen: tuple[Dynamics, torch.Tensor, torch.Tensor],
) -> None:
    dynamics, is_train, folds = seen
    found = score_labels(dynamics, is_train, folds, features_are_frozen=False)
    pooled = dynamics.pooled_log_probabilities
    expected = label_posterior(
        pooled, dynamics.labels, is_train, found.noise_rate, SHARPNESS
    ).wrong_probability
    assert torch.equal(found.label_score, 1 - expected)
    early = dynamics.early_log_probability_sum + folds[0] + folds[1]
    assert found.noise_rate == anchor_noise_rate(early[is_train], dynamics.labels[is_train])
