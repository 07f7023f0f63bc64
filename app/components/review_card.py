"""The review card: decides in the browser at once, and sends what was decided afterwards.

A Streamlit rerun takes 100 ms and more, and keys pressed meanwhile are lost. So the browser is given
the next cards, shows them itself and keeps every decision as an event, with an id made there, until the
page says that the event is stored. The contract with the page:

* ``on_events`` runs before the page's body (a widget callback). It stores the events in order, each
  id once: after a reload, a cut or an error the same event comes again.
* The page then reads its queue (so that stored decisions show in it) and passes the ids it has
  stored as ``acknowledged``. Ids may be forgotten once they were passed; passing them again does no harm.
* What is not acknowledged stays in the browser (and in its sessionStorage under ``key``) and is sent again.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

import streamlit as st

from lane_core.records import DECISION_ACTIONS, DecisionAction

_LOG = logging.getLogger(__name__)
_HERE = Path(__file__).parent
_SCRIPTS = ("queue", "keys", "chart", "view")
_NEIGHBOUR_CHARACTERS = 300  # two lines are shown
_LONGEST_ID = 64
_MOST_SKIPPED = 200  # cards in the browser that someone skipped; after that they come round again
_LONGEST_LEAD_TIME_S = 86_400.0

Severity = Literal["near", "some way", "far"]
EventKind = Literal["decision", "undo", "redo"]
EVENT_KINDS: tuple[EventKind, ...] = ("decision", "undo", "redo")
_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True)
class Neighbour:
    """One of the nearest examples."""

    text: str
    label: str
    cosine: float
    differs: bool
    """True if its label is not the given label of the card's example."""


@dataclass(frozen=True)
class Card:
    """One example with the evidence about its label. Labels are class names."""

    index: int
    example_id: str
    text: str
    given_label: str
    suggested_label: str
    """Equal to the given label, or empty, where the run suggests no other."""
    suggested_probability: float
    reason: str
    """One sentence: why the example is in the queue."""
    severity: Severity
    """How far apart given and suggested label are."""
    similarity_words: str
    """The same in words, for the tooltip of the severity."""
    weight: float
    score_words: str
    """How likely the given label is wrong, for the tooltips."""
    margins: tuple[float, ...]
    """One per epoch; NaN leaves a gap."""
    class_mean_margins: tuple[float, ...]
    """Mean ALM (margin averaged over the epochs so far) of the examples with the same given label, one per epoch."""
    neighbours: tuple[Neighbour, ...]
    status: Literal["", "keep", "relabel", "exclude", "flag"] = ""
    """The stored decision, if there is one."""
    current_label: str = ""
    """Label after the stored decisions; empty means the given label."""
    version: int = 0
    """Number of the decision that ``current_label`` comes from; 0 = none."""
    split_words: str = ""
    """Shown beside the id, for example "test split"; empty for a training example."""


@dataclass(frozen=True)
class CardEvent:
    """Something a person did on the card."""

    event_id: str
    """Made in the browser; the same event may arrive more than once."""
    kind: EventKind
    index: int | None
    """The example. None for an undo or redo of a decision that only the server still knows."""
    action: DecisionAction | None = None
    """None for undo and redo."""
    label: str | None = None
    """New label for ``relabel``; None otherwise."""
    seen_label: str = ""
    """The label that was on screen; empty for undo and redo."""
    lead_time_s: float | None = None
    """Seconds from showing the card to the decision."""
    seen_version: int | None = None
    """``version`` of the card that was on screen; None for undo and redo."""


_mount = st.components.v2.component(
    "lane_review_card",
    html=(_HERE / "review_card.html").read_text(encoding="utf-8"),
    css=(_HERE / "review_card.css").read_text(encoding="utf-8"),
    js="\n".join(
        (_HERE / name).read_text(encoding="utf-8")
        for name in (*(f"review_card_{part}.js" for part in _SCRIPTS), "review_card.js")
    ),
)


