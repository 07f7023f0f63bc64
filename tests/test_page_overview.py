"""The Overview page: one sentence, one button, five figures, the run under way, the most confused pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.services import live_runs, overview, overview_findings
from app.services.workspaces import workspace
from lane_core.records import ColumnChoice, Decision
from lane_core.reporting.advice import Finding
from lane_core.runs.locks import release, take
from lane_core.runs.run_dir import RunDir
from lane_core.store import classes, decisions, review_queries
from lane_core.store.ingest import ingest_run
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, SUSPECTS, SmallProject, add_finished_run

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")


@pytest.fixture
def running(small_project: SmallProject, home) -> Iterator[RunDir]:
    """The small project's run, as if it were in its third epoch of five."""
    run_dir = RunDir(home.runs / small_project.run.run_id)
    lock = take(run_dir.lock_file)
    assert lock is not None
    run_dir.write_status(
        replace(
            run_dir.status(),
            state="running",
            phase="training, epoch 3 of 5",
            epoch=3,
            epochs=5,
            step=25,
            total_steps=50,
            seconds_left=31,
        )
    )
    yield run_dir
    release(lock)


def open_overview() -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.run()
    assert not at.exception
    assert at.title[0].value == "Overview"
    return at


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def below_figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.delta for metric in at.metric}


def keep(project: SmallProject, *indices: int) -> None:
    decided = [
        Decision(
            f"keep-{index}",
            project.dataset.dataset_id,
            index,
            "keep",
            None,
            CLASSES[index % 3],
            project.run.run_id,
            "ann",
        )
        for index in indices
    ]
    decisions.record_decisions(workspace().store, decided)


def test_without_a_project_it_points_to_data(app_home) -> None:
    at = open_overview()
    assert at.subheader[0].value == "No project yet. Import a file of labelled texts to begin."
    assert [button.label for button in at.button] == ["Import a file"]
    assert len(at.metric) == 0
    at.button(key="next_step").click().run()
    assert at.title[0].value == "Data"


def test_without_a_run_it_points_to_train(home, app_home) -> None:
    opened = Workspace(home)
    source = home.path / "two.csv"
    pd.DataFrame({"text": list("abcd"), "label": ["x", "y"] * 2}).to_csv(source, index=False)
    opened.add_dataset(source, ColumnChoice("text", "label"), "Two classes")
    opened.close()
    at = open_overview()
    assert at.subheader[0].value == "Two classes holds 4 examples; no run has looked at them yet."
    assert any("minutes; measured from the first steps" in caption.value for caption in at.caption)
    assert figures(at)["Examples"] == "4"
    assert figures(at)["Wrong labels"] == "–"
    at.button(key="next_step").click().run()
    assert at.title[0].value == "Train"


def test_suspects_left_lead_to_review(small_project, app_home) -> None:
    at = open_overview()
    assert at.subheader[0].value == "Run 1 finds 3 of 24 labels suspect; none is reviewed yet."
    # The scores say 8.64 wrong of 24: 0.95 + 0.93 + 0.91 of the suspects, and 0.4 - 0.01 times the index of the others.
    assert figures(at) == {
        "Examples": "24",
        "Wrong labels": "36 %",
        "Reviewed": "0",
        "Corrected": "0",
        "Test F1": "0.800",
    }
    assert below_figures(at) == {
        "Examples": "in 3 classes",
        "Wrong labels": "16 % to 57 %",
        "Reviewed": "0 suspects",
        "Corrected": "and 0 excluded",
        "Test F1": "macro mean",
    }
    button = at.button(key="next_step")
    assert (button.label, button.proto.type) == ("Review 3 suspects", "primary")
    assert [b.label for b in at.button if b.proto.type == "primary"] == ["Review 3 suspects"]
    button.click().run()
    assert at.title[0].value == "Review"


def test_one_suspect_left_is_one(small_project, app_home) -> None:
    keep(small_project, *SUSPECTS[:2])
    at = open_overview()
    assert at.subheader[0].value == "Run 1 finds 3 of 24 labels suspect; 2 reviewed, 1 left."
    assert at.button(key="next_step").label == "Review 1 suspect"


def test_all_reviewed_leads_to_export(small_project, app_home) -> None:
    keep(small_project, *SUSPECTS)
    at = open_overview()
    assert "all are reviewed" in at.subheader[0].value
    assert figures(at)["Reviewed"] == "3"
    assert not any(str(button.key).startswith("pair_") for button in at.button)
    at.button(key="next_step").click().run()
    assert at.title[0].value == "Export"


def test_corrections_are_counted_apart(small_project, app_home) -> None:
    dataset_id, run_id = small_project.dataset.dataset_id, small_project.run.run_id
    decided = [Decision("a", dataset_id, 3, "relabel", "fear", "anger", run_id, "ann")]
    decisions.record_decisions(workspace().store, decided)
    keep(small_project, 7)
    shown = figures(open_overview())
    assert (shown["Reviewed"], shown["Corrected"]) == ("2", "1")


