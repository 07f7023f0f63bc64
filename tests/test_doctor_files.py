"""The check-up of run directories, imported files and leftovers: only what nobody needs is ever removed."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import pytest

from lane_core.cli import main
from lane_core.home import Home
from lane_core.runs.device_queue import join
from lane_core.runs.locks import release, take
from lane_core.runs.run_dir import RunDir
from lane_core.store.ingest import ingest_run
from lane_core.store.removal import delete_run
from lane_core.store.store import open_store
from lane_core.upkeep.doctor import examine, repair
from lane_core.workspace import Workspace
from tests.checked_home import (
    asked,
    assert_found,
    assert_only_told,
    change,
    examined,
    source_of,
)

pytestmark = pytest.mark.usefixtures("filled_home")

A_TEMPORARY_FILE = ".lane.tmp.999999999-1.tmp"
"""No process has this number: it is above the highest that Linux gives."""


def test_a_file_that_waits_is_a_note(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    change(
        home,
        "delete from ingested_files where run_id = 'run-1' and name = 'metrics-0002.parquet'",
        "delete from epoch_metrics where run_id = 'run-1' and epoch = 2",
    )
    found = assert_only_told(
        home, "waiting_files", "'run-1'", "1 events file", "metrics-0002", "Open the app"
    )
    assert not found.is_fault
    assert main(["doctor"]) == 0
    assert "Note: The run 'run-1' has 1 events file not read in yet" in capsys.readouterr().err


def test_a_file_set_aside_is_told_until_it_is_gone(home: Home) -> None:
    bad = home.runs / "run-1" / "events" / "metrics-0003.parquet"
    bad.write_bytes(b"PAR1 and no more")
    workspace = Workspace(home)
    ingest_run(workspace.store, workspace.run_dir("run-1"))
    workspace.close()
    assert_only_told(
        home, "rejected_file", "metrics-0003.parquet", "'run-1'", "torn, or no Parquet", "remove it"
    )
    bad.unlink()
    assert examine(home) == []


def test_files_that_are_gone_are_a_note(home: Home) -> None:
    (home.runs / "run-1" / "events" / "losses-0001.parquet").unlink()
    found = assert_only_told(home, "gone_files", "'run-1'", "1 events file", "losses-0001.parquet")
    assert not found.is_fault


def test_a_run_without_its_directory_is_told(home: Home) -> None:
    shutil.rmtree(home.runs / "run-1")
    assert_only_told(home, "missing_run_directory", "'Run 1' (run-1)", str(home.runs / "run-1"), "Review")


def test_a_damaged_run_directory_is_told(home: Home) -> None:
    (home.runs / "run-1" / "status.json").write_text("{", encoding="utf-8")
    assert_only_told(home, "damaged_run_directory", "'Run 1' (run-1)", "delete the run")


def test_an_interrupted_run_is_a_note(home: Home) -> None:
    run_dir = RunDir(home.runs / "run-1")
    run_dir.write_status(replace(run_dir.status(), state="running"))
    lock = take(run_dir.lock_file)
    assert lock is not None
    assert examine(home) == []
    release(lock)
    found = assert_only_told(home, "interrupted_run", "'Run 1' (run-1)", "was running", "Resume")
    assert not found.is_fault


def unknown_run(home: Home) -> RunDir:
    """A run directory as it is between its creation and its row in the database."""
    known, new = RunDir(home.runs / "run-1"), RunDir(home.runs / "new")
    new.create(known.config(), known.dataset(), known.examples())
    return new


def test_a_run_directory_that_was_never_registered_is_removed(home: Home) -> None:
    new = unknown_run(home)
    (new.path / A_TEMPORARY_FILE).write_bytes(b"half")
    lock = take(new.lock_file)
    assert lock is not None
    findings = [found for found in examine(home) if found.kind == "unknown_run_directory"]
    assert "training now" in findings[0].what
    assert not findings[0].is_repairable
    release(lock)
    findings = examined(home)
    assert [found.kind for found in findings] == ["unknown_run_directory", "leftover_files"]
    assert str(new.path) in findings[0].what
    assert repair(home, findings) == []
    assert not new.path.exists()
    assert examine(home) == []


@pytest.mark.parametrize("kept", ["events/epoch-0001.parquet", "checkpoint/state.safetensors", "thesis.txt"])
def test_a_run_directory_that_holds_work_is_never_removed(home: Home, kept: str) -> None:
    path = unknown_run(home).path / kept
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"work")
    assert_only_told(home, "unknown_run_directory", str(home.runs / "new"), "5 files in all", "move")


@pytest.mark.parametrize("is_row_left", [True, False])
def test_a_deletion_that_was_cut_off_is_finished(home: Home, is_row_left: bool) -> None:
    folder = home.runs / "run-1.deleting"
    (home.runs / "run-1").rename(folder)
    if not is_row_left:
        store = open_store(home.database)
        delete_run(store, "run-1")
        store.close()
    found = assert_found(examined(home), "unfinished_deletion", "'run-1'", str(folder))
    assert repair(home, [found]) == []
    assert not folder.exists()
    assert asked(home, "select run_id from runs") == [("run-2",)]
    assert asked(home, "select count(*) from decisions") == [(6,)]
    assert examine(home) == []


def test_a_cut_off_deletion_spares_a_run_of_the_same_name(home: Home) -> None:
    shutil.copytree(home.runs / "run-1", home.runs / "run-1.deleting")
    assert repair(home, examined(home)) == []
    assert (home.runs / "run-1").exists()
    assert examine(home) == []


def test_temporary_files_of_dead_processes_are_removed(home: Home) -> None:
    events = home.runs / "run-1" / "events"
    scraps = [events / A_TEMPORARY_FILE, home.path / A_TEMPORARY_FILE]
    alive = events / f".epoch-0003.parquet.{os.getpid()}-1.tmp"
    other = events / ".notes.tmp"
    for path in [*scraps, alive, other]:
        path.write_bytes(b"half")
    findings = examined(home)
    assert [found.kind for found in findings] == ["leftover_files", "leftover_files"]
    assert "1 temporary file" in findings[0].what
    assert str(scraps[0]) in findings[1].what
    assert repair(home, findings) == []
    assert [path.exists() for path in [*scraps, alive, other]] == [False, False, True, True]
    assert examine(home) == []


def test_half_copies_are_removed_and_whole_ones_stay(home: Home) -> None:
    (home.path / "backups").mkdir()
    (home.path / ".backup").mkdir()
    half = [
        home.path / ".backup" / "lane.duckdb.part",
        home.path / "lane.duckdb.compact",
        home.path / "lane.duckdb.compact.part.wal",
        home.path / "backups" / "a.zip.part",
    ]
    whole = home.path / "backups" / "b.zip"
    for path in [*half, whole]:
        path.write_bytes(b"copy")
    found = assert_found(
        examined(home), "leftover_copies", str(half[1]), str(half[2]), str(half[3]), "whole backups stay"
    )
    assert repair(home, [found]) == []
    assert [path.exists() for path in [*half, whole]] == [False, False, False, False, True]
    assert not (home.path / ".backup").exists()
    assert home.database.exists()
    assert examine(home) == []


def test_a_restore_that_was_cut_off_is_told(home: Home) -> None:
    (home.path / ".restore").mkdir()
    aside = home.path / "before-restore-20260101-000000"
    aside.mkdir()
    assert_only_told(home, "unfinished_restore", str(home.path / ".restore"), str(aside), "Restore the same")


def test_a_place_in_the_queue_that_nobody_holds_is_removed(home: Home) -> None:
    run_dir = RunDir(home.runs / "run-1")
    lock = take(run_dir.lock_file)
    assert lock is not None
    join(home.path, "cpu", run_dir, 1)
    assert examine(home) == []
    release(lock)
    ticket = home.path / "queue" / "cpu" / "run-1.json"
    found = assert_found(examined(home), "stale_ticket", "'run-1'", str(ticket))
    assert repair(home, [found]) == []
    assert not ticket.exists()
    assert examine(home) == []


def test_an_imported_file_that_is_gone_is_told(home: Home) -> None:
    path = source_of(home)
    path.unlink()
    assert_only_told(home, "missing_source", "'Small project'", "small.csv", str(path.parent), "exports")


def test_an_imported_file_that_was_changed_is_told(home: Home) -> None:
    path = source_of(home)
    path.write_text(path.read_text().replace("anger", "Anger", 1))
    assert_only_told(home, "changed_source", "'Small project'", str(path), "SHA-256")


def test_lost_read_options_are_told(home: Home) -> None:
    path = source_of(home).with_name("read_options.json")
    path.unlink()
    assert_only_told(home, "missing_read_options", "'Small project'", str(path))


def test_a_folder_of_no_project_is_removed_only_if_it_is_empty(home: Home) -> None:
    folder = home.datasets / "cut-off"
    folder.mkdir()
    (folder / "source.csv").write_text("text,label\n")
    assert_only_told(home, "unknown_dataset_folder", str(folder), "1 file", "Import the file again")
    (folder / "source.csv").unlink()
    found = assert_found(examined(home), "unknown_dataset_folder", str(folder), "is empty")
    assert repair(home, [found]) == []
    assert not folder.exists()
