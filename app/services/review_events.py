"""What was done on the review card, stored in the order in which it was done, each event once."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from app.components.review_card_records import CardEvent
from app.services.review import Reviewer
from app.services.workspaces import workspace
from lane_core.errors import LaneError
from lane_core.records import Decision
from lane_core.store import decision_queries, decisions, review_plans
from lane_core.wording import counted

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What became of the events of a review card."""

    stored: list[str]
    """Ids of the events that are stored, now or before."""
    focus: int | None = None
    """The example to show again, where an undo of the browser did not know which it was."""
    notice: str | None = None
    """Why the others are not stored, or why an undo had nothing to do."""
    together: str | None = None
    """What an undo or redo of decisions that were taken together came to."""


def store_events(reviewer: Reviewer, events: Sequence[CardEvent]) -> Outcome:
    """Store what was decided on the card, in order, each event once.

    Events after one that cannot be stored wait with it, so that the order stays.
    """
    stored: list[str] = []
    newest = Outcome([])
    try:
        for kind, group in groupby(events, key=lambda event: event.kind):
            found = list(group)
            if kind == "decision":
                decisions.record_decisions(workspace().store, [_decision(reviewer, event) for event in found])
                stored += [event.event_id for event in found]
                newest = Outcome([], notice=_overlooked(reviewer, found))
                continue
            for event in found:
                newest = _step(reviewer, event)
                stored.append(event.event_id)
    except LaneError as error:
        newest = replace(newest, notice=f"Not saved: {error}")
    except Exception:  # noqa: BLE001 - whatever it is, the decisions must stay in the browser
        number = secrets.token_hex(3)
        _LOG.exception("Error %s: %d review events are not stored", number, len(events) - len(stored))
        words = (
            f"Not saved: something unexpected went wrong (error {number} in the log of the app). "
            "Your decisions stay here and are sent again."
        )
        newest = replace(newest, notice=words)
    return replace(newest, stored=stored)


def _overlooked(reviewer: Reviewer, events: Sequence[CardEvent]) -> str | None:
    """Say what others decided meanwhile on the examples of these decisions; None where nobody did, or was meant to."""
    if review_plans.review_plan(workspace().store, reviewer.dataset_id).overlap > 1:
        return None
    other = decision_queries.unseen_decisions(workspace().store, [event.event_id for event in events])
    if other.empty:
        return None
    last = other.iloc[-1]
    meant = f"chose {last['label']}" if last["action"] == "relabel" else f"decided {last['action']}"
    more = f" (and {len(other) - 1} more like it)" if len(other) > 1 else ""
    return (
        f"While {last['example_id']} was on your screen, {last['annotator']} {meant}{more}. "
        "Both decisions are on record, and yours counts; undo it if theirs should."
    )


def _step(reviewer: Reviewer, event: CardEvent) -> Outcome:
    """Undo or redo; return the example to show and what to say about it."""
    take = decisions.undo if event.kind == "undo" else decisions.redo
    found = take(workspace().store, reviewer.dataset_id, reviewer.annotator, event.event_id)
    if found is None:
        nothing = f"{reviewer.annotator} has nothing left to {event.kind} in this project."
        return Outcome([], notice=nothing)
    if found.batch_id:
        newest = decision_queries.decision_history(workspace().store, reviewer.dataset_id, 1).iloc[0]
        number = counted(int(newest["num_decisions"]), "decision")
        done = "taken back" if event.kind == "undo" else "restored"
        return Outcome([], together=f"{number} that you took together in the table: {done}.")
    # The browser shows again what it undid itself, unless the annotator decided in another window since.
    return Outcome([], focus=found.index if event.kind == "undo" and found.index != event.index else None)


def _decision(reviewer: Reviewer, event: CardEvent) -> Decision:
    return Decision(
        decision_id=event.event_id,
        dataset_id=reviewer.dataset_id,
        index=event.index,
        action=event.action,
        label=event.label,
        seen_label=event.seen_label,
        run_id=reviewer.run_id,
        annotator=reviewer.annotator,
        lead_time_s=event.lead_time_s,
        note=event.note,
        seen_version=event.seen_version,
        is_settling=event.is_settling,
    )
