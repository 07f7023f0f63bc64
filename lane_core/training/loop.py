"""The training loop: prepare texts once, then epochs of steps, each epoch with a report and a checkpoint."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from lane_core.config import RunConfig
from lane_core.data.augment import BackTranslation, TranslationTable, make_views
from lane_core.errors import DataError
from lane_core.files import replace_file
from lane_core.methods import METHODS
from lane_core.methods.method import Batch, Method, Network, NetworkName, StepLosses
from lane_core.training.checkpoint import load_checkpoint, save_checkpoint
from lane_core.training.device import resolve_compute
from lane_core.training.encoder import (
    Encoder,
    FrozenFeatures,
    UpperLayers,
    WholeEncoder,
    load_encoder,
    set_dropout,
)
from lane_core.training.features import Features, length_sorted_batches, prepare, shuffled_batches
from lane_core.training.label_scores import score_labels
from lane_core.training.optimizer import make_optimizer, set_learning_rate
from lane_core.training.out_of_fold import out_of_fold_log_probabilities
from lane_core.training.progress import Cancelled, Clock, EpochReport, Observer, StepProgress
from lane_core.training.report import build_report, loss_curve
from lane_core.training.translator import BackTranslator

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingData:
    """What a run trains on. Only rows of split "train" are trained on; all are scored.

    A class without an example takes no part: the run is that of the other classes, to the last bit.
    """

    texts: list[str]
    labels: npt.NDArray[np.int64]
    """Given class codes, (N,)."""
    splits: npt.NDArray[np.str_]
    """train, validation, test or excluded, (N,)."""
    num_classes: int
    ids: list[str] | None = None
    """Their ids, for a table of translations; None = the row numbers from 1."""
    class_names: tuple[str, ...] = ()
    """Words that augmentation leaves alone."""

    def __post_init__(self) -> None:
        labelled = np.unique(self.labels[self.splits == "train"])
        if len(labelled) < 2:
            raise DataError(
                f"The training rows hold {len(labelled)} class(es); at least two are needed to tell right from "
                "wrong labels. Check the label and the split column."
            )


class TrainingRun:
    """One run from its configuration to a trained theta; ``train`` resumes by itself from its checkpoint."""

    def __init__(self, data: TrainingData, config: RunConfig, observer: Observer, checkpoint: Path) -> None:
        self.data, self.config, self.observer, self.checkpoint = data, config, observer, checkpoint
        self.compute = resolve_compute(config.device, config.precision)
        self.device = self.compute.device
        self.scaler = self.compute.scaler()
        self.train_index = np.flatnonzero(data.splits == "train")
        self.held_out = np.flatnonzero(data.splits != "train")
        self.used_classes, self._labels = np.unique(data.labels, return_inverse=True)
        """Codes of the classes that have an example, ascending; the labels as positions among them, (N,)."""
        self.encoder: Encoder
        self.features: Features
        self.fold_log_probabilities: torch.Tensor
        self.method: Method

    def train(self) -> None:
        """Run every epoch that the checkpoint does not hold yet.

        Raises:
            Cancelled: When the observer asks to stop; the last whole epoch is in the checkpoint.
            EncoderError: If the encoder cannot be loaded.
        """
        if self.device.type == "cpu":
            torch.use_deterministic_algorithms(mode=True)
            # Filling every new tensor would cost a tenth of the time; nothing here reads one before writing it.
            torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        self._prepare()
        steps_an_epoch = len(self._batches(epoch=1))
        total_steps = steps_an_epoch * self.config.epochs
        optimizer = make_optimizer(self.method.networks, self.config)
        first_epoch = self._resume(optimizer) + 1
        clock = Clock(total_steps, self.config.epochs)
        for epoch in range(first_epoch, self.config.epochs + 1):
            self.observer.phase(f"training, epoch {epoch} of {self.config.epochs}")
            self.observer.epoch_end(self._run_epoch(epoch, optimizer, clock))
            self._save(epoch, optimizer)

    def fold_probabilities(self) -> npt.NDArray[np.float32]:
        """Return the fold classifiers' class probabilities, averaged, (N, K); 0 for a class without an example."""
        found = np.zeros((len(self._labels), self.data.num_classes), dtype=np.float32)
        found[:, self.used_classes] = self.fold_log_probabilities.exp().mean(dim=0).numpy()
        return found

    @torch.no_grad()
    def theta_embeddings(self) -> npt.NDArray[np.float32]:
        """Return theta's sentence embeddings of all examples, (N, H), dropout off."""
        theta = self.method.networks["theta"].eval()
        rows: npt.NDArray[np.float32] | None = None
        for batch in self._batches_in_order(np.arange(len(self.data.texts))):
            embeddings = theta(batch.features, batch.mask)[0].float().cpu().numpy()
            if rows is None:
                rows = np.empty((len(self.data.texts), embeddings.shape[1]), dtype=np.float32)
            rows[batch.index.numpy()] = embeddings
        assert rows is not None
        return rows

    def _prepare(self) -> None:
        self.observer.phase("loading the encoder")
        self.encoder = load_encoder(self.config.encoder)
        num_upper = self._num_upper()
        self.observer.phase("reading the texts")

        def progress(done: int, total: int) -> None:
            if self.observer.should_stop():
                raise Cancelled
            self.observer.phase(f"reading the texts, {done:,} of {total:,}")

        with self.compute.precision():
            prepared = prepare(
                self.encoder, self._rows(), len(self.data.texts), num_upper, self.device, progress
            )
        self.features = prepared.features
        self.observer.prepared(prepared.embeddings)
        self.observer.phase("fitting the fold classifiers")
        self.fold_log_probabilities = torch.from_numpy(
            out_of_fold_log_probabilities(
                prepared.embeddings,
                self.data.texts,
                self._labels,
                self.data.splits == "train",
                len(self.used_classes),
                self.config.seed,
                use_words=num_upper == 0,
            )
        )
        torch.manual_seed(self.config.seed)
        self.method = METHODS[self.config.method](
            self.config,
            lambda name: self._network(name, num_upper),
            torch.from_numpy(self._labels),
            torch.from_numpy(self.data.splits == "train"),
            len(self.used_classes),
        )
        self.method.networks.to(self.device)

    def _rows(self) -> list[list[int]]:
        """Return the word pieces of all texts, then those of their second views, and so on."""
        data, config = self.data, self.config
        if config.num_views == 1:
            return self.encoder.tokenize(data.texts, config.max_tokens)
        self.observer.phase("making other views of the texts")
        views = make_views(
            data.texts,
            data.ids or [str(row) for row in range(1, len(data.texts) + 1)],
            config.num_views,
            config.augmentations,
            config.seed,
            self.encoder.tokenizer,
            config.max_tokens,
            back_translation(config, self.device),
            data.class_names,
            data.splits == "train",
            cache=self.checkpoint.parent / "views.parquet",
        )
        for substitution in views.substitutions:
            log.info("augmentation: %s", substitution)
        assert views.token_ids is not None
        return [row for view in views.token_ids for row in view]

    def _num_upper(self) -> int | None:
        wanted = self.config.trainable_layers
        if not wanted:
            return wanted
        if not self.encoder.can_be_split:
            log.info("%s cannot be split into layers; all of it is trained", self.encoder.name)
            return None
        num_layers = len(self.encoder.model.encoder.layer)
        return wanted if wanted < num_layers else None

    def _network(self, name: NetworkName, num_upper: int | None) -> Network:
        if num_upper == 0:
            return Network(FrozenFeatures(self.encoder), FrozenFeatures.WIDTH, len(self.used_classes))
        body: nn.Module
        if num_upper is None:
            body = WholeEncoder(self.encoder)
        else:
            of_pi = self.config.pi_trainable_layers
            num_trained = num_upper if name == "theta" or of_pi is None else min(of_pi, num_upper)
            body = UpperLayers(self.encoder, num_upper, num_trained)
        set_dropout(body, self.config.encoder_dropout)
        return Network(body, self.encoder.hidden_size, len(self.used_classes))

    def _save(self, epoch: int, optimizer: torch.optim.Optimizer) -> None:
        state = self.method.state_dict()
        replace_file(
            self.checkpoint, lambda path: save_checkpoint(path, epoch, state, optimizer, self.scaler)
        )

    def _resume(self, optimizer: torch.optim.Optimizer) -> int:
        if not self.checkpoint.exists():
            return 0
        epoch, state = load_checkpoint(self.checkpoint, optimizer, self.scaler, self.device)
        self.method.load_state_dict(state)
        log.info("resumed after epoch %d", epoch)
        return epoch

    def _run_epoch(self, epoch: int, optimizer: torch.optim.Optimizer, clock: Clock) -> EpochReport:
        torch.manual_seed(int(_epoch_generator(self.config.seed, epoch).integers(2**62)))
        batches = self._batches(epoch)
        self.method.networks.train()
        self.method.begin_epoch(epoch)
        losses: list[StepLosses] = []
        started = time.perf_counter()
        for at, index in enumerate(batches):
            if self.observer.should_stop():
                raise Cancelled
            step = (epoch - 1) * len(batches) + at
            step_started = time.perf_counter()
            losses.append(self._step(index, optimizer, step, clock.total_steps))
            clock.step_seconds.append(time.perf_counter() - step_started)
            left = clock.seconds_left(step + 1, epoch)
            self.observer.step(StepProgress(epoch, step + 1, clock.total_steps, left))
        train_seconds = time.perf_counter() - started

        self.observer.phase(f"scoring, epoch {epoch} of {self.config.epochs}")
        started = time.perf_counter()
        with self.compute.precision():
            self.method.evaluate(self._batches_in_order(self.held_out))
        summary = self.method.end_epoch()
        curve = loss_curve(losses, first_step=(epoch - 1) * len(batches) + 1)
        dynamics, splits = self.method.dynamics, self.data.splits
        scores = score_labels(
            dynamics,
            torch.from_numpy(splits == "train"),
            self.fold_log_probabilities,
            features_are_frozen=self.config.trainable_layers == 0,
        )
        report = build_report(
            epoch,
            dynamics,
            summary,
            scores,
            splits,
            curve,
            train_seconds,
            self.used_classes,
            self.data.num_classes,
        )
        clock.epoch_end_seconds.append(time.perf_counter() - started)
        return report

    def _step(
        self, index: torch.Tensor, optimizer: torch.optim.Optimizer, step: int, total_steps: int
    ) -> StepLosses:
        set_learning_rate(optimizer, step, total_steps)
        with self.compute.precision(), self.compute.attention():
            losses = self.method.loss(self._batch(index, self.config.num_views))
        optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(losses.total).backward()  # type: ignore[no-untyped-call]
        self.scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(self.method.networks.parameters(), 1.0)
        self.scaler.step(optimizer)
        self.scaler.update()
        return StepLosses(*(term.detach() for term in vars(losses).values()))

    def _batches(self, epoch: int) -> list[torch.Tensor]:
        generator = _epoch_generator(self.config.seed, epoch)
        return shuffled_batches(self.train_index, self.features.lengths, self.config.batch_size, generator)

    def _batches_in_order(self, index: npt.NDArray[np.int64]) -> Iterator[Batch]:
        for rows in length_sorted_batches(self.features.lengths[index], 128):
            yield self._batch(torch.from_numpy(index[rows.numpy()]))

    def _batch(self, index: torch.Tensor, num_views: int = 1) -> Batch:
        num_examples = len(self.data.texts)
        rows = torch.cat([index + view * num_examples for view in range(num_views)])
        features, mask = self.features.padded(rows)
        labels = torch.from_numpy(self._labels[index.numpy()]).to(self.device)
        return Batch(index, labels, features, mask, num_views)


def back_translation(config: RunConfig, device: torch.device) -> BackTranslation | None:
    """Return where back-translations come from: a table, two models, or nowhere."""
    if config.translation_table is not None:
        return TranslationTable(config.translation_table)
    if config.translation_models is not None:
        return BackTranslator(*config.translation_models, device=str(device))
    return None


def _epoch_generator(seed: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([seed, epoch])
