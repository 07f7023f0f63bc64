"""The supervisor: a small detached process that owns one run from start to end.

It holds the run's lock while it lives, waits for its turn on the device, starts the trainer as its child,
stops it if a cancelled trainer does not stop by itself, and records an end that the trainer could not.
An end that the trainer wrote is never changed. The trainer dies with its supervisor (Linux), and inherits
both locks, so neither the run nor the device looks free before the trainer is really gone.

Started by ``lane_core.runs.launcher`` as ``python -m lane_core.runs.supervisor RUN_DIR --home HOME``.
"""

from __future__ import annotations

import argparse
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lane_core.records import ENDED_STATES, RunState
from lane_core.runs.device_queue import join, leave, place_in_words, queue_order
from lane_core.runs.disk_room import end_of_full_disk, is_disk_full
from lane_core.runs.locks import device_lock_file, release, take
from lane_core.runs.run_dir import RunDir
from lane_core.runs.trainer_process import start_trainer, stop_trainer

POLL_S = 0.2
LOCK_PATIENCE_S = 2.0
"""The launcher looks at the run's lock by taking it for a moment; that must not turn a supervisor away."""
MAX_GRACE_S = 5.0
"""Time that a cancelled trainer gets if the cancel file does not say less. With ``TERMINATE_S`` and two polls it is
the longest that the device of a cancelled run stays taken: under 10 s, which is what people are told."""

_LOG = logging.getLogger("supervisor")


def main(arguments: Sequence[str] | None = None, trainer: Sequence[str] | None = None) -> None:
    """Supervise the run that the command line names.

    Args:
        arguments: Command line without the program; None = that of this process.
        trainer: Command that trains, without the run directory; None = ``python -m lane_core train``.
    """
    parser = argparse.ArgumentParser(
        prog="python -m lane_core.runs.supervisor", description="Supervise one run."
    )
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    command = [*(trainer or (sys.executable, "-m", "lane_core", "train")), str(options.run_dir)]
    supervise(RunDir(options.run_dir), options.home, command)


def supervise(run_dir: RunDir, home: Path, trainer: Sequence[str]) -> None:
    """Wait for the device, run the trainer, record how it ended. Does nothing if the run has a supervisor.

    Args:
        run_dir: Run to supervise; its status is "queued".
        home: LANE_HOME, where the devices' locks and queues are.
        trainer: Whole command line of the trainer.
    """
    started_ns = time.time_ns()  # before the lock: who starts the next run waits until this one is locked
    run_lock = take(run_dir.lock_file, wait_s=LOCK_PATIENCE_S)
    if run_lock is None:
        return
    try:
        device_lock = _wait_for_device(run_dir, home, started_ns)
        if device_lock is None:
            _end(run_dir, "cancelled", "Cancelled before training began.")
            return
        try:
            _train(run_dir, trainer, (run_lock, device_lock))
        finally:
            release(device_lock)
    except Exception as error:
        if not is_disk_full(error):
            _end(run_dir, "failed", f"The supervisor failed: {error}")
            raise
        _end(run_dir, "failed", end_of_full_disk(error, run_dir.path))
    finally:
        release(run_lock)


def _wait_for_device(run_dir: RunDir, home: Path, started_ns: int) -> int | None:
    """Return the device's lock when it is this run's turn, or None if the run was cancelled first."""
    device = run_dir.config().device
    lock_file = device_lock_file(home, device)
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    join(home, device, run_dir, started_ns)
    told: int | None = None
    try:
        while not run_dir.cancel_file.exists():
            order = queue_order(home, device)
            place = order.index(run_dir.run_id) if run_dir.run_id in order else None
            if place is None:  # somebody cleared the queue away, or the run
                run_dir.status()
                join(home, device, run_dir, started_ns)
            elif place == 0 and (lock := take(lock_file)) is not None:
                return lock
            elif place != told:
                _tell(run_dir, place_in_words(device, place))
                told = place
            time.sleep(POLL_S)
        return None
    finally:
        leave(home, device, run_dir)


def _tell(run_dir: RunDir, message: str) -> None:
    _LOG.info(message)
    try:
        run_dir.write_status(replace(run_dir.status(), state="queued", message=message))
    except OSError as error:
        # The run that has the device may be about to give room back; this one only waits.
        if not is_disk_full(error):
            raise


def _train(run_dir: RunDir, trainer: Sequence[str], locks: tuple[int, int]) -> None:
    # Before the trainer starts, so that this never replaces something the trainer wrote.
    run_dir.write_status(replace(run_dir.status(), state="running", message="", phase="starting"))
    _LOG.info("starts %s", " ".join(trainer))
    with run_dir.log.open("ab") as log:
        log_start = log.tell()
        child = start_trainer(trainer, log, locks)
    _wait(child, run_dir)
    _record_end(run_dir, child.returncode, log_start)
    _LOG.info("the trainer ended with %d; the run is %s", child.returncode, run_dir.status().state)


def _wait(child: subprocess.Popen[bytes], run_dir: RunDir) -> None:
    """Wait for the child; stop it when it outlives the grace of a cancel."""
    deadline: float | None = None
    try:
        while child.poll() is None and (deadline is None or time.monotonic() < deadline):
            time.sleep(POLL_S)
            if deadline is None and run_dir.cancel_file.exists():
                deadline = time.monotonic() + _grace_s(run_dir)
    finally:
        stop_trainer(child)  # also when this loop fails; one that has ended may have left children


def _grace_s(run_dir: RunDir) -> float:
    try:
        return min(float(run_dir.cancel_file.read_text(encoding="utf-8")), MAX_GRACE_S)
    except ValueError:
        return MAX_GRACE_S


def _record_end(run_dir: RunDir, exit_code: int, log_start: int) -> None:
    if run_dir.cancel_file.exists():
        _end(run_dir, "cancelled", "Cancelled.")
    elif exit_code < 0:
        name = next((known.name for known in signal.Signals if known == -exit_code), f"signal {-exit_code}")
        hint = " (often because memory ran out)" if name == "SIGKILL" else ""
        _end(run_dir, "interrupted", f"The trainer was killed by {name}{hint}. The run can be resumed.")
    elif exit_code > 0:
        said = _last_line(run_dir.log, log_start)
        _end(run_dir, "failed", said or f"The trainer ended with exit code {exit_code} and said nothing.")
    else:
        _end(run_dir, "failed", "The trainer ended without writing how the run went; see the log.")


def _last_line(log: Path, start: int) -> str:
    """Return the last line with words that was written to the log after byte ``start``."""
    with log.open("rb") as stream:
        stream.seek(max(start, log.stat().st_size - 64_000))
        lines = stream.read().decode("utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _end(run_dir: RunDir, state: RunState, message: str) -> None:
    status = run_dir.status()
    if status.state in ENDED_STATES:
        return
    ended_at = datetime.now(UTC).isoformat()
    try:
        run_dir.write_status(
            replace(status, state=state, message=message, phase="", seconds_left=None, ended_at=ended_at)
        )
    except OSError as error:
        # Others took the room of the reserve too. Without a process the run is "interrupted" for all who ask.
        if not is_disk_full(error):
            raise
        _LOG.error(message)


if __name__ == "__main__":
    main()
