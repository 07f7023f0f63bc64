"""Reads what the review card sends, which any browser could have written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

from app.components.plain_text import storable
from app.components.review_card_records import EVENT_KINDS, CardEvent
from lane_core.records import DECISION_ACTIONS

NOTE_CHARACTERS = 2_000
_LONGEST_ID = 64
_LONGEST_LEAD_TIME_S = 86_400.0
_Word = TypeVar("_Word", bound=str)


def events_of(value: object, classes: Sequence[str]) -> tuple[list[CardEvent], list[str]]:
    """Read the events out of the component's state value.

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
    return CardEvent(
        event_id,
        kind,
        index,
        action,
        label,
        seen_label,
        _lead_time(item.get("lead_time_s")),
        _version(item.get("seen_version")),
        note=_note(item.get("note")),
        is_settling=item.get("is_settling") is True,
    )


def _one_of(allowed: Sequence[_Word], value: object) -> _Word | None:
    return next((word for word in allowed if word == value), None)


def _lead_time(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= _LONGEST_LEAD_TIME_S else None


def _version(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _note(value: object) -> str:
    """Return a note as a database can hold it. A note never costs the decision that it came with."""
    if not isinstance(value, str):
        return ""
    return storable(value[:NOTE_CHARACTERS]).strip()
