"""The check-up: every kind of damage is found, named and mended, and a healthy home gives nothing to say.

The home of these tests has one project, two finished runs of two epochs and a few decisions, made once and copied.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from lane_core.cli import main
from lane_core.errors import StoreError
from lane_core.home import Home
from lane_core.records import Decision
from lane_core.runs.device_queue import join
from lane_core.runs.locks import release, take
from lane_core.runs.run_dir import RunDir
from lane_core.store import decisions
from lane_core.store.checks.finding import Finding
from lane_core.store.ingest import ingest_run
from lane_core.store.removal import delete_run
from lane_core.store.store import Store, open_store
from lane_core.upkeep.doctor import examine, repair
from lane_core.workspace import Workspace
from tests.small_project import add_finished_run, make_small_project

RUN_1_LABELS = "from run_examples where run_id = 'run-1'"
A_TEMPORARY_FILE = ".lane.tmp.999999999-1.tmp"
"""No process has this number: it is above the highest that Linux gives."""


@pytest.fixture(scope="module")
def healthy_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("healthy") / "lane")
    workspace = Workspace(home)
    project = make_small_project(workspace)
    decide(workspace.store, project.dataset.dataset_id)
    add_finished_run(workspace, project.dataset, "Run 2")
    workspace.close()
    return home


@pytest.fixture
def home(healthy_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy to damage; LANE_HOME names it."""
    shutil.copytree(healthy_home.path, tmp_path / "lane")
    monkeypatch.setenv("LANE_HOME", str(tmp_path / "lane"))
    return Home(tmp_path / "lane")


def decide(store: Store, dataset_id: str) -> None:
    """Keep 3, relabel 7, flag 11; undo the last and redo it, undo it again."""
    choices = {3: ("keep", None, "anger"), 7: ("relabel", "joy", "fear"), 11: ("flag", None, "joy")}
    decisions.record_decisions(
        store,
        [
            Decision(f"d{index}", dataset_id, index, action, label, seen, "run-1", "Ada")
            for index, (action, label, seen) in choices.items()
        ],
    )
    decisions.undo(store, dataset_id, "Ada", "u1")
    decisions.redo(store, dataset_id, "Ada", "r1")
    decisions.undo(store, dataset_id, "Ada", "u2")


def change(home: Home, *statements: str) -> None:
    store = open_store(home.database)
    for statement in statements:
        with store.transaction() as cursor:
            cursor.execute(statement)
    store.close()


def asked(home: Home, query: str) -> list[tuple[object, ...]]:
    store = open_store(home.database)
    try:
        with store.cursor() as cursor:
            return cursor.execute(query).fetchall()
    finally:
        store.close()


def tables(home: Home) -> dict[str, list[str] | None]:
    """Every row of every table, without the moments at which files were read in."""
    with duckdb.connect(str(home.database), read_only=True) as connection:
        wanted = {"ingested_files": "* exclude (ingested_at)"}
        names = [row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        query = " union all ".join(
            f"select '{name}', list(t::text order by t::text) from (select {wanted.get(name, '*')} from {name}) t"
            for name in names
        )
        return dict(connection.execute(query).fetchall())


def everything(home: Home) -> dict[str, bytes]:
    """Every file, the database among them, byte by byte."""
    found = home.path.rglob("*")
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in found}


def examined(home: Home) -> list[Finding]:
    """Examine, and see to it that this changes nothing."""
    before = everything(home)
    findings = examine(home)
    assert everything(home) == before
    return findings


def assert_found(findings: list[Finding], kind: str, *words: str) -> Finding:
    assert [finding.kind for finding in findings] == [kind]
    for word in words:
        assert word in f"{findings[0].what} {findings[0].mend}"
    return findings[0]


def assert_only_told(home: Home, kind: str, *words: str) -> Finding:
    """The finding is there, nothing offers to mend it, and the repair leaves everything alone."""
    finding = assert_found(examined(home), kind, *words)
    assert not finding.is_repairable
    before = everything(home)
    assert repair(home, [finding]) == []
    assert everything(home) == before
    return finding


