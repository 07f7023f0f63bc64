"""The worker: trains the run of one run directory and writes down what happens, as it happens."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from lane_core.errors import LaneError
from lane_core.evidence.neighbours import nearest_neighbours
from lane_core.records import RunState, RunStatus
from lane_core.runs.disk_room import end_of_full_disk, is_disk_full, keep_reserve
from lane_core.runs.run_dir import RunDir
from lane_core.runs.score_file import write_scores
from lane_core.training.loop import TrainingData, TrainingRun
from lane_core.training.progress import Cancelled, EpochReport, StepProgress
from lane_core.training.saving import save_embeddings, save_theta

STATUS_SECONDS = 0.5
"""Status.json is replaced at most this often between epochs."""

log = logging.getLogger(__name__)


class RunWriter:
    """Observer that keeps status.json true and writes the events files."""

    def __init__(self, run_dir: RunDir, on_status: Callable[[RunStatus], None] | None = None) -> None:
        """``on_status`` hears every status as well; the command line draws its bar from it."""
        self.run_dir = run_dir
        self.on_status = on_status
        self.stop_asked = False
        self.embeddings: npt.NDArray[np.float32]
        """Pretrained, (N, H); known once the run is prepared."""
        self._written_at = 0.0
        self.status = RunStatus(
            state="running",
            pid=os.getpid(),
            epochs=run_dir.config().epochs,
            started_at=run_dir.status().started_at or _now(),
        )

    def update(self, *, at_once: bool = True, **changes: object) -> None:
        """Change fields of the status; with ``at_once`` false it is written when it is due."""
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        if self.on_status:
            self.on_status(self.status)
        now = time.monotonic()
        if at_once or now - self._written_at >= STATUS_SECONDS:
            self.run_dir.write_status(self.status)
            self.stop_asked = self.run_dir.cancel_file.exists()
            self._written_at = now

    def phase(self, words: str) -> None:
        """Say what the run does now."""
        self.update(phase=words, at_once=False)

    def prepared(self, embeddings: npt.NDArray[np.float32]) -> None:
        """Find every example's neighbours while the embeddings are at hand."""
        self.embeddings = embeddings
        self.update(phase="finding neighbours")
        if not (self.run_dir.events / "neighbours-0000.parquet").exists():
            self.run_dir.write_event("neighbours", 0, nearest_neighbours(embeddings))

    def step(self, progress: StepProgress) -> None:
        """Count the step."""
        self.update(
            at_once=False,
            epoch=progress.epoch,
            step=progress.step,
            total_steps=progress.total_steps,
            seconds_left=progress.seconds_left,
        )

    def epoch_end(self, report: EpochReport) -> None:
        """Write the class probabilities and the events files of the epoch, the examples last."""
        # A run that starts over repeats epochs whose examples are on disk, and those of a later one stay the newest.
        if report.epoch >= self.run_dir.last_epoch():
            self.run_dir.write_probabilities(report.probabilities)
        similarity = report.class_similarity
        num_classes = len(similarity)
        given, predicted = np.divmod(np.arange(num_classes**2), num_classes)
        pairs = pd.DataFrame({"given": given, "predicted": predicted, "value": similarity.ravel()})
        for kind, frame in (
            ("losses", pd.DataFrame(report.losses)),
            ("similarity", pairs),
            ("metrics", pd.DataFrame([report.metrics])),
            ("epoch", pd.DataFrame(report.examples)),
        ):
            self.run_dir.write_event(kind, report.epoch, frame)
        log.info("epoch %d: %s", report.epoch, _in_words(report))
        self.update(epoch=report.epoch)

    def should_stop(self) -> bool:
        """Whether the cancel file is there; looked for when the status is written."""
        return self.stop_asked


def work(run_dir: RunDir, on_status: Callable[[RunStatus], None] | None = None) -> RunStatus:
    """Train the run to its end, or on from its checkpoint; the last status is written and returned.

    Errors end the run as "failed" with their message; they are logged with their trace, not raised.
    """
    writer = RunWriter(run_dir, on_status)
    try:
        keep_reserve(run_dir.path)
        writer.update(phase="starting", message="")
        _train(run_dir, writer)
    except Cancelled:
        _end(writer, "cancelled", "Cancelled. Resume to go on after the last whole epoch.")
    except LaneError as error:
        _end(writer, "failed", str(error))
    except Exception as error:
        if is_disk_full(error):
            _end(writer, "failed", end_of_full_disk(error, run_dir.path))
        else:
            log.exception("the run failed")
            _end(writer, "failed", f"{type(error).__name__}: {error}. The log holds the trace.")
    else:
        _end(writer, "finished", "")
        # Last: without it a run that is not known to have finished would start anew.
        shutil.rmtree(run_dir.checkpoint.parent, ignore_errors=True)
    return writer.status


def _end(writer: RunWriter, state: RunState, message: str) -> None:
    # The status first: on a full disk there is room for it, but not for everything.
    try:
        writer.update(phase="", seconds_left=None, ended_at=_now(), state=state, message=message)
    except OSError as error:
        # Others took the room of the reserve too. The supervisor says how the run ended as soon as it can.
        if not is_disk_full(error):
            raise
    if message:
        log.log(logging.ERROR if state == "failed" else logging.INFO, "%s", message)


def _train(run_dir: RunDir, writer: RunWriter) -> None:
    dataset, config, examples = run_dir.dataset(), run_dir.config(), run_dir.examples()
    codes = {name: code for code, name in enumerate(dataset.classes)}
    data = TrainingData(
        texts=examples["text"].tolist(),
        labels=np.array([codes[label] for label in examples["given_label"]], dtype=np.int64),
        splits=np.array(examples["split"], dtype=np.str_),
        num_classes=len(dataset.classes),
        ids=examples["example_id"].tolist(),
        class_names=tuple(sorted(set(examples["given_label"]), key=codes.__getitem__)),
    )
    run = TrainingRun(data, config, writer, run_dir.checkpoint)
    writer.update(device=str(run.device))
    log.info("%d examples, %d classes, %s, %s", len(data.texts), data.num_classes, run.device, config)
    run.train()
    writer.update(phase="writing every score")
    write_scores(run_dir, data.labels, run.fold_probabilities(), writer.embeddings)
    writer.update(phase="saving the classifier")
    try:
        save_embeddings(run_dir.result, run.theta_embeddings())
        used_classes = [dataset.classes[code] for code in run.used_classes]
        save_theta(run_dir.result, run.method.networks["theta"], run.encoder, used_classes)
    except BaseException:
        # Transformers writes in place: half a model would look like one, and take room on a full disk.
        shutil.rmtree(run_dir.result / "encoder", ignore_errors=True)
        raise


def _in_words(report: EpochReport) -> str:
    return ", ".join(
        f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in report.metrics.items()
        if value is not None
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()
