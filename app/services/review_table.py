"""Deciding on many examples at once: what would be stored, said before it is, and stored as one step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from app.services.review import Reviewer
from app.services.review_cards import suggestion
from app.services.review_words import ACTION_WORDS
from app.services.workspaces import workspace
from lane_core.records import Decision, DecisionAction, QueueFilter
from lane_core.store import decision_queries, decisions, people, review_plans, review_queries
from lane_core.wording import counted, severity

MOST_ROWS = 500
BatchAction = Literal["accept", "keep", "set", "exclude", "flag"]
"""accept: each example gets its suggestion; set: all get one label; the others as for a single decision."""

_LONGEST_TEXT = 600  # a cell that is opened shows this much
_CERTAIN = (1, 99)
"""Percent; an estimate is never quite certain."""
_EXCLUDED, _SECOND_OPINION = "excluded", "second opinion"


@dataclass(frozen=True)
class TableRows:
    """The first examples of a queue."""

    frame: pd.DataFrame
    """index, version, status (as the store has them); example_id, text, given, suggested ("" where none), current,
    wrong (how likely the given label is wrong, in percent; missing where the run does not say), apart, split."""
    total: int
    """Examples of the whole queue."""

    def __eq__(self, other: object) -> bool:
        """Whether the same examples stand there in the same order, with the same decisions."""
        if not isinstance(other, TableRows):
            return NotImplemented
        return self.total == other.total and self.frame.equals(other.frame)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Batch:
    """Decisions that are taken together."""

    batch_id: str
    chosen: frozenset[int]
    """The examples that were chosen, left out ones included."""
    decisions: tuple[Decision, ...]
    changes: tuple[tuple[str, str, int], ...]
    """What is there now, what comes of it, examples: most examples first."""
    left_out: tuple[str, ...]
    """Which of the chosen examples stay as they are, and why, a sentence each."""


@dataclass(frozen=True)
class StoredBatch:
    """A batch after it was stored."""

    indices: frozenset[int]
    before: int
    """Label version when it was about to be stored."""
    after: int
    """Label version when it was."""
    undo_id: str
    overlooked: str
    """What others decided meanwhile; empty where nobody did."""


def table_rows(reviewer: Reviewer, filters: QueueFilter) -> TableRows:
    """Return the first ``MOST_ROWS`` examples of a queue."""
    store = workspace().store
    queue = review_queries.review_queue(
        store, reviewer.run_id, filters, MOST_ROWS, annotator=reviewer.annotator
    )
    total = len(queue)
    if total == MOST_ROWS:
        total = review_queries.queue_counts(store, reviewer.run_id, filters, reviewer.annotator)["total"]
    suggested = [suggestion(row) for row in queue.itertuples(index=False, name="Row")]
    # Without a severity the run is of an earlier version, whose score is no probability.
    score = queue["label_score"].astype("float64").where(queue["severity"].notna())
    frame = pd.DataFrame(
        {
            "index": queue["index"],
            "version": queue["version"],
            "status": queue["status"],
            "example_id": queue["example_id"],
            "text": [_cut(text) for text in queue["text"]],
            "given": queue["given_label"],
            "suggested": [
                "" if label == given else label
                for label, given in zip(suggested, queue["given_label"], strict=True)
            ],
            "current": queue["current_label"],
            "wrong": (100 * (1 - score)).clip(*_CERTAIN).round(),
            "apart": [severity(1.0 if pd.isna(value) else value) for value in queue["similarity"]],
            "split": queue["split"],
        }
    )
    return TableRows(frame, max(total, len(frame)))


def plan_batch(
    reviewer: Reviewer,
    rows: pd.DataFrame,
    action: BatchAction,
    label: str | None,
    batch_id: str,
    *,
    is_settling: bool = False,
) -> Batch:
    """Return what a decision on many examples comes to; nothing is stored.

    The labels of a test split are never corrected in bulk: its numbers would then measure the model by itself.

    Args:
        reviewer: Who decides.
        rows: The chosen rows of ``TableRows.frame``.
        action: What is to be done with them.
        label: For "set"; None otherwise.
        batch_id: Gives every decision its id, so that storing twice stores once.
        is_settling: The decisions end disagreements of others.
    """
    made: list[Decision] = []
    changes: Counter[tuple[str, str]] = Counter()
    num_test = num_without = 0
    for row in rows.itertuples(index=False, name="Row"):
        chosen = {"accept": row.suggested, "set": label}.get(action, row.given)
        if action in ("accept", "set") and row.split == "test":
            num_test += 1
        elif not chosen:
            num_without += 1
        else:
            kind = _kind(action, is_given=chosen == row.given)
            changes[row.current if row.status != "exclude" else _EXCLUDED, _comes_to(kind, chosen)] += 1
            made.append(
                Decision(
                    decision_id=f"{batch_id}:{row.index}",
                    dataset_id=reviewer.dataset_id,
                    index=int(row.index),
                    action=kind,
                    label=chosen if kind == "relabel" else None,
                    seen_label=row.given,
                    run_id=reviewer.run_id,
                    annotator=reviewer.annotator,
                    seen_version=int(row.version),
                    batch_id=batch_id,
                    is_settling=is_settling and kind != "flag",
                )
            )
    return Batch(
        batch_id,
        frozenset(rows["index"]),
        tuple(made),
        tuple((before, after, number) for (before, after), number in changes.most_common()),
        _left_out(num_without, num_test),
    )


def store_batch(batch: Batch) -> StoredBatch:
    """Store the decisions of a batch; those that are stored already are not stored again."""
    store, dataset_id = workspace().store, batch.decisions[0].dataset_id
    before = decision_queries.label_version(store, dataset_id)
    decisions.record_decisions(store, batch.decisions)
    return StoredBatch(
        frozenset(decision.index for decision in batch.decisions),
        before,
        decision_queries.label_version(store, dataset_id),
        f"{batch.batch_id}:undo",
        _overlooked(batch),
    )


def is_newest(reviewer: Reviewer, stored: StoredBatch) -> bool:
    """Return whether an undo of the reviewer would take back this batch, and all of it."""

    def decided_since(version: int) -> set[int]:
        return people.decided_since(workspace().store, reviewer.dataset_id, reviewer.annotator, version)

    return decided_since(stored.before) == stored.indices and not decided_since(stored.after)


def undo_batch(reviewer: Reviewer, stored: StoredBatch) -> str:
    """Take back a batch, unless the reviewer has gone on since; return what to say, in plain text."""
    if not is_newest(reviewer, stored):
        return (
            "You have decided or undone something else since. Undo one step after the other with the cards."
        )
    decisions.undo(workspace().store, reviewer.dataset_id, reviewer.annotator, stored.undo_id)
    return f"{counted(len(stored.indices), 'decision')} undone."


def status_words(status: str) -> str:
    """Return what was decided on an example."""
    return ACTION_WORDS.get(status, "to review")


def _kind(action: BatchAction, *, is_given: bool) -> DecisionAction:
    """Return the decision on one example: who sets the label that is there keeps it."""
    if action in ("accept", "set"):
        return "keep" if is_given else "relabel"
    return action


def _comes_to(kind: DecisionAction, label: str) -> str:
    return {"exclude": _EXCLUDED, "flag": _SECOND_OPINION}.get(kind, label)


def _left_out(num_without: int, num_test: int) -> tuple[str, ...]:
    sentences = []
    if num_without:
        stay = "stays as it is" if num_without == 1 else "stay as they are"
        sentences.append(f"{counted(num_without, 'row')} {stay}: no suggestion.")
    if num_test:
        verb = "is" if num_test == 1 else "are"
        sentences.append(
            f"{counted(num_test, 'row')} of the test split {verb} left out: test labels are never corrected in bulk."
        )
    return tuple(sentences)


def _overlooked(batch: Batch) -> str:
    """Say on how many examples others decided meanwhile; empty where they were meant to, or nobody did."""
    store = workspace().store
    if review_plans.review_plan(store, batch.decisions[0].dataset_id).overlap > 1:
        return ""
    ids: Sequence[str] = [decision.decision_id for decision in batch.decisions]
    other = decision_queries.unseen_decisions(store, ids)
    if other.empty:
        return ""
    names = ", ".join(sorted(set(other["annotator"])))
    return (
        f"{names} decided on {counted(len(other), 'example')} of these while you looked. Both decisions are on record, "
        "and yours count; undo them if the others should."
    )


def _cut(text: Any) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
