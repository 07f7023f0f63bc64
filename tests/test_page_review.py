"""The review page on the small project, and the service behind it. The card itself: tests/browser."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.components.review_card_records import CardEvent, Neighbour
from app.services import review, review_events, review_queue, workspaces
from app.services.review_cards import Evidence, reason, review_cards
from app.services.review_words import headline, history_table, nothing_left, wider_queue
from lane_core.config import RunConfig
from lane_core.records import ColumnChoice, Decision, QueueFilter, RunRecord, RunStatus
from lane_core.runs.run_dir import RunDataset
from lane_core.store import datasets, decisions, runs
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, SmallProject, add_finished_run

MAIN = Path(__file__).parents[1] / "app" / "main.py"
ALL = QueueFilter(status="all", suspects_only=False)
SUSPECTS = QueueFilter()


@pytest.fixture
def ana(small_project: SmallProject) -> review.Reviewer:
    return review.Reviewer(small_project.dataset.dataset_id, small_project.run.run_id, "ana")


def open_page(**parameters: str | list[str]) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    at.session_state["annotator"] = "ana"
    for name, value in parameters.items():
        at.query_params[name] = value
    at.run()
    at.switch_page("../pages/review.py")
    for name, value in parameters.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def card_data(at: AppTest) -> dict:
    [card] = [element for element in at.get("bidi_component") if element.key.startswith("review:")]
    return json.loads(card.proto.json)


def pills(at: AppTest, name: str):
    [found] = [group for group in at.get("button_group") if group.key == f"filter_{name}"]
    return found


def shown(at: AppTest) -> list[str]:
    return [card["example_id"] for card in card_data(at)["cards"]]


def decide(reviewer: review.Reviewer, *steps: tuple[str, int, str, str | None]) -> review_events.Outcome:
    events = [
        CardEvent(event_id, "decision", index, action, label, CLASSES[index % 3], 1.5)
        for event_id, index, action, label in steps
    ]
    return review_events.store_events(reviewer, events)


def queue(
    reviewer: review.Reviewer, filters: QueueFilter = SUSPECTS, **options: int
) -> review_queue.QueueView:
    by_status = review.counts(reviewer.run_id, filters, reviewer.annotator)["by_status"]
    return review_queue.queue_view(reviewer, filters, by_status, **{"since": 0, "num_cards": 20, **options})


def ids(view: review_queue.QueueView) -> list[str]:
    return [card.example_id for card in view.cards]


# The page


def test_without_a_project_it_points_to_data(app_home) -> None:
    at = open_page()
    assert "No project yet" in at.markdown[-1].value
    assert at.button(key="next_step").label == "Import a file"


def test_without_a_run_it_points_to_train(app_home, home) -> None:
    source = home.path / "two.csv"
    home.path.mkdir(parents=True)
    source.write_text("text,label\none,a\ntwo,b\nthree,a\nfour,b\n")
    workspace = Workspace(home)
    workspace.add_dataset(source, ColumnChoice("text", "label"), "Two")
    workspace.close()
    at = open_page()
    assert "No run yet" in at.markdown[-1].value
    at.button(key="next_step").click().run()
    assert at.title[0].value == "Train"


def test_before_the_first_epoch_it_waits(small_project, app_home, home, monkeypatch) -> None:
    workspace = Workspace(home)
    dataset_id, epochs = small_project.dataset.dataset_id, RunConfig(epochs=5)
    began = datetime(2030, 1, 1, tzinfo=UTC)
    labels = datasets.current_labels(workspace.store, dataset_id)
    frame = labels[["index", "example_id", "text", "given_label", "split"]]
    run_dir = workspace.run_dir("run-2")
    run_dir.create(epochs, RunDataset(dataset_id, "Small project", CLASSES, 0), frame)
    record = RunRecord("run-2", dataset_id, "Run 2", epochs.to_json(), 0, began)
    runs.add_run(workspace.store, record, frame[["index", "split"]].assign(label=frame["given_label"]))
    workspace.close()
    status = RunStatus("running", phase="training", seconds_left=192)
    monkeypatch.setattr(workspaces, "run_status", lambda run_id: status)
    at = open_page(run="run-2")
    assert at.markdown[-1].value == (
        "The first suspects appear here by themselves after the first epoch. "
        "Now: training, about 3 min left in all."
    )
    status = RunStatus("failed", message="out of memory")
    at = open_page(run="run-2")
    assert at.markdown[-1].value.startswith("The run ended before its first epoch (failed).")
    at.button(key="next_step").click().run()
    assert at.title[0].value == "Train"


def test_the_suspects_come_worst_first_with_their_evidence(small_project, app_home) -> None:
    at = open_page()
    assert at.caption[0].value == "3 suspects of Run 1 to review, most likely wrong first."
    data = card_data(at)
    assert [card["example_id"] for card in data["cards"]] == ["003", "007", "011"]
    assert (data["position"], data["total"], data["done"]) == (1, 3, 0)
    assert data["classes"] == list(CLASSES)
    first = data["cards"][0]
    assert (first["given_label"], first["suggested_label"]) == ("anger", "fear")
    assert first["suggested_probability"] == pytest.approx(0.9)
    assert first["reason"] == (
        "In both epochs the model preferred another label to anger, most of all fear. "
        "4 of the 5 nearest examples are labelled otherwise."
    )
    assert (first["severity"], first["similarity_words"]) == (
        "near",
        "anger and fear are often taken for one another",
    )
    assert first["score_words"] == "The given label is wrong with a probability of 95 %"
    assert first["margins"] == [-2.0, -4.0]
    # Seven examples labelled anger have an ALM of 1 + epoch, the suspect one of -1 - epoch.
    assert first["class_mean_margins"] == pytest.approx([1.5, 2.25])
    assert [near["label"] for near in first["neighbours"]] == ["fear", "joy", "anger", "fear", "joy"]
    assert [near["differs"] for near in first["neighbours"]] == [True, True, False, True, True]


def test_filters_have_counts_and_write_the_address(small_project, app_home) -> None:
    at = open_page()
    assert pills(at, "status").options == ["To review · 3", "Reviewed · 0", "All · 3"]
    scope = at.radio(key="filter_scope")
    assert scope.value == "balanced"
    assert list(zip(scope.options, scope.proto.captions, strict=True)) == [
        ("**Sure** · few false alarms", "1 suspect, about 95 % wrong"),
        # Of the suspects 0.95, 0.93 and 0.91 are expected to be wrong; the fourth of thorough with 0.4.
        ("**Balanced** · best use of time", "3 suspects, about 93 % wrong"),
        ("**Thorough** · few errors missed", "4 suspects, about 80 % wrong"),
        ("**All examples**", "24 examples"),
        ("**Control sample** · drawn by lot", "of 21 that are not flagged"),
    ]
    scope.set_value("all").run()
    assert at.query_params["scope"] == "all"
    assert pills(at, "given").options == ["anger · 8", "fear · 8", "joy · 8"]
    pills(at, "given").set_value(["fear", "joy"]).run()
    assert at.query_params["given"] == ["fear", "joy"]
    assert (
        at.caption[0].value
        == "16 examples of Run 1 to review, given label fear or joy, most likely wrong first."
    )
    assert set(shown(at)) == {f"{index:03}" for index in range(24) if index % 3}
    at.button(key="filter_clear").click().run()
    assert "given" not in at.query_params
    assert shown(at) == ["003", "007", "011"]


def test_a_strictness_decides_what_the_queue_holds_and_stands_in_the_address(small_project, app_home) -> None:
    at = open_page()
    for strictness, ids_shown in (("sure", ["003"]), ("thorough", ["003", "007", "011", "000"])):
        at.radio(key="filter_scope").set_value(strictness).run()
        assert at.query_params["scope"] == strictness
        assert shown(at) == ids_shown
    assert at.caption[0].value == "4 suspects (thorough) of Run 1 to review, most likely wrong first."
    # What is suspected at this strictness is suggested another label, though the model prefers the given one.
    assert card_data(at)["cards"][3]["suggested_label"] == "fear"
    at.radio(key="filter_scope").set_value("balanced").run()
    assert "scope" not in at.query_params
    assert shown(at) == ["003", "007", "011"]


@pytest.mark.parametrize(
    ("scope", "ids_shown"),
    [("suspects", ["003", "007", "011"]), ("sure", ["003"]), ("lenient", ["003", "007", "011"])],
)
def test_links_of_now_and_of_earlier_versions(
    small_project, app_home, scope: str, ids_shown: list[str]
) -> None:
    assert shown(open_page(scope=scope)) == ids_shown


def test_a_run_of_an_earlier_version_has_one_strictness_and_no_estimate(small_project, app_home) -> None:
    with workspaces.workspace().store.transaction() as cursor:
        lines = "sure_below = null, balanced_below = null, thorough_below = null"
        precisions = "sure_precision = null, balanced_precision = null, thorough_precision = null"
        cursor.execute(f"update epoch_metrics set {lines}, {precisions}, noise_rate = null")
        cursor.execute("update example_results set severity = null")
    at = open_page(scope="sure")
    assert shown(at) == ["003", "007", "011"]
    assert list(at.radio(key="filter_scope").proto.captions) == [
        *["3 suspects"] * 3,
        "24 examples",
        "of 21 that are not flagged",
    ]
    assert "This run is of an earlier version: every strictness shows what it flagged." in [
        caption.value for caption in at.caption
    ]
    assert card_data(at)["cards"][0]["score_words"] == "Label score 0.05 (0 is worst)"


def test_a_link_brings_its_filters(small_project, app_home) -> None:
    at = open_page(suggested="fear", predicted="fear")
    assert shown(at) == ["003"]
    assert at.caption[0].value.startswith(
        "1 suspect of Run 1 to review, suggested label fear, predicted label fear"
    )
    pills(at, "predicted").set_value([]).run()
    assert "predicted" not in at.query_params
    assert "suggested" in at.query_params


def test_when_all_is_reviewed_it_says_so_and_points_on(small_project, app_home, ana) -> None:
    at = open_page()
    decide(ana, ("e1", 3, "relabel", "fear"), ("e2", 7, "keep", None), ("e3", 11, "exclude", None))
    at.run()
    data = card_data(at)
    assert (data["cards"], data["nothing_left"]) == ([], "All 3 suspects are reviewed")
    assert not at.table
    at.session_state["review_history"] = True  # opened
    at.run()
    assert [list(row[1:]) for row in at.table[0].value.itertuples(index=False)] == [
        ["ana", "011", "excluded", "joy", ""],
        ["ana", "007", "kept", "fear", ""],
        ["ana", "003", "corrected", "fear", ""],
    ]
    [wider] = [button for button in at.button if button.label == "Go on with thorough: 1 more"]
    wider.click().run()
    assert at.query_params["scope"] == "thorough"
    assert shown(at) == ["000"]
    decide(ana, ("e4", 0, "keep", None))
    at.run()
    assert card_data(at)["nothing_left"] == "All 4 suspects (thorough) are reviewed"
    [everything] = [button for button in at.button if button.label == "Show all examples"]
    everything.click().run()
    assert len(shown(at)) == 20
    assert card_data(at)["position"] == 5
    assert card_data(at)["total"] == 24


def test_the_name_is_asked_of_the_browser_before_anything_can_be_decided(small_project, app_home) -> None:
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    at.switch_page("../pages/review.py").run()
    assert [element.key for element in at.get("bidi_component")] == ["annotator_memory"]
    assert [box.key for box in at.text_input] == ["filter_text"]


# What is stored


def test_events_are_stored_in_order_and_once(small_project, app_home, ana) -> None:
    events = [
        CardEvent("e1", "decision", 3, "relabel", "fear", "anger", 1.5),
        CardEvent("e2", "decision", 7, "keep", None, "fear", 0.5),
        CardEvent("e3", "undo", 7),
        CardEvent("e4", "decision", 7, "flag", None, "fear", 0.5),
    ]
    for _ in range(2):
        assert review_events.store_events(ana, events) == review_events.Outcome(["e1", "e2", "e3", "e4"])
    history = review.history(ana.dataset_id, 10)
    assert history["decision_id"].tolist() == ["e4", "e3", "e2", "e1"]
    assert history["is_live"].tolist() == [True, False, False, True]
    assert set(history["annotator"]) == {"ana"}
    assert set(history["run_id"]) == {ana.run_id}


def test_keep_in_a_later_run_keeps_the_label_of_that_run(small_project, app_home, ana) -> None:
    decide(ana, ("e1", 3, "relabel", "joy"))
    second = add_finished_run(workspaces.workspace(), small_project.dataset, "Run 2")
    later = replace(ana, run_id=second.run_id)
    first = queue(later, ALL, since=1).cards[0]
    assert (first.example_id, first.given_label, first.current_label) == ("003", "joy", "joy")
    decide(later, ("e2", 3, "keep", None))
    labels = datasets.current_labels(workspaces.workspace().store, ana.dataset_id)
    assert labels.loc[3, "current_label"] == "joy"


def test_an_undo_that_the_browser_could_not_place_says_which_example_it_was(
    small_project, app_home, ana
) -> None:
    decide(ana, ("e1", 3, "keep", None), ("e2", 7, "keep", None))
    assert review_events.store_events(ana, [CardEvent("u1", "undo", None)]) == review_events.Outcome(
        ["u1"], focus=7
    )
    assert review_events.store_events(ana, [CardEvent("r1", "redo", None)]) == review_events.Outcome(["r1"])
    assert review_events.store_events(ana, [CardEvent("u2", "undo", 7)]) == review_events.Outcome(["u2"])
    assert review_events.store_events(ana, [CardEvent("u3", "undo", None)]).focus == 3
    nothing = review_events.store_events(ana, [CardEvent("u4", "undo", None)])
    assert (nothing.stored, nothing.notice) == (["u4"], "ana has nothing left to undo in this project.")


def test_what_cannot_be_stored_is_not_acknowledged_nor_what_comes_after_it(
    small_project, app_home, ana, monkeypatch, caplog
) -> None:
    bad = CardEvent("e2", "decision", 99, "keep", None, "fear")
    after = CardEvent("u1", "undo", 3)
    found = review_events.store_events(ana, [bad, after])
    assert found.stored == []
    assert found.notice == (
        f"Not saved: There is no example 99 in data set '{ana.dataset_id}': its examples are 0 to 23."
    )

    def broken(*_: object) -> int:
        raise OSError("disk full")

    decide(ana, ("e1", 3, "keep", None))
    monkeypatch.setattr(decisions, "record_decisions", broken)
    found = review_events.store_events(ana, [after, replace(bad, index=7)])
    assert found.stored == ["u1"]
    assert "something unexpected went wrong (error " in found.notice
    number = found.notice.split("(error ")[1].split()[0]
    assert f"Error {number}: 1 review events are not stored" in caplog.text
    assert "disk full" in caplog.text
    assert "disk full" not in found.notice


# The queue


def test_decided_examples_leave_the_queue_and_count(small_project, app_home, ana) -> None:
    decide(ana, ("e1", 3, "keep", None))
    view = queue(ana)
    assert (ids(view), view.position, view.total, view.done) == (["007", "011"], 2, 3, 1)


def test_a_queue_with_reviewed_examples_passes_over_what_was_decided_since(
    small_project, app_home, ana
) -> None:
    decide(ana, ("e1", 3, "keep", None))
    began = review.label_version(ana.dataset_id)
    both = QueueFilter(status="all")
    assert ids(queue(ana, both, since=began)) == ["003", "007", "011"]
    decide(ana, ("e2", 3, "flag", None), ("e3", 11, "flag", None))
    decide(replace(ana, annotator="ben"), ("b1", 7, "flag", None))
    view = queue(ana, both, since=began)
    assert (ids(view), view.position, view.total, view.done) == (["007"], 2, 3, 2)
    assert (view.cards[0].status, view.cards[0].current_label) == ("flag", "fear")
    review_events.store_events(ana, [CardEvent("u1", "undo", 11)])
    assert ids(queue(ana, both, since=began)) == ["007", "011"]
    assert ids(queue(ana, QueueFilter(status="reviewed"), since=began)) == ["007"]


def test_the_example_in_focus_is_given_even_if_it_is_far_down_or_filtered_out(
    small_project, app_home, ana
) -> None:
    assert ids(queue(ana, num_cards=2, focus=7)) == ["003", "007"]
    view = queue(ana, num_cards=2, focus=20)
    assert ids(view) == ["020", "003", "007"]
    assert view.cards[0].margins == (1.5, 3.0)
    assert ids(queue(ana, QueueFilter(given_labels=("joy",)), focus=3)) == ["003", "011"]


def test_an_example_that_the_model_agrees_with_is_suggested_nothing(small_project, app_home, ana) -> None:
    card = queue(ana, ALL, num_cards=24).cards[-1]
    assert (card.example_id, card.suggested_label, card.split_words) == ("023", "", "test split")
    # Its neighbours are 0 to 4 and its label is joy: one of them is labelled so.
    assert card.reason == (
        "In both epochs the model agreed with joy. 4 of the 5 nearest examples are labelled otherwise."
    )


def test_a_correction_shows_in_the_neighbours(small_project, app_home, ana) -> None:
    decide(ana, ("e1", 4, "relabel", "anger"))
    assert [near.label for near in queue(ana).cards[0].neighbours] == ["anger", "joy", "anger", "fear", "joy"]


def test_the_queries_do_not_grow_with_the_cards(small_project, app_home, ana, monkeypatch) -> None:
    store, count = workspaces.workspace().store, []
    cursor = store.cursor
    monkeypatch.setattr(store, "cursor", lambda: (count.append(1), cursor())[1])
    queue(ana, ALL, num_cards=20)
    few = len(count)
    count.clear()
    queue(ana, ALL, num_cards=2)
    assert few <= 13
    assert len(count) <= few


# Words


def test_the_reason_counts_the_epochs_and_the_neighbours() -> None:
    other, same = Neighbour("", "joy", 0.9, differs=True), Neighbour("", "fear", 0.9, differs=False)
    assert reason("fear", "trust", [-1.0, math.nan, 1.0, 2.0, 0.5], [other, other, same, same]) == (
        "In 1 of 4 epochs the model preferred another label to fear, most of all trust."
    )
    assert reason("fear", "trust", [-1.0], [other] * 5) == (
        "In the one epoch so far the model preferred another label to fear, most of all trust. "
        "All 5 nearest examples are labelled otherwise."
    )
    assert reason("fear", "", [0.1, 0.2, 0.3], []) == "In all 3 epochs the model agreed with fear."
    assert reason("fear", "", [math.nan], []) == ""


def test_a_missing_number_does_not_break_a_card() -> None:
    row = {
        "index": 5,
        "example_id": "x",
        "text": "",
        "given_label": "fear",
        "suggested_label": math.nan,
        "suggested_probability": math.nan,
        "predicted_label": "fear",
        "similarity": math.nan,
        "severity": math.nan,
        "weight": math.nan,
        "label_score": math.nan,
        "is_label_issue": False,
        "status": "",
        "current_label": "fear",
        "split": "excluded",
        "version": 0,
    }
    no_epochs = pd.DataFrame({"index": [5], "epoch": [2], "margin": [1.5]})
    nothing = pd.DataFrame({"index": []})
    evidence = Evidence(no_epochs, nothing, nothing, nothing, pd.DataFrame(index=[5]), {}, num_epochs=3)
    [card] = review_cards(pd.DataFrame([row]), evidence, "ana")
    assert (card.suggested_label, card.severity, card.split_words) == ("", "some way", "not trained on")
    assert card.score_words == "Not scored"
    assert [math.isnan(margin) for margin in card.margins] == [True, False, True]
    assert card.class_mean_margins == ()


def test_the_headline_says_that_a_run_goes_on() -> None:
    running = RunStatus("running", epoch=3, epochs=5)
    assert headline(QueueFilter(status="reviewed"), 1, "Night run", running) == (
        "1 suspect of Night run, reviewed, most likely wrong first. The run is in epoch 3 of 5: they can still change."
    )


@pytest.mark.parametrize(
    ("filters", "by_status", "words"),
    [
        (QueueFilter(), (0, 0, 0), "The run has no suspects"),
        (QueueFilter(strictness="sure"), (0, 0, 0), "The run has no suspects (sure)"),
        (ALL, (0, 24, 24), "You have been through all 24 examples"),
        (QueueFilter(status="reviewed"), (9, 0, 9), "None of the 9 suspects is reviewed yet"),
        (QueueFilter(given_labels=("joy",)), (0, 4, 4), "All 4 suspects under these filters are reviewed"),
        (QueueFilter(given_labels=("joy",)), (0, 0, 0), "The run has no suspects under these filters"),
    ],
)
def test_an_empty_queue_says_why(filters: QueueFilter, by_status: tuple[int, ...], words: str) -> None:
    assert nothing_left(filters, dict(zip(("to_review", "reviewed", "all"), by_status, strict=True))) == words


def test_the_next_wider_queue_is_the_next_that_holds_more() -> None:
    by_scope = {"sure": 0, "balanced": 0, "thorough": 12, "all": 1500}
    filters = QueueFilter(given_labels=("joy",), strictness="sure")
    thorough = replace(filters, strictness="thorough")
    assert wider_queue(filters, by_scope) == ("Go on with thorough: 12 more", thorough)
    everything = QueueFilter(given_labels=("joy",), suspects_only=False)
    assert wider_queue(thorough, by_scope) == ("Show all examples", everything)
    assert wider_queue(everything, by_scope) is None
    assert wider_queue(thorough, dict.fromkeys(by_scope, 0)) is None


def test_history_is_told_in_words_and_local_time(small_project, app_home, ana) -> None:
    store = workspaces.workspace().store
    decisions.record_decisions(
        store, [Decision("d1", ana.dataset_id, 3, "relabel", "fear", "anger", ana.run_id, "ana")]
    )
    decisions.undo(store, ana.dataset_id, "ana", "u1")
    history = review.history(ana.dataset_id, 10)
    history["created_at"] = pd.Timestamp("2026-03-01 23:30:05", tz="UTC")
    table = history_table(history, "Europe/Berlin")
    assert table.to_numpy().tolist() == [
        ["02 Mar 2026, 00:30:05", "ana", "003", "undone: corrected", "fear", ""],
        ["02 Mar 2026, 00:30:05", "ana", "003", "corrected", "fear", ""],
    ]


def test_who_decides_second_on_an_example_is_told_what_was_decided_meanwhile(
    small_project, app_home, ana
) -> None:
    version = queue(ana, QueueFilter()).cards[0].version
    ben = replace(ana, annotator="ben")
    first = CardEvent("b1", "decision", 3, "relabel", "joy", "anger", seen_version=version)
    assert review_events.store_events(ben, [first]).notice is None
    outcome = review_events.store_events(
        ana, [CardEvent("a1", "decision", 3, "keep", None, "anger", seen_version=version)]
    )
    assert outcome.stored == ["a1"]
    assert outcome.notice == (
        "While 003 was on your screen, ben chose joy. Both decisions are on record, and yours counts; undo it if "
        "theirs should."
    )
    # Whoever has seen it is not told again.
    seen = review.label_version(ana.dataset_id)
    again = CardEvent("b2", "decision", 3, "keep", None, "anger", seen_version=seen)
    assert review_events.store_events(ben, [again]).notice is None
