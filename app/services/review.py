"""What the review page asks of the store, and what it stores there."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from app.components.review_card import Card, CardEvent
from app.services.review_cards import review_cards
from app.services.workspaces import workspace
from lane_core.errors import LaneError
from lane_core.records import Decision, QueueFilter, Strictness
from lane_core.store import datasets, decisions, result_queries, review_queries, run_queries
from lane_core.store.result_queries import FlagLevel
from lane_core.store.store import Store

_LOG = logging.getLogger(__name__)
_EVERYTHING = QueueFilter(status="all", suspects_only=False)


@dataclass(frozen=True)
class Reviewer:
    """Who reviews what."""

    dataset_id: str
    run_id: str
    annotator: str


@dataclass(frozen=True)
class QueueView:
    """The part of a queue that the browser is given."""

    cards: list[Card]
    position: int
    """Place of the first card in the whole queue, from 1."""
    total: int
    done: int


@dataclass(frozen=True)
class Outcome:
    """What became of the events of a review card."""

    stored: list[str]
    """Ids of the events that are stored, now or before."""
    focus: int | None = None
    """The example to show again, where an undo of the browser did not know which it was."""
    notice: str | None = None
    """Why the others are not stored, or why an undo had nothing to do."""


def classes(dataset_id: str) -> list[str]:
    """Return the labels of a project in the order of their keys."""
    return datasets.dataset_classes(workspace().store, dataset_id)


def last_epoch(run_id: str) -> int:
    """Return the last epoch that can be reviewed; 0 if there is none yet."""
    return run_queries.last_epoch(workspace().store, run_id)


def label_version(dataset_id: str) -> int:
    """Return a number that grows with every decision on a project."""
    return decisions.label_version(workspace().store, dataset_id)


def counts(run_id: str, filters: QueueFilter) -> dict[str, Any]:
    """Return ``queue_counts`` of a filter."""
    return review_queries.queue_counts(workspace().store, run_id, filters)


def flag_levels(run_id: str) -> dict[Strictness, FlagLevel]:
    """Return how much each strictness of the run flags, and how much of that is expected to be wrong."""
    return result_queries.flag_levels(workspace().store, run_id)


def queue_view(
    reviewer: Reviewer,
    filters: QueueFilter,
    by_status: dict[str, int],
    since: int,
    num_cards: int,
    focus: int | None = None,
) -> QueueView:
    """Return the next cards of a queue with their evidence.

    Args:
        reviewer: Whose queue.
        filters: Which examples it holds. One with reviewed examples does not shrink by deciding: what the
            annotator decided since ``since`` is passed over.
        by_status: From ``counts``.
        since: ``label_version`` when the annotator began with this queue.
        num_cards: How many cards.
        focus: An example to give even if it is not among the next ones.
    """
    store = workspace().store
    passed = _decided_since(store, reviewer, since) if filters.status != "to_review" else set()
    page = review_queries.review_queue(store, reviewer.run_id, filters, num_cards + len(passed))
    is_next = ~page["index"].isin(passed).to_numpy()
    place = int(np.argmax(is_next)) if is_next.any() else len(page)
    rows = page[is_next].head(num_cards)
    if filters.status == "to_review":
        place, total, done = by_status["reviewed"], by_status["all"], by_status["reviewed"]
    else:
        total, done = by_status[filters.status], len(page) - int(is_next.sum())
    if focus is not None and focus not in set(rows["index"]):
        rows = pd.concat([_row_of(store, reviewer.run_id, focus), rows])
        place = max(0, place - 1)
    return QueueView(_cards(store, reviewer.run_id, rows), place + 1, total, done)


def store_events(reviewer: Reviewer, events: Sequence[CardEvent]) -> Outcome:
    """Store what was decided on the card, in order, each event once.

    Events after one that cannot be stored wait with it, so that the order stays.
    """
    stored: list[str] = []
    focus, notice = None, None
    try:
        for kind, group in groupby(events, key=lambda event: event.kind):
            found = list(group)
            if kind == "decision":
                decisions.record_decisions(workspace().store, [_decision(reviewer, event) for event in found])
                stored += [event.event_id for event in found]
                focus, notice = None, _overlooked(found)
                continue
            for event in found:
                focus, notice = _step(reviewer, event)
                stored.append(event.event_id)
    except LaneError as error:
        notice = f"Not saved: {error}"
    except Exception:  # noqa: BLE001 - whatever it is, the decisions must stay in the browser
        number = secrets.token_hex(3)
        _LOG.exception("Error %s: %d review events are not stored", number, len(events) - len(stored))
        notice = (
            f"Not saved: something unexpected went wrong (error {number} in the log of the app). "
            "Your decisions stay here and are sent again."
        )
    return Outcome(stored, focus, notice)


def history(dataset_id: str, limit: int) -> pd.DataFrame:
    """Return the newest decisions, undos and redos on a project: see ``decision_history``."""
    return decisions.decision_history(workspace().store, dataset_id, limit)


def _overlooked(events: Sequence[CardEvent]) -> str | None:
    """Say what others decided meanwhile on the examples of these decisions; None where nobody did."""
    other = decisions.unseen_decisions(workspace().store, [event.event_id for event in events])
    if other.empty:
        return None
    last = other.iloc[-1]
    meant = f"chose {last['label']}" if last["action"] == "relabel" else f"decided {last['action']}"
    more = f" (and {len(other) - 1} more like it)" if len(other) > 1 else ""
    return (
        f"While {last['example_id']} was on your screen, {last['annotator']} {meant}{more}. "
        "Both decisions are on record, and yours counts; undo it if theirs should."
    )


def _step(reviewer: Reviewer, event: CardEvent) -> tuple[int | None, str | None]:
    """Undo or redo; return the example to show and what to say about it."""
    take = decisions.undo if event.kind == "undo" else decisions.redo
    found = take(workspace().store, reviewer.dataset_id, reviewer.annotator, event.event_id)
    if found is None:
        return None, f"{reviewer.annotator} has nothing left to {event.kind} in this project."
    # The browser shows again what it undid itself, unless the annotator decided in another window since.
    return (found.index if event.kind == "undo" and found.index != event.index else None), None


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
        seen_version=event.seen_version,
    )


def forget() -> None:
    """Read the class means anew: a history was dropped, or the database is another one."""
    _class_means.cache_clear()


def _cards(store: Store, run_id: str, rows: pd.DataFrame) -> list[Card]:
    if rows.empty:
        return []
    indices, epoch = rows["index"].tolist(), run_queries.last_epoch(store, run_id)
    return review_cards(
        rows,
        run_queries.trajectories(store, run_id, indices),
        review_queries.neighbours(store, run_id, indices),
        _class_means(store, run_id, run_queries.stored_epochs(store, run_id)),
        epoch,
    )


@lru_cache(maxsize=8)
def _class_means(store: Store, run_id: str, epochs: tuple[int, ...]) -> dict[str, tuple[float, ...]]:
    """Return the mean ALM of each label, one number an epoch. Reads every epoch, so it is kept."""
    means = run_queries.class_mean_margins(store, run_id).pivot(index="label", columns="epoch", values="alm")
    means = means.reindex(columns=range(1, max(epochs) + 1))
    return dict(zip(means.index, means.itertuples(index=False, name=None), strict=True))


def _decided_since(store: Store, reviewer: Reviewer, since: int) -> set[int]:
    """Return the examples that the annotator decided after a label version, undone ones left out."""
    num_rows = decisions.label_version(store, reviewer.dataset_id) - since
    if num_rows <= 0:
        return set()
    rows = decisions.decision_history(store, reviewer.dataset_id, num_rows)
    is_own = (rows["annotator"] == reviewer.annotator) & (rows["seq"] > since)
    return set(rows.loc[is_own & (rows["kind"] == "decision") & rows["is_live"], "index"])


def _row_of(store: Store, run_id: str, index: int) -> pd.DataFrame:
    """Return one example as a row of the queue: its place among all of them is looked up first."""
    order = result_queries.predictions(store, run_id).sort_values(["label_score", "index"])
    place = int(np.argmax(order["index"].to_numpy() == index))
    row = review_queries.review_queue(store, run_id, _EVERYTHING, limit=1, offset=place)
    return row[row["index"] == index]  # none, if an epoch was read in between the two queries
