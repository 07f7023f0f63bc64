"""The check-up of the database: lost, doubled and wrong rows are found, named, and mended from the events files."""

from __future__ import annotations

import shutil

import pytest

from lane_core.home import Home
from lane_core.records import Decision
from lane_core.store import decisions
from lane_core.store.store import open_store
from lane_core.upkeep.doctor import examine, repair
from tests.checked_home import (
    asked,
    asked_of,
    assert_found,
    assert_only_told,
    change,
    examined,
    tables,
)

pytestmark = pytest.mark.usefixtures("filled_home")

RUN_1_LABELS = "from run_examples where run_id = 'run-1'"


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
        ("table current_decisions lacks 1", "(2)", "holds 0 that"),
    ),
    "a kept decision under a wrong key": (
        "update current_decisions set key = 23 where index = 7",
        "wrong_current_decisions",
        ("table current_decisions lacks 1", "(2)", "holds 1 that"),
    ),
    "somebody's decision lost": (
        "delete from own_decisions where index = 3",
        "wrong_own_decisions",
        ("table own_decisions lacks 1", "(2)", "holds 0 that"),
    ),
    "somebody's decision wrong": (
        "update own_decisions set final_label = 0 where index = 7",
        "wrong_own_decisions",
        ("table own_decisions lacks 1", "(2)", "holds 1 that"),
    ),
    "the number of people wrong": (
        "update current_decisions set num_people = 2 where index = 3",
        "wrong_current_decisions",
        ("table current_decisions lacks 1", "(2)", "holds 1 that"),
    ),
    "a disagreement that is none": (
        "update current_decisions set is_disputed = true where index = 7",
        "wrong_current_decisions",
        ("table current_decisions lacks 1", "(2)", "holds 1 that"),
    ),
    "kept decisions wrong": (
        "update current_decisions set final_label = 0 where index = 7",
        "wrong_current_decisions",
        ("table current_decisions lacks 1", "(2)", "holds 1 that"),
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
    (
        "the history of the newest epoch lost",
        "rows twice",
        "a row of the ledger lost",
        "somebody's decision lost",
    ),
    ("results of an old epoch", "a kept decision under a wrong key"),
    ("the newest row of the ledger lost", "the number of people wrong"),
    ("a disagreement that is none",),
    ("somebody's decision wrong",),
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


def test_a_file_that_the_ledger_has_under_two_names_is_mended(home: Home, healthy_home: Home) -> None:
    # Earlier versions read a file of the other name in as well. It does not matter whether it is still there.
    shutil.copy(
        home.runs / "run-1" / "events" / "losses-0002.parquet",
        home.runs / "run-1" / "events" / "losses-00002.parquet",
    )
    change(
        home,
        "insert into step_losses select * from step_losses where run_id = 'run-1' and epoch = 2",
        """
        insert into ingested_files select * replace ('losses-00002.parquet' as name) from ingested_files
        where run_id = 'run-1' and name = 'losses-0002.parquet'
        """,
    )
    findings = examined(home)
    assert [found.kind for found in findings if found.is_fault] == ["broken_import"]
    for words in ("losses-0002.parquet of the run 'run-1'", "losses-00002.parquet, losses-0002.parquet"):
        assert words in findings[0].what
    assert repair(home, findings) == []
    assert tables(home) == tables(healthy_home)
    assert examine(home) == []


def test_rows_that_only_a_file_of_another_name_has_are_kept(home: Home) -> None:
    events = home.runs / "run-1" / "events"
    (events / "losses-0002.parquet").rename(events / "losses-00002.parquet")
    change(
        home,
        "delete from step_losses where run_id = 'run-1' and epoch = 2 and step = 4",
        "update ingested_files set name = 'losses-00002.parquet' where run_id = 'run-1' "
        "and name = 'losses-0002.parquet'",
    )
    findings = examined(home)
    assert not any(found.is_repairable for found in findings)
    assert f"{events / 'losses-0002.parquet'} is not there" in findings[0].mend
    (events / "losses-00002.parquet").rename(events / "losses-0002.parquet")
    assert repair(home, examine(home)) == []
    assert asked(home, "select count(*) from step_losses where run_id = 'run-1' and epoch = 2") == [(2,)]
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
