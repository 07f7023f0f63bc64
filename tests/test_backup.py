"""Backups made while the app works: whole when they are restored, or not there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from lane_core.cli import main
from lane_core.errors import BackupError, LaneError
from lane_core.home import Home
from lane_core.runs import launcher
from lane_core.runs.locks import release, take
from lane_core.store import decision_queries
from lane_core.store.ingest import ingest_run, num_waiting
from lane_core.store.snapshot import write_snapshot
from lane_core.upkeep import backup
from lane_core.upkeep.backup import back_up, back_up_home, backup_mailbox
from lane_core.upkeep.restore import restore
from lane_core.workspace import Workspace
from tests.backed_up_home import contents, decide, project_of, tree
from tests.small_project import add_finished_run

ROOT = Path(__file__).parents[1]


def test_what_was_backed_up_is_restored_into_an_empty_home(full_workspace: Workspace, tmp_path: Path) -> None:
    workspace, project = full_workspace, project_of(full_workspace)
    before = contents(workspace, project, tmp_path / "before")
    archive = back_up(workspace, tmp_path / "backups")
    assert archive.parent == tmp_path / "backups"
    decide(workspace, project, 7)  # not in the backup
    assert restore(archive, Home(tmp_path / "other")) is None

    other = Workspace(Home(tmp_path / "other"))
    assert contents(other, project, tmp_path / "after") == before
    assert tree(other.home.runs) == tree(workspace.home.runs)
    assert tree(other.home.datasets) == tree(workspace.home.datasets)
    assert other.run_dir(project.run.run_id).log.stat().st_mtime == pytest.approx(
        workspace.run_dir(project.run.run_id).log.stat().st_mtime
    )
    decide(other, project, 11)
    assert decision_queries.decision_history(other.store, project.dataset.dataset_id, 9)["seq"].tolist() == [
        2,
        1,
    ]
    other.close()
    assert sorted(path.name for path in other.home.path.iterdir()) == ["datasets", "lane.duckdb", "runs"]
    assert [path.name for path in workspace.home.path.glob(".backup*")] == []


def test_the_archive_is_a_plain_zip_with_the_database_first(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        assert opened.testzip() is None
        manifest = json.loads(opened.read("manifest.json"))
        kinds = {info.filename: info.compress_type for info in opened.infolist()}
    assert (names[0], names[-1]) == ("lane.duckdb", "manifest.json")
    assert list(manifest["files"]) == names[:-1]
    assert kinds["runs/run-1/events/epoch-0001.parquet"] == zipfile.ZIP_STORED
    assert kinds["runs/run-1/log.txt"] == zipfile.ZIP_DEFLATED


def test_a_run_that_trains_on_is_restored_as_interrupted_and_catches_up(
    full_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, project = full_workspace, project_of(full_workspace)
    going = workspace.run_dir(add_finished_run(workspace, project.dataset, "Run 2").run_id)
    going.write_status(replace(going.status(), state="running", epochs=3, message="", ended_at=None))
    finished = workspace.run_dir(project.run.run_id)
    for run_dir in (going, finished):
        run_dir.checkpoint.parent.mkdir()
        run_dir.checkpoint.write_bytes(b"networks")
        for name in ("cancel", "reserve", "start.lock", ".status.json.1-2.tmp"):
            (run_dir.path / name).write_bytes(b"of this moment")
    (workspace.home.runs / "gone.deleting").mkdir()
    (workspace.home.runs / "gone.deleting" / "log.txt").write_text("being deleted")
    lock = take(going.lock_file)
    assert lock is not None

    def write_snapshot_then_train_on(store, path: Path) -> None:
        write_snapshot(store, path)
        going.write_event("epoch", 3, going.read_event("epoch", 2))
        (finished.path / "config.json").touch()

    monkeypatch.setattr(backup, "write_snapshot", write_snapshot_then_train_on)
    try:
        assert launcher.status(going).state == "running"
        archive = back_up(workspace, tmp_path / "all.zip")
    finally:
        release(lock)
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if name.startswith("runs/run-2/")]
        kept = {Path(name).name for name in opened.namelist() if "/events/" not in name}
    assert [Path(name).name for name in names[:2]] == ["status.json", "state.safetensors"]
    assert not kept & {"cancel", "reserve", "start.lock", "supervisor.lock", ".status.json.1-2.tmp"}

    restore(archive, Home(tmp_path / "other"))
    other = Workspace(Home(tmp_path / "other"))
    restored = other.run_dir(going.run_id)
    assert launcher.status(restored).state == "interrupted"
    assert restored.checkpoint.read_bytes() == b"networks"
    assert not other.run_dir(finished.run_id).checkpoint.parent.exists()
    assert launcher.status(other.run_dir(finished.run_id)).state == "finished"
    assert [path.name for path in other.home.runs.iterdir() if path.suffix] == []
    assert num_waiting(other.store, restored) == 1
    assert ingest_run(other.store, restored) == 1
    other.close()


def test_a_backup_while_people_decide_holds_a_state_in_between(
    full_workspace: Workspace, tmp_path: Path
) -> None:
    workspace, project = full_workspace, project_of(full_workspace)
    is_over = threading.Event()
    done: list[int] = []

    def decide_on() -> None:
        while not is_over.is_set():
            decide(workspace, project, len(done) % 24, "joy" if len(done) % 2 else "fear")
            done.append(len(done))

    thread = threading.Thread(target=decide_on)
    thread.start()
    before = len(done)
    archive = back_up(workspace, tmp_path / "all.zip")
    after = len(done)
    is_over.set()
    thread.join()
    restore(archive, Home(tmp_path / "other"))
    other = Workspace(Home(tmp_path / "other"))
    history = decision_queries.decision_history(other.store, project.dataset.dataset_id, 10_000)
    other.close()
    assert min(before, 24) <= len(history) <= min(after + 1, 24)
    assert history["seq"].tolist() == list(range(len(history), 0, -1))


_BACK_UP_SLOWLY = """
import time
from lane_core.upkeep import backup
from lane_core.home import lane_home

