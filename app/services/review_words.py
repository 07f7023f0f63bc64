"""What the review page says about its queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from lane_core.records import ENDED_STATES, STRICTNESSES, QueueFilter, RunStatus

ACTION_WORDS = {"keep": "kept", "relabel": "corrected", "exclude": "excluded", "flag": "second opinion"}
_KIND_WORDS = {"decision": "", "undo": "undone: ", "redo": "redone: "}


def headline(filters: QueueFilter, total: int, run_name: str, status: RunStatus, selected: str = "") -> str:
    """Say in one line what the queue holds; ``selected``: how its selection was made, where it has one.

    Example:
        >>> headline(QueueFilter(given_labels=("fear", "joy")), 1200, "Run 1", RunStatus("finished"))
        '1,200 suspects of Run 1 to review, given label fear or joy, most likely wrong first.'
    """
    noun = _noun(filters, total)
    chosen = {
        "given label": filters.given_labels,
        "suggested label": filters.suggested_labels,
        "predicted label": filters.predicted_labels,
        "split": filters.splits,
        "decided by": filters.annotators,
    }
    limits = [f", {name} {' or '.join(values)}" for name, values in chosen.items() if values]
    if filters.both_ways:
        limits.append(" (or the other way round)")
    if filters.severities:
        limits.append(f", {' or '.join(filters.severities)}")
    if filters.selection:
        limits.append(f", {selected or 'of a selection that is not kept any more'}")
    if filters.text:
        limits.append(f", with “{filters.text}” in the text")
    order = "in an order drawn by lot" if filters.is_control else _ORDERS[filters.order]
    what = f"{total:,} {noun} of {run_name}{_STATUSES[filters.status]}{''.join(limits)}, {order}."
    if status.state in ENDED_STATES:
        return what
    return f"{what} The run is in epoch {status.epoch} of {status.epochs}: they can still change."


_STATUSES = {
    "to_review": " to review",
    "to_settle": " to settle",
    "reviewed": ", reviewed",
    "keep": ", kept",
    "relabel": ", corrected",
    "exclude": ", excluded",
    "flag": ", waiting for a second opinion",
    "all": ", reviewed or not",
}
_ORDERS = {
    "suspicion": "most likely wrong first",
    "harm": "most harmful first",
    "margin": "lowest plain margin first",
    "self_confidence": "least believed by a classifier that has not seen them first",
}


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
    is_narrow = replace(filters, status="all", order="suspicion") != QueueFilter(
        status="all",
        suspects_only=filters.suspects_only,
        strictness=filters.strictness,
        is_control=filters.is_control,
    )
    which = f"{noun} under these filters" if is_narrow else noun
    num = by_status[filters.status]
    if filters.status == "to_review" and by_status["all"]:
        return f"All {by_status['all']:,} {which} are reviewed"
    if filters.status == "to_settle":
        return "Nothing is left to settle: nobody disagrees, and nobody waits for a second opinion"
    if num:
        return f"You have been through all {num:,} {which}"
    if by_status["all"] and filters.status != "all":
        return f"None of the {by_status['all']:,} {which} is {_STATUSES[filters.status].strip(', ')} yet"
    return f"The run has no {which}"


def elsewhere(number: int) -> str:
    """Say that what is left is on the screens of others.

    Example:
        >>> elsewhere(1)
        'The last one is on the screen of somebody else'
    """
    left = "The last one is on the screen" if number == 1 else f"The last {number:,} are on the screens"
    return f"{left} of somebody else"


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
    if not filters.suspects_only or filters.is_control:
        return None
    for strictness in STRICTNESSES[STRICTNESSES.index(filters.strictness) + 1 :]:
        more = by_scope[strictness] - by_scope[filters.strictness]
        if more:
            return f"Go on with {strictness}: {more:,} more", replace(filters, strictness=strictness)
    if by_scope["all"] == by_scope[filters.strictness]:
        return None
    return "Show all examples", replace(filters, suspects_only=False, strictness="balanced")


def _noun(filters: QueueFilter, number: int = 2) -> str:
    if filters.is_control:
        return "unflagged example" if number == 1 else "unflagged examples"
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
        When, Who, Example (of several taken together: how many), What, Label: the new label of a correction,
        otherwise the label seen; Note.
    """
    when = history["created_at"].dt.tz_convert(time_zone)
    is_alone = history["num_decisions"] == 1
    together = history["num_decisions"].map("{:,} together".format)
    return pd.DataFrame(
        {
            "When": when.dt.strftime("%d %b %Y, %H:%M:%S"),
            "Who": history["annotator"],
            "Example": history["example_id"].where(is_alone, together),
            "What": history["kind"].map(_KIND_WORDS) + history["action"].map(ACTION_WORDS),
            "Label": history["label"].fillna(history["seen_label"]).where(is_alone, ""),
            "Note": history["note"],
        }
    )