def test_a_healthy_home_gives_nothing_to_say(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert examined(home) == []
    assert main(["doctor"]) == 0
    assert "Nothing is wrong." in capsys.readouterr().err


def test_what_people_do_every_day_is_no_damage(home: Home) -> None:
    workspace = Workspace(home)
    [dataset] = {run.dataset_id for run in [workspace.newest_run()]}
    decisions.redo(workspace.store, dataset, "Ada", "r2")
    workspace.drop_history("run-2")
    workspace.delete_run("run-1")
    workspace.close()
    assert asked(home, "select distinct epoch from example_epochs") == [(2,)]
    assert examined(home) == []


def test_an_empty_home_is_well_and_stays_empty(tmp_path: Path) -> None:
    assert examine(Home(tmp_path / "nothing")) == []
    assert list(tmp_path.iterdir()) == []


MENDABLE = {
    "rows of an old epoch lost": (
        "delete from example_epochs where run_id = 'run-1' and epoch = 1 and index < 3",
        "broken_import",
        ("epoch-0001.parquet", "'run-1'", "has 24 rows", "example_epochs holds 21"),
    ),
    "rows of the newest epoch lost": (
        "delete from example_results where run_id = 'run-1' and index = 5",
        "broken_import",
        ("epoch-0002.parquet", "'run-1'", "has 24 rows", "example_results holds 23"),
    ),
    "the history of the newest epoch lost": (
        "delete from example_epochs where run_id = 'run-1' and epoch = 2",
        "broken_import",
        ("epoch-0002.parquet", "example_epochs holds 0"),
    ),
    "rows twice": (
        "insert into example_epochs select * from example_epochs where run_id = 'run-2' and epoch = 2 and index < 2",
        "broken_import",
        ("epoch-0002.parquet", "'run-2'", "holds 26", "2 rows of it for examples that have one already"),
    ),
    "a row in place of another": (
        "update example_results set index = 4 where run_id = 'run-2' and index = 5",
        "broken_import",
        ("epoch-0002.parquet", "example_results has 1 row of it for examples that have one already"),
    ),
    "rows of unknown examples": (
        "update example_epochs set index = 1000 where run_id = 'run-2' and epoch = 1 and index = 5",
        "broken_import",
        ("epoch-0001.parquet", "1 row of it for examples that the run does not have"),
    ),
    "results of an old epoch": (
        "update example_results set epoch = 1 where run_id = 'run-1'",
        "broken_import",
        ("epoch-0002.parquet", "holds rows of epoch 1 and should hold epoch 2 alone"),
    ),
    "a class matrix lost": (
        "delete from class_similarity where run_id = 'run-1' and epoch = 2",
        "broken_import",
        ("similarity-0002.parquet", "has 9 rows", "class_similarity holds 0"),
    ),
    "neighbours twice": (
        "insert into neighbours select * from neighbours where run_id = 'run-1'",
        "broken_import",
        ("neighbours-0000.parquet", "has 120 rows", "neighbours holds 240"),
    ),
    "a row of the ledger lost": (
        "delete from ingested_files where run_id = 'run-1' and name = 'losses-0002.parquet'",
        "broken_import",
        ("losses-0002.parquet", "ledger does not say", "step_losses holds 2 rows"),
    ),
    "the newest row of the ledger lost": (
        "delete from ingested_files where run_id = 'run-1' and name = 'epoch-0002.parquet'",
        "broken_import",
        ("epoch-0002.parquet", "ledger does not say", "example_epochs holds 24 rows"),
    ),
    "labels of a run lost": (
        f"delete {RUN_1_LABELS} and index > 20",
        "broken_run_examples",
        ("'run-1'", "21 rows", "0 to 23"),
    ),
    "labels of a run of no class": (
        "update run_examples set label = 3 where run_id = 'run-1' and index = 0",
        "broken_run_examples",
        ("'run-1'", "known class"),
    ),
    "kept decisions lost": (
        "delete from current_decisions where index = 3",
        "wrong_current_decisions",
        ("lacks 1 of the 2 decisions", "holds 0 that do not"),
    ),
    "kept decisions wrong": (
        "update current_decisions set final_label = 0 where index = 7",
        "wrong_current_decisions",
        ("lacks 1 of the 2 decisions", "holds 1 that do not"),
    ),
}


TOGETHER = (
    (
        "rows of an old epoch lost",
        "a row in place of another",
        "a class matrix lost",
        "labels of a run lost",
        "kept decisions lost",
    ),
    (
        "rows of the newest epoch lost",
        "rows of unknown examples",
        "neighbours twice",
        "labels of a run of no class",
        "kept decisions wrong",
    ),
    ("the history of the newest epoch lost", "rows twice", "a row of the ledger lost"),
    ("results of an old epoch",),
    ("the newest row of the ledger lost",),
)
"""Damages that do not touch each other, each somewhere: one home bears several."""


@pytest.mark.parametrize("damages", TOGETHER, ids=range(len(TOGETHER)))
def test_damage_to_rows_is_mended_as_if_it_had_never_been(
    home: Home, healthy_home: Home, damages: tuple[str, ...]
) -> None:
    change(home, *(MENDABLE[damage][0] for damage in damages))
    findings = examined(home)
    for damage in damages:
        _, kind, words = MENDABLE[damage]
        told = [finding for finding in findings if all(word in finding.what for word in words)]
        assert [finding.kind for finding in told] == [kind], damage
    assert all(finding.is_repairable and finding.is_fault for finding in findings)
    assert repair(home, findings) == []
    assert tables(home) == tables(healthy_home)
    assert examine(home) == []


def test_every_damage_is_done_to_a_home() -> None:
    assert sorted(damage for damages in TOGETHER for damage in damages) == sorted(MENDABLE)


def test_a_file_under_two_names_is_mended_when_one_is_left(home: Home, healthy_home: Home) -> None:
    events = home.runs / "run-1" / "events"
    again = events / "losses-00002.parquet"
    shutil.copy(events / "losses-0002.parquet", again)
    change(
        home,
        "insert into step_losses select * from step_losses where run_id = 'run-1' and epoch = 2",
        f"""
        insert into ingested_files select * replace ('{again.name}' as name) from ingested_files
        where run_id = 'run-1' and name = 'losses-0002.parquet'
        """,
    )
    assert_only_told(
        home, "broken_import", "'run-1'", "losses-00002.parquet, losses-0002.parquet", "Move all"
    )
    again.unlink()
    assert repair(home, examine(home)) == []
    assert tables(home) == tables(healthy_home)
    assert examine(home) == []


def test_rows_of_a_run_that_is_not_in_the_table_are_deleted(home: Home) -> None:
    change(
        home,
        "insert into epoch_metrics (run_id, epoch) values ('ghost', 1), ('ghost', 2)",
        "insert into ingested_files values ('ghost', 'metrics-0001.parquet', 'metrics', 1, 1, now()::timestamp)",
    )
    found = assert_found(
        examined(home), "rows_of_unknown_run", "'ghost'", "2 in epoch_metrics, 1 in ingested_files"
    )
    assert repair(home, [found]) == []
    assert examine(home) == []
    assert asked(home, "select count(*) from epoch_metrics where run_id = 'run-1'") == [(2,)]


def test_results_of_a_run_without_an_epoch_are_deleted(home: Home) -> None:
    for path in (home.runs / "run-1" / "events").glob("epoch-*"):
        path.unlink()
    change(
        home,
        "delete from ingested_files where run_id = 'run-1' and kind = 'epoch'",
        "delete from example_epochs where run_id = 'run-1'",
    )
    found = assert_found(examined(home), "results_without_epoch", "'run-1'", "24 rows")
    assert repair(home, [found]) == []
    assert examine(home) == []


def test_decision_numbers_go_on_after_the_highest(home: Home) -> None:
    change(home, "create or replace sequence decision_seq start with 4")
    found = assert_found(examined(home), "decision_numbers_too_low", "the number 4", "up to number 6")
    assert repair(home, [found]) == []
    assert examine(home) == []
    store = open_store(home.database)
    [dataset_id] = [row[0] for row in asked_of(store, "select dataset_id from datasets")]
    decisions.record_decisions(store, [Decision("new", dataset_id, 0, "keep", None, "anger", "run-1", "Bo")])
    assert asked_of(store, "select seq from decisions where decision_id = 'new'") == [(7,)]
    store.close()


def asked_of(store: Store, query: str) -> list[tuple[object, ...]]:
    with store.cursor() as cursor:
        return cursor.execute(query).fetchall()


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [("gone", "is not there any more"), ("torn", "torn, or no Parquet file")],
)
def test_what_cannot_be_read_in_again_is_left_as_it_is(home: Home, obstacle: str, words: str) -> None:
    change(home, "delete from example_epochs where run_id = 'run-1' and epoch = 1 and index = 0")
    path = home.runs / "run-1" / "events" / "epoch-0001.parquet"
    if obstacle == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:500])
    findings = examined(home)
    faults = [finding for finding in findings if finding.is_fault]
    found = assert_found(faults, "broken_import", "epoch-0001.parquet", "holds 23", words, str(path), "lost")
    assert not found.is_repairable
    before = tables(home)
    assert repair(home, findings) == []
    assert tables(home) == before


