"""Backups made while the app works, restored elsewhere or over another home, refused when they are not whole."""

import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lane_core.cli import main
from lane_core.errors import BackupError, LaneError, StoreError
from lane_core.home import Home
from lane_core.records import Decision
from lane_core.runs import launcher
from lane_core.runs.locks import release, take
from lane_core.store import datasets, decisions
from lane_core.store.ingest import ingest_run, num_waiting
from lane_core.store.result_queries import predictions
from lane_core.store.snapshot import write_snapshot
from lane_core.upkeep import backup
from lane_core.upkeep.backup import back_up, back_up_home, backup_mailbox
from lane_core.upkeep.restore import restore
from lane_core.workspace import Workspace
from tests.small_project import SmallProject, add_finished_run, make_small_project

ROOT = Path(__file__).parents[1]
Members = list[tuple[zipfile.ZipInfo, bytes]]


def decide(workspace: Workspace, project: SmallProject, index: int, label: str = "joy") -> None:
    dataset_id, run_id = project.dataset.dataset_id, project.run.run_id
    decision = Decision(f"d{index}", dataset_id, index, "relabel", label, "anger", run_id, "ada")
    decisions.record_decisions(workspace.store, [decision])


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash; what only opening a home writes is left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def contents(workspace: Workspace, project: SmallProject, folder: Path) -> list:
    store, dataset_id, run_id = workspace.store, project.dataset.dataset_id, project.run.run_id
    files = workspace.export(run_id, folder)
    frames = (
        datasets.current_labels(store, dataset_id),
        decisions.decision_history(store, dataset_id, 100),
        predictions(store, run_id),
    )
    return [*(frame.to_csv() for frame in frames), files.corrected.read_bytes(), files.audit.read_bytes()]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``home``, with one project and one decision, closed; and ``all.zip``, its backup. Never changed."""
    folder = tmp_path_factory.mktemp("origin")
    workspace = Workspace(Home(folder / "home"))
    decide(workspace, make_small_project(workspace), 3)
    back_up(workspace, folder / "all.zip")
    workspace.close()
    return folder


@pytest.fixture
def archive(origin: Path) -> Path:
    return origin / "all.zip"


@pytest.fixture
def full_home(origin: Path, home: Home) -> Home:
    """LANE_HOME, a copy of the home that was backed up."""
    shutil.copytree(origin / "home", home.path)
    return home


@pytest.fixture
def full_workspace(full_home: Home) -> Iterator[Workspace]:
    opened = Workspace(full_home)
    yield opened
    opened.close()


def project_of(workspace: Workspace) -> SmallProject:
    run = workspace.newest_run()
    return SmallProject(datasets.get_dataset(workspace.store, run.dataset_id), run, workspace.home.path)


def num_decisions(home: Home) -> int:
    workspace = Workspace(home)
    found = decisions.decision_history(workspace.store, workspace.newest_run().dataset_id, 1000)
    workspace.close()
    return len(found)


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
    assert decisions.decision_history(other.store, project.dataset.dataset_id, 9)["seq"].tolist() == [2, 1]
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
    history = decisions.decision_history(other.store, project.dataset.dataset_id, 10_000)
    other.close()
    assert min(before, 24) <= len(history) <= min(after + 1, 24)
    assert history["seq"].tolist() == list(range(len(history), 0, -1))


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
