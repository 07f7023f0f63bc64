"""Backups restored over another home: what was there is kept, and what is no whole backup is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lane_core.errors import BackupError, StoreError
from lane_core.home import Home
from lane_core.runs.locks import release, take
from lane_core.upkeep.restore import restore
from lane_core.workspace import Workspace
from tests.backed_up_home import contents, decide, num_decisions, project_of, tree

ROOT = Path(__file__).parents[1]
Members = list[tuple[zipfile.ZipInfo, bytes]]


def test_what_was_there_is_moved_aside_whole(archive: Path, full_home: Home, tmp_path: Path) -> None:
    home, workspace = full_home, Workspace(full_home)
    project = project_of(workspace)
    decide(workspace, project, 7)
    later = contents(workspace, project, tmp_path / "later")
    workspace.close()
    (home.path / "exports").mkdir()
    (home.runs / "run-1" / "log.txt").write_text("more")

    aside = restore(archive, home)
    assert aside is not None
    assert aside.parent == home.path
    assert (home.path / "exports").is_dir()
    assert num_decisions(home) == 1
    assert (home.runs / "run-1" / "log.txt").read_text() == "made up for a test\n"
    put_back = Workspace(Home(aside))
    assert contents(put_back, project, tmp_path / "again") == later
    put_back.close()
    assert (aside / "runs" / "run-1" / "log.txt").read_text() == "more"


def rewritten(archive: Path, path: Path, change: Callable[[Members], Members]) -> Path:
    with zipfile.ZipFile(archive) as opened:
        members = [(info, opened.read(info)) for info in opened.infolist()]
    with zipfile.ZipFile(path, "w") as written:
        for info, data in change(members):
            written.writestr(info, data)
    return path


def with_manifest(change: Callable[[dict], object]) -> Callable[[Members], Members]:
    def changed(members: Members) -> Members:
        values = json.loads(members[-1][1])
        change(values)
        return [*members[:-1], (members[-1][0], json.dumps(values).encode())]

    return changed


def with_member(name: str, mode: int = stat.S_IFREG | 0o644) -> Callable[[Members], Members]:
    def changed(members: Members) -> Members:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        member = {"size": 4, "sha256": hashlib.sha256(b"evil").hexdigest(), "mtime_ns": 0}
        listed = with_manifest(lambda values: values["files"].update({name: member}))(members)
        return [(info, b"evil"), *listed]

    return changed


def other_bytes(members: Members) -> Members:
    return [(info, data[:-1] + b"!" if info.filename.endswith("log.txt") else data) for info, data in members]


def without_the_database(members: Members) -> Members:
    return with_manifest(lambda values: values["files"].pop("lane.duckdb"))(members[1:])


def no_database(members: Members) -> Members:
    """One with a right manifest, which is no database."""
    data = b"x" * 5000
    member = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "mtime_ns": 0}
    return with_manifest(lambda values: values["files"].update({"lane.duckdb": member}))(
        [(members[0][0], data), *members[1:]]
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_member("../evil"), "no backup does"),
        (with_member("runs/../../evil"), "no backup does"),
        (with_member("/tmp/evil"), "no backup does"),
        (with_member("runs\\..\\evil"), "no backup does"),
        (with_member("locks/evil"), "no backup does"),
        (with_member("runs/link", stat.S_IFLNK | 0o777), "no backup does"),
        (with_member("runs/run-1/log.txt/evil"), "cannot be restored"),
        (other_bytes, "not what was backed up"),
        (without_the_database, "no lane.duckdb"),
        (no_database, "database in .* cannot be used"),
        (lambda members: members[:-1], "no manifest.json"),
        (lambda members: [*members[:2], *members[3:]], "does not hold what"),
        (with_manifest(lambda values: values["files"].popitem()), "does not hold what"),
        (with_manifest(lambda values: values.update(format=2)), "format of its own"),
        (with_manifest(lambda values: values.update(files=3)), "cannot be read"),
        (with_manifest(lambda values: values["files"]["lane.duckdb"].update(size=10**18)), "are free"),
    ],
)
def test_a_file_that_is_no_whole_backup_is_refused_and_nothing_is_changed(
    origin: Path, archive: Path, tmp_path: Path, change: Callable[[Members], Members], words: str
) -> None:
    changed = rewritten(archive, tmp_path / "changed.zip", change)
    before = [tree(origin), tree(tmp_path)]
    with pytest.raises(BackupError, match=words):
        restore(changed, Home(origin / "home"))
    assert [tree(origin), tree(tmp_path)] == before


@pytest.mark.parametrize("cut", [0, 100, -30, -2000])
def test_a_torn_file_is_refused(origin: Path, archive: Path, tmp_path: Path, cut: int) -> None:
    torn = tmp_path / "torn.zip"
    torn.write_bytes(archive.read_bytes()[:cut])
    before = tree(origin)
    with pytest.raises(BackupError, match="damaged, or no backup"):
        restore(torn, Home(origin / "home"))
    torn.unlink()
    with pytest.raises(BackupError, match="cannot be restored"):
        restore(torn, Home(origin / "home"))
    assert tree(origin) == before


def test_nothing_is_restored_under_an_open_app_or_a_going_run(archive: Path, full_home: Home) -> None:
    home, workspace = full_home, Workspace(full_home)
    with pytest.raises(StoreError, match="has the database"):
        restore(archive, home)
    lock = take(workspace.run_dir("run-1").lock_file)
    workspace.close()
    assert lock is not None
    with pytest.raises(BackupError, match="a run is going: run-1"):
        restore(archive, home)
    release(lock)
    assert restore(archive, home) is not None


_KILLED_AT_EACH_STEP = """
import os, sys
from pathlib import Path
from lane_core.upkeep import restore as room
from lane_core.home import Home

