"""Many decisions at once: what is planned is what is stored, as one step, on the rows that were on screen."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.services import review, review_table
from app.services.review_table import Batch, is_newest, plan_batch, store_batch, table_rows, undo_batch
from app.services.workspaces import workspace
from lane_core.errors import StoreError
from lane_core.home import Home
from lane_core.records import Decision, QueueFilter, ReviewPlan
from lane_core.store import datasets, decision_queries, decisions
from lane_core.store.classes import replace_class
from lane_core.store.review_plans import set_review_plan
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, SmallProject, add_finished_run

EVERYTHING = QueueFilter(suspects_only=False)
SUSPECTS = (3, 7, 11, 21, 22)  # the last two are of the test split
SCRIPT = """
import streamlit as st
from app.components.review_table import draw_review_table
from app.services import review

reviewer = st.session_state.reviewer
draw_review_table(reviewer, st.session_state.filters, review.classes(reviewer.dataset_id))
"""


@pytest.fixture
def ana(small_project: SmallProject, app_home: Home) -> review.Reviewer:
    """Somebody in front of a run with suspects in the test split too."""
    opened = Workspace(app_home)
    run = add_finished_run(opened, small_project.dataset, "Run 2", SUSPECTS)
    opened.close()
    return review.Reviewer(small_project.dataset.dataset_id, run.run_id, "ana")


def open_table(reviewer: review.Reviewer, filters: QueueFilter = EVERYTHING) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=30)
    at.session_state["reviewer"] = reviewer
    at.session_state["filters"] = filters
    return draw(at)


def draw(at: AppTest) -> AppTest:
    at.run()
    assert not at.exception
    return at


def choose(at: AppTest, *indices: int) -> AppTest:
    """Choose the rows of these examples in the table that is on screen."""
    shown = at.dataframe[0].value["index"].tolist()
    key = f"review_table_rows_{table_number(at)}"
    rows = [shown.index(index) for index in indices]
    at.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    return draw(at)


def table_number(at: AppTest) -> int:
    reviewer = at.session_state["reviewer"]
    return at.session_state[f"review_table:{reviewer.run_id}:{reviewer.annotator}"].number


def button(at: AppTest, label: str):
    found = [element for element in at.button if element.label.startswith(label)]
    assert len(found) == 1, [element.label for element in at.button]
    return found[0]


def press(at: AppTest, label: str) -> AppTest:
    button(at, label).click()
    return draw(at)


def said(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.markdown, *at.caption])


def labels(reviewer: review.Reviewer) -> pd.DataFrame:
    return datasets.current_labels(workspace().store, reviewer.dataset_id)


def decide(reviewer: review.Reviewer, index: int, action: str = "keep", label: str | None = None) -> None:
    decision = Decision(
        uuid4().hex, reviewer.dataset_id, index, action, label, CLASSES[index % 3], reviewer.run_id,
        reviewer.annotator,
    )  # fmt: skip
    decisions.record_decisions(workspace().store, [decision])


def rows_of(reviewer: review.Reviewer, *indices: int, filters: QueueFilter = EVERYTHING) -> pd.DataFrame:
    frame = table_rows(reviewer, filters).frame
    return frame[frame["index"].isin(indices)]


def plan(reviewer: review.Reviewer, rows: pd.DataFrame, action: str, label: str | None = None) -> Batch:
    return plan_batch(reviewer, rows, action, label, "batch")


def test_the_rows_are_those_of_the_queue_in_its_order(ana: review.Reviewer) -> None:
    rows = table_rows(ana, EVERYTHING)
    assert rows.total == 24
    frame = rows.frame.set_index("index")
    assert frame.index.tolist()[:6] == [*SUSPECTS, 0]
    assert frame.loc[3, ["given", "suggested", "current", "wrong", "apart", "split", "status"]].tolist() == [
        "anger", "fear", "anger", 95, "near", "train", ""
    ]  # fmt: skip
    assert frame.loc[0, "suggested"] == ""  # nobody suspects it
    assert frame.loc[11, "apart"] == "far"
    assert table_rows(ana, QueueFilter()).total == 5


def test_of_a_long_queue_the_first_rows_and_their_number(ana: review.Reviewer, monkeypatch) -> None:
    monkeypatch.setattr(review_table, "MOST_ROWS", 4)
    rows = table_rows(ana, EVERYTHING)
    assert (len(rows.frame), rows.total) == (4, 24)
    assert "The first 4 of 24." in said(open_table(ana))


def test_accepting_leaves_out_test_labels_and_rows_without_a_suggestion(ana: review.Reviewer) -> None:
    batch = plan(ana, rows_of(ana, 3, 7, 11, 21, 22, 0, 6), "accept")
    assert [(decision.index, decision.action, decision.label) for decision in batch.decisions] == [
        (3, "relabel", "fear"), (7, "relabel", "joy"), (11, "relabel", "anger")
    ]  # fmt: skip
    assert set(batch.changes) == {("anger", "fear", 1), ("fear", "joy", 1), ("joy", "anger", 1)}
    assert batch.left_out == (
        "2 rows stay as they are: no suggestion.",
        "2 rows of the test split are left out: test labels are never corrected in bulk.",
    )
    first = batch.decisions[0]
    assert (first.decision_id, first.batch_id, first.seen_version) == ("batch:3", "batch", 0)
    assert (first.seen_label, first.run_id, first.annotator) == ("anger", ana.run_id, "ana")
    assert first.lead_time_s is None


def test_setting_a_label_keeps_those_that_have_it(ana: review.Reviewer) -> None:
    batch = plan(ana, rows_of(ana, 0, 1, 2, 21), "set", "fear")
    assert {(decision.index, decision.action, decision.label) for decision in batch.decisions} == {
        (0, "relabel", "fear"), (1, "keep", None), (2, "relabel", "fear")
    }  # fmt: skip
    assert ("fear", "fear", 1) in batch.changes
    assert batch.left_out == (
        "1 row of the test split is left out: test labels are never corrected in bulk.",
    )


def test_the_other_decisions_take_all_rows_and_say_what_was_there(ana: review.Reviewer) -> None:
    decide(ana, 3, "relabel", "joy")
    decide(ana, 6, "exclude")
    rows = rows_of(ana, 0, 3, 6, 21, filters=replace(EVERYTHING, status="all"))
    keep, exclude, flag = (plan(ana, rows, action) for action in ("keep", "exclude", "flag"))
    assert set(keep.changes) == {("anger", "anger", 2), ("joy", "anger", 1), ("excluded", "anger", 1)}
    assert set(exclude.changes) == {
        ("anger", "excluded", 2), ("joy", "excluded", 1), ("excluded", "excluded", 1)
    }  # fmt: skip
    assert set(flag.changes) == {
        ("anger", "second opinion", 2), ("joy", "second opinion", 1), ("excluded", "second opinion", 1)
    }  # fmt: skip
    for batch in (keep, exclude, flag):
        assert len(batch.decisions) == 4
        assert batch.left_out == ()
        assert {decision.label for decision in batch.decisions} == {None}


def test_what_a_merge_has_made_one_class_is_no_suggestion(ana: review.Reviewer) -> None:
    replace_class(workspace().store, ana.dataset_id, "fear", "joy", "lea")
    batch = plan(ana, rows_of(ana, 3, 7), "accept")
    assert [(decision.index, decision.label) for decision in batch.decisions] == [(3, "joy")]
    assert batch.left_out == ("1 row stays as it is: no suggestion.",)


def test_stored_twice_is_stored_once_and_undone_as_one_step(ana: review.Reviewer) -> None:
    decide(ana, 0, "relabel", "joy")
    before = labels(ana)
    batch = plan(ana, rows_of(ana, 3, 7, 11), "accept")
    stored = store_batch(batch)
    store_batch(batch)
    assert labels(ana)["current_label"][[3, 7, 11]].tolist() == ["fear", "joy", "anger"]
    history = decision_queries.decision_history(workspace().store, ana.dataset_id, 10)
    assert history["num_decisions"].tolist() == [3, 1]
    assert undo_batch(ana, stored) == "3 decisions undone."
    pd.testing.assert_frame_equal(labels(ana), before)
    assert decisions.redo(workspace().store, ana.dataset_id, "ana", "r") in batch.decisions
    assert (labels(ana)["status"] != "").sum() == 4


def test_an_undo_never_takes_back_anything_else(ana: review.Reviewer) -> None:
    store, bob = workspace().store, replace(ana, annotator="bob")
    decide(ana, 0)
    stored = store_batch(plan(ana, rows_of(ana, 3, 7), "keep"))
    decide(bob, 1)
    assert is_newest(ana, stored)
    decide(ana, 3, "exclude")  # on an example of the batch
    version = decision_queries.label_version(store, ana.dataset_id)
    assert undo_batch(ana, stored).startswith("You have decided or undone something else since.")
    assert decision_queries.label_version(store, ana.dataset_id) == version
    decisions.undo(store, ana.dataset_id, "ana", "u1")
    assert is_newest(ana, stored)
    decisions.undo(store, ana.dataset_id, "ana", "u2")  # the batch, with the keys of the card
    assert not is_newest(ana, stored)
    assert labels(ana)["status"][[0, 3, 7]].tolist() == ["keep", "", ""]


def test_what_others_decided_meanwhile_is_said(ana: review.Reviewer) -> None:
    batch = plan(ana, rows_of(ana, 3, 7, 11), "accept")
    decide(replace(ana, annotator="bob"), 3)
    decide(replace(ana, annotator="cat"), 7)
    assert store_batch(batch).overlooked.startswith(
        "bob, cat decided on 2 examples of these while you looked."
    )
    set_review_plan(workspace().store, ana.dataset_id, ReviewPlan(overlap=2))
    batch = plan_batch(ana, rows_of(ana, 12), "keep", None, "other")
    decide(replace(ana, annotator="bob"), 12)
    assert store_batch(batch).overlooked == ""  # several people are meant to


def test_choosing_shows_what_comes_of_it_before_anything_is_stored(ana: review.Reviewer) -> None:
    at = open_table(ana)
    assert "24 examples. Choose rows" in said(at)
    assert not at.button
    choose(at, 3, 7, 21, 0)
    assert "24 examples. 4 chosen." in said(at)
    assert [element.label for element in at.button] == [
        "Accept suggestions (2)", "Keep given (4)", "Exclude (4)", "Second opinion (4)", "Set label (0)"
    ]  # fmt: skip
    assert button(at, "Set label").disabled
    press(at, "Accept suggestions")
    assert "- anger → fear · **1**\n- fear → joy · **1**" in said(at)
    assert "1 row stays as it is: no suggestion." in said(at)
    assert "1 row of the test split is left out" in said(at)
    press(at, "Cancel")
    assert not [element for element in at.button if element.label.startswith("Store")]
    assert (labels(ana)["status"] == "").all()

    press(at, "Accept suggestions")
    press(at, "Store 2 decisions")
    assert at.success[0].value == "2 decisions stored."
    assert labels(ana)["current_label"][[3, 7]].tolist() == ["fear", "joy"]
    assert "22 examples. Choose rows" in said(at)  # nothing is chosen, and what was decided has left
    press(at, "Undo")
    assert at.success[0].value == "2 decisions undone."
    assert (labels(ana)["status"] == "").all()
    assert "24 examples." in said(at)
    assert not at.button


def test_a_label_is_set_for_many(ana: review.Reviewer) -> None:
    at = choose(open_table(ana), 0, 1, 2, 21)
    at.selectbox[0].set_value("joy")
    draw(at)
    press(at, "Set label (3)")
    press(at, "Store 3 decisions")
    assert labels(ana)["status"][[0, 1, 2, 21]].tolist() == ["relabel", "relabel", "keep", ""]


def test_chosen_rows_stay_what_they_were_until_none_is_chosen(ana: review.Reviewer) -> None:
    bob = replace(ana, annotator="bob")
    at = choose(open_table(ana), 7, 11)
    decide(bob, 3)  # the row above them leaves the queue
    draw(at)
    assert at.dataframe[0].value["index"].tolist()[:3] == [3, 7, 11]
    press(at, "Exclude")
    press(at, "Store 2 decisions")
    assert labels(ana)["status"][[3, 7, 11]].tolist() == ["keep", "exclude", "exclude"]
    assert at.dataframe[0].value["index"].tolist()[:3] == [21, 22, 0]

    number = table_number(at)
    decide(bob, 21)
    draw(at)
    assert table_number(at) == number + 1  # other rows: a choice that comes too late falls on nothing
    assert draw(at).dataframe[0].value["index"].tolist()[:2] == [22, 0]
    assert table_number(at) == number + 1


def test_another_choice_or_another_filter_ends_the_preview(ana: review.Reviewer) -> None:
    at = press(choose(open_table(ana), 3, 7), "Exclude")
    assert button(at, "Store 2")
    choose(at, 3)
    assert not [element for element in at.button if element.label.startswith("Store")]
    press(at, "Exclude (1)")
    at.session_state["filters"] = QueueFilter(given_labels=("anger",))
    draw(at)
    assert not at.button
    assert at.dataframe[0].value["index"].tolist() == [3, 21]
    at.session_state["filters"] = QueueFilter(given_labels=("anger",), suggested_labels=("joy",))
    assert "No example is left under these filters." in said(draw(at))


def test_the_notice_goes_when_the_reviewer_goes_on(ana: review.Reviewer) -> None:
    at = press(press(choose(open_table(ana), 3), "Keep given"), "Store 1 decision")
    assert button(at, "Undo")
    decide(ana, 7)
    draw(at)
    assert not at.success
    assert not at.button


def test_a_blind_review_shows_no_suggestion(ana: review.Reviewer) -> None:
    set_review_plan(workspace().store, ana.dataset_id, ReviewPlan(is_blind=True))
    at = choose(open_table(ana), 3)
    assert list(at.dataframe[0].proto.column_order) == ["text", "given", "split", "decided"]
    assert not [element for element in at.button if element.label.startswith("Accept")]


def test_settling_together_ends_disagreements(ana: review.Reviewer) -> None:
    set_review_plan(workspace().store, ana.dataset_id, ReviewPlan(overlap=2))
    for index in (3, 7):
        decide(replace(ana, annotator="bob"), index)
        decide(replace(ana, annotator="cat"), index, "exclude")
    at = choose(open_table(ana, replace(EVERYTHING, status="to_settle")), 3, 7)
    press(press(at, "Keep given"), "Store 2 decisions")
    assert "No example is left" in said(at)
    assert labels(ana)["status"][[3, 7]].tolist() == ["keep", "keep"]


def test_hostile_labels_are_shown_as_they_stand(ana: review.Reviewer) -> None:
    replace_class(workspace().store, ana.dataset_id, "fear", "**x** <b>:red[y]", "lea")
    at = press(choose(open_table(ana), 3), "Accept suggestions")
    assert "- anger → \\*\\*x\\*\\* \\<b\\>\\:red\\[y\\] · **1**" in said(at)


def test_what_the_store_refuses_is_said_and_the_choice_stays(ana: review.Reviewer, monkeypatch) -> None:
    def refuse(*_: object) -> int:
        raise StoreError("The disk is full.")

    at = press(choose(open_table(ana), 3, 7), "Exclude")
    with monkeypatch.context() as patch:
        patch.setattr(decisions, "record_decisions", refuse)
        press(at, "Store 2 decisions")
        assert at.error[0].value == "The disk is full."
    press(at, "Store 2 decisions")
    assert labels(ana)["status"][[3, 7]].tolist() == ["exclude", "exclude"]
