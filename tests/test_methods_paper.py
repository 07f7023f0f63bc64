"""The preset "paper" against Algorithm 1 and eq. 1 to 9, written down line by line without an option."""

from __future__ import annotations

import math

import pytest
import torch

from lane_core.config import RunConfig
from lane_core.methods.lane import Lane
from tests.tiny_method import (
    HELD_OUT_ROWS,
    LEARNING_RATE,
    NUM_CLASSES,
    NUM_EXAMPLES,
    NUM_TRAIN,
    TinyData,
    TinyRun,
    epoch_batches,
    make_data,
    make_network,
)


class Algorithm1:
    """Python lists and loops; only the gradients come from torch."""

    def __init__(self, data: TinyData, num_views: int) -> None:
        self.data, self.num_views = data, num_views
        torch.manual_seed(0)
        self.theta, self.pi = make_network("theta"), make_network("pi")
        self.alm_sum = [0.0] * NUM_EXAMPLES
        self.num_epochs = [0] * NUM_EXAMPLES
        self.weights: dict[tuple[int, int], float] = {}

    def alm(self, i: int) -> float:
        return self.alm_sum[i] / self.num_epochs[i]

    def train(self, epochs: int) -> None:
        parameters = [*self.theta.parameters(), *self.pi.parameters()]
        optimizer = torch.optim.SGD(parameters, lr=LEARNING_RATE)
        for epoch in range(1, epochs + 1):
            torch.manual_seed(100 + epoch)
            for batch in epoch_batches(epoch):
                loss = self.step(epoch, batch)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
            self.theta.eval(), self.pi.eval()
            for i in HELD_OUT_ROWS:
                z, w, _ = self.forward([i], num_views=1)
                self.count(i, z[0], w[0])
            self.theta.train(), self.pi.train()

    def forward(self, batch: list[int], num_views: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        texts = torch.cat([self.data.views[view][batch] for view in range(num_views)])
        h, z = self.theta(texts, torch.ones(len(texts), 1))
        w = torch.softmax(self.pi(texts, torch.ones(len(texts), 1))[1], dim=1)
        return z, w, h

    def step(self, epoch: int, batch: list[int]) -> torch.Tensor:
        z, w, h = self.forward(batch, self.num_views)
        for b, i in enumerate(batch):  # row b is the original of example i
            self.count(i, z[b], w[b])
        suspects = [i for i in batch if self.alm(i) < 0]
        weight = dict.fromkeys(batch, 1.0)
        if len(suspects) > 1:
            mu = sum(self.alm(i) for i in suspects) / len(suspects)
            sigma_squared = sum((self.alm(i) - mu) ** 2 for i in suspects) / len(suspects)
            for i in suspects:
                if self.alm(i) < mu:
                    weight[i] = math.exp(-((self.alm(i) - mu) ** 2) / (2 * sigma_squared))
        for i in batch:
            self.weights[epoch, i] = weight[i]

        everyone = batch * self.num_views  # the example of each row
        given = [int(self.data.labels[i]) for i in everyone]
        dots = h @ h.T
        loss = torch.zeros(())
        for a, i in enumerate(everyone):
            y = given[a]
            loss = loss - weight[i] * torch.log_softmax(z[a], dim=0)[y]
            loss = loss - torch.log(w[a, y])
            positives = [p for p in range(len(everyone)) if p != a and given[p] == y]
            negatives = [s for s in range(len(everyone)) if given[s] != y]
            if not positives or not negatives:
                continue
            below = (w[a, [given[s] for s in negatives]] * torch.exp(dots[a, negatives])).sum()
            loss = loss - torch.log(w[a, y] * torch.exp(dots[a, positives]) / below).sum() / len(positives)
        return loss / len(everyone)

    def count(self, i: int, z: torch.Tensor, w: torch.Tensor) -> None:
        y = int(self.data.labels[i])
        j = max((k for k in range(NUM_CLASSES) if k != y), key=lambda k: z[k].item())
        m = (z[y] - z[j]).item()
        self.alm_sum[i] += m / w[j].item() if m < 0 else m
        self.num_epochs[i] += 1


@pytest.mark.parametrize("num_views", [1, 3])
def test_three_epochs_equal_algorithm_1(num_views: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_data()
    weights: dict[tuple[int, int], float] = {}
    original = Lane._batch_weights

    def record(lane: Lane, index: torch.Tensor, aware: torch.Tensor) -> torch.Tensor:
        found = original(lane, index, aware)
        weights.update(
            {(lane.epoch, i): value for i, value in zip(index.tolist(), found.tolist(), strict=True)}
        )
        return found

    monkeypatch.setattr(Lane, "_batch_weights", record)
    lane = TinyRun(RunConfig.from_preset("paper"), data, num_views).train(1, 3).method
    printed = Algorithm1(data, num_views)
    printed.train(3)

    assert set(weights) == {(epoch, i) for epoch in (1, 2, 3) for i in range(NUM_TRAIN)}
    assert [weights[at] for at in printed.weights] == pytest.approx(list(printed.weights.values()), abs=1e-5)
    assert sum(value < 0.9 for value in weights.values()) > 20
    alm = torch.tensor([printed.alm(i) for i in range(NUM_EXAMPLES)])
    torch.testing.assert_close(lane.dynamics.alm, alm, rtol=1e-5, atol=1e-5)
    assert alm.min() < -1
    for name, network in (("theta", printed.theta), ("pi", printed.pi)):
        torch.testing.assert_close(
            lane.networks[name].state_dict(), dict(network.state_dict()), rtol=1e-4, atol=1e-5
        )
