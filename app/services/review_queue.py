"""The next cards of somebody's queue: handed out, so that no two people get the same, with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from app.components.review_card_records import Card
from app.services.class_probabilities import class_probabilities
from app.services.review import Reviewer
from app.services.review_cards import Evidence, review_cards
from app.services.workspaces import workspace
from lane_core.records import QueueFilter, QueueStatus
from lane_core.store import (
    leases,
    people,
    related_queries,
    review_plans,
    review_queries,
    run_queries,
)
from lane_core.store.store import Store

_AHEAD = 10
"""Examples held beside those that the browser is given, so that not every decision writes a lease."""
_TRIES = 5
"""Others may take examples between looking and holding, but not for ever."""


@dataclass(frozen=True)
class QueueView:
    """The part of a queue that the browser is given."""

    cards: list[Card]
    position: int
    """Place of the first card in the whole queue, from 1."""
    total: int
    done: int
    num_elsewhere: int
    """Examples that could still be decided but are on the screens of others; counted only where no card is left."""


def queue_view(
    reviewer: Reviewer,
    filters: QueueFilter,
    by_status: dict[QueueStatus, int],
    since: int,
    num_cards: int,
    focus: int | None = None,
) -> QueueView:
    """Return the next cards of a queue with their evidence, held for the reviewer.

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
    is_shrinking = filters.status in ("to_review", "to_settle")
    passed = (
        set()
        if filters.status == "to_review"
        else people.decided_since(store, reviewer.dataset_id, reviewer.annotator, since)
    )
    if is_shrinking:
        share = leases.fair_share(store, reviewer.run_id, reviewer.annotator, by_status[filters.status])
        page = _held_page(store, reviewer, filters, min(num_cards, share), min(num_cards + _AHEAD, share))
    else:
        page = _held_page(store, reviewer, filters, num_cards + len(passed), 0)
    is_next = ~page["index"].isin(set() if is_shrinking else passed).to_numpy()
    rows = page[is_next].head(num_cards)
    if filters.status == "to_review":
        total = by_status["all"]
        done = place = total - by_status["to_review"]
    elif filters.status == "to_settle":
        done = place = len(passed)
        total = by_status["to_settle"] + done
    else:
        total, done = by_status[filters.status], len(page) - int(is_next.sum())
        place = int(np.argmax(is_next)) if is_next.any() else len(page)
    if focus is not None and focus not in set(rows["index"]):
        rows = pd.concat([review_queries.queue_rows(store, reviewer.run_id, [focus]), rows])
        place = max(0, place - 1)
    elsewhere = by_status[filters.status] if is_shrinking and rows.empty else 0
    return QueueView(_cards(store, reviewer, filters, rows), place + 1, total, done, elsewhere)


def give_back(reviewer: Reviewer) -> None:
    """Let others have what the reviewer held, when another queue is opened."""
    leases.release(workspace().store, reviewer.run_id, reviewer.annotator)


def forget() -> None:
    """Read the class means anew: a history was dropped, or the database is another one."""
    _class_means.cache_clear()


def _held_page(
    store: Store, reviewer: Reviewer, filters: QueueFilter, num_shown: int, num_held: int
) -> pd.DataFrame:
    for _ in range(_TRIES):
        page = review_queries.review_queue(
            store, reviewer.run_id, filters, max(num_shown, num_held), annotator=reviewer.annotator
        )
        indices = page["index"].tolist()
        shown, ahead = indices[:num_shown], indices[num_shown:]
        held = leases.hold(store, reviewer.run_id, filters, shown, reviewer.annotator, ahead)
        if held.issuperset(shown):
            break
    return page[page["index"].isin(held)]


def _cards(store: Store, reviewer: Reviewer, filters: QueueFilter, rows: pd.DataFrame) -> list[Card]:
    if rows.empty:
        return []
    run_id, dataset_id, indices = reviewer.run_id, reviewer.dataset_id, rows["index"].tolist()
    is_open = filters.status == "to_review"
    plan = review_plans.review_plan(store, dataset_id)
    if is_open and plan.overlap > 1:
        # Each of several people is asked for their own opinion: what others decided is not theirs to see yet.
        rows = rows.assign(status="", current_label=rows["given_label"])
    opinions = related_queries.opinions(store, dataset_id, indices)
    is_shown = opinions["is_from_file"] & (not plan.is_blind) if is_open else opinions["index"] >= 0
    probabilities = class_probabilities(dataset_id, run_id, indices)
    evidence = Evidence(
        trajectories=run_queries.trajectories(store, run_id, indices),
        neighbours=related_queries.neighbours(store, run_id, indices),
        duplicates=related_queries.duplicates(store, dataset_id, indices),
        opinions=opinions[is_shown],
        probabilities=pd.DataFrame(index=indices) if probabilities is None else probabilities,
        class_means=_class_means(store, run_id, run_queries.stored_epochs(store, run_id)),
        num_epochs=run_queries.last_epoch(store, run_id),
    )
    return review_cards(rows, evidence, reviewer.annotator)


@lru_cache(maxsize=8)
def _class_means(store: Store, run_id: str, epochs: tuple[int, ...]) -> dict[str, tuple[float, ...]]:
    """Return the mean ALM of each label, one number an epoch. Reads every epoch, so it is kept."""
    means = run_queries.class_mean_margins(store, run_id).pivot(index="label", columns="epoch", values="alm")
    means = means.reindex(columns=range(1, max(epochs) + 1))
    return dict(zip(means.index, means.itertuples(index=False, name=None), strict=True))