def review_card(
    cards: Sequence[Card],
    classes: Sequence[str],
    *,
    position: int,
    total: int,
    done: int,
    acknowledged: Sequence[str],
    focus: int | None,
    error: str | None,
    view: str,
    nothing_left: str,
    key: str,
    on_events: Callable[[list[CardEvent]], None],
) -> None:
    """Draw the review card and hand over what was decided on it.

    Args:
        cards: The next examples (about 20), worst first. Examples decided here are not shown again,
            stored or not, until they are undone.
        classes: Every label in the label list's own order; the place decides the key.
        position: Place of the first card in the queue, from 1.
        total: Length of the queue.
        done: Decisions made so far, without those that are not acknowledged.
        acknowledged: Ids of events that are stored.
        focus: Index of a card to show now; honoured once each time the value changes.
        error: One line above the card, or None. The decisions it is about are sent again by themselves.
        view: Names the filter. When it changes, the server alone says what is shown: examples decided here
            before may be among the cards again.
        nothing_left: What to say when there is no card.
        key: Names the widget and the browser's store of unsent events. One per run and annotator, the same
            for every filter, or unsent events are left behind when the filter changes.
        on_events: Called with new events, oldest first, before the body of the page runs.
    """
    refused_key = f"{key}.refused"

    def receive() -> None:
        events, refused = events_of(st.session_state[key].get("pending"), classes)
        if refused:
            _LOG.warning("Dropped %d events that the review card cannot have sent.", len(refused))
            # Acknowledged all the same, or the browser would send them for ever.
            st.session_state[refused_key] = refused
        if new := [event for event in events if event.event_id not in acknowledged]:
            on_events(new)

    _mount(
        key=key,
        data={
            "name": key,
            "cards": [_card_data(card) for card in cards],
            "classes": list(classes),
            "position": int(position),
            "total": int(total),
            "done": int(done),
            "acknowledged": [*acknowledged, *st.session_state.get(refused_key, ())],
            "focus": None if focus is None else int(focus),
            "error": error,
            "view": view,
            "nothing_left": nothing_left,
        },
        on_pending_change=receive,
        on_skipped_change=lambda: None,
    )


def num_skipped(key: str) -> int:
    """Return how many of its cards the browser has set aside because someone skipped them.

    They stay at the head of the queue, so the page passes so many cards more. Said when few others are left.
    """
    value = st.session_state.get(key, {}).get("skipped")
    return min(value, _MOST_SKIPPED) if isinstance(value, int) and value > 0 else 0


def events_of(value: object, classes: Sequence[str]) -> tuple[list[CardEvent], list[str]]:
    """Read the events out of the component's state value, which any browser could have written.

    Args:
        value: ``{"events": [...]}`` if the card sent it.
        classes: Labels that a decision may name.

    Returns:
        The valid events in the order of the list, and the ids of the others (those that have one).
    """
    items = value.get("events") if isinstance(value, Mapping) else None
    events: list[CardEvent] = []
    refused: list[str] = []
    for item in items if isinstance(items, list) else []:
        event_id = item.get("event_id") if isinstance(item, Mapping) else None
        if not isinstance(event_id, str) or not 0 < len(event_id) <= _LONGEST_ID:
            continue
        event = _event(event_id, item, classes)
        if event is None:
            refused.append(event_id)
        else:
            events.append(event)
    return events, refused


def _event(event_id: str, item: Mapping[str, object], classes: Sequence[str]) -> CardEvent | None:
    kind, index = _one_of(EVENT_KINDS, item.get("kind")), item.get("index")
    if index is not None and (not isinstance(index, int) or isinstance(index, bool) or index < 0):
        return None
    if kind == "undo" or kind == "redo":
        return CardEvent(event_id, kind, index)
    action = _one_of(DECISION_ACTIONS, item.get("action"))
    label = _one_of(classes, item.get("label"))
    seen_label = _one_of(classes, item.get("seen_label"))
    if kind != "decision" or index is None or action is None or seen_label is None:
        return None
    if (label is not None) != (action == "relabel"):
        return None
    lead_time, version = _lead_time(item.get("lead_time_s")), _version(item.get("seen_version"))
    return CardEvent(event_id, kind, index, action, label, seen_label, lead_time, version)


def _one_of(allowed: Sequence[_Word], value: object) -> _Word | None:
    return next((word for word in allowed if word == value), None)


def _lead_time(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= _LONGEST_LEAD_TIME_S else None


def _version(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _card_data(card: Card) -> dict[str, object]:
    """Return the card as JSON can hold it: plain numbers, null for NaN."""
    return asdict(card) | {
        "index": int(card.index),
        "suggested_probability": _number(card.suggested_probability),
        "weight": _number(card.weight),
        "margins": [_number(margin) for margin in card.margins],
        "class_mean_margins": [_number(margin) for margin in card.class_mean_margins],
        "neighbours": [
            {
                "text": neighbour.text[:_NEIGHBOUR_CHARACTERS],
                "label": neighbour.label,
                "cosine": _number(neighbour.cosine),
                "differs": bool(neighbour.differs),
            }
            for neighbour in card.neighbours
        ],
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
