"""The Runs page: all runs of a project, and two of them measured on the labels as they stand now.

The second run here trained after four decisions: 3 and 18 (anger) became fear, 7 (fear) became joy, 22 (fear, of
the test split) was excluded. It predicts what it was given, except for its suspects 7, 14 and 22.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from app.services import comparing
from app.services.workspaces import workspace
from lane_core.config import RunConfig
from lane_core.errors import RunError
from lane_core.records import ColumnChoice, Decision, RunRecord, RunState
from lane_core.runs import device_queue
from lane_core.runs.locks import release, take
from lane_core.runs.run_dir import RunDataset, RunDir
from lane_core.store import datasets, decisions, runs
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, SmallProject, add_finished_run

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")


@pytest.fixture
def two_runs(small_project: SmallProject, home) -> SmallProject:
    opened = Workspace(home)
    for index, label in ((3, "fear"), (18, "fear"), (7, "joy"), (22, None)):
        decide(opened, small_project, index, label)
    add_finished_run(opened, small_project.dataset, "Run 2", suspects=(7, 14, 22))
    opened.close()
    return small_project


def decide(opened: Workspace, project: SmallProject, index: int, label: str | None) -> None:
    action = "exclude" if label is None else "relabel"
    seen = CLASSES[index % 3]
    decision = Decision(
        uuid4().hex, project.dataset.dataset_id, index, action, label, seen, project.run.run_id, "anna"
    )
    decisions.record_decisions(opened.store, [decision])


def open_page(**address: str) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.switch_page("../pages/runs.py")
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def button(at: AppTest, label: str):
    return next(element for element in at.main.button if element.label == label)


def said(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.main.markdown, *at.main.caption])


def box(at: AppTest, label: str):
    return next(element for element in at.main.selectbox if element.label == label)


def popover(at: AppTest, label: str):
    """Return what the browser is told about a button that opens something."""
    blocks = (block.proto.popover for block in at.main.get("popover"))
    return next(popover for popover in blocks if popover.label == label)


def places(at: AppTest) -> list[str]:
    return [element.value for element in at.main.markdown if "\\. Run" in element.value]


@contextmanager
def going(run_dir: RunDir, state: RunState) -> Iterator[None]:
    """Make a run look as if its supervisor were alive."""
    lock = take(run_dir.lock_file)
    assert lock is not None
    run_dir.write_status(replace(run_dir.status(), state=state))
    yield
    release(lock)


def test_without_a_project_the_page_leads_to_the_import(app_home) -> None:
    at = open_page()
    assert said(at).startswith("No project yet.")
    button(at, "Import a file").click().run()
    assert at.title[0].value == "Data"


def test_without_a_run_the_page_leads_to_train(app_home, tmp_path) -> None:
    opened = Workspace(app_home)
    source = tmp_path / "two.csv"
    source.write_text("text,label\none,a\ntwo,b\nthree,a\nfour,b\n", encoding="utf-8")
    opened.add_dataset(source, ColumnChoice("text", "label"), "Two")
    opened.close()
    at = open_page()
    assert said(at).startswith("No run yet.")
    button(at, "Go to Train").click().run()
    assert at.title[0].value == "Train"


def test_one_run_stands_alone_and_the_page_says_what_a_second_would_show(small_project, app_home) -> None:
    at = open_page()
    table = at.dataframe[0].value
    assert table[["name", "state", "preset", "encoder", "epochs", "labels", "flagged"]].values.tolist() == [
        ["Run 1", "● finished", "default", RunConfig().encoder, "2 of 2", "as in the file", 3]
    ]
    assert "A second run, trained on the corrected labels, would stand here" in said(at)
    assert not at.main.metric
    button(at, "Retrain on the corrected labels").click().run()
    assert at.title[0].value == "Train"


def test_the_table_lists_runs_newest_first_measured_on_the_same_labels(two_runs, app_home) -> None:
    table = open_page().dataframe[0].value.set_index("name")
    assert list(table.index) == ["Run 2", "Run 1"]
    assert list(table["labels"]) == ["3 corrected", "as in the file"]
    # Validation is 18, 19, 20, now fear, fear, joy. Run 1 says anger, fear, joy: F1 of anger 0, of fear 2/3, of
    # joy 1. Run 2 says fear, fear, joy.
    assert table["validation_f1"].tolist() == pytest.approx([1.0, (0 + 2 / 3 + 1) / 3])
    # Test without the excluded 22 is 21 and 23, which both runs get right; run 2 is wrong about 22.
    assert table["test_f1"].tolist() == [1.0, 1.0]
    assert table["flagged"].tolist() == [3, 3]


def test_before_and_after_are_the_two_newest_side_by_side(two_runs, app_home) -> None:
    at = open_page()
    assert (box(at, "Before").value, box(at, "After").value) == (two_runs.run.run_id, "run-2")
    compared = at.table[0].value
    assert list(compared.columns) == ["Run 1 (before)", "Run 2 (after)", "Change", "95 %"]
    # On three examples a resample may hold any of them three times: nothing is sure.
    assert {name: list(row) for name, row in compared.iterrows()} == {
        "Labels trained on": ["as in the file", "3 corrected", "", ""],
        "Validation macro F1": ["0.556", "1.000", "+0.444", "0.000 to +1.000"],
        "Validation accuracy": ["0.667", "1.000", "+0.333", "0.000 to +1.000"],
        "Test macro F1": ["1.000", "1.000", "no change", "–"],
        "Test accuracy": ["1.000", "1.000", "no change", "–"],
        "Flagged as suspect": ["3", "3", "no change", ""],
    }
    assert "labels as they stand now (3 validation and 2 test examples; excluded ones are left out)" in said(
        at
    )


def test_where_the_runs_agree_about_suspects(two_runs, app_home) -> None:
    at = open_page()
    # Run 1 flags 3, 7, 11; run 2 flags 7, 14, 22: one of five in common.
    assert {metric.label: metric.value for metric in at.main.metric} == {
        "Flagged only by Run 1": "2",
        "Flagged by both": "1",
        "Flagged only by Run 2": "2",
        "Overlap": "20%",
    }
    # Of 3, 7 and 18, run 1 had flagged 3 and 7; run 2 flags 7.
    assert (
        "**3 labels were corrected between the two runs.** Run 1 had flagged 2 of them; Run 2 flags 1."
        in said(at)
    )
    only_before, only_after = (element.value for element in at.dataframe[2:4])
    columns = ["example_id", "label", "predicted_label", "text"]
    assert only_before[columns].values.tolist() == [
        ["003", "anger", "fear", "text number 3, with a comma"],
        ["011", "joy", "anger", "text number 11, with a comma"],
    ]
    assert only_after[columns].values.tolist() == [
        ["014", "joy", "anger", "text number 14, with a comma"],
        ["022", "fear", "joy", "text number 22, with a comma"],
    ]


def test_the_suspects_of_either_run_are_a_click_away(two_runs, app_home) -> None:
    at = open_page()
    assert at.query_params["run"] == "run-2"
    button(at, "Review all suspects of Run 1").click().run()
    assert at.title[0].value == "Review"
    assert (at.query_params["run"], at.query_params["status"]) == (two_runs.run.run_id, "all")
    assert "scope" not in at.query_params


def test_the_address_chooses_the_runs(two_runs, app_home) -> None:
    at = open_page(before="run-2", after=two_runs.run.run_id)
    assert list(at.table[0].value.columns) == ["Run 2 (before)", "Run 1 (after)", "Change", "95 %"]
    assert at.table[0].value.loc["Validation macro F1", "Change"] == "−0.444"


def test_the_two_runs_are_never_the_same(two_runs, app_home) -> None:
    at = open_page(before="run-2", after="run-2")
    assert list(at.table[0].value.columns)[:2] == ["Run 2 (before)", "Run 1 (after)"]
    box(at, "After").set_value("run-2").run()
    assert list(at.table[0].value.columns)[:2] == ["Run 1 (before)", "Run 2 (after)"]
    assert not {"before", "after"} & set(at.query_params)  # the two newest are the default


def test_a_run_is_renamed_and_given_a_note(two_runs, app_home) -> None:
    at = open_page()
    assert box(at, "Run").value == "run-2"
    assert "note" not in at.dataframe[0].value
    box(at, "Run").set_value(two_runs.run.run_id).run()
    at.main.text_input[0].set_value("  Before the *fix*  ")
    at.main.text_area[0].set_value("seed 3, *no* weights\n")
    button(at, "Save").click().run()
    record = runs.get_run(workspace().store, two_runs.run.run_id)
    assert (record.name, record.note) == ("Before the *fix*", "seed 3, *no* weights")
    table = at.dataframe[0].value
    assert list(table["name"]) == ["Run 2", "Before the *fix*"]
    assert list(table["note"]) == ["", "seed 3, *no* weights"]
    assert next(iter(at.table[0].value.columns)) == r"Before the \*fix\* (before)"
    # The box still shows the run whose name has changed, and its note stands below.
    assert box(at, "Run").value == two_runs.run.run_id
    assert r"seed 3, \*no\* weights" in said(at)


def test_a_blank_name_cannot_be_given(two_runs, app_home) -> None:
    at = open_page()
    at.main.text_input[0].set_value("   ")
    at.main.text_area[0].set_value("lost?")
    button(at, "Save").click().run()
    assert "needs a name" in at.error[0].value
    assert runs.get_run(workspace().store, "run-2").name == "Run 2"
    assert at.main.text_area[0].value == "lost?"


def test_a_run_is_deleted_and_what_people_decided_stays(two_runs, app_home) -> None:
    at = open_page()
    box(at, "Run").set_value(two_runs.run.run_id).run()
    question = next(element.value for element in at.main.markdown if element.value.startswith("Delete"))
    assert "**Run 1**" in question
    assert "What people decided stays, and so do the labels." in question
    labels = datasets.current_labels(workspace().store, two_runs.dataset.dataset_id)
    button(at, "Delete the run").click().run()
    assert "Run 1 was deleted" in at.success[0].value
    assert list(at.dataframe[0].value["name"]) == ["Run 2"]
    assert not (app_home.runs / two_runs.run.run_id).exists()
    assert "run-1" not in at.query_params.values()
    after = datasets.current_labels(workspace().store, two_runs.dataset.dataset_id)
    assert after["current_label"].tolist() == labels["current_label"].tolist()
    assert (after["status"] != "").sum() == 4
    at.run()
    assert not at.success  # said once


def test_a_going_run_is_cancelled_not_deleted(two_runs, app_home) -> None:
    run_dir = RunDir(app_home.runs / "run-2")
    with going(run_dir, "running"):
        at = open_page()
        assert at.dataframe[0].value["state"][0] == "▶ running"
        assert popover(at, "Delete").disabled
        button(at, "Stop the run").click().run()
        assert run_dir.cancel_file.exists()
        assert "Run 2 stops at its next step." in at.success[0].value
        # A click on a page that another window made old.
        button(at, "Delete the run").click().run()
        assert "Run run-2 is running; cancel it before you delete it." in at.error[0].value
    assert runs.get_run(workspace().store, "run-2")


def test_an_interrupted_run_is_resumed(two_runs, app_home, monkeypatch) -> None:
    run_dir = RunDir(app_home.runs / "run-2")
    resumed: list[str] = []
    monkeypatch.setattr("lane_core.runs.launcher.resume", lambda run, home: resumed.append(run.run_id))
    run_dir.write_status(replace(run_dir.status(), state="interrupted"))
    at = open_page()
    button(at, "Resume").click().run()
    assert resumed == ["run-2"]
    assert "Run 2 goes on." in at.success[0].value


def test_waiting_runs_change_places(two_runs, app_home, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise RunError("Run run-2 does not wait any more.")

    opened = Workspace(app_home)
    add_finished_run(opened, two_runs.dataset, "Run 3")
    opened.close()
    names = ("run-1", "run-2", "run-3")
    with ExitStack() as stack:
        for order, name in enumerate(names):
            run_dir = RunDir(app_home.runs / name)
            stack.enter_context(going(run_dir, "queued"))
            device_queue.join(app_home.path, "cpu", run_dir, order)
        at = open_page()
        assert "**Waiting for the CPU**" in said(at)
        assert places(at) == ["1\\. Run 1", "2\\. Run 2", "3\\. Run 3"]
        assert [at.button(key=f"Up_{name}").disabled for name in names] == [True, False, False]
        assert [at.button(key=f"Down_{name}").disabled for name in names] == [False, False, True]
        at.button(key="Next_run-3").click().run()
        assert device_queue.queue_order(app_home.path, "cpu") == ["run-3", "run-1", "run-2"]
        at.button(key="Down_run-3").click().run()
        assert places(at) == ["1\\. Run 1", "2\\. Run 3", "3\\. Run 2"]
        at.button(key="Up_run-2").click().run()
        assert places(at) == ["1\\. Run 1", "2\\. Run 2", "3\\. Run 3"]
        device_queue.leave(app_home.path, "cpu", RunDir(app_home.runs / "run-3"))
        at.button(key="Next_run-3").click().run()  # of a page that is old by now
        assert places(at) == ["1\\. Run 1", "2\\. Run 2"]
        monkeypatch.setattr(device_queue, "move", refuse)
        at.button(key="Next_run-2").click().run()
        assert "does not wait any more" in at.error[0].value
        device_queue.leave(app_home.path, "cpu", RunDir(app_home.runs / "run-2"))
        at.run()
        assert places(at) == []  # one run has no order to change


def test_a_run_without_an_epoch_is_listed_but_not_compared(small_project, app_home) -> None:
    opened = Workspace(app_home)
    labels = datasets.current_labels(opened.store, small_project.dataset.dataset_id)
    examples = labels[["index", "example_id", "text", "given_label", "split"]]
    dataset_id, later = small_project.dataset.dataset_id, small_project.run.created_at + timedelta(hours=1)
    config = RunConfig.from_preset("quick")
    opened.run_dir("fresh").create(config, RunDataset(dataset_id, "Small", CLASSES, 7), examples)
    runs.add_run(
        opened.store,
        RunRecord("fresh", dataset_id, "Fresh", config.to_json(), 7, later),
        examples[["index", "split"]].assign(label=examples["given_label"]),
    )
    opened.close()
    at = open_page()
    table = at.dataframe[0].value
    assert list(table["name"]) == ["Fresh", "Run 1"]
    assert list(table["epochs"]) == ["0 of 10", "2 of 2"]
    assert list(table["labels"]) == ["with corrections", "as in the file"]
    assert table[["validation_f1", "test_f1", "flagged"]].iloc[0].isna().all()
    assert "A second run" in said(at)


def test_numbers_follow_the_labels(two_runs, app_home) -> None:
    at = open_page()
    decide(workspace(), two_runs, 18, "anger")
    at.run()
    # Back to anger: run 1 is right about all three, run 2 wrong about 18.
    rows = at.table[0].value
    assert list(rows.loc["Validation macro F1"]) == ["1.000", "0.556", "−0.444", "−1.000 to 0.000"]
    assert list(rows.loc["Validation accuracy"]) == ["1.000", "0.667", "−0.333", "−1.000 to 0.000"]


def test_overlap_of_runs_without_suspects_has_no_share(small_project, app_home) -> None:
    opened = Workspace(app_home)
    for name in ("Run 2", "Run 3"):
        add_finished_run(opened, small_project.dataset, name, suspects=())
    opened.close()
    at = open_page()
    values = {metric.label: metric.value for metric in at.main.metric}
    assert values["Overlap"] == "–"
    assert "Both runs trained on the same labels." in said(at)
    assert "No example." in said(at)


def test_only_the_worst_ten_differences_are_listed(small_project, app_home) -> None:
    opened = Workspace(app_home)
    add_finished_run(opened, small_project.dataset, "Run 2", suspects=tuple(range(12, 0, -1)))
    opened.close()
    open_page()
    results = comparing.run_results(small_project.dataset.dataset_id)
    found = comparing.overlap(results[1], results[0])
    # 12 down to 1, worst first, without 11, 7 and 3 which run 1 flags too: nine examples.
    assert found.only_after == 9
    assert list(found.examples_only_after["example_id"]) == [
        "012", "010", "009", "008", "006", "005", "004", "002", "001",
    ]  # fmt: skip
    assert (found.both, found.only_before, found.jaccard) == (3, 0, 0.25)
