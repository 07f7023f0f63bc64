"""Lane against a line-by-line implementation of the equations, over three epochs of real training."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from lane_core.config import RunConfig
from lane_core.methods.lane import Lane
from lane_core.methods.method import Batch, Network

NUM_EXAMPLES, NUM_CLASSES, HIDDEN = 120, 3, 6
HELD_OUT = 20
DEFAULT = RunConfig(warmup_epochs=1)
PAPER = RunConfig.from_preset("paper")


class TinyEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, HIDDEN)

    def forward(self, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        del mask
        return self.layer(features).tanh()


def make_network() -> Network:
    return Network(TinyEncoder(), HIDDEN, NUM_CLASSES)


@pytest.fixture
def data() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(3)
    labels = np.arange(NUM_EXAMPLES) % NUM_CLASSES
    centres = rng.normal(0, 1, (NUM_CLASSES, 4))
    features = centres[labels] + rng.normal(0, 1.2, (NUM_EXAMPLES, 4))
    given = labels.copy()
    given[::5] = (given[::5] + 1) % NUM_CLASSES
    is_train = np.arange(NUM_EXAMPLES) < NUM_EXAMPLES - HELD_OUT
    return torch.tensor(features, dtype=torch.float32), torch.from_numpy(given), torch.from_numpy(is_train)


def epoch_batches(epoch: int) -> list[list[int]]:
    order = np.random.default_rng(epoch).permutation(NUM_EXAMPLES - HELD_OUT)
    return [order[at : at + 10].tolist() for at in range(0, len(order), 10)]


def batch(data: tuple[torch.Tensor, ...], index: list[int]) -> Batch:
    rows = torch.tensor(index)
    return Batch(rows, data[1][rows], data[0][rows], torch.ones(len(index), 1, dtype=torch.bool))


def run_lane(config: RunConfig, data: tuple[torch.Tensor, ...], epochs: int) -> tuple[Lane, list[float]]:
    torch.manual_seed(0)
    lane = Lane(config, make_network, data[1], data[2], NUM_CLASSES)
    optimizer = torch.optim.SGD(lane.networks.parameters(), lr=0.3)
    losses = []
    for epoch in range(1, epochs + 1):
        lane.begin_epoch(epoch)
        torch.manual_seed(100 + epoch)
        for index in epoch_batches(epoch):
            terms = lane.loss(batch(data, index))
            optimizer.zero_grad()
            terms.total.backward()
            optimizer.step()
            losses.append(terms.total.item())
        lane.evaluate([batch(data, list(range(NUM_EXAMPLES - HELD_OUT, NUM_EXAMPLES)))])
        lane.end_epoch()
    return lane, losses


class Reference:
    """The equations as they are written, in Python lists; only the networks' gradients come from torch."""

    def __init__(self, config: RunConfig, data: tuple[torch.Tensor, ...]) -> None:
        self.config, self.data = config, data
        torch.manual_seed(0)
        self.theta, self.pi = make_network(), make_network()
        self.history: list[list[float]] = [[] for _ in range(NUM_EXAMPLES)]  # LM_1, LM_2, ...
        self.weights = [1.0] * NUM_EXAMPLES
        self.relative: list[list[float]] | None = None

    def train(self, epochs: int) -> None:
        features, labels, _ = self.data
        optimizer = torch.optim.SGD([*self.theta.parameters(), *self.pi.parameters()], lr=0.3)
        for epoch in range(1, epochs + 1):
            torch.manual_seed(100 + epoch)
            seen_w: list[list[list[float]]] = [[] for _ in range(NUM_CLASSES)]
            for index in epoch_batches(epoch):
                h, z = self.theta(features[index], torch.ones(len(index), 1))
                w = self.pi(features[index], torch.ones(len(index), 1))[1].softmax(dim=1)
                given = [int(labels[i]) for i in index]
                for position, y in enumerate(given):
                    seen_w[y].append(w[position].tolist())
                aware = [self.aware_margin(z[b].tolist(), y, w[b].tolist()) for b, y in enumerate(given)]
                for b, i in enumerate(index):
                    self.history[i].append(aware[b])
                weights = self.batch_weights(epoch, index)
                loss = torch.zeros(())
                for b, y in enumerate(given):
                    loss = loss - weights[b] * z[b].log_softmax(dim=0)[y]
                    loss = loss - w[b, y].log()
                    loss = loss + self.contrastive(b, h, given, w)
                optimizer.zero_grad()
                (loss / len(index)).backward()
                optimizer.step()
            self.theta.eval(), self.pi.eval()
            for i in range(NUM_EXAMPLES - HELD_OUT, NUM_EXAMPLES):
                _, z = self.theta(features[i : i + 1], torch.ones(1, 1))
                w = self.pi(features[i : i + 1], torch.ones(1, 1))[1].softmax(dim=1)
                self.history[i].append(self.aware_margin(z[0].tolist(), int(labels[i]), w[0].tolist()))
            self.theta.train(), self.pi.train()
            self.end_epoch(epoch, seen_w)

    def aware_margin(self, z: list[float], y: int, w: list[float]) -> float:
        others = [k for k in range(NUM_CLASSES) if k != y]
        rival = max(others, key=lambda k: z[k])
        plain = z[y] - z[rival]
        if plain >= 0:
            return plain
        if self.config.similarity == "instance":
            return plain / w[rival]
        if self.relative is None:
            return plain
        return plain * min(1 / self.relative[y][rival] ** 0.5, 10)

    def alm(self, i: int) -> float:
        return sum(self.history[i]) / len(self.history[i]) if self.history[i] else 0.0

    def batch_weights(self, epoch: int, index: list[int]) -> list[float]:
        if epoch <= self.config.warmup_epochs:
            return [1.0] * len(index)
        if self.config.statistics == "dataset":
            return [self.weights[i] for i in index]
        return self.gaussian([self.alm(i) for i in index], [self.alm(i) for i in index], smallest=2)

    def gaussian(self, alm: list[float], fitted_on: list[float], smallest: int) -> list[float]:
        suspects = [a for a in fitted_on if a < 0]
        if len(suspects) < smallest:
            return [1.0] * len(alm)
        mu = sum(suspects) / len(suspects)
        variance = sum((a - mu) ** 2 for a in suspects) / len(suspects)
        return [math.exp(-((a - mu) ** 2) / (2 * variance)) if a < 0 and a < mu else 1.0 for a in alm]

    def contrastive(self, b: int, h: torch.Tensor, given: list[int], w: torch.Tensor) -> torch.Tensor:
        positives = [p for p in range(len(given)) if p != b and given[p] == given[b]]
        negatives = [s for s in range(len(given)) if given[s] != given[b]]
        if not positives or not negatives:
            return torch.zeros(())
        unit = h / h.norm(dim=1, keepdim=True)
        everyone = [s for s in range(len(given)) if s != b]
        summed = negatives if self.config.contrastive_denominator == "negatives" else everyone
        below = sum(w[b, given[s]] * (unit[b] @ unit[s] / 0.3).exp() for s in summed)
        terms = [(w[b, given[b]] * (unit[b] @ unit[p] / 0.3).exp() / below).log() for p in positives]
        return -sum(terms) / len(positives)

    def end_epoch(self, epoch: int, seen_w: list[list[list[float]]]) -> None:
        alm = [self.alm(i) for i in range(NUM_EXAMPLES)]
        train = alm[: NUM_EXAMPLES - HELD_OUT]
        if epoch >= self.config.warmup_epochs:
            self.weights = self.gaussian(alm, train, smallest=20)
        similarity = [
            [sum(row[k] for row in rows) / len(rows) for k in range(NUM_CLASSES)] for rows in seen_w
        ]
        self.relative = []
        for y, row in enumerate(similarity):
            mean = sum(value for k, value in enumerate(row) if k != y) / (NUM_CLASSES - 1)
            self.relative.append([max(value / mean, 0.05) if k != y else 1.0 for k, value in enumerate(row)])


