"""Start, cancel, resume and look at runs. A run lives on when the program that started it dies.

Ask this module for a run's status, not the run directory: a run whose processes are gone cannot say so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lane_core.errors import RunError
from lane_core.files import replace_file
from lane_core.records import ENDED_STATES, RunState, RunStatus
from lane_core.runs.disk_room import full_disk_in_words, is_disk_full, keep_reserve, remove_scraps
from lane_core.runs.locks import POLL_S, is_held, release, take
from lane_core.runs.run_dir import RunDir

START_TIMEOUT_S = 20.0
"""A supervisor is up within a second; a busy machine, or a cold disk, needs longer."""
WIND_DOWN_S = 10.0
"""Time for the processes of an ended run to leave, before it is resumed."""

_RESUMABLE_STATES: tuple[RunState, ...] = ("failed", "cancelled", "interrupted")
_REPOSITORY = Path(__file__).resolve().parents[2]


def start(run_dir: RunDir, home: Path) -> None:
    """Start a run that was just created; returns when its supervisor is up.

    Args:
        run_dir: Run directory, state "queued".
        home: LANE_HOME; runs with the same home wait for each other's devices.

    Raises:
        RunError: If the run was started before, its disk is full, or its supervisor does not come up (with the end
            of the log).
    """
    with _starting(run_dir):
        state = run_dir.status().state
        if state != "queued" or not _is_free_within(run_dir, 1.0):
            raise RunError(
                f"Run {run_dir.run_id} was started before: it is {state}. Look at it, or resume it."
            )
        _make_ready(run_dir)
        _spawn(run_dir, home)


def resume(run_dir: RunDir, home: Path) -> None:
    """Start a failed, cancelled or interrupted run again; the worker goes on after its last whole epoch.

    Args:
        run_dir: Run directory.
        home: LANE_HOME.

    Raises:
        RunError: If the run is not in one of these states, its disk is full, or it cannot be started.
    """
    with _starting(run_dir):
        status = _true_status(run_dir)
        if status.state not in _RESUMABLE_STATES:
            mend = (
                "Start a new run instead" if status.state == "finished" else "Wait for its end, or cancel it"
            )
            raise RunError(f"Run {run_dir.run_id} is {status.state}, so it cannot be resumed. {mend}.")
        if not _is_free_within(run_dir, WIND_DOWN_S):
            raise RunError(
                f"Run {run_dir.run_id} is {status.state}, but its last process is still there. Try again."
            )
        _make_ready(run_dir)
        run_dir.cancel_file.unlink(missing_ok=True)
        run_dir.write_status(
            replace(status, state="queued", message="waiting to start", phase="", pid=None, ended_at=None)
        )
        _spawn(run_dir, home)


def cancel(run_dir: RunDir, grace_s: float = 5.0) -> None:
    """Ask a queued or running run to stop; returns at once, and within 10 s the device is free.

    Asking twice is the same as asking once.

    Args:
        run_dir: Run directory.
        grace_s: Seconds the worker gets to stop at its next step before it is terminated, then killed; 5 at most.

    Raises:
        RunError: If the run has ended already.
    """
    state = status(run_dir).state
    if state in ENDED_STATES:
        raise RunError(f"Run {run_dir.run_id} is {state}; there is nothing to cancel.")
    try:
        replace_file(run_dir.cancel_file, lambda path: path.write_text(str(grace_s), encoding="utf-8"))
    except OSError as error:
        if not is_disk_full(error):
            raise
        run_dir.cancel_file.touch()  # an empty file says the same and needs no room


def status(run_dir: RunDir) -> RunStatus:
    """Return what a run is doing; "interrupted" if it should be doing something and nobody does it.

    Raises:
        RunError: If this is no run directory.
    """
    # In this order: whoever starts a run holds the first lock until the supervisor holds the second.
    if is_held(_start_lock(run_dir)):
        return run_dir.status()
    return _true_status(run_dir)


def list_run_dirs(runs_root: Path) -> list[RunDir]:
    """Return the run directories in a folder, newest first; none if the folder does not exist."""
    # config.json is the last file that creating a run writes, and it is never written again.
    configs = sorted(
        runs_root.glob("*/config.json"), key=lambda path: (path.stat().st_mtime_ns, path), reverse=True
    )
    return [RunDir(path.parent) for path in configs]


def _true_status(run_dir: RunDir) -> RunStatus:
    if run_dir.status().state in ENDED_STATES or is_held(run_dir.lock_file):
        return run_dir.status()
    status = run_dir.status()  # read again: it may have ended before the lock was looked at
    if status.state in ENDED_STATES:
        return status
    message = (
        "The process of this run is gone: it was killed, or the computer restarted. The run can be resumed."
    )
    return replace(status, state="interrupted", message=message, phase="", seconds_left=None)


def _start_lock(run_dir: RunDir) -> Path:
    return run_dir.path / "start.lock"


@contextmanager
def _starting(run_dir: RunDir) -> Iterator[None]:
    """Let one start or resume of a run happen at a time, and tell ``status`` about it."""
    run_dir.status()  # RunError if this is no run directory
    lock = take(_start_lock(run_dir), wait_s=START_TIMEOUT_S)
    if lock is None:
        raise RunError(
            f"Run {run_dir.run_id} is being started by another window or program. Look at it again soon."
        )
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        words = full_disk_in_words(error, run_dir.path)
        raise RunError(f"{words} Make room there, then resume the run.") from error
    finally:
        release(lock)


def _make_ready(run_dir: RunDir) -> None:
    """Leave the run directory as a run needs it; none of its processes lives."""
    remove_scraps(run_dir.path)
    keep_reserve(run_dir.path)


def _is_free_within(run_dir: RunDir, wait_s: float) -> bool:
    lock = take(run_dir.lock_file, wait_s)
    if lock is not None:
        release(lock)
    return lock is not None


def _spawn(run_dir: RunDir, home: Path) -> None:
    with run_dir.log.open("ab") as log:
        supervisor = subprocess.Popen(
            _supervisor_command(run_dir, home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=_REPOSITORY,
            env=_environment(),
            start_new_session=True,
        )
    # Somebody has to collect its exit status, or it stays a zombie for as long as this program lives.
    threading.Thread(target=supervisor.wait, name=f"reap-{run_dir.run_id}", daemon=True).start()
    problem = _wait_until_up(supervisor, run_dir)
    if problem:
        raise RunError(
            f"Run {run_dir.run_id} could not be started: its supervisor {problem}. "
            f"{run_dir.log} ends with:\n{run_dir.log_tail(15)}"
        )


def _wait_until_up(supervisor: subprocess.Popen[bytes], run_dir: RunDir) -> str:
    """Return what went wrong; empty as soon as the supervisor holds the run's lock or has done its work."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_held(run_dir.lock_file):
        code = supervisor.poll()
        if code is not None:
            return f"ended with exit code {code}" if code else ""
        if time.monotonic() >= deadline:
            supervisor.kill()
            return f"did not come up within {START_TIMEOUT_S:.0f} s"
        time.sleep(POLL_S)
    return ""


def _supervisor_command(run_dir: RunDir, home: Path) -> list[str]:
    where = [str(run_dir.path.resolve()), "--home", str(home.resolve())]
    return [sys.executable, "-m", "lane_core.runs.supervisor", *where]


def _environment() -> dict[str, str]:
    """Return an environment in which ``lane_core`` is importable, wherever this program was started."""
    paths = [str(_REPOSITORY), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