add = backup._add

def add_slowly(archive, path, name):
    if name == "runs/run-1/events/epoch-0001.parquet":
        print("here", flush=True)
        time.sleep(60)
    return add(archive, path, name)

backup._add = add_slowly
backup.back_up_home(lane_home())
"""


def test_killed_in_the_middle_a_backup_is_not_there_and_the_next_one_cleans_up(full_home: Home) -> None:
    home = full_home
    command = [sys.executable, "-c", _BACK_UP_SLOWLY]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [path.suffix for path in (home.path / "backups").iterdir()] == [".part"]
    archive = back_up_home(home)
    assert list((home.path / "backups").iterdir()) == [archive]
    assert not (home.path / ".backup").exists()
    assert restore(archive, home) is not None


def test_a_backup_that_cannot_be_written_says_so(
    full_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = full_workspace
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BackupError, match=r"cannot be written to .* Choose another folder"):
        back_up(workspace, tmp_path / "file" / "all.zip")
    before = back_up(workspace, tmp_path / "all.zip").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LaneError, match=r"disk is full|No space left"):
        back_up(workspace, tmp_path / "all.zip")
    assert (tmp_path / "all.zip").read_bytes() == before
    assert [path.name for path in tmp_path.glob("all*")] == ["all.zip"]
    with pytest.raises(BackupError, match="nothing to back up"):
        back_up_home(Home(tmp_path / "nobody's"))


def test_the_command_line_without_an_app(
    full_home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = full_home
    assert main(["backup"]) == 0
    (archive,) = (home.path / "backups").iterdir()
    assert f"Backup: {archive} (" in capsys.readouterr().err
    assert main(["restore", str(archive)]) == 0
    assert "What was there before is in" in capsys.readouterr().err
    (tmp_path / "some.csv").write_text("text,label")
    assert main(["restore", str(tmp_path / "some.csv")]) == 1
    assert "no backup" in capsys.readouterr().err


def test_the_command_line_asks_the_running_app(
    full_workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, workspace = full_workspace.home, full_workspace
    app = backup_mailbox(workspace)
    app.start()
    (tmp_path / "file").write_text("in the way")
    try:
        command = [sys.executable, "-m", "lane_core", "backup", "--output", "here.zip"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60)
        assert main(["backup", "--output", str(tmp_path / "file" / "no.zip")]) == 1
    finally:
        app.stop()
    assert "cannot be written to" in capsys.readouterr().err
    assert [path.name for path in (home.path / "mailbox").iterdir()] == ["app.lock"]
    assert restore(tmp_path / "here.zip", Home(tmp_path / "other")) is None