def test_labels_that_cannot_be_read_in_again_are_left_as_they_are(home: Home) -> None:
    change(home, f"delete {RUN_1_LABELS} and index = 0")
    source = home.runs / "run-1" / "examples.parquet"
    content = source.read_bytes()
    source.write_bytes(b"damaged")
    findings = examined(home)
    before = tables(home)
    [problem] = repair(home, findings)
    assert "'run-1'" in problem
    assert f"{source} cannot be read" in problem
    assert tables(home) == before
    source.unlink()
    assert_only_told(home, "broken_run_examples", "'run-1'", "23 rows", f"{source} is not there")
    source.write_bytes(content)
    assert repair(home, examine(home)) == []
    assert examine(home) == []


def test_decisions_that_cannot_be_understood_are_told_and_left(home: Home) -> None:
    change(
        home,
        "update decisions set dataset_id = 'other' where decision_id = 'd3'",
        "update decisions set index = 24 where decision_id = 'd7'",
        "update decisions set seen_label = 3 where decision_id = 'd11'",
        "update decisions set target = 'nowhere' where decision_id = 'u2'",
    )
    # What is derived from the decisions follows the damage, and is mended by itself.
    assert repair(home, examine(home)) == []
    findings = examined(home)
    assert [(finding.kind, finding.is_repairable) for finding in findings] == [
        ("decision_of_unknown_dataset", False),
        ("decision_of_unknown_example", False),
        ("decision_of_unknown_class", False),
        ("missing_undo_target", False),
    ]
    assert (
        "1 decision on data sets that do not exist: in the data set other, numbers 1 to 1: d3."
        in findings[0].what
    )
    assert "on examples that do not exist" in findings[1].what
    assert "numbers 2 to 2: d7." in findings[1].what
    assert "no class of their data set" in findings[2].what
    assert "numbers 3 to 3: d11." in findings[2].what
    assert "undo or redo a decision which is not there" in findings[3].what
    assert "numbers 6 to 6: u2." in findings[3].what


