"""The run directory: the only thing that the worker and the app share.

    config.json                    RunConfig                                written once by the launcher
    dataset.json                   classes, dataset_id, label_version, name written once by the launcher
    examples.parquet               index, example_id, text, given_label, split    written once by the launcher
    status.json                    RunStatus, replaced atomically
    log.txt                        what the worker and its supervisor said
    events/losses-0003.parquet     one row a few steps of epoch 3           (LOSSES_SCHEMA)
    events/similarity-0003.parquet K x K rows                               (SIMILARITY_SCHEMA)
    events/metrics-0003.parquet    one row                                  (METRICS_SCHEMA)
    events/epoch-0003.parquet      one row an example; written last         (EPOCH_SCHEMA)
    events/neighbours-0000.parquet five rows an example, before epoch 1     (NEIGHBOURS_SCHEMA)
    probabilities.npy              class probabilities after the newest epoch, (N, K), float16; replaced before its
                                   epoch file is written
    checkpoint/state.safetensors   everything that a resumed run needs, after the last whole epoch; goes at the end
    result/                        theta, tokenizer, embeddings, scores.parquet (every score, one row an example)
    result/map.parquet             index, x, y: the embeddings as points of a plane; made when somebody asks for it
    map.json                       how far the job that makes it is, or why it failed; map_log.txt: what it said
    map.lock                       held by that job while it lives
    cancel                         made by the launcher; the worker stops at its next step, within the seconds it holds
    start.lock                     held by whoever starts or resumes the run
    supervisor.lock                held by the supervisor while it lives: a free lock and a running state
                                   mean that the run was interrupted
    reserve                        room for the last status on a full disk; gone when the run has ended

Every file is written under another name and renamed into place, so a reader never sees half of one;
an events file is never changed afterwards, and says in its metadata which run, kind and epoch it is of.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lane_core.config import RunConfig
from lane_core.errors import RunError
from lane_core.files import replace_file
from lane_core.records import ENDED_STATES, RunStatus
from lane_core.runs import probability_file
from lane_core.runs.disk_room import full_disk_in_words, give_up_reserve, is_disk_full
from lane_core.runs.tables import owner_metadata, read_frame, write_table

EPOCH_SCHEMA = pa.schema(
    {
        "index": pa.int32(),
        "margin": pa.float32(),
        "label_aware_margin": pa.float32(),
        "aum": pa.float32(),
        "alm": pa.float32(),
        "weight": pa.float32(),
        "predicted": pa.int16(),
        "predicted_probability": pa.float32(),
        "suggested": pa.int16(),
        "suggested_probability": pa.float32(),
        "given_probability": pa.float32(),
        "given_log_probability": pa.float32(),
        "is_given_predicted": pa.bool_(),
        "similarity": pa.float32(),
        "severity": pa.float32(),
        "label_score": pa.float32(),
        "is_label_issue": pa.bool_(),
        "self_confidence": pa.float32(),
        "held_out_predicted": pa.int16(),
    }
)
"""``predicted``: class code with the highest mean probability over the epochs so far; ``suggested``: the same among the
classes other than the given one; ``given_log_probability`` and ``is_given_predicted``: theta in this epoch alone;
``similarity``: relative class similarity of given and suggested class (1 = like any two classes of the row);
``severity``: how far apart the two are, 0 (the nearest class) to 1; ``weight``: lambda of eq. 4 under this epoch's ALM,
used in the next epoch; ``label_score``: calibrated probability that the given label is right; ``self_confidence``:
probability of the given label by the fold classifiers, which have not seen it, the same in every epoch;
``held_out_predicted``: the class that these find most likely."""
SIMILARITY_SCHEMA = pa.schema({"given": pa.int16(), "predicted": pa.int16(), "value": pa.float32()})
METRICS_SCHEMA = pa.schema(
    {
        "theta_loss": pa.float64(),
        "pi_loss": pa.float64(),
        "contrastive_loss": pa.float64(),
        "validation_accuracy": pa.float64(),
        "validation_macro_f1": pa.float64(),
        "test_accuracy": pa.float64(),
        "test_macro_f1": pa.float64(),
        "mu": pa.float64(),
        "sigma": pa.float64(),
        "num_flagged": pa.int64(),
        "noise_rate": pa.float64(),
        "sure_below": pa.float64(),
        "balanced_below": pa.float64(),
        "thorough_below": pa.float64(),
        "sure_precision": pa.float64(),
        "balanced_precision": pa.float64(),
        "thorough_precision": pa.float64(),
        "clipped_share": pa.float64(),
        "train_seconds": pa.float64(),
    }
)
"""A metric that does not exist (no test split, too few suspects for mu) is null. ``<strictness>_below``: an example is
flagged at that strictness when its label_score is below; ``<strictness>_precision``: share of the flagged training
examples expected to be wrong; ``noise_rate``: estimated share of wrong labels; ``num_flagged``: balanced."""
LOSSES_SCHEMA = pa.schema(
    {
        "step": pa.int64(),
        "theta_loss": pa.float64(),
        "pi_loss": pa.float64(),
        "contrastive_loss": pa.float64(),
    }
)
NEIGHBOURS_SCHEMA = pa.schema(
    {"index": pa.int32(), "rank": pa.int16(), "neighbour": pa.int32(), "cosine": pa.float32()}
)
EXAMPLES_SCHEMA = pa.schema(
    {
        "index": pa.int32(),
        "example_id": pa.string(),
        "text": pa.string(),
        "given_label": pa.string(),
        "split": pa.string(),
    }
)
EVENT_SCHEMAS = {
    "neighbours": NEIGHBOURS_SCHEMA,
    "losses": LOSSES_SCHEMA,
    "similarity": SIMILARITY_SCHEMA,
    "metrics": METRICS_SCHEMA,
    "epoch": EPOCH_SCHEMA,
}
"""Kinds of events files, in the order in which the files of one epoch are written and ingested."""

_EVENT_NAME = re.compile(r"(neighbours|losses|similarity|metrics|epoch)-(\d{4}|[1-9]\d{4,})\.parquet")
"""One name an epoch: another would be read in as a second file."""


@dataclass(frozen=True)
class RunDataset:
    """Content of dataset.json."""

    dataset_id: str
    dataset_name: str
    classes: tuple[str, ...]
    label_version: int


@dataclass(frozen=True)
class EventFile:
    """One events file: its path, kind and epoch."""

    path: Path
    kind: str
    epoch: int

    @property
    def name(self) -> str:
        """File name, unique within its run."""
        return self.path.name


@dataclass(frozen=True)
class RunDir:
    """Paths and atomic reads and writes of one run directory."""

    path: Path

    @property
    def run_id(self) -> str:
        """Name of the directory."""
        return self.path.name

    @property
    def events(self) -> Path:
        """Folder of the events files."""
        return self.path / "events"

    @property
    def checkpoint(self) -> Path:
        """The one checkpoint file."""
        return self.path / "checkpoint" / "state.safetensors"

    @property
    def result(self) -> Path:
        """Folder of the trained network and its embeddings."""
        return self.path / "result"

    @property
    def scores_file(self) -> Path:
        """Every score of every example, when the run has finished."""
        return self.result / "scores.parquet"

    @property
    def log(self) -> Path:
        """The log file."""
        return self.path / "log.txt"

    @property
    def cancel_file(self) -> Path:
        """Its existence asks the worker to stop."""
        return self.path / "cancel"

    @property
    def lock_file(self) -> Path:
        """Locked by the supervisor while it lives."""
        return self.path / "supervisor.lock"

    def create(self, config: RunConfig, dataset: RunDataset, examples: pd.DataFrame) -> None:
        """Write the files that never change and a status of "queued".

        Args:
            config: What to do.
            dataset: Classes and where the labels come from.
            examples: Columns of EXAMPLES_SCHEMA; index is 0…N-1 in order.

        Raises:
            RunError: If the directory holds a run already, or the disk is full; a directory made here is gone then.
        """
        if (self.path / "config.json").exists():
            raise RunError(f"{self.path} already holds a run. Choose another folder, or resume that run.")
        is_new = not self.path.exists()
        try:
            self._write_first_files(config, dataset, examples)
        except OSError as error:
            if is_new:
                shutil.rmtree(self.path, ignore_errors=True)
            if not is_disk_full(error):
                raise
            words = full_disk_in_words(error, self.path.parent)
            raise RunError(f"{words} Make room there, then start the run again.") from error

    def _write_first_files(self, config: RunConfig, dataset: RunDataset, examples: pd.DataFrame) -> None:
        self.events.mkdir(parents=True, exist_ok=True)
        write_table(self.path / "examples.parquet", examples, EXAMPLES_SCHEMA)
        _write_text(self.path / "dataset.json", json.dumps(asdict(dataset), ensure_ascii=False))
        self.write_status(RunStatus(state="queued", epochs=config.epochs, message="waiting to start"))
        _write_text(self.path / "config.json", config.to_json())

    def config(self) -> RunConfig:
        """Return the configuration; RunError if this is no run directory."""
        return RunConfig.from_json(self._read("config.json"))

    def dataset(self) -> RunDataset:
        """Return the classes and the origin of the labels."""
        values = json.loads(self._read("dataset.json"))
        return RunDataset(**{**values, "classes": tuple(values["classes"])})

    def examples(self, columns: list[str] | None = None) -> pd.DataFrame:
        """Return the examples in order of index, with all columns or these."""
        return read_frame(self.path / "examples.parquet", columns)

    def status(self) -> RunStatus:
        """Return status.json as it was last written; ``launcher.status`` also looks whether it is true."""
        return RunStatus(**json.loads(self._read("status.json")))

    def write_status(self, status: RunStatus) -> None:
        """Replace status.json; sets the heartbeat to now (UTC). How a run ended is written on a full disk too."""
        if status.state in ENDED_STATES:
            give_up_reserve(self.path)
        values = {**asdict(status), "heartbeat": datetime.now(UTC).isoformat()}
        _write_text(self.path / "status.json", json.dumps(values))

    def log_tail(self, num_lines: int = 40) -> str:
        """Return the last lines of the log; empty if there is none yet."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as stream:
            stream.seek(max(0, self.log.stat().st_size - 64_000))
            lines = stream.read().decode("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-num_lines:])

    def write_event(self, kind: str, epoch: int, frame: pd.DataFrame) -> Path:
        """Write one events file unless it is there already: a resumed epoch repeats itself exactly."""
        path = self.events / f"{kind}-{epoch:04d}.parquet"
        if not path.exists():
            owner = owner_metadata(self.run_id, kind, epoch)
            write_table(path, frame, EVENT_SCHEMAS[kind].with_metadata(owner))
        return path

    def event_files(self) -> list[EventFile]:
        """Return the events files by epoch, then in writing order; other names are ignored."""
        order = list(EVENT_SCHEMAS)
        found = [
            EventFile(path, match[1], int(match[2]))
            for path in self.events.glob("*.parquet")
            if (match := _EVENT_NAME.fullmatch(path.name))
        ]
        return sorted(found, key=lambda file: (file.epoch, order.index(file.kind)))

    def read_event(self, kind: str, epoch: int, columns: list[str] | None = None) -> pd.DataFrame:
        """Return one events file as a frame, with all columns or these."""
        return read_frame(self.events / f"{kind}-{epoch:04d}.parquet", columns)

    def write_probabilities(self, probabilities: npt.NDArray[np.floating]) -> None:
        """Replace the class probabilities, (N, K), by those after a newer epoch."""
        probability_file.write_probabilities(self._probabilities, probabilities)

    def read_probabilities(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the class probabilities of some examples after the newest epoch, (len(indices), K).

        Each row sums to 1 but for rounding to float16. Only these rows are read; it may be done at any moment.

        Raises:
            RunError: If no epoch has ended yet, or an earlier version wrote the run, or the file is damaged.
        """
        return probability_file.read_probabilities(self._probabilities, indices)

    def last_epoch(self) -> int:
        """Return the last epoch whose examples are on disk; 0 if there is none."""
        return max((file.epoch for file in self.event_files() if file.kind == "epoch"), default=0)

    @property
    def _probabilities(self) -> Path:
        return self.path / "probabilities.npy"

    def _read(self, name: str) -> str:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise RunError(f"{self.path} is not a run directory: it has no {name}.") from error


def _write_text(path: Path, text: str) -> None:
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
