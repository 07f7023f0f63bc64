"""The Similarity page: given against predicted labels, flows of labels, and the queues behind them."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.components.matrix_view import any_other
from app.services import confusions, label_flows, matrices, similarities
from app.services.workspaces import workspace
from lane_core.records import QueueFilter
from lane_core.store import classes, review_queries
from tests.similarity_page import CONFUSION, FLOWS, button, chart, decide, named, open_page, pair, texts
from tests.small_project import CLASSES


def test_the_queue_of_every_confusion_cell_holds_what_the_cell_counts(small_project, app_home) -> None:
    open_page()
    decide(small_project, 0, "keep")
    decide(small_project, 3, "relabel", "fear")
    counts = confusions.confusion(small_project.run.run_id, is_out_of_sample=False).counts
    # 8 examples of each label; one of each is a suspect, predicted as the next class.
    np.testing.assert_array_equal(counts.to_numpy(), [[7, 1, 0], [0, 7, 1], [1, 0, 7]])
    assert list(counts.index) == list(counts.columns) == list(CLASSES)
    for given in CLASSES:
        for predicted in CLASSES:
            filters = confusions.cell_filters(small_project.run.run_id, (given, predicted), False)
            queue = review_queries.review_queue(workspace().store, small_project.run.run_id, filters, 100)
            assert len(queue) == counts.at[given, predicted]
            assert set(queue["given_label"]) <= {given}
            assert set(queue["predicted_label"]) <= {predicted}
            behind = confusions.cell_queue(small_project.run.run_id, (given, predicted), False)
            assert behind.total == counts.at[given, predicted]
            assert behind.first["index"].tolist() == queue["index"].head(5).tolist()


def test_confusion_opens_the_queue_of_the_chosen_cell(small_project, app_home) -> None:
    at = open_page(matrix=CONFUSION, confusion_sample="in")
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


@pytest.mark.parametrize("limit", [1, 3])
def test_notable_pairs_are_the_highest_off_the_diagonal(small_project, app_home, limit: int) -> None:
    open_page()
    counts = confusions.confusion(small_project.run.run_id, is_out_of_sample=False).counts
    found = matrices.notable_pairs(counts, limit)
    # Three ties of 1, in class order; zeros and the diagonal never count.
    expected = [("anger", "fear", 1.0), ("fear", "joy", 1.0), ("joy", "anger", 1.0)]
    assert [(pair.given, pair.predicted, pair.value) for pair in found] == expected[:limit]


def open_review(at: AppTest, label: str) -> list[int]:
    """Press a button that opens a queue; return the examples of that queue."""
    button(at, label).click().run()
    assert at.title[0].value == "Review"
    return queue_of(at.query_params["selection"])


def queue_of(selection: str) -> list[int]:
    filters = QueueFilter(selection=selection, status="all", suspects_only=False)
    return sorted(review_queries.review_queue(workspace().store, "run-1", filters, 100)["index"])


def num_selections() -> int:
    with workspace().store.cursor() as cursor:
        return cursor.execute("select count(*) from selections").fetchall()[0][0]


def test_out_of_sample_is_the_default_and_opens_exactly_the_cells_examples(small_project, app_home) -> None:
    at = open_page(matrix=CONFUSION)
    assert any("classifiers that have not seen the example's label" in text for text in texts(at))
    # Given anger: 0, 3, 6, ... 21; all but the suspect 3 are predicted as anger.
    next(box for box in at.main.selectbox if box.label == "Predicted label").set_value("anger").run()
    assert num_selections() == 0
    assert open_review(at, "Review all 7") == [0, 6, 9, 12, 15, 18, 21]
    assert num_selections() == 1
    with workspace().store.cursor() as cursor:
        words = cursor.execute("select words from selections").fetchall()
    assert words == [("anger given, anger predicted out of sample",)]


@pytest.mark.parametrize(
    ("sample", "given", "predicted", "number", "expected"),
    [
        ("out", "fear", "(any other)", "1", [7]),
        ("in", "(any other)", "anger", "1", [11]),
        ("in", "(any other)", "(any other)", "3", [3, 7, 11]),
    ],
)
def test_rows_columns_and_the_corner_are_doors_too(
    small_project, app_home, sample: str, given: str, predicted: str, number: str, expected: list[int]
) -> None:
    at = open_page(
        matrix=CONFUSION, confusion_sample=sample, confusion_given=given, confusion_predicted=predicted
    )
    assert named(at)[-1] == "any other"
    assert open_review(at, f"Review all {number}") == expected


def test_a_class_called_as_the_totals_are_keeps_its_name(small_project, app_home) -> None:
    assert any_other(["a"]) == "(any other)"
    assert any_other(["a", "(any other)"]) == "((any other))"


def test_shares_and_severity_are_said_in_words(small_project, app_home) -> None:
    at = open_page(matrix=CONFUSION, confusion_cells="share")
    # One of the 8 examples given anger: 12.5 %.
    assert "**anger** given, **fear** predicted: 1 example, 12 % of its label" in texts(at)
    at = open_page(matrix=CONFUSION, confusion_cells="severity", confusion_sample="in")
    # The run wrote 0 for anger, 0.75 for the others; anger as fear weighs nothing.
    assert pair(at) == ("fear", "joy")
    assert "**fear** given, **joy** predicted: 1 example × severity 0.75 = 0.8" in texts(at)
    found = confusions.confusion("run-1", is_out_of_sample=True).severity
    # Relative to the row without the diagonal: fear 0.25 and 0.10, so joy is 1 - 0.10 / 0.25 away; joy 0.05 and 0.15.
    assert found.at["fear", "joy"] == pytest.approx(0.6)
    assert found.at["joy", "anger"] == pytest.approx(1 - 0.05 / 0.15)
    assert found.at["anger", "fear"] == 0


def test_a_run_without_out_of_sample_predictions_says_so(small_project, app_home) -> None:
    open_page()
    with workspace().store.transaction() as cursor:
        cursor.execute("update example_results set held_out_predicted = null, severity = null")
    at = open_page(matrix=CONFUSION, confusion_sample="out")
    assert any("This run has no prediction out of sample" in text for text in texts(at))
    assert chart(at)["layout"]["title"]["text"] == "Given against predicted label, epoch 2"
    # Severity is then that of the class similarity.
    found = confusions.confusion("run-1", is_out_of_sample=False).severity
    assert found.at["fear", "joy"] == pytest.approx(0.6)


def test_flows_of_the_suspects_open_their_queues(small_project, app_home) -> None:
    at = open_page(matrix=FLOWS)
    found = label_flows.flows("run-1")
    # The suspects 3, 7, 11: anger to fear, fear to joy, joy to anger.
    assert found.to_numpy().tolist() == [["anger", "fear", 1], ["fear", "joy", 1], ["joy", "anger", 1]]
    decide(small_project, 3, "keep")
    for given, suggested, count in found.itertuples(index=False):
        queue = review_queries.review_queue(
            workspace().store, "run-1", label_flows.flow_filters(given, suggested), 100
        )
        assert len(queue) == count
    button(at, "Review 1").click().run()
    address = {name: at.query_params[name] for name in ("given", "suggested", "status")}
    assert address == {"given": "anger", "suggested": "fear", "status": "all"}


def test_a_run_without_suspects_has_no_flows(small_project, app_home) -> None:
    open_page()
    with workspace().store.transaction() as cursor:
        cursor.execute("update example_results set label_score = 0.9")
    assert "This run suspects no label" in open_page(matrix=FLOWS).main.info[0].value


def test_a_replaced_class_counts_as_the_one_in_its_place(small_project, app_home) -> None:
    open_page()
    classes.replace_class(workspace().store, small_project.dataset.dataset_id, "joy", "fear", "anna")
    found = similarities.similarity("run-1", 2)
    # 8 examples each: fear and joy together take anger with (0.25 + 0.05) / 2, and themselves with the rest.
    np.testing.assert_allclose(found.to_numpy(), [[0.7, 0.3], [0.15, 0.85]])
    assert list(found.index) == ["anger", "fear"]
    counts = confusions.confusion("run-1", is_out_of_sample=True).counts
    assert counts.to_numpy().tolist() == [[7, 1], [1, 15]]
    at = open_page(matrix=CONFUSION, confusion_given="fear", confusion_predicted="fear")
    assert len(open_review(at, "Review all 15")) == 15
