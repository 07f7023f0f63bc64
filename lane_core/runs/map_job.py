"""Lay out the map of a finished run, in a process of its own that outlives the program that started it.

The files are told in ``run_dir``. Like a run, the job holds a lock while it lives, so nobody has to trust what a
killed process wrote last.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from safetensors.numpy import load_file

from lane_core.errors import LaneError, RunError
from lane_core.evidence.layout import layout
from lane_core.runs.disk_room import full_disk_in_words, is_disk_full
from lane_core.runs.locks import is_held, take
from lane_core.runs.map_status import MapProgress, MapStatus, read_note, write_note
from lane_core.runs.run_dir import RunDir
from lane_core.runs.tables import read_frame, write_table

MAP_SCHEMA = pa.schema({"index": pa.int32(), "x": pa.float32(), "y": pa.float32()})
"""Coordinates without a unit: only which examples lie together says something."""
LOCK_PATIENCE_S = 0.5
"""Others look at the lock by taking it for a moment."""
TELL_EVERY_S = 0.5
NICENESS = 10
"""Training and people go first."""

_LOG = logging.getLogger(__name__)
_REPOSITORY = Path(__file__).resolve().parents[2]


def has_embeddings(run_dir: RunDir) -> bool:
    """Return whether the run has left the sentence embeddings that a map is made of; only a finished one has."""
    return _embeddings_file(run_dir).exists()


def map_status(run_dir: RunDir) -> MapStatus:
    """Return whether there is a map, or somebody lays it out, or how that ended."""
    if _map_file(run_dir).exists():
        return MapStatus("done")
    if is_held(_lock_file(run_dir)):
        return read_note(run_dir, is_alive=True)
    if _map_file(run_dir).exists():  # it may have ended before the lock was looked at
        return MapStatus("done")
    return read_note(run_dir, is_alive=False)


def read_map(run_dir: RunDir) -> pd.DataFrame:
    """Return the coordinates of all examples: index, x, y, in order of index.

    Raises:
        RunError: If there is no map, or its file is damaged.
    """
    path = _map_file(run_dir)
    try:
        return read_frame(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise RunError(
            f"The map in {path} cannot be read: {' '.join(str(error).split())}. Remove the file and lay the map out "
            "again; nothing else of the run is touched."
        ) from error


def map_version(run_dir: RunDir) -> int:
    """Return a number that changes when the map is another one; 0 where there is none."""
    path = _map_file(run_dir)
    return path.stat().st_mtime_ns if path.exists() else 0


def start_map(run_dir: RunDir) -> None:
    """Start laying out the map and return at once; nothing happens if there is one, or somebody lays it out.

    Args:
        run_dir: A finished run.

    Raises:
        RunError: If the run has no embeddings, or the disk is full.
    """
    if not has_embeddings(run_dir):
        raise _no_embeddings(run_dir)
    if _map_file(run_dir).exists():
        return
    lock = take(_lock_file(run_dir), wait_s=LOCK_PATIENCE_S)
    if lock is None:
        return
    try:
        write_note(run_dir, MapProgress("starting", 0.0))
        _spawn(run_dir, lock)
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise RunError(
            f"{full_disk_in_words(error, run_dir.path)} Make room there, then start again."
        ) from error
    finally:
        # Not released: that would take it from the process that has inherited it.
        os.close(lock)


def lay_out_map(run_dir: RunDir, lock: int | None = None) -> MapStatus:
    """Lay out the map in this process, at a low priority; what ``start_map`` starts.

    Args:
        run_dir: A finished run.
        lock: Descriptor of the job's lock, if this process has inherited it.

    Returns:
        How it ended: done or failed, or going where another process is at it.
    """
    if lock is None:
        lock = take(_lock_file(run_dir), wait_s=LOCK_PATIENCE_S)
        if lock is None:
            return map_status(run_dir)
    os.set_inheritable(lock, False)
    try:
        if not _map_file(run_dir).exists():
            _lay_out(run_dir)
    except Exception as error:  # noqa: BLE001, whatever it is, the page must be able to say it
        _LOG.exception("The map could not be laid out")
        if run_dir.path.exists():  # else the run was deleted meanwhile, and must not come back
            write_note(run_dir, MapProgress(failure=_in_words(error, run_dir)))
    finally:
        os.close(lock)
    return map_status(run_dir)


def _lay_out(run_dir: RunDir) -> None:
    if not has_embeddings(run_dir):
        raise _no_embeddings(run_dir)
    os.nice(NICENESS)
    started = time.monotonic()
    told = ("", 0.0)

    def report(phase: str, share: float) -> None:
        nonlocal told
        passed = time.monotonic() - started
        if phase == told[0] and passed - told[1] < TELL_EVERY_S:
            return
        told = (phase, passed)
        if not has_embeddings(run_dir):
            raise RunError(f"Run {run_dir.run_id} was deleted while its map was laid out.")
        left = passed / share - passed if share > 0 else None
        write_note(run_dir, MapProgress(phase, share, left))

    embeddings = load_file(_embeddings_file(run_dir))["embeddings"].astype(np.float32)
    coordinates = layout(embeddings, report)
    write_table(_map_file(run_dir), _map_frame(coordinates), MAP_SCHEMA)
    _LOG.info("laid out %d examples in %.0f s", len(embeddings), time.monotonic() - started)


def _map_frame(coordinates: npt.NDArray[np.float32]) -> pd.DataFrame:
    return pd.DataFrame(
        {"index": np.arange(len(coordinates)), "x": coordinates[:, 0], "y": coordinates[:, 1]}
    )


def _in_words(error: Exception, run_dir: RunDir) -> str:
    if is_disk_full(error):
        return f"{full_disk_in_words(error, run_dir.path)} Make room there, then start again."
    if isinstance(error, LaneError):
        return str(error)
    return (
        f"The map could not be laid out: {type(error).__name__}: {' '.join(str(error).split())}. "
        f"{_log_file(run_dir)} has the whole story."
    )


def _no_embeddings(run_dir: RunDir) -> RunError:
    return RunError(
        f"Run {run_dir.run_id} has no sentence embeddings in {run_dir.result}: they are written when a run finishes. "
        "Wait for its end, or resume it."
    )


def _spawn(run_dir: RunDir, lock: int) -> None:
    command = [sys.executable, "-m", "lane_core", "map", str(run_dir.path.resolve()), "--lock", str(lock)]
    with _log_file(run_dir).open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=_REPOSITORY,
            env=_environment(),
            pass_fds=(lock,),
            start_new_session=True,
        )
    # Somebody has to collect its exit status, or it stays a zombie for as long as this program lives.
    threading.Thread(target=process.wait, name=f"reap-map-{run_dir.run_id}", daemon=True).start()


def _environment() -> dict[str, str]:
    """Return an environment in which ``lane_core`` is importable, no GPU is in sight, and waiting threads sleep."""
    paths = [str(_REPOSITORY), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_WAIT_POLICY": "passive",
        "PYTHONUNBUFFERED": "1",
    }


def _embeddings_file(run_dir: RunDir) -> Path:
    return run_dir.result / "embeddings.safetensors"


def _map_file(run_dir: RunDir) -> Path:
    return run_dir.result / "map.parquet"


def _lock_file(run_dir: RunDir) -> Path:
    return run_dir.path / "map.lock"


def _log_file(run_dir: RunDir) -> Path:
    return run_dir.path / "map_log.txt"