@pytest.mark.parametrize("config", [DEFAULT, PAPER], ids=["default", "paper"])
def test_three_epochs_equal_the_equations(
    config: RunConfig, data: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    lane, _ = run_lane(config, data, epochs=3)
    reference = Reference(config, data)
    reference.train(epochs=3)
    expected = torch.tensor([reference.alm(i) for i in range(NUM_EXAMPLES)])
    torch.testing.assert_close(lane.dynamics.alm, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(lane.weights, torch.tensor(reference.weights), rtol=1e-4, atol=1e-5)
    for mine, theirs in ((lane.networks["theta"], reference.theta), (lane.networks["pi"], reference.pi)):
        for name, value in theirs.state_dict().items():
            torch.testing.assert_close(mine.state_dict()[name], value, rtol=1e-4, atol=1e-5)


def test_the_weights_do_something_in_this_data(data: tuple[torch.Tensor, ...]) -> None:
    lane, _ = run_lane(DEFAULT, data, epochs=3)
    assert (lane.weights < 0.9).sum() >= 3
    assert (lane.weights == 1).sum() > NUM_EXAMPLES / 2


def test_the_same_seed_gives_the_same_bits(data: tuple[torch.Tensor, ...]) -> None:
    first, first_losses = run_lane(DEFAULT, data, epochs=2)
    second, second_losses = run_lane(DEFAULT, data, epochs=2)
    assert first_losses == second_losses
    assert torch.equal(first.dynamics.alm, second.dynamics.alm)


def test_state_goes_over_to_a_new_method(data: tuple[torch.Tensor, ...]) -> None:
    lane, _ = run_lane(DEFAULT, data, epochs=2)
    other = Lane(DEFAULT, make_network, data[1], data[2], NUM_CLASSES)
    other.load_state_dict(copy.deepcopy(lane.state_dict()))
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in lane.state_dict().items())


def test_flags_are_the_examples_below_mu_of_the_training_rows(data: tuple[torch.Tensor, ...]) -> None:
    lane, _ = run_lane(DEFAULT, data, epochs=3)
    lane.begin_epoch(4)
    summary = lane.end_epoch()
    alm = lane.dynamics.alm
    train = alm[data[2]]
    assert summary.statistics is not None
    assert summary.statistics.mu == pytest.approx(train[train < 0].mean().item(), rel=1e-5)
    assert torch.equal(summary.is_label_issue, alm < train[train < 0].mean())


def test_held_out_rows_do_not_move_the_weights(data: tuple[torch.Tensor, ...]) -> None:
    lane, _ = run_lane(DEFAULT, data, epochs=2)
    spoilt = (data[0].clone(), data[1], data[2])
    spoilt[0][-HELD_OUT:] *= 100
    other, _ = run_lane(DEFAULT, spoilt, epochs=2)
    assert torch.equal(lane.weights[:-HELD_OUT], other.weights[:-HELD_OUT])
