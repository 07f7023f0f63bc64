"""One run as its screen needs it: how far it is, what it has found so far, and how to steer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services import workspaces
from app.services.workspaces import workspace
from lane_core import wording
from lane_core.config import RunConfig
from lane_core.records import ENDED_STATES, QueueFilter, RunRecord, RunStatus
from lane_core.runs import launcher
from lane_core.runs.run_dir import EVENT_SCHEMAS
from lane_core.store import ingest, result_queries, review_queries, run_queries
from lane_core.store import runs as run_store

LOG_LINES = 15
DEVICE_WORDS = {"cpu": "CPU", "cuda": "GPU"}


@dataclass(frozen=True)
class LiveRun:
    """How far a run is."""

    record: RunRecord
    status: RunStatus
    stored_epoch: int
    """Last epoch whose examples are in the database; 0 before the first."""
    files_waiting: int
    """Events files that are on disk and neither in the database nor set aside."""
    is_stopping: bool
    """Whether somebody cancelled it and it has not ended yet."""

    @property
    def is_going(self) -> bool:
        """Whether it has not ended."""
        return self.status.state not in ENDED_STATES

    @property
    def is_moving(self) -> bool:
        """Whether its numbers can still change by themselves."""
        return self.is_going or self.files_waiting > 0

    @property
    def is_catching_up(self) -> bool:
        """Whether more waits to be read in than the epoch that has just ended."""
        return self.files_waiting > (len(EVENT_SCHEMAS) if self.is_going else 0)

    @property
    def moment(self) -> tuple[str, int, bool, bool]:
        """What has to differ before the whole page is worth drawing again."""
        return self.status.state, self.stored_epoch, self.is_stopping, self.is_catching_up


@dataclass(frozen=True)
class Curves:
    """Numbers behind the charts of a run."""

    metrics: pd.DataFrame
    """An epoch a row, the stored ones only."""
    step_losses: pd.DataFrame
    alm: npt.NDArray[np.float32]
    """Of the training examples after the newest epoch, (N,), in logits."""
    mu: float | None
    num_flagged: int
    """At the balanced strictness, of all splits."""
    noise_rate: float | None
    """Estimated share of wrong labels; None for a run of an earlier version."""
    validation_f1: float | None
    test_f1: float | None


def live_run(run_id: str) -> LiveRun:
    """Return how far a run is; StoreError or RunError if there is no such run."""
    record = run_store.get_run(workspace().store, run_id)
    run_dir = workspace().run_dir(run_id)
    status = launcher.status(run_dir)
    # After the status: an ended run writes nothing more, so what is on disk now is all there will be.
    files_waiting = ingest.num_waiting(workspace().store, run_dir)
    is_going = status.state not in ENDED_STATES
    return LiveRun(
        record=record,
        status=status,
        # After the waiting files: once none waits, the newest epoch counts.
        stored_epoch=run_queries.last_epoch(workspace().store, run_id),
        files_waiting=files_waiting,
        is_stopping=is_going and run_dir.cancel_file.exists(),
    )


def going_run(dataset_id: str) -> LiveRun | None:
    """Return the newest run of a project that has not ended; None if all have."""
    for record in run_store.list_runs(workspace().store, dataset_id):
        if workspaces.run_status(record.run_id).state not in ENDED_STATES:
            return live_run(record.run_id)
    return None


def curves(live: LiveRun) -> Curves | None:
    """Return what the charts show; None before the first epoch is in."""
    store, run_id = workspace().store, live.record.run_id
    metrics = run_queries.epoch_metrics(store, run_id)
    metrics = metrics[metrics["epoch"] <= live.stored_epoch]
    if metrics.empty:
        return None
    newest = metrics.iloc[-1]
    step_losses = run_queries.step_losses(store, run_id)
    return Curves(
        metrics=metrics,
        step_losses=step_losses[step_losses["epoch"] <= live.stored_epoch],
        alm=run_queries.alm_values(store, run_id, int(newest["epoch"])),
        mu=_known(newest["mu"]),
        num_flagged=result_queries.flag_levels(store, run_id)["balanced"].num_flagged,
        noise_rate=_known(newest["noise_rate"]),
        validation_f1=_known(newest["validation_macro_f1"]),
        test_f1=_known(newest["test_macro_f1"]),
    )


def first_suspects(run_id: str, limit: int = 5) -> pd.DataFrame:
    """Return the worst suspects that nobody reviewed yet; the columns of ``review_queue``."""
    return review_queries.review_queue(workspace().store, run_id, QueueFilter(), limit)


def num_to_review(run_id: str) -> int:
    """Return how many suspects wait for a decision."""
    return int(review_queries.queue_counts(workspace().store, run_id, QueueFilter())["total"])


def unreadable_files(run_id: str) -> list[str]:
    """Return, in words, which files of the run could not be read in."""
    rejected = run_queries.rejected_files(workspace().store, run_id)
    return [f"{row.name}: {row.reason}" for row in rejected.itertuples(index=False)]


def log_tail(run_id: str) -> str:
    """Return the last lines of the run's log."""
    return workspace().run_dir(run_id).log_tail(LOG_LINES)