def test_lost_examples_and_data_sets_are_told_and_left(home: Home) -> None:
    change(
        home,
        "delete from examples where index = 9",
        "update examples set key = key + 100 where index = 20",
        "update runs set dataset_id = 'other' where run_id = 'run-2'",
    )
    findings = examined(home)
    assert [(finding.kind, finding.is_repairable) for finding in findings] == [
        ("broken_dataset", False),
        ("run_of_unknown_dataset", False),
    ]
    for words in ("'Small project'", "24 examples", "23 rows", "1 row in examples under a wrong key"):
        assert words in findings[0].what
    assert "'run-2' belongs to the data set 'other'" in findings[1].what


def test_decisions_that_share_a_number_are_told(home: Home) -> None:
    change(
        home,
        "create table copied as select * replace (if(seq = 5, 4, seq) as seq) from decisions",
        "drop table decisions",
        "alter table copied rename to decisions",
    )
    assert_only_told(home, "repeated_decision_number", "2 decisions", "numbers 4 to 4: ")


def test_class_names_lost_are_told(home: Home) -> None:
    change(home, "delete from label_classes where code = 1")
    findings = examine(home)
    assert findings[0].kind == "broken_dataset"
    assert "2 names of classes" in findings[0].what


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


def source_of(home: Home) -> Path:
    [path] = home.datasets.glob("*/source.csv")
    return path


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


def test_a_missing_database_is_told_and_not_made(home: Home) -> None:
    home.database.unlink()
    [found] = examine(home)
    assert found.kind == "missing_database"
    assert str(home.database) in found.what
    assert "2 folders" in found.what
    assert repair(home, [found]) == []
    assert not home.database.exists()


def test_a_damaged_database_is_refused_and_left(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    content = home.database.read_bytes()
    damaged = content[:16_384] + bytes(len(content) - 16_384)
    home.database.write_bytes(damaged)
    assert main(["doctor", "--repair"]) == 1
    assert str(home.database) in capsys.readouterr().err
    assert home.database.read_bytes() == damaged


def test_a_database_of_a_newer_version_is_refused(home: Home) -> None:
    change(home, "insert into schema_migrations values ('m999_future', now()::timestamp)")
    with pytest.raises(StoreError, match="newer version"):
        examine(home)


@pytest.fixture
def holder(home: Home) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the database open."""
    program = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(home.database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    yield process
    process.communicate("\n", timeout=10)


def test_while_the_app_has_the_database_it_says_so(
    holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--repair"]) == 1
    told = capsys.readouterr().err
    assert f"Process {holder.pid} has the database" in told
    assert "Stop that program" in told


def test_the_command_says_what_to_do_and_does_it(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    change(home, "delete from class_similarity where run_id = 'run-1' and epoch = 2")
    (home.datasets / "empty").mkdir()
    source_of(home).unlink()
    assert main(["doctor"]) == 1
    told = capsys.readouterr().err
    assert "Fault: The events file similarity-0002.parquet of the run 'run-1'" in told
    assert "3 faults; --repair can mend 2." in told
    assert main(["doctor", "--repair"]) == 1
    told = capsys.readouterr().err.split("After the repair:")[1]
    assert "similarity-0002" not in told
    assert "Fault: The imported file 'small.csv'" in told
    assert "1 fault; --repair can mend 0." in told
