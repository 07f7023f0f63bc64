"""What the review page says about its queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from lane_core.records import ENDED_STATES, STRICTNESSES, QueueFilter, RunStatus

_ACTION_WORDS = {"keep": "kept", "relabel": "corrected", "exclude": "excluded", "flag": "second opinion"}
_KIND_WORDS = {"decision": "", "undo": "undone: ", "redo": "redone: "}


def headline(filters: QueueFilter, total: int, run_name: str, status: RunStatus) -> str:
    """Say in one line what the queue holds.

    Example:
        >>> headline(QueueFilter(given_labels=("fear", "joy")), 1200, "Run 1", RunStatus("finished"))
        '1,200 suspects of Run 1 to review, given label fear or joy, worst first.'
    """
    noun = _noun(filters, total)
    which = {"to_review": " to review", "reviewed": ", reviewed", "all": ", reviewed or not"}[filters.status]
    chosen = {
        "given": filters.given_labels,
        "suggested": filters.suggested_labels,
        "predicted": filters.predicted_labels,
    }
    labels = [f", {name} label {' or '.join(values)}" for name, values in chosen.items() if values]
    what = f"{total:,} {noun} of {run_name}{which}{''.join(labels)}, worst first."
    if status.state in ENDED_STATES:
        return what
    return f"{what} The run is in epoch {status.epoch} of {status.epochs}: they can still change."


def nothing_left(filters: QueueFilter, by_status: Mapping[str, int]) -> str:
    """Say why no card is left in the queue.

    Args:
        filters: What the queue holds.
        by_status: Examples that the other filters let pass, by status, as ``queue_counts`` gives them.

    Example:
        >>> nothing_left(QueueFilter(), {"to_review": 0, "reviewed": 130, "all": 130})
        'All 130 suspects are reviewed'
    """
    noun = _noun(filters)
    is_narrow = bool(filters.given_labels or filters.suggested_labels or filters.predicted_labels)
    which = f"{noun} with these labels" if is_narrow else noun
    num = by_status[filters.status]
    if filters.status == "to_review" and by_status["all"]:
        return f"All {by_status['all']:,} {which} are reviewed"
    if num:
        return f"You have been through all {num:,} {which}"
    if filters.status == "reviewed" and by_status["all"]:
        return f"None of the {by_status['all']:,} {which} is reviewed yet"
    return f"The run has no {which}"


def wider_queue(filters: QueueFilter, by_scope: Mapping[str, int]) -> tuple[str, QueueFilter] | None:
    """Return the next less strict queue that holds more, with the words of its button; None if none does.

    Args:
        filters: What the queue holds.
        by_scope: Examples that the other filters let pass, as ``queue_counts`` gives them.

    Example:
        >>> by_scope = {"sure": 0, "balanced": 0, "thorough": 90, "all": 800}
        >>> wider_queue(QueueFilter(strictness="sure"), by_scope)[0]
        'Go on with thorough: 90 more'
        >>> wider_queue(QueueFilter(suspects_only=False), by_scope)
    """
    if not filters.suspects_only:
        return None
    for strictness in STRICTNESSES[STRICTNESSES.index(filters.strictness) + 1 :]:
        more = by_scope[strictness] - by_scope[filters.strictness]
        if more:
            return f"Go on with {strictness}: {more:,} more", replace(filters, strictness=strictness)
    if by_scope["all"] == by_scope[filters.strictness]:
        return None
    return "Show all examples", replace(filters, suspects_only=False, strictness="balanced")


def _noun(filters: QueueFilter, number: int = 2) -> str:
    if not filters.suspects_only:
        return "example" if number == 1 else "examples"
    which = "" if filters.strictness == "balanced" else f" ({filters.strictness})"
    return f"suspect{'' if number == 1 else 's'}{which}"


def history_table(history: pd.DataFrame, time_zone: str) -> pd.DataFrame:
    """Return decisions as people read them.

    Args:
        history: As ``decision_history`` returns it.
        time_zone: Where the reader is.

    Returns:
        When, Who, Example, What, Label: the new label of a correction, otherwise the label seen.
    """
    when = history["created_at"].dt.tz_convert(time_zone)
    return pd.DataFrame(
        {
            "When": when.dt.strftime("%d %b %Y, %H:%M:%S"),
            "Who": history["annotator"],
            "Example": history["example_id"],
            "What": history["kind"].map(_KIND_WORDS) + history["action"].map(_ACTION_WORDS),
            "Label": history["label"].fillna(history["seen_label"]),
        }
    )
