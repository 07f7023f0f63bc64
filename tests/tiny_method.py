"""120 points in three noisy classes and networks of one layer: a method trains on them in a blink."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from lane_core.config import RunConfig
from lane_core.methods import METHODS
from lane_core.methods.base import Base
from lane_core.methods.method import Batch, EpochSummary, Network, NetworkName

NUM_EXAMPLES, NUM_CLASSES, HIDDEN = 120, 3, 6
NUM_TRAIN = 100
LEARNING_RATE = 0.3
HELD_OUT_ROWS = list(range(NUM_TRAIN, NUM_EXAMPLES))


class TinyEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, HIDDEN)

    def forward(self, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        del mask
        return self.layer(features).tanh()


def make_network(name: NetworkName) -> Network:
    del name  # theta and Pi differ by their random heads alone
    return Network(TinyEncoder(), HIDDEN, NUM_CLASSES)


@dataclass(frozen=True)
class TinyData:
    views: torch.Tensor
    """(V, N, 4); view 0 is the original."""
    labels: torch.Tensor
    is_train: torch.Tensor

    def batch(self, index: list[int], num_views: int = 1) -> Batch:
        rows = torch.tensor(index)
        features = self.views[:num_views, rows].reshape(-1, 4)
        return Batch(
            rows, self.labels[rows], features, torch.ones(len(features), 1, dtype=torch.bool), num_views
        )


def make_data() -> TinyData:
    """A fifth of the labels is wrong; views 1 and 2 are the original with some noise on it."""
    rng = np.random.default_rng(3)
    labels = np.arange(NUM_EXAMPLES) % NUM_CLASSES
    centres = rng.normal(0, 1, (NUM_CLASSES, 4))
    originals = centres[labels] + rng.normal(0, 1.2, (NUM_EXAMPLES, 4))
    given = labels.copy()
    given[::5] = (given[::5] + 1) % NUM_CLASSES
    views = np.stack([originals, *(originals + rng.normal(0, 0.3, (2, NUM_EXAMPLES, 4)))])
    is_train = np.arange(NUM_EXAMPLES) < NUM_TRAIN
    return TinyData(
        torch.tensor(views, dtype=torch.float32), torch.from_numpy(given), torch.from_numpy(is_train)
    )


def epoch_batches(epoch: int) -> list[list[int]]:
    order = np.random.default_rng(epoch).permutation(NUM_TRAIN)
    return [order[at : at + 10].tolist() for at in range(0, len(order), 10)]


@dataclass
class TinyRun:
    """A method in training, with the order of steps of ``lane_core.training.loop``."""

    config: RunConfig
    data: TinyData
    num_views: int = 1
    losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        method = METHODS[self.config.method]
        self.method: Base = method(
            self.config, make_network, self.data.labels, self.data.is_train, NUM_CLASSES
        )
        self.summary: EpochSummary

    def train(self, first_epoch: int, last_epoch: int) -> TinyRun:
        optimizer = torch.optim.SGD(self.method.networks.parameters(), lr=LEARNING_RATE)
        for epoch in range(first_epoch, last_epoch + 1):
            torch.manual_seed(100 + epoch)
            self.method.networks.train()
            self.method.begin_epoch(epoch)
            for index in epoch_batches(epoch):
                terms = self.method.loss(self.data.batch(index, self.num_views))
                optimizer.zero_grad()
                terms.total.backward()
                nn.utils.clip_grad_norm_(self.method.networks.parameters(), 1.0)
                optimizer.step()
                self.losses.append(terms.total.item())
            self.method.evaluate([self.data.batch(HELD_OUT_ROWS)])
            self.summary = self.method.end_epoch()
        return self
