"""What a training run tells while it goes on, and how it is asked to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Cancelled(Exception):
    """The observer asked the loop to stop."""


@dataclass(frozen=True)
class StepProgress:
    """How far the run is, after an optimizer step."""

    epoch: int
    step: int
    total_steps: int
    seconds_left: float


@dataclass(frozen=True)
class EpochReport:
    """Everything known at the end of an epoch; arrays by index."""

    epoch: int
    examples: dict[str, npt.NDArray[np.generic]]
    """Columns of EPOCH_SCHEMA, each (N,)."""
    probabilities: npt.NDArray[np.float16]
    """(N, K), those that ``predicted`` and ``suggested`` come from; a class without an example has 0."""
    class_similarity: npt.NDArray[np.float32]
    """(K, K), row = given class; the row of a class without an example is uniform, its column 0."""
    metrics: dict[str, float | int | None]
    """Columns of METRICS_SCHEMA."""
    losses: dict[str, list[float]]
    """Columns of LOSSES_SCHEMA: means over stretches of steps."""


class Observer(Protocol):
    """Who watches a run: the worker writes files, the command line draws a bar."""

    def phase(self, words: str) -> None:
        """The run now does this."""

    def prepared(self, embeddings: npt.NDArray[np.float32]) -> None:
        """The pretrained sentence embeddings, (N, H), are known."""

    def step(self, progress: StepProgress) -> None:
        """An optimizer step is done."""

    def epoch_end(self, report: EpochReport) -> None:
        """An epoch is done; called before its checkpoint is written."""

    def should_stop(self) -> bool:
        """Whether somebody cancelled the run; asked at every step."""


@dataclass
class Clock:
    """Estimates the time left from the steps so far. Seconds."""

    total_steps: int
    epochs: int
    step_seconds: list[float] = field(default_factory=list)
    epoch_end_seconds: list[float] = field(default_factory=list)

    def seconds_left(self, step: int, epoch: int) -> float:
        """Return the time left; the first steps, which warm caches up, are not counted once there are others."""
        recent = self.step_seconds[3:] or self.step_seconds
        per_step = median(recent[-200:]) if recent else 0.0
        per_end = median(self.epoch_end_seconds) if self.epoch_end_seconds else per_step * 5
        return per_step * (self.total_steps - step) + per_end * (self.epochs - epoch + 1)
