"""Running averages over the epochs."""

from __future__ import annotations

import math

import pytest
import torch

from lane_core.methods.dynamics import Dynamics


def test_two_epochs_by_hand() -> None:
    dynamics = Dynamics(torch.tensor([0, 1]), num_classes=2)
    first = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]])  # p = (.75, .25), (.5, .5)
    dynamics.observe(torch.tensor([0, 1]), first, torch.tensor([math.log(3.0), 0.0]))
    dynamics.observe(torch.tensor([0]), torch.tensor([[0.0, math.log(3.0)]]), torch.tensor([-5.0]))
    assert dynamics.num_observed.tolist() == [2, 1]
    assert dynamics.margin.tolist() == pytest.approx([-math.log(3), 0])
    assert dynamics.aum.tolist() == pytest.approx([0, 0], abs=1e-7)
    assert dynamics.alm.tolist() == pytest.approx([(math.log(3) - 5) / 2, 0])
    assert dynamics.mean_probabilities.tolist() == [pytest.approx([0.5, 0.5]), pytest.approx([0.5, 0.5])]
    assert dynamics.label_score.tolist() == pytest.approx([math.sqrt(0.75 * 0.25), 0.5])


def test_state_comes_back_bit_for_bit() -> None:
    dynamics = Dynamics(torch.tensor([0, 1, 1]), num_classes=2)
    dynamics.observe(torch.tensor([2, 0]), torch.randn(2, 2), torch.randn(2))
    other = Dynamics(torch.tensor([0, 0, 0]), num_classes=2)
    other.load_state_dict({name: value.clone() for name, value in dynamics.state_dict().items()})
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in dynamics.state_dict().items())


def test_an_example_never_observed_counts_as_neutral() -> None:
    dynamics = Dynamics(torch.tensor([0]), num_classes=2)
    assert dynamics.alm.tolist() == [0.0]
