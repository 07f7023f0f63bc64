"""The job that lays out a map: its states, its process, and that nothing but the process itself is believed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lane_core.cli import main
from lane_core.errors import RunError
from lane_core.runs import map_job
from lane_core.runs.locks import is_held, release, take
from lane_core.runs.map_job import (
    has_embeddings,
    lay_out_map,
    map_status,
    map_version,
    read_map,
    start_map,
)
from lane_core.runs.map_status import MapProgress, MapStatus, write_note
from lane_core.runs.run_dir import RunDir
from lane_core.training.saving import save_embeddings

SLOW = """
import sys, time
from pathlib import Path
import lane_core.runs.map_job as job
from lane_core.runs.run_dir import RunDir
def slow(embeddings, report):
    report("finding neighbours", 0.25)
    time.sleep(120)
job.layout = slow
print(job.lay_out_map(RunDir(Path(sys.argv[1])), int(sys.argv[2])))
"""


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    """A finished run, as far as the job looks at it: ten examples, too few for UMAP."""
    made = RunDir(tmp_path / "run")
    save_embeddings(made.result, np.random.default_rng(0).normal(size=(10, 8)).astype(np.float32))
    return made


@pytest.fixture
def slow_job(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen]:
    """Makes every job that is started stand still at a quarter; all are killed in the end."""
    started = []
    popen = subprocess.Popen

    def instead(command, **options):
        started.append(popen([sys.executable, "-c", SLOW, command[4], command[6]], **options))
        return started[-1]

    monkeypatch.setattr(map_job.subprocess, "Popen", instead)
    yield started
    for process in started:
        process.kill()
        process.wait()


def wait_for(run_dir: RunDir, *states: str, phase: str = "", seconds: float = 60) -> MapStatus:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = map_status(run_dir)
        if status.state in states and (not phase or status.phase == phase):
            return status
        time.sleep(0.05)
    raise AssertionError(f"still {map_status(run_dir)}; {(run_dir.path / 'map_log.txt').read_text()}")


def test_a_map_is_laid_out_and_kept(run_dir: RunDir) -> None:
    assert map_status(run_dir) == MapStatus("absent")
    assert map_version(run_dir) == 0
    assert main(["map", str(run_dir.path)]) == 0
    assert map_status(run_dir) == MapStatus("done")
    found = read_map(run_dir)
    assert list(found.columns) == ["index", "x", "y"]
    assert [str(kind) for kind in found.dtypes] == ["int32", "float32", "float32"]
    assert found["index"].tolist() == list(range(10))
    assert found[["x", "y"]].nunique().tolist() == [10, 10]
    version = map_version(run_dir)
    start_map(run_dir)
    assert lay_out_map(run_dir) == MapStatus("done")
    assert map_version(run_dir) == version > 0


def test_the_real_job_lays_out_a_tiny_set_by_umap(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # compiling takes 20 s, forty points without it one
    run_dir = RunDir(tmp_path / "run")
    random = np.random.default_rng(0)
    centres = 4 * random.normal(size=(2, 16))
    group = np.repeat([0, 1], 20)
    save_embeddings(run_dir.result, (centres[group] + random.normal(size=(40, 16))).astype(np.float32))
    start_map(run_dir)
    assert map_status(run_dir).state == "going"
    start_map(run_dir)  # somebody is at it: nothing happens
    seen = {status.phase for status in iter(lambda: _look(run_dir), None)}
    assert map_status(run_dir).state == "done", (run_dir.path / "map_log.txt").read_text()
    assert seen <= {"starting", "finding neighbours", "arranging", "done"}
    points = read_map(run_dir)[["x", "y"]].to_numpy()
    assert np.isfinite(points).all()
    distances = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(40)
    assert (group[distances.argmin(axis=1)] == group).all()
    assert not is_held(run_dir.path / "map.lock")
    assert "laid out 40 examples" in (run_dir.path / "map_log.txt").read_text()


def _look(run_dir: RunDir) -> MapStatus | None:
    time.sleep(0.05)
    status = map_status(run_dir)
    return status if status.state == "going" else None


def test_a_killed_job_is_seen_as_interrupted_and_can_be_started_again(run_dir, slow_job, monkeypatch) -> None:
    start_map(run_dir)
    going = wait_for(run_dir, "going", phase="finding neighbours")
    assert going.share == 0.25
    assert os.getpgid(slow_job[0].pid) == slow_job[0].pid  # it outlives the program that started it
    own_niceness = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, slow_job[0].pid) == min(19, own_niceness + 10)
    environment = Path(f"/proc/{slow_job[0].pid}/environ").read_bytes().split(b"\0")
    assert b"CUDA_VISIBLE_DEVICES=" in environment
    assert lay_out_map(run_dir).state == "going"
    os.kill(slow_job[0].pid, signal.SIGKILL)
    wait_for(run_dir, "interrupted")
    monkeypatch.undo()
    start_map(run_dir)
    assert wait_for(run_dir, "done", "failed") == MapStatus("done")


def test_a_failure_is_told_and_the_log_keeps_the_story(run_dir: RunDir, monkeypatch) -> None:
    def fail(embeddings, report):
        report("starting", 0.0)
        raise MemoryError("no room\nfor 3 GB")

    monkeypatch.setattr(map_job, "layout", fail)
    monkeypatch.setattr(map_job.os, "nice", lambda by: 0)
    status = lay_out_map(run_dir)
    assert status.state == "failed"
    assert status.message.startswith("The map could not be laid out: MemoryError: no room for 3 GB. ")
    assert status.message.endswith("map_log.txt has the whole story.")
    assert map_status(run_dir) == status
    monkeypatch.setattr(map_job, "layout", lambda embeddings, report: np.zeros((10, 2), dtype=np.float32))
    assert lay_out_map(run_dir) == MapStatus("done")


def test_a_run_without_embeddings_has_no_map(tmp_path: Path, capsys) -> None:
    run_dir = RunDir(tmp_path / "run")
    run_dir.path.mkdir()
    assert not has_embeddings(run_dir)
    assert map_status(run_dir) == MapStatus("absent")
    with pytest.raises(
        RunError, match=r"Run run has no sentence embeddings in .*written when a run finishes"
    ):
        start_map(run_dir)
    assert main(["map", str(run_dir.path)]) == 1
    assert "Error: Run run has no sentence embeddings" in capsys.readouterr().err


def test_a_run_deleted_meanwhile_does_not_come_back(run_dir: RunDir, monkeypatch, tmp_path: Path) -> None:
    def delete_then_report(embeddings, report):
        run_dir.path.rename(tmp_path / "gone")
        report("done", 1.0)

    monkeypatch.setattr(map_job, "layout", delete_then_report)
    monkeypatch.setattr(map_job.os, "nice", lambda by: 0)
    lay_out_map(run_dir)
    assert not run_dir.path.exists()


def test_time_left_is_counted_from_when_it_was_written(run_dir: RunDir, monkeypatch) -> None:
    lock = take(run_dir.path / "map.lock")
    write_note(run_dir, MapProgress("arranging", 0.5, 40.0))
    note = json.loads((run_dir.path / "map.json").read_text())
    monkeypatch.setattr("lane_core.runs.map_status.time.time", lambda: note["written_at"] + 15)
    assert map_status(run_dir) == MapStatus("going", "arranging", 0.5, 25.0)
    monkeypatch.setattr("lane_core.runs.map_status.time.time", lambda: note["written_at"] + 99)
    assert map_status(run_dir).seconds_left == 0
    release(lock)
    assert map_status(run_dir) == MapStatus("interrupted")


def test_a_damaged_map_says_what_to_do(run_dir: RunDir) -> None:
    (run_dir.result / "map.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(
        RunError, match=r"map\.parquet cannot be read: .* Remove the file and lay the map out again"
    ):
        read_map(run_dir)
