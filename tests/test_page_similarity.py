"""The Similarity page: two matrices whose cells lead to the review queue. Clicks: tests/browser."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.components.epoch_player import next_tick
from app.services import matrices
from app.services.workspaces import workspace
from lane_core.config import RunConfig
from lane_core.records import ColumnChoice, Decision, RunRecord
from lane_core.runs.run_dir import RunDataset
from lane_core.store import datasets, decisions, review_queries, runs
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, SmallProject

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")
CONFUSION = "Given against predicted"


def open_page(**address: str) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.run()
    at.switch_page("../pages/similarity.py")
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def texts(at: AppTest) -> list[str]:
    return [element.value for element in [*at.markdown, *at.text, *at.caption]]


def button(at: AppTest, label: str):
    return next(element for element in at.main.button if element.label == label)


def pair(at: AppTest) -> tuple[str, str]:
    chosen = {box.label: box.value for box in at.main.selectbox}
    return chosen["Given label"], chosen["Predicted label"]


def chart(at: AppTest) -> dict:
    return json.loads(at.main.get("plotly_chart")[0].proto.spec)


def without_events(home, project: SmallProject) -> RunRecord:
    """Lay down a run that has not finished an epoch."""
    opened = Workspace(home)
    labels = datasets.current_labels(opened.store, project.dataset.dataset_id)
    examples = labels[["index", "example_id", "text", "given_label", "split"]]
    record = RunRecord(
        "fresh", project.dataset.dataset_id, "Fresh", RunConfig().to_json(), 0, project.run.created_at
    )
    origin = RunDataset(project.dataset.dataset_id, "Small project", CLASSES, 0)
    opened.run_dir("fresh").create(RunConfig(), origin, examples)
    runs.add_run(opened.store, record, examples[["index", "split"]].assign(label=examples["given_label"]))
    opened.close()
    return record


def test_without_a_project_the_page_leads_to_the_import(app_home) -> None:
    at = open_page()
    assert at.main.markdown[0].value.startswith("No project yet.")
    button(at, "Import a file").click().run()
    assert at.title[0].value == "Data"


def test_without_a_run_the_page_leads_to_train(app_home, tmp_path) -> None:
    opened = Workspace(app_home)
    source = tmp_path / "two.csv"
    source.write_text("text,label\none,a\ntwo,b\nthree,a\nfour,b\n", encoding="utf-8")
    opened.add_dataset(source, ColumnChoice("text", "label"), "Two")
    opened.close()
    at = open_page()
    assert at.main.markdown[0].value.startswith("No run yet.")
    button(at, "Go to Train").click().run()
    assert at.title[0].value == "Train"


def test_before_the_first_epoch_the_page_leads_to_the_run(small_project, app_home) -> None:
    without_events(app_home, small_project)
    at = open_page(run="fresh")
    assert at.main.markdown[0].value.startswith("Nothing to see yet")
    assert button(at, "Watch the run")


def test_similarity_names_the_brightest_pairs_and_their_queues(small_project, app_home) -> None:
    at = open_page()
    said = texts(at)
    notable = [text for text in said if text.startswith("Pi takes")][:3]
    # Row means without the diagonal: fear (0.25 + 0.10) / 2, anger (0.2 + 0.1) / 2, joy (0.05 + 0.15) / 2.
    assert notable == [
        "Pi takes **fear** for **anger** with 0.25 on average; row mean 0.18",
        "Pi takes **anger** for **fear** with 0.20 on average; row mean 0.15",
        "Pi takes **joy** for **fear** with 0.15 on average; row mean 0.10",
    ]
    assert pair(at) == ("fear", "anger")
    assert any(text.startswith("A bright cell:") for text in said)
    # The run suggests fear for all 8 examples given anger, and neither of the other two pairs for any.
    assert [element.label for element in at.main.button if "notable" in (element.key or "")] == [
        "Nothing left", "Review 8", "Nothing left",
    ]  # fmt: skip
    assert "No example belongs to this pair." in said


def test_similarity_queue_is_what_was_suggested_and_waits(small_project, app_home) -> None:
    at = open_page(similarity_given="anger", similarity_predicted="fear")
    said = texts(at)
    assert "8 examples with this suggestion to review, 1 suspected; 0 reviewed already. Worst first:" in said
    assert said[said.index("text number 3, with a comma") :][:2] == [
        "text number 3, with a comma",
        "text number 0, with a comma",
    ]
    assert "003 · suspect" in said
    assert "000" in said
    button(at, "Review all 8").click().run()
    assert at.title[0].value == "Review"
    address = {name: at.query_params[name] for name in ("given", "suggested", "scope")}
    assert address == {"given": "anger", "suggested": "fear", "scope": "all"}
    assert "status" not in at.query_params


def test_a_class_with_itself_has_no_similarity_queue(small_project, app_home) -> None:
    at = open_page(similarity_given="joy", similarity_predicted="joy")
    assert "Pi backs the label **joy** with 0.80 on average. Choose two classes." in texts(at)
    assert not [element for element in at.main.button if element.label.startswith("Review all")]


def test_reviewed_examples_leave_the_similarity_queue_but_not_the_cell(small_project, app_home) -> None:
    at = open_page(similarity_given="anger", similarity_predicted="fear")
    decide(small_project, 3, "relabel", "fear")
    at.run()
    assert (
        "7 examples with this suggestion to review, 0 suspected; 1 reviewed already. Worst first:"
        in texts(at)
    )
    at = open_page(matrix=CONFUSION)
    said = texts(at)
    assert "1 example in this cell, 1 suspected; 1 reviewed already. Worst first:" in said
    assert "003 · suspect · corrected to fear" in said


def decide(project: SmallProject, index: int, action: str, label: str | None = None) -> None:
    decision = Decision(
        uuid4().hex, project.dataset.dataset_id, index, action, label, "anger", project.run.run_id, "anna"
    )
    decisions.record_decisions(workspace().store, [decision])


def test_the_queue_of_every_confusion_cell_holds_what_the_cell_counts(small_project, app_home) -> None:
    open_page()
    decide(small_project, 0, "keep")
    decide(small_project, 3, "relabel", "fear")
    counts = matrices.confusion(small_project.run.run_id)
    # 8 examples of each label; one of each is a suspect, predicted as the next class.
    np.testing.assert_array_equal(counts.to_numpy(), [[7, 1, 0], [0, 7, 1], [1, 0, 7]])
    assert list(counts.index) == list(counts.columns) == list(CLASSES)
    for given in CLASSES:
        for predicted in CLASSES:
            filters = matrices.confusion_filters(given, predicted)
            queue = review_queries.review_queue(workspace().store, small_project.run.run_id, filters, 100)
            assert len(queue) == counts.at[given, predicted]
            assert set(queue["given_label"]) <= {given}
            assert set(queue["predicted_label"]) <= {predicted}
            assert matrices.num_in_queue(small_project.run.run_id, filters) == counts.at[given, predicted]


def test_confusion_opens_the_queue_of_the_chosen_cell(small_project, app_home) -> None:
    at = open_page(matrix=CONFUSION)
    assert pair(at) == ("anger", "fear")
    assert texts(at).count("**anger** given, **fear** predicted: 1 example") == 2
    box = next(box for box in at.main.selectbox if box.label == "Predicted label")
    box.set_value("anger").run()
    said = texts(at)
    assert "**anger** given, **anger** predicted: 7 examples" in said
    assert "7 examples in this cell, 0 suspected; 0 reviewed already. Worst first:" in said
    # The lowest scores of anger predicted as anger: 0.60 + 0.01 * index.
    shown = [text for text in said if text.startswith("text number")]
    assert shown == [f"text number {number}, with a comma" for number in (0, 6, 9, 12, 15)]
    button(at, "Review all 7").click().run()
    address = {name: at.query_params[name] for name in ("given", "predicted", "status", "scope")}
    assert address == {"given": "anger", "predicted": "anger", "status": "all", "scope": "all"}


def test_an_empty_cell_says_so(small_project, app_home) -> None:
    at = open_page(matrix=CONFUSION, confusion_given="anger", confusion_predicted="joy")
    assert "No example belongs to this pair." in texts(at)
    assert not [element for element in at.main.button if element.label.startswith("Review all")]


def test_the_address_brings_the_view_back_and_holds_it(small_project, app_home) -> None:
    at = open_page(matrix=CONFUSION, confusion_given="joy", confusion_predicted="anger")
    assert pair(at) == ("joy", "anger")
    assert chart(at)["layout"]["title"]["text"] == "Given against predicted label, epoch 2"
    next(box for box in at.main.selectbox if box.label == "Given label").set_value("fear").run()
    assert at.query_params["confusion_given"] == "fear"
    assert at.query_params["confusion_predicted"] == "anger"
    at = open_page(matrix="no such tab", similarity_given="no such class")
    assert pair(at) == ("fear", "anger")
    assert "similarity_given" not in at.query_params


def test_coming_back_to_the_page_shows_the_same_pair(small_project, app_home) -> None:
    at = open_page(similarity_given="joy", similarity_predicted="anger")
    at.switch_page("../pages/runs.py").run()
    at.switch_page("../pages/similarity.py").run()
    assert pair(at) == ("joy", "anger")


def test_the_epoch_slider_and_play(small_project, app_home) -> None:
    at = open_page()
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 2"
    at.main.select_slider[0].set_value(1).run()
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 1"
    assert at.query_params["epoch"] == "1"
    button(at, "Play").click().run()
    # Only epoch 2 was left to play, so it stands again.
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 2"
    assert button(at, "Play")
    assert "epoch" not in at.query_params
    button(at, "Play").click().run()
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 1"
    assert at.session_state["epochs_to_play"] == [2]
    at.run()
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 2"
    assert at.session_state["epochs_to_play"] == []


def test_nothing_plays_at_first() -> None:
    assert next_tick() is None


@pytest.mark.parametrize("limit", [1, 3])
def test_notable_pairs_are_the_highest_off_the_diagonal(small_project, app_home, limit: int) -> None:
    open_page()
    found = matrices.notable_pairs(matrices.confusion(small_project.run.run_id), limit)
    # Three ties of 1, in class order; zeros and the diagonal never count.
    expected = [("anger", "fear", 1.0), ("fear", "joy", 1.0), ("joy", "anger", 1.0)]
    assert [(pair.given, pair.predicted, pair.value) for pair in found] == expected[:limit]