def test_the_most_confused_pairs_come_first_and_open_their_queue(home, app_home, small_project) -> None:
    opened = Workspace(home)
    # Indices 0, 3, 6 are anger -> fear; 1, 4 are fear -> joy; 2 is joy -> anger.
    add_finished_run(opened, small_project.dataset, "Run 2", suspects=(0, 1, 2, 3, 4, 6))
    opened.close()
    at = open_overview()
    pairs = [element.value for element in at.markdown if "-badge" in element.value]
    assert pairs == [
        ":gray-badge[anger] → :orange-badge[fear]",
        ":gray-badge[fear] → :orange-badge[joy]",
        ":gray-badge[joy] → :orange-badge[anger]",
    ]
    assert [at.button(key=f"pair_{place}").label for place in range(3)] == [
        "Review 3",
        "Review 2",
        "Review 1",
    ]
    assert [bar.proto.value for bar in at.get("progress")] == [100, 66, 33]
    at.button(key="pair_1").click().run()
    assert at.title[0].value == "Review"
    assert at.query_params["given"] == "fear"
    assert at.query_params["suggested"] == "joy"


def test_at_most_five_pairs_of_examples_that_wait_are_counted(small_project, app_home) -> None:
    live = live_runs.live_run(small_project.run.run_id)
    assert overview.confused_pairs(live, limit=2)["count"].tolist() == [1, 1]
    keep(small_project, 3)
    assert overview.confused_pairs(live)["given_label"].tolist() == ["fear", "joy"]
    keep(small_project, 7, 11)
    assert overview.confused_pairs(live).empty


def test_a_run_under_way_shows_its_strip_and_the_first_suspects(small_project, app_home, running) -> None:
    at = open_overview()
    assert at.subheader[0].value == "Run 1 is running and finds 3 of 24 labels suspect so far."
    assert at.button(key="next_step").label == "Review the first 3 suspects"
    shown = [element.value for element in at.markdown]
    assert "3 labels flagged so far" in shown
    assert "Training, epoch 3 of 5, on the CPU, about 30 s left." in shown
    bars = [bar.proto.text for bar in at.get("progress") if bar.proto.text]
    assert bars == ["Epoch 3 of 5: step 5 of 10", "Whole run: step 25 of 50"]
    at.button(key="watch_run").click().run()
    assert at.title[0].value == "Train"


def test_an_ended_run_has_no_strip(small_project, app_home) -> None:
    at = open_overview()
    assert not any("flagged so far" in element.value for element in at.markdown)
    assert not any(button.key == "watch_run" for button in at.button)


def test_a_run_that_found_nothing_leads_to_its_view(small_project, app_home, home) -> None:
    opened = Workspace(home)
    run = add_finished_run(opened, small_project.dataset, "Run 2")
    run_dir = opened.run_dir(run.run_id)
    for table in ("example_epochs", "example_results", "epoch_metrics", "ingested_files"):
        with opened.store.transaction() as cursor:
            cursor.execute(f"delete from {table} where run_id = ?", [run.run_id])
    for file in run_dir.event_files():
        file.path.unlink()
    run_dir.write_status(replace(run_dir.status(), state="failed", message="No."))
    opened.close()
    at = open_overview()
    assert at.subheader[0].value == "Run 2 failed before its first epoch was over."
    assert at.button(key="next_step").label == "See what happened"
    assert figures(at)["Test F1"] == "–"


def test_f1_is_compared_with_a_later_run_else_with_the_first(home, app_home, small_project) -> None:
    opened = Workspace(home)
    later = add_finished_run(opened, small_project.dataset, "Run 2")
    run_dir = opened.run_dir(later.run_id)
    better = run_dir.read_event("metrics", 2).assign(test_macro_f1=0.85)
    run_dir.write_event("metrics", 3, better)
    ingest_run(opened.store, run_dir)
    opened.close()
    for run_id in (small_project.run.run_id, later.run_id):
        shown = overview.figures(small_project.dataset.dataset_id, live_runs.live_run(run_id)).f1
        assert shown == overview.F1("test", "Run 2", 0.85, before=0.8, before_name="Run 1")
    at = open_overview()
    metric = next(metric for metric in at.metric if metric.label == "Test F1")
    assert (metric.value, metric.delta) == ("0.850", "+0.050")


def test_without_a_test_split_it_is_validation_f1(small_project, app_home) -> None:
    with workspace().store.transaction() as cursor:
        cursor.execute("update epoch_metrics set test_macro_f1 = null")
    assert figures(open_overview())["Validation F1"] == "0.780"


