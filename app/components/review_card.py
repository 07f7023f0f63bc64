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
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from app.components.review_card_events import NOTE_CHARACTERS, events_of
from app.components.review_card_records import Card, CardEvent

_LOG = logging.getLogger(__name__)
_HERE = Path(__file__).parent
# In the order in which they are joined into one module.
_SCRIPTS = (
    "text",
    "queue",
    "notes",
    "outbox",
    "keymap",
    "keys",
    "chart",
    "evidence",
    "classes",
    "panels",
    "finder",
    "view",
)
_STYLES = ("", "_classes", "_evidence", "_panels")
_NEIGHBOUR_CHARACTERS = 300  # two lines are shown
_MOST_PROBABILITIES = 100
_MOST_DUPLICATES = 50
_MOST_SKIPPED = 200  # cards in the browser that someone skipped; after that they come round again


_mount = st.components.v2.component(
    "lane_review_card",
    html=(_HERE / "review_card.html").read_text(encoding="utf-8"),
    css="\n".join((_HERE / f"review_card{part}.css").read_text(encoding="utf-8") for part in _STYLES),
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
    guidelines: Mapping[str, str] = {},
    hidden: Collection[str] = (),
    is_settling: bool = False,
    is_blind: bool = False,
    reviewed_today: int | None = None,
    median_seconds: float | None = None,
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
        guidelines: Class to definition, for the classes that have one.
        hidden: Classes that were merged into others: they cannot be chosen, and the others keep their keys.
        is_settling: True if the decisions made now settle what others disagree about.
        is_blind: Hide the suggestion and all that gives it away until a first label is chosen.
        reviewed_today: The person's decisions of today that are stored, for the top line.
        median_seconds: Their median time for a decision, in seconds.
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
            "guidelines": dict(guidelines),
            "hidden": sorted(hidden),
            "is_settling": bool(is_settling),
            "is_blind": bool(is_blind),
            "reviewed_today": None if reviewed_today is None else int(reviewed_today),
            "median_seconds": None if median_seconds is None else _number(median_seconds),
            "note_characters": NOTE_CHARACTERS,
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


def _card_data(card: Card) -> dict[str, object]:
    """Return the card as JSON can hold it: plain numbers, null for NaN. Long lists are cut, and counted."""
    return vars(card) | {
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
        "probabilities": [
            (label, _number(share)) for label, share in card.probabilities[:_MOST_PROBABILITIES]
        ],
        "num_probabilities": len(card.probabilities),
        "duplicates": [
            {"example_id": other.example_id, "label": other.label, "differs": bool(other.differs)}
            for other in card.duplicates[:_MOST_DUPLICATES]
        ],
        "num_duplicates": len(card.duplicates),
        "opinions": [asdict(opinion) for opinion in card.opinions],
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
