"""A disk that fills up at any write of a run: how the run ends, what stays, and that it goes on."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from lane_core.config import RunConfig
from lane_core.errors import RunError
from lane_core.records import RunStatus
from lane_core.runs import launcher, supervisor
from lane_core.runs.disk_room import RESERVE_BYTES, full_disk_in_words, is_disk_full, remove_scraps
from lane_core.runs.locks import release, take
from lane_core.runs.results import final_table
from lane_core.runs.run_dir import RunDataset, RunDir
from lane_core.runs.worker import work
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

REPOSITORY = Path(__file__).resolve().parents[1]
SAFETENSORS_WORDS = "Error while serializing: I/O error: No space left on device (os error 28)"

# A run on a disk of its own that has no room for the first checkpoint; then on, when there is more.
ON_A_SMALL_DISK = """
import subprocess, sys
from pathlib import Path
from tests.test_runs_full_disk import make_run
from lane_core.runs.worker import work

disk, encoder = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], check=True)
run_dir = make_run(Path(disk) / "run-1", encoder)
status = work(run_dir)
print(status.state, run_dir.status().message)
print(run_dir.last_epoch(), len(run_dir.read_event("epoch", 1)), run_dir.checkpoint.exists())
print(sorted(str(path) for path in run_dir.path.rglob(".*")))
subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
print(work(run_dir).state)
"""


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_encoder(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory, encoder: str) -> RunDir:
    """A run whose disk was never full."""
    run_dir = make_run(tmp_path_factory.mktemp("whole") / "run", encoder)
    assert work(run_dir).state == "finished"
    return run_dir


def make_run(path: Path, encoder: str) -> RunDir:
    texts, labels = tiny_texts(30)
    examples = pd.DataFrame(
        {
            "index": range(30),
            "example_id": [str(number) for number in range(30)],
            "text": texts,
            "given_label": labels,
            "split": "train",
        }
    )
    config = RunConfig.from_preset(
        "default", encoder=encoder, epochs=2, batch_size=8, trainable_layers=1, device="cpu"
    )
    run_dir = RunDir(path)
    run_dir.create(config, RunDataset("data-1", "Tiny", ("anger", "fear", "joy"), 0), examples)
    return run_dir


def fill_disk_at(
    monkeypatch: pytest.MonkeyPatch, run_dir: RunDir, name: str, make_error: Callable[[Path], Exception]
) -> None:
    """Let no file be written from the first that is called ``name`` on, until the reserve is given up."""
    is_full = False

    def write_through(descriptor: int) -> None:
        nonlocal is_full
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        is_full = is_full or path.name.startswith(f".{name}.")
        if is_full and (run_dir.path / "reserve").exists():
            raise make_error(path)

    monkeypatch.setattr(os, "fsync", write_through)


def no_space(path: Path) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def no_quota(path: Path) -> OSError:
    return OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


def no_space_in_rust(path: Path) -> Exception:
    return Exception(SAFETENSORS_WORDS)


def files_of(run_dir: RunDir) -> set[str]:
    return {str(path.relative_to(run_dir.path)) for path in run_dir.path.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "make_error", "last_epoch"),
    [
        ("neighbours-0000.parquet", no_space, 0),
        ("epoch-0002.parquet", no_quota, 1),
        ("state.safetensors", no_space_in_rust, 1),
        ("scores.parquet", no_space, 2),
        ("head.safetensors", no_space_in_rust, 2),
    ],
)
def test_a_full_disk_ends_the_run_in_words_and_it_goes_on_later(
    tmp_path: Path,
    encoder: str,
    whole_run: RunDir,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    make_error: Callable[[Path], Exception],
    last_epoch: int,
) -> None:
    run_dir = make_run(tmp_path / "run-1", encoder)
    with monkeypatch.context() as patched:
        fill_disk_at(patched, run_dir, name, make_error)
        status = work(run_dir)
    assert status.state == "failed"
    what = "The quota of this user" if make_error is no_quota else "The disk is full"
    assert status.message.startswith(what)
    for words in (str(run_dir.path), "B free now", "stay readable", "resume the run"):
        assert words in status.message
    assert run_dir.status() == replace(status, heartbeat=run_dir.status().heartbeat)
    assert "Traceback" not in caplog.text
    assert run_dir.last_epoch() == last_epoch
    for file in run_dir.event_files():
        assert len(run_dir.read_event(file.kind, file.epoch)) > 0
    left = files_of(run_dir)
    assert not any(path.endswith(".tmp") or path.startswith("result/encoder") for path in left)
    assert "reserve" not in left

    assert work(run_dir).state == "finished"
    pd.testing.assert_frame_equal(final_table(run_dir), final_table(whole_run))


def test_a_status_that_finds_no_room_ends_the_run_too(
    tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = make_run(tmp_path / "run-1", encoder)
    heard: list[RunStatus] = []
    fill_disk_at(monkeypatch, run_dir, "status.json", no_space)
    assert work(run_dir, heard.append).state == "failed"
    assert run_dir.status().message.startswith("The disk is full")
    assert {status.phase for status in heard} == {"starting", ""}


def test_a_disk_without_room_for_last_words_raises_nothing(
    tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = make_run(tmp_path / "run-1", encoder)

    def never(descriptor: int) -> None:
        raise no_space(Path("x"))

    monkeypatch.setattr(os, "fsync", never)
    assert work(run_dir).message.startswith("The disk is full")
    assert run_dir.status().state == "queued"
    supervisor.supervise(run_dir, tmp_path, ["true"])
    monkeypatch.undo()
    assert launcher.status(run_dir).state == "interrupted"
    assert not any(path.endswith(".tmp") for path in files_of(run_dir))


def test_a_full_log_does_not_stop_a_run(
    tmp_path: Path, encoder: str, caplog: pytest.LogCaptureFixture
) -> None:
    run_dir = make_run(tmp_path / "run-1", encoder)
    caplog.set_level(logging.INFO)
    full = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails
    handler = logging.StreamHandler(full)
    logging.getLogger("lane_core").addHandler(handler)
    try:
        assert work(run_dir).state == "finished"
    finally:
        logging.getLogger("lane_core").removeHandler(handler)
    assert len(caplog.messages) > 2
    with pytest.raises(OSError, match="No space left"):
        full.close()


def test_a_real_small_disk(tmp_path: Path, encoder: str) -> None:
    alone = ["unshare", "--map-root-user", "--mount"]
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mounted = subprocess.run(
            [*alone, "mount", "-t", "tmpfs", "tmpfs", str(disk)], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode()}")
    said = subprocess.run(
        [*alone, sys.executable, "-c", ON_A_SMALL_DISK, str(disk), encoder],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    ended, found, scraps, resumed = said.stdout.splitlines()
    assert ended.startswith("failed The disk is full")
    assert (found, scraps, resumed) == ("1 30 False", "[]", "finished")


def test_a_run_is_neither_made_nor_started_nor_resumed_on_a_full_disk(
    tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = make_run(tmp_path / "run-1", encoder)
    run_dir.cancel_file.touch()

    def never(descriptor: int) -> None:
        raise no_space(tmp_path / "x")

    monkeypatch.setattr(os, "fsync", never)
    before = run_dir.status()
    for call in (launcher.start, launcher.resume):
        with pytest.raises(RunError, match=r"The disk is full: .* free now\. Make room there"):
            call(run_dir, tmp_path)
    assert (run_dir.status(), run_dir.cancel_file.exists()) == (before, True)
    assert not (run_dir.path / "reserve").exists()
    with pytest.raises(RunError, match=r"The disk is full: .* then start the run again"):
        make_run(tmp_path / "run-2", encoder)
    assert not (tmp_path / "run-2").exists()


def test_a_run_is_cancelled_on_a_full_disk(
    tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = make_run(tmp_path / "run-1", encoder)
    lock = take(run_dir.lock_file)
    assert lock is not None
    fill_disk_at(monkeypatch, run_dir, "cancel", no_space)
    (run_dir.path / "reserve").touch()
    launcher.cancel(run_dir)
    release(lock)
    assert run_dir.cancel_file.read_text() == ""
    assert supervisor._grace_s(run_dir) == supervisor.MAX_GRACE_S


def test_a_resumed_run_has_a_reserve_and_no_scraps_of_killed_processes(
    tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = make_run(tmp_path / "run-1", encoder)
    with subprocess.Popen(["true"]) as gone:
        pass
    scraps = [
        run_dir.events / f".epoch-0001.parquet.{gone.pid}-1.tmp",
        run_dir.path / f".a.b.{gone.pid}-2.tmp",
    ]
    kept = [run_dir.path / f".cancel.{os.getpid()}-1.tmp", run_dir.path / ".of-somebody-else.tmp"]
    for path in (*scraps, *kept):
        path.touch()
    monkeypatch.setattr(launcher, "_supervisor_command", lambda run_dir, home: [sys.executable, "-c", ""])
    launcher.resume(run_dir, tmp_path)
    assert [path.exists() for path in (*scraps, *kept)] == [False, False, True, True]
    assert (run_dir.path / "reserve").stat().st_size == RESERVE_BYTES
    run_dir.write_status(replace(run_dir.status(), state="finished"))
    assert not (run_dir.path / "reserve").exists()
    remove_scraps(tmp_path / "no-such-folder")


def test_which_errors_mean_a_full_disk(tmp_path: Path) -> None:
    wrapped = RuntimeError("torch")
    wrapped.__cause__ = no_space(tmp_path / "f")
    assert is_disk_full(wrapped)
    assert is_disk_full(no_quota(tmp_path))
    assert is_disk_full(Exception(SAFETENSORS_WORDS))
    assert not is_disk_full(OSError(errno.EACCES, "No space left on device"))
    assert not is_disk_full(ValueError("(os error 2)"))
    elsewhere = tmp_path / "cache"
    elsewhere.mkdir()
    run_folder = tmp_path / "run"
    assert f" in {elsewhere}," in full_disk_in_words(no_space(elsewhere / "model"), run_folder)
    assert f" in {run_folder}," in full_disk_in_words(no_space(run_folder / "events" / "x"), run_folder)
