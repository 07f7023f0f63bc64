"""Train a method of the package and keep what a benchmark asks it for: class probabilities, AUM, flags."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import torch

from lane_core.config import RunConfig
from lane_core.training import loop
from lane_core.training.encoder import Encoder
from lane_core.training.features import PreparedTexts
from lane_core.training.loop import TrainingData, TrainingRun
from lane_core.training.progress import EpochReport, StepProgress


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a trained run says about every row, held-out rows included. Of held-out rows it has not seen the label."""

    last: npt.NDArray[np.float32]
    """(N, K), probabilities of theta after the last epoch, dropout off."""
    mean: npt.NDArray[np.float32]
    """(N, K), mean over the epochs: of the training steps for training rows, of the epochs' ends for the others."""
    is_label_issue: npt.NDArray[np.bool_]
    """(N,), the method's own flag."""


class LastReport:
    """Observer that keeps the newest epoch's report and never stops the run."""

    report: EpochReport

    def phase(self, words: str) -> None:
        """Not needed."""

    def prepared(self, embeddings: npt.NDArray[np.float32]) -> None:
        """Not needed."""

    def step(self, progress: StepProgress) -> None:
        """Not needed."""

    def epoch_end(self, report: EpochReport) -> None:
        """Keep the report."""
        self.report = report

    def should_stop(self) -> bool:
        """Never."""
        return False


def train_and_predict(data: TrainingData, config: RunConfig) -> Predictions:
    """Train from the start to the end and return the predictions; nothing is left on disk.

    The fold classifiers, of which label scores are made, are left out: nothing here reads a label score, and a baseline
    is not to pay for them.
    """
    observer = LastReport()
    no_folds = mock.patch.object(loop, "out_of_fold_log_probabilities", _know_nothing)
    with no_folds, tempfile.TemporaryDirectory(prefix="lane-benchmark-") as folder:
        run = TrainingRun(data, config, observer, Path(folder) / "state.safetensors")
        run.train()
        # Not the difference of two epochs' sums: it would lose the small probabilities that rank the suspects.
        embeddings = torch.from_numpy(run.theta_embeddings()).to(run.device)
        classifier: Any = run.method.networks["theta"].classifier
        with torch.no_grad():
            last = classifier(embeddings).softmax(dim=1).cpu().numpy()
    mean = run.method.dynamics.mean_probabilities.numpy().copy()
    return Predictions(last, mean, np.array(observer.report.examples["is_label_issue"], dtype=bool))


@contextmanager
def frozen_layers_run_once() -> Iterator[None]:
    """Let the runs inside share what the frozen layers make of the texts, as long as the texts are the same.

    The result of a run does not change: the layers are frozen. Its time does.
    """
    prepare = loop.prepare
    kept: dict[tuple[object, ...], PreparedTexts] = {}

    def prepare_once(
        encoder: Encoder, rows: list[list[int]], num_examples: int, num_upper: int | None, *rest: Any
    ) -> PreparedTexts:
        key = encoder.name, hash(tuple(map(tuple, rows))), num_examples, num_upper
        if key not in kept:
            kept.clear()  # one set of texts at a time: hidden states are large
            kept[key] = prepare(encoder, rows, num_examples, num_upper, *rest)
        return kept[key]

    with mock.patch.object(loop, "prepare", prepare_once):
        yield


def _know_nothing(
    embeddings: npt.NDArray[np.float32],
    texts: list[str],
    labels: npt.NDArray[np.int64],
    is_train: npt.NDArray[np.bool_],
    num_classes: int,
    *_: object,
    **__: object,
) -> npt.NDArray[np.float32]:
    """Return equal log class probabilities, (1, N, K)."""
    return np.full((1, len(labels), num_classes), -np.log(num_classes), dtype=np.float32)
