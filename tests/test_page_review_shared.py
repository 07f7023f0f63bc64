"""The review page where several people share a queue: who gets what, what is hidden, what is settled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.components.review_card_records import Card, CardEvent
from app.services import live_runs, overview, review, review_events, review_queue, workspaces
from app.services.review_progress import ADVICE_WORDS, found_words, left_words, review_progress
from lane_core.records import QueueFilter, ReviewPlan
from lane_core.store import classes, decision_queries
from lane_core.store.decisions import record_decisions
from lane_core.store.review_plans import set_review_plan
from tests.small_project import CLASSES, SmallProject
from tests.test_page_review import card_data, open_page, pills

SUSPECTS, ALL = QueueFilter(), QueueFilter(suspects_only=False)
TO_SETTLE = QueueFilter(status="to_settle", suspects_only=False)


@pytest.fixture
def people(small_project: SmallProject, app_home) -> dict[str, review.Reviewer]:
    """Ana, Ben and Cem on the run of the small project."""
    dataset_id, run_id = small_project.dataset.dataset_id, small_project.run.run_id
    return {name: review.Reviewer(dataset_id, run_id, name) for name in ("ana", "ben", "cem")}


def share(project: SmallProject, **plan: float | bool) -> None:
    set_review_plan(workspaces.workspace().store, project.dataset.dataset_id, ReviewPlan(**plan))


def cards(reviewer: review.Reviewer, filters: QueueFilter = SUSPECTS, number: int = 20) -> list[Card]:
    return view(reviewer, filters, number).cards


def view(
    reviewer: review.Reviewer, filters: QueueFilter = SUSPECTS, number: int = 20
) -> review_queue.QueueView:
    by_status = review.counts(reviewer.run_id, filters, reviewer.annotator)["by_status"]
    return review_queue.queue_view(reviewer, filters, by_status, since=0, num_cards=number)


def places(found: list[Card]) -> list[int]:
    return [card.index for card in found]


def decide(reviewer: review.Reviewer, index: int, label: str, **more: object) -> review_events.Outcome:
    given = CLASSES[index % 3]
    action = "keep" if label == given else "relabel"
    event = CardEvent(
        f"{reviewer.annotator} {index} {label}",
        "decision",
        index,
        action,
        None if action == "keep" else label,
        given,
    )
    return review_events.store_events(reviewer, [replace(event, **more)])


def test_what_is_on_one_screen_is_given_to_nobody_else(people) -> None:
    assert places(cards(people["ana"], number=2)) == [3, 7]
    nothing = view(people["ben"])  # the third suspect is held ahead for Ana
    assert (nothing.cards, nothing.num_elsewhere) == ([], 3)
    decide(people["ana"], 3, "fear")
    review_queue.give_back(people["ana"])
    assert places(cards(people["ben"])) == [7, 11]


def test_the_last_examples_are_parted_among_those_who_review(people) -> None:
    alone = places(cards(people["ana"], ALL))
    assert len(alone) == 20
    assert places(cards(people["ben"], ALL)) == []  # Ana holds all 24
    assert places(cards(people["ana"], ALL)) == alone
    decide(people["ben"], 23, "joy")  # Ana's next page knows that somebody else is there
    shares = [places(cards(people[name], ALL)) for name in ("ana", "ben", "cem")]
    assert [len(share) for share in shares] == [5, 5, 5]  # a quarter of 23
    assert len(set().union(*shares)) == 15
    assert shares[0] == alone[:5]


def test_the_last_ones_on_other_screens_are_not_called_reviewed(people, small_project) -> None:
    cards(people["ben"])
    at = open_page()
    data = card_data(at)
    assert (data["cards"], data["nothing_left"]) == ([], "The last 3 are on the screens of somebody else")
    review_queue.give_back(people["ben"])
    at.run()
    assert len(card_data(at)["cards"]) == 3


def test_with_overlap_two_people_decide_and_neither_sees_the_other(people, small_project) -> None:
    share(small_project, overlap=2)
    assert places(cards(people["ana"])) == places(cards(people["ben"])) == [3, 7, 11]
    assert cards(people["cem"]) == []
    assert decide(people["ana"], 3, "joy", seen_version=0).notice is None
    [first, *_] = cards(people["ben"])
    assert (first.index, first.status, first.current_label) == (3, "", "anger")
    assert places(cards(people["ana"])) == [7, 11]
    assert decide(people["ben"], 3, "fear", seen_version=0).notice is None
    by_status = review.counts(people["cem"].run_id, SUSPECTS, "cem")["by_status"]
    assert (by_status["to_review"], by_status["to_settle"]) == (2, 1)
    assert view(people["ana"]).total == 3
    assert view(people["ana"]).done == 1


def test_a_disagreement_is_settled_by_a_third_and_closes(people, small_project) -> None:
    share(small_project, overlap=2)
    decide(people["ana"], 3, "joy", note="looks glad")
    decide(people["ben"], 3, "fear")
    decide(people["ana"], 7, "fear")
    decide(people["ben"], 7, "fear")
    [disputed] = cards(people["cem"], TO_SETTLE)
    assert [(one.annotator, one.words, one.note) for one in disputed.opinions] == [
        ("ana", "Corrected to joy", "looks glad"),
        ("ben", "Corrected to fear", ""),
    ]
    assert cards(people["ana"], TO_SETTLE) == []  # it is on Cem's screen
    step = overview.next_step(small_project.dataset.dataset_id, live_runs.live_run(small_project.run.run_id))
    assert step.button == "Review 1 suspect"  # 11 waits for two people
    decide(people["cem"], 3, "fear", is_settling=True)
    assert cards(people["cem"], TO_SETTLE) == []
    assert view(people["cem"], TO_SETTLE).done == 1


def test_the_overview_points_to_what_is_to_be_settled(people, small_project) -> None:
    for index in (7, 11):
        decide(people["ana"], index, CLASSES[index % 3])
    event = CardEvent("f", "decision", 3, "flag", None, "anger")
    review_events.store_events(people["ana"], [event])
    step = overview.next_step(small_project.dataset.dataset_id, live_runs.live_run(small_project.run.run_id))
    assert (step.button, step.queue) == ("Settle 1 example", TO_SETTLE)


def test_blind_review_is_for_what_is_to_be_reviewed(people, small_project) -> None:
    share(small_project, is_blind=True)
    assert card_data(open_page())["is_blind"]
    assert not card_data(open_page(status="all"))["is_blind"]
    assert card_data(open_page(status="to_settle"))["is_settling"]


def test_labels_that_came_with_the_file_are_shown_unless_blind(people, small_project) -> None:
    with workspaces.workspace().store.transaction() as cursor:
        values = [small_project.dataset.dataset_id, 3, "rater_1", 2]
        cursor.execute("insert into annotations values (?, ?, ?, ?)", values)
    assert [one.words for one in cards(people["ana"])[0].opinions] == ["joy, in the file"]
    share(small_project, is_blind=True)
    assert cards(people["ana"])[0].opinions == ()


def test_a_card_ranks_all_classes_and_names_doubles(people, small_project) -> None:
    store = workspaces.workspace().store
    with store.transaction() as cursor:
        first = cursor.execute("select key from examples where index = 3").fetchall()[0][0]
        other = cursor.execute("select key from examples where index = 5").fetchall()[0][0]
        cursor.execute("insert into duplicate_texts values (?, ?), (?, ?)", [first, first, other, first])
    [card, *_] = cards(people["ana"])
    assert [(one.example_id, one.label, one.differs) for one in card.duplicates] == [("005", "joy", True)]
    labels, shares = zip(*card.probabilities, strict=True)
    assert (sorted(labels), labels[0]) == (sorted(CLASSES), "fear")
    assert sum(shares) == pytest.approx(1, abs=0.002)
    classes.replace_class(store, small_project.dataset.dataset_id, "fear", "joy", "lead")
    [card, *_] = cards(people["ana"])
    assert {label for label, _ in card.probabilities} == {"anger", "joy"}
    assert sum(share for _, share in card.probabilities) == pytest.approx(1, abs=0.002)


def test_every_filter_stands_in_the_address(people) -> None:
    at = open_page(scope="all")
    at.text_input(key="filter_text").set_value("number 1").run()
    pills(at, "severities").set_value(["near"]).run()
    pills(at, "splits").set_value(["train", "validation"]).run()
    at.selectbox(key="filter_order").set_value("harm").run()
    assert {name: at.query_params[name] for name in ("text", "severity", "split", "order")} == {
        "text": "number 1", "severity": "near", "split": ["train", "validation"], "order": "harm",
    }  # fmt: skip
    pills(at, "given").set_value(["anger"]).run()
    at.checkbox(key="filter_both").check().run()
    assert at.query_params["both"] == "1"
    again = open_page(**{name: at.query_params[name] for name in at.query_params})
    assert card_data(again)["view"] == card_data(at)["view"]
    at.button(key="filter_clear").click().run()
    assert not {"text", "severity", "split", "order", "given", "both"} & set(at.query_params)


def test_who_decided_is_a_filter_once_somebody_has(people) -> None:
    decide(people["ana"], 3, "fear")
    decide(people["ben"], 7, "fear")
    at = open_page(status="reviewed")
    assert pills(at, "annotators").options == ["ana · 1", "ben · 1"]
    pills(at, "annotators").set_value(["ben"]).run()
    assert at.query_params["by"] == "ben"
    assert [card["example_id"] for card in card_data(at)["cards"]] == ["007"]


def test_a_replaced_class_has_no_key_and_no_filter(people, small_project) -> None:
    store = workspaces.workspace().store
    classes.replace_class(store, small_project.dataset.dataset_id, "anger", "fear", "lead")
    at = open_page(scope="all")
    data = card_data(at)
    assert (data["classes"], data["hidden"]) == (["anger", "fear", "joy"], ["anger"])
    assert pills(at, "given").options == ["fear · 16", "joy · 8"]
    classes.bring_back(store, small_project.dataset.dataset_id, "anger", "lead")
    assert card_data(open_page(scope="all"))["hidden"] == []


def test_an_undo_says_when_it_took_back_many(people, small_project) -> None:
    ana, store = people["ana"], workspaces.workspace().store
    batch = [
        replace(
            review_events._decision(ana, CardEvent(f"b{index}", "decision", index, "keep", None, label)),
            batch_id="b",
        )
        for index, label in ((7, "fear"), (11, "joy"))
    ]
    record_decisions(store, batch)
    outcome = review_events.store_events(ana, [CardEvent("u", "undo", None)])
    assert outcome.together == "2 decisions that you took together in the table: taken back."
    outcome = review_events.store_events(ana, [CardEvent("r", "redo", None)])
    assert outcome.together == "2 decisions that you took together in the table: restored."
    assert decision_queries.review_progress(store, ana.run_id)["kept"] == 2


def test_progress_counts_what_was_found_and_what_may_be_left(people) -> None:
    ana = people["ana"]
    assert found_words(review_progress(ana.run_id, "balanced")) == "0 of 3 suspects decided."
    assert left_words(review_progress(ana.run_id, "balanced")).startswith("21 examples are not flagged.")
    decide(ana, 3, "fear")
    decide(ana, 7, "fear")
    progress = review_progress(ana.run_id, "balanced")
    # Wilson's interval of 1 in 2: 0.0945 to 0.9055.
    assert (
        found_words(progress)
        == "2 of 3 suspects decided, 1 error found: 50 % (9.5 % to 91 %) of these flags were right."
    )
    assert ADVICE_WORDS[progress.advice].startswith("Go on")
    control = cards(ana, QueueFilter(is_control=True), number=4)
    assert not {3, 7, 11} & set(places(control))
    for card in control:
        decide(ana, card.index, "joy" if card.given_label != "joy" else "fear")
    progress = review_progress(ana.run_id, "balanced")
    assert (progress.outcome.sampled, progress.outcome.sampled_wrong, progress.outcome.others) == (4, 4, 21)
    assert left_words(progress).startswith("4 of 4 examples drawn by lot were wrong: about 17 errors")


def test_only_the_beginning_of_the_control_order_is_a_sample(people) -> None:
    ana = people["ana"]
    order = places(cards(ana, QueueFilter(is_control=True), number=21))
    for index in order[10:]:
        decide(ana, index, CLASSES[index % 3])
    assert review_progress(ana.run_id, "balanced").outcome.sampled == 0
    decide(ana, order[0], CLASSES[order[0] % 3])
    assert review_progress(ana.run_id, "balanced").outcome.sampled == 1


def test_the_progress_box_is_drawn_when_it_is_open(people) -> None:
    at = open_page()
    at.session_state["review_progress"] = True
    at.run()
    assert not at.exception
    assert any("0 of 3 suspects decided." in str(element.proto) for element in at.get("progress"))


def test_who_changes_the_name_takes_the_examples_along(people) -> None:
    at = open_page()
    assert len(card_data(at)["cards"]) == 3
    at.session_state["annotator"] = "Anastasia"
    at.run()
    assert len(card_data(at)["cards"]) == 3
    assert cards(people["ana"]) == []


def test_a_blank_name_changes_nothing(people) -> None:
    # Streamlit's browser side sends one when it has been cut off: decisions must not change hands by it.
    at = open_page()
    at.session_state["annotator"] = "Anastasia"
    at.run()
    for blank in ("", "  "):
        at.text_input(key="annotator").set_value(blank).run()
        assert at.session_state["annotator"] == "Anastasia"
        assert at.text_input(key="annotator").value == "Anastasia"
    at.text_input(key="annotator").set_value(" Bea  Ro ").run()
    assert at.session_state["annotator"] == "Bea Ro"
