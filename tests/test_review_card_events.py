"""What Python accepts from the review card, and what it sends to it. The card itself: tests/browser."""

from __future__ import annotations

import json
import math

import pytest

from app.components import review_card
from app.components.review_card import _card_data, num_skipped
from app.components.review_card_events import events_of
from app.components.review_card_records import Card, CardEvent, Duplicate, Neighbour, Opinion

CLASSES = ("fear", "trust", "joy")
RELABEL = {
    "event_id": "e1",
    "kind": "decision",
    "index": 7,
    "action": "relabel",
    "label": "trust",
    "seen_label": "fear",
    "lead_time_s": 1.25,
    "seen_version": 3,
}


def test_a_burst_keeps_its_order() -> None:
    items = [
        RELABEL,
        RELABEL
        | {
            "event_id": "e2",
            "index": 8,
            "action": "exclude",
            "label": None,
            "lead_time_s": None,
            "seen_version": -1,
        },
        {"event_id": "e3", "kind": "undo", "index": 8},
        {"event_id": "e4", "kind": "redo", "index": None},
    ]
    events, refused = events_of({"sent_ms": 1, "events": items}, CLASSES)
    assert refused == []
    assert events == [
        CardEvent("e1", "decision", 7, "relabel", "trust", "fear", 1.25, 3),
        CardEvent("e2", "decision", 8, "exclude", None, "fear", None),
        CardEvent("e3", "undo", 8),
        CardEvent("e4", "redo", None),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "delete"},
        {"kind": ["decision"]},
        {"index": -1},
        {"index": True},
        {"index": "7"},
        {"index": None},
        {"action": "drop"},
        {"action": None},
        {"label": "anger"},
        {"label": None},
        {"action": "keep"},
        {"seen_label": "anger"},
        {"seen_label": None},
    ],
)
def test_an_event_that_the_card_cannot_have_sent_is_dropped_and_the_others_stay(change: dict) -> None:
    events, refused = events_of({"events": [RELABEL | change, RELABEL | {"event_id": "e2"}]}, CLASSES)
    assert [event.event_id for event in events] == ["e2"]
    assert refused == ["e1"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "x",
        [],
        {},
        {"events": "e1"},
        {"events": [None, 3, "e1", {}, {"event_id": 5}, {"event_id": "e" * 65}]},
    ],
)
def test_what_holds_no_events_gives_none(value: object) -> None:
    assert events_of(value, CLASSES) == ([], [])


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "1", True, 90_000])
def test_an_impossible_lead_time_is_left_out(value: object) -> None:
    events, _ = events_of({"events": [RELABEL | {"lead_time_s": value}]}, CLASSES)
    assert events[0].lead_time_s is None


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("  a joke, see <b>row 7</b>\n\U0001f600 ", "a joke, see <b>row 7</b>\n\U0001f600"),
        ("lone \ud83d and \udc80, \x00 too", "lone \ufffd and \ufffd, \ufffd too"),
        ("n" * 100_000, "n" * 2_000),
        (None, ""),
        (["a"], ""),
        (7, ""),
    ],
)
def test_a_note_is_made_storable_and_never_costs_its_decision(note: object, expected: str) -> None:
    [event], refused = events_of({"events": [RELABEL | {"note": note}]}, CLASSES)
    assert (event.note, event.label, refused) == (expected, "trust", [])
    event.note.encode()


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), (False, False), (1, False), ("true", False), (None, False)]
)
def test_only_true_settles(value: object, expected: bool) -> None:
    [event], _ = events_of({"events": [RELABEL | {"is_settling": value}]}, CLASSES)
    assert event.is_settling is expected


def test_an_undo_carries_no_note_and_settles_nothing() -> None:
    undo = {"event_id": "e1", "kind": "undo", "index": 7, "note": "n", "is_settling": True}
    assert events_of({"events": [undo]}, CLASSES)[0] == [CardEvent("e1", "undo", 7)]


@pytest.mark.parametrize(
    ("state", "expected"),
    [({}, 0), ({"skipped": 15}, 15), ({"skipped": -3}, 0), ({"skipped": "9"}, 0), ({"skipped": 10**9}, 200)],
)
def test_skipped_cards_are_counted_within_reason(monkeypatch, state: dict, expected: int) -> None:
    monkeypatch.setattr(review_card.st, "session_state", {"card": state})
    assert num_skipped("card") == expected
    assert num_skipped("another card") == 0


def test_a_card_becomes_plain_json_with_null_for_what_is_not_a_number() -> None:
    card = Card(
        index=3,
        example_id="0004",
        text="\udc80 broken byte",
        given_label="fear",
        suggested_label="trust",
        suggested_probability=0.5,
        reason="",
        severity="far",
        similarity_words="",
        weight=math.nan,
        score_words="Not scored",
        margins=(1.0, math.nan),
        class_mean_margins=(math.inf, 2.0),
        neighbours=(Neighbour("n" * 1000, "joy", 0.5, differs=True),),
        probabilities=(("trust", 0.5), ("fear", math.nan), *((f"class {rank}", 0.0) for rank in range(500))),
        duplicates=tuple(Duplicate(f"{row:04d}", "joy", differs=True) for row in range(300)),
        opinions=(Opinion("Anna", "Corrected to joy", "a note"),),
    )
    data = json.loads(json.dumps(_card_data(card), allow_nan=False))
    assert data["margins"] == [1.0, None]
    assert data["class_mean_margins"] == [None, 2.0]
    assert data["weight"] is None
    assert data["text"] == "\udc80 broken byte"
    assert data["neighbours"] == [{"text": "n" * 300, "label": "joy", "cosine": 0.5, "differs": True}]
    assert data["probabilities"][:2] == [["trust", 0.5], ["fear", None]]
    assert (len(data["probabilities"]), data["num_probabilities"]) == (100, 502)
    assert (len(data["duplicates"]), data["num_duplicates"]) == (50, 300)
    assert data["duplicates"][0] == {"example_id": "0000", "label": "joy", "differs": True}
    assert data["opinions"] == [{"annotator": "Anna", "words": "Corrected to joy", "note": "a note"}]