room._check_database = lambda archive, staging: None
os.fsync = lambda descriptor: None
archive, root = Path(sys.argv[1]), Path(sys.argv[2])

def killed_at(step, home):
    left = [step]
    def kill(act):
        def acted(*arguments, **options):
            if left[0] == 0:
                os._exit(9)
            left[0] -= 1
            return act(*arguments, **options)
        return acted
    for name in ("rename", "replace", "unlink"):
        setattr(Path, name, kill(getattr(Path, name)))
    os.link = kill(os.link)
    room.restore(archive, home)
    os._exit(0)

for step in range(100):
    # DuckDB is opened in the children only: its threads would not come along.
    pid = os.fork()
    if pid == 0:
        killed_at(step, Home(root / str(step)))
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
        print(step)
        break
"""


def test_killed_at_any_step_of_a_restore_nothing_is_gone_and_the_next_attempt_works(
    archive: Path, full_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = full_home
    monkeypatch.setattr(
        "lane_core.upkeep.restore._check_database", lambda archive, staging: None
    )  # takes most of the time
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    (home.runs / "run-1" / "log.txt").write_text("what was there before")
    Path(f"{home.database}.wal").write_bytes(b"")
    database = home.database.read_bytes()
    for step in range(12):
        shutil.copytree(home.path, tmp_path / "homes" / str(step))
    command = [sys.executable, "-c", _KILLED_AT_EACH_STEP, str(archive), str(tmp_path / "homes")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100).stdout
    num_steps = int(said)
    assert 7 <= num_steps < 12
    for step in range(num_steps):
        killed = Home(tmp_path / "homes" / str(step))
        logs = [path.read_text() for path in killed.path.rglob("log.txt")]
        assert "what was there before" in logs
        assert database in [path.read_bytes() for path in killed.path.rglob("lane.duckdb")]
        restore(archive, killed)
        assert (killed.runs / "run-1" / "log.txt").read_text() == "made up for a test\n"
        assert "what was there before" in [path.read_text() for path in killed.path.rglob("log.txt")]
        assert not (killed.path / ".restore").exists()
    assert num_decisions(killed) == 1