def test_links_open_what_a_figure_counts(small_project, app_home) -> None:
    at = open_overview()
    at.button(key="link_All suspects").click().run()
    assert at.title[0].value == "Review"
    assert at.query_params["status"] == "all"
    assert "scope" not in at.query_params


def test_the_estimate_says_where_it_comes_from(small_project, app_home) -> None:
    keep(small_project, 0)
    decided = Decision("x", small_project.dataset.dataset_id, 3, "exclude", None, "anger", "run-1", "ann")
    decisions.record_decisions(workspace().store, [decided])
    wrong = next(metric for metric in open_overview().metric if metric.label == "Wrong labels")
    # Without 0 (0.4 wrong) and 3 (0.95), and one that is known: 8.64 - 1.35 + 1.
    assert wrong.value == "35 %"
    assert wrong.help.startswith(
        "About 8 of the labels that the run was given are wrong; in 95 of 100 cases "
    )
    assert "1 of them are found by review" not in wrong.help
    assert "1 of them is found by review. Estimated by the label scores of the run" in wrong.help


def test_a_run_of_an_earlier_version_has_no_estimate(small_project, app_home) -> None:
    with workspace().store.transaction() as cursor:
        cursor.execute("update example_results set label_score = null")
    assert figures(open_overview())["Wrong labels"] == "–"


def test_findings_stand_below_with_a_button_to_what_they_are_about(small_project, app_home) -> None:
    at = open_overview()
    assert "What stands out" in [heading.value for heading in at.subheader]
    # 8 examples a class are few; the pairs of each of the three suspects are all alike.
    assert findings_of(at)[0] == (
        "“anger” has only 8 examples.  \n"
        ":gray[Collect more, or make it part of another class: with so few, flags in it say little.]"
    )
    button = at.button(key="finding_0")
    assert button.label == "Look at 8"
    button.click().run()
    assert at.title[0].value == "Review"
    assert (at.query_params["given"], at.query_params["status"], at.query_params["scope"]) == (
        "anger",
        "all",
        "all",
    )


def findings_of(at: AppTest) -> list[str]:
    return [element.value for element in at.markdown if ":gray[" in element.value]


def test_names_in_findings_are_shown_as_they_stand(small_project, app_home) -> None:
    classes.replace_class(workspace().store, small_project.dataset.dataset_id, "anger", "*<b>x</b>*", "lea")
    said = findings_of(open_overview())
    assert any(line.startswith("“\\*\\<b\\>x\\</b\\>\\*” has only 8 examples.") for line in said)


def test_examples_that_no_filter_describes_become_a_selection(small_project, app_home) -> None:
    finding = Finding("source", "o", "a", "Review 2", 2, indices=(3, 7), words="from tool old")
    queue = overview_findings.queue_of(finding, small_project.dataset.dataset_id)
    assert (queue.status, queue.suspects_only) == ("all", False)
    found = review_queries.review_queue(workspace().store, small_project.run.run_id, queue, 10)
    assert sorted(found["index"]) == [3, 7]


def test_the_class_table_leads_to_the_queue_of_a_class(small_project, app_home) -> None:
    at = open_overview()
    table = at.dataframe[0]
    assert table.value["label"].tolist() == ["anger", "fear", "joy"]
    assert table.value["examples"].tolist() == [8, 8, 8]
    assert table.value["flagged"].tolist() == [1, 1, 1]
    # anger: 0.95 + 0.4 * 7 - 0.01 * (0 + 6 + 9 + 12 + 15 + 18 + 21)
    assert table.value["wrong"].tolist() == pytest.approx([2.94, 2.89, 2.81], abs=0.02)
    at.session_state[f"health_{small_project.run.run_id}"] = {
        "selection": {"rows": [1], "columns": [], "cells": []}
    }
    at.run()
    assert at.button(key="class_suspects").label == "Review 1 suspect"
    at.button(key="class_examples").click().run()
    assert at.title[0].value == "Review"
    assert (at.query_params["given"], at.query_params["scope"]) == ("fear", "all")


def test_what_changed_since_the_run_before(home, app_home, small_project) -> None:
    assert any(
        "No finished run comes before this one." in caption.value for caption in open_overview().caption
    )
    add_finished_run(workspace(), small_project.dataset, "Run 2", suspects=(3, 12))
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.run()
    lines = next(element.value for element in at.markdown if element.value.startswith("**Suspects:**"))
    assert lines.split("  \n") == [
        "**Suspects:** 2, Run 1 had 3; 1 new, 2 flagged no more.",
        "**Labels:** the same that Run 1 was given.",
        "**Macro F1:** 1.000, Run 1 1.000 (+0.000), both on the 3 test labels as they stand today.",
    ]
    at.button(key="open_runs").click().run()
    assert at.title[0].value == "Runs"
