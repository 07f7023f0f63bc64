"""Running averages over the epochs."""

from __future__ import annotations

import math

import pytest
import torch

from lane_core.errors import RunError
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


def observed(epochs: list[list[float]], pi_epochs: list[list[float]] | None = None) -> Dynamics:
    """One example of class 0 with these logits, epoch by epoch."""
    dynamics = Dynamics(torch.tensor([0]), num_classes=2)
    for at, logits in enumerate(epochs):
        pi_logits = None if pi_epochs is None else torch.tensor([pi_epochs[at]])
        dynamics.observe(torch.tensor([0]), torch.tensor([logits]), torch.zeros(1), pi_logits)
    return dynamics


def test_the_newest_epoch_by_hand() -> None:
    dynamics = observed([[0.0, math.log(3)], [math.log(3), 0.0]])
    assert dynamics.log_given.tolist() == pytest.approx([math.log(0.75)])
    assert dynamics.is_given_predicted.tolist() == [True]


def test_early_and_late_averages_by_hand() -> None:
    quarter, half, most = [0.0, math.log(3)], [0.0, 0.0], [math.log(3), 0.0]
    dynamics = observed([quarter])
    assert dynamics.pooled_log_probabilities[0].tolist() == pytest.approx([math.log(0.25), math.log(0.75)])
    dynamics = observed([quarter, half, most])
    # Early: epochs 1 and 2. Pooled: epochs 2 and 3.
    assert dynamics.early_log_probability_sum[0, 0].item() == pytest.approx(math.log(0.25 * 0.5))
    assert dynamics.pooled_log_probabilities[0, 0].item() == pytest.approx(math.log(0.5 * 0.75) / 2)


def test_both_networks_are_averaged_before_the_softmax() -> None:
    # Mean logits (log 3, 0): theta says .9, Pi .5.
    dynamics = observed([[2 * math.log(3), 0.0]], [[0.0, 0.0]])
    assert dynamics.pooled_log_probabilities[0, 0].item() == pytest.approx(math.log(0.75))
    assert dynamics.mean_probabilities[0, 0].item() == pytest.approx(0.9)


def test_averages_from_the_second_epoch_on() -> None:
    dynamics = Dynamics(torch.tensor([0]), num_classes=2, start_epoch=2)
    index = torch.tensor([0])
    assert dynamics.alm_with(index, torch.tensor([-500.0])).item() == 0.0
    dynamics.observe(index, torch.tensor([[-50.0, 0.0]]), torch.tensor([-500.0]))
    assert (dynamics.alm.item(), dynamics.aum.item()) == (0.0, 0.0)
    assert dynamics.alm_with(index, torch.tensor([4.0])).item() == 4.0
    dynamics.observe(index, torch.tensor([[2.0, 0.0]]), torch.tensor([4.0]))
    assert dynamics.alm_with(index, torch.tensor([-2.0])).item() == 1.0
    dynamics.observe(index, torch.tensor([[0.0, 1.0]]), torch.tensor([-2.0]))
    assert (dynamics.alm.item(), dynamics.aum.item()) == (1.0, 0.5)
    assert dynamics.num_observed.item() == 3


def test_a_state_of_another_version_is_named() -> None:
    dynamics = Dynamics(torch.tensor([0]), num_classes=2)
    state = dynamics.state_dict()
    del state["early_log_probability_sum"]
    with pytest.raises(
        RunError, match=r"The checkpoint holds no 'early_log_probability_sum'.*Start the run anew"
    ):
        dynamics.load_state_dict(state)


def test_state_comes_back_bit_for_bit() -> None:
    dynamics = Dynamics(torch.tensor([0, 1, 1]), num_classes=2)
    dynamics.observe(torch.tensor([2, 0]), torch.randn(2, 2), torch.randn(2), torch.randn(2, 2))
    other = Dynamics(torch.tensor([0, 0, 0]), num_classes=2)
    other.load_state_dict({name: value.clone() for name, value in dynamics.state_dict().items()})
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in dynamics.state_dict().items())


def test_an_example_never_observed_counts_as_neutral() -> None:
    dynamics = Dynamics(torch.tensor([0]), num_classes=2)
    assert dynamics.alm.tolist() == [0.0]