def cancel(run_id: str) -> None:
    """Ask the run to stop at its next step; RunError if it has ended."""
    launcher.cancel(workspace().run_dir(run_id))


def resume(run_id: str) -> None:
    """Go on with an ended run after its last whole epoch; RunError if it cannot be."""
    workspace().resume_run(run_id)


def rename(run_id: str, name: str) -> None:
    """Give the run another name; a blank one changes nothing."""
    if name.strip():
        run_store.rename_run(workspace().store, run_id, name.strip())


def note(run_id: str, text: str) -> None:
    """Replace what is noted about the run; StoreError if it is not there any more."""
    run_store.note_run(workspace().store, run_id, text.strip())


def state_in_words(live: LiveRun) -> str:
    """Return one sentence on what the run does, or how it ended, and one on what is still being read in."""
    if not live.is_catching_up:
        return _state(live)
    return f"{_state(live)} Reading in: {wording.counted(live.files_waiting, 'file')} left."


def _state(live: LiveRun) -> str:
    status = live.status
    if live.is_stopping:
        return "Stopping at the next step."
    if status.state == "queued":
        return _sentence(status.message or "waiting to start")
    if status.state == "running":
        parts = [status.phase or "training", _on_device(status), wording.time_left(status.seconds_left)]
        return _sentence(", ".join(part for part in parts if part))
    done = f"{live.stored_epoch} of {status.epochs} epochs"
    if status.state == "finished":
        took = _seconds(status)
        time = f" in {wording.duration(took)}" if took is not None else ""
        return f"Finished {done}{time}{' ' + _on_device(status) if status.device else ''}."
    return f"{status.state.capitalize()} after {done}."


def what_to_try(live: LiveRun) -> str:
    """Return what mends a run that failed, was cancelled or was interrupted, as far as its message tells."""
    message = live.status.message.lower()
    config = RunConfig.from_json(live.record.config_json)
    if "encoder" in message:
        return "Start a run with another encoder under “More”: the packaged one needs no download."
    if "sees no gpu" in message or "no cuda" in message:
        return "Start a run with device “auto” or “cpu” under “More”."
    if "memory" in message:
        return (
            f"Close what else needs memory and resume; or start a run with a batch size below {config.batch_size}, "
            "or with the preset Quick, which needs least."
        )
    where = f"after epoch {live.stored_epoch}" if live.stored_epoch else "from the beginning"
    if live.status.state == "failed":
        return f"Resume tries again {where}. If it ends the same way, the last lines of the log say why."
    return f"Resume goes on {where}."


def _on_device(status: RunStatus) -> str:
    kind = status.device.partition(":")[0]
    return f"on the {DEVICE_WORDS.get(kind, kind)}" if kind else ""


def _seconds(status: RunStatus) -> float | None:
    if not (status.started_at and status.ended_at):
        return None
    return (
        datetime.fromisoformat(status.ended_at) - datetime.fromisoformat(status.started_at)
    ).total_seconds()


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
