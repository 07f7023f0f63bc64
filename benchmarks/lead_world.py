"""What is behind a made-up project: classes in the plane, texts of a class near one another, and labels that go wrong.

Wrong labels are mostly those of a class nearby, as people confuse them; so matrices, maps and curves look as they do of
a real run, and hold as much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]

NOISE_RATE = 0.12
DIMENSIONS = 32
"""Of an embedding."""
_SPREAD = 0.55
"""Of a class's examples around its middle; the nearest other middle is about 1 away."""
_NEAR_CLASSES = 4
"""A wrong label is one of so many nearest classes, the nearest most often."""


@dataclass(frozen=True)
class World:
    """What is true of every example, whatever label it goes by."""

    truth: Codes
    """Class codes, (N,)."""
    middles: npt.NDArray[np.float64]
    """Of the classes in the plane, (K, 2)."""
    nearest: Codes
    """The other classes, nearest first, (K, K - 1)."""
    points: npt.NDArray[np.float64]
    """Of the examples in the plane, (N, 2)."""

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.middles)

    @property
    def similarity(self) -> npt.NDArray[np.float64]:
        """How alike classes are, (K, K), each row a distribution."""
        distance = _distances(self.middles)
        alike = np.exp(-distance) + 2 * np.eye(self.num_classes)
        return alike / alike.sum(axis=1, keepdims=True)

    @property
    def distance(self) -> npt.NDArray[np.float64]:
        """How far apart classes are, (K, K), 0 to 1 within each row."""
        distance = _distances(self.middles)
        return distance / distance.max(axis=1, keepdims=True)

    def mistaken(self, rng: np.random.Generator, classes: Codes) -> Codes:
        """Return another class for each of some classes, mostly one nearby."""
        place = np.minimum(rng.geometric(0.5, len(classes)) - 1, min(_NEAR_CLASSES, self.num_classes - 1) - 1)
        return self.nearest[classes, place]

    def embeddings(self, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """Return sentence embeddings, (N, DIMENSIONS): the points, turned into more dimensions, and some noise."""
        turn = rng.normal(0, 1, (2, DIMENSIONS))
        noise = rng.normal(0, 0.3, (len(self.points), DIMENSIONS))
        return (self.points @ turn + noise).astype(np.float32)


def world_of(rng: np.random.Generator, truth: Codes, num_classes: int) -> World:
    """Place the classes on a sunflower, and each example near the middle of its class."""
    place = np.arange(num_classes)
    angle, radius = place * np.pi * (3 - 5**0.5), np.sqrt(place + 0.5)
    middles = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    nearest = np.argsort(_distances(middles), axis=1)[:, 1:]
    points = middles[truth] + rng.normal(0, _SPREAD, (len(truth), 2))
    return World(truth, middles, nearest, points)


def uneven_classes(rng: np.random.Generator, num_examples: int, num_classes: int) -> Codes:
    """Return a class code for each example, (N,): each class is there, the largest the most often."""
    shares = np.linspace(5, 1, num_classes)
    drawn = rng.choice(num_classes, num_examples - num_classes, p=shares / shares.sum())
    return rng.permutation(np.concatenate([np.arange(num_classes), drawn]))


def noisy_labels(rng: np.random.Generator, world: World) -> Codes:
    """Return the labels of a file, (N,), NOISE_RATE of them wrong."""
    is_wrong = rng.random(len(world.truth)) < NOISE_RATE
    return np.where(is_wrong, world.mistaken(rng, world.truth), world.truth)


def _distances(middles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.linalg.norm(middles[:, None] - middles[None], axis=2))
