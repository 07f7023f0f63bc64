"""The filters of the review queue, in the sidebar. The address bar holds them: it is read, and written on change.

A browser sends back the words on the chosen option, with the count that it knew; pills take yesterday's words for
what was chosen, while a radio button would call that a choice of something new. So its counts stand in captions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app import state
from app.components.plain_text import plain
from app.components.strictness_words import STRICTNESS_OPTIONS
from lane_core import wording
from lane_core.records import QueueFilter, Strictness
from lane_core.store.result_queries import FlagLevel
from lane_core.store.review_queries import queue_scope

_STATUS_WORDS = {"to_review": "To review", "reviewed": "Reviewed", "all": "Both"}
_SCOPE_WORDS = {**STRICTNESS_OPTIONS, "all": "**All examples**"}
_SCOPE_HELP = (
    "Counts are under the other filters. The share of wrong labels is the run's own estimate for all suspects of that "
    "strictness."
)
_MANY_CLASSES = 24  # more scroll in a box of their own
_BOX_HEIGHT = 320
_SINCE = "since"


def draw_review_filters(
    filters: QueueFilter,
    counts: dict[str, Any],
    levels: Mapping[Strictness, FlagLevel],
    classes: Sequence[str],
    label_version: int,
) -> None:
    """Draw one control a filter, with what each choice would show beside it.

    Args:
        filters: Those in force.
        counts: As ``services.review.counts`` returns them.
        levels: What each strictness of the run comes to.
        classes: Every label, in the order that stays whatever the counts are.
        label_version: Of the project now; where a queue with reviewed examples begins when a filter changes.
    """
    # The address is the truth: a reload, the back button and a link from another page all come through it.
    st.session_state["filter_status"] = filters.status
    st.session_state["filter_scope"] = queue_scope(filters)
    st.session_state["filter_given"] = list(filters.given_labels)
    st.session_state["filter_suggested"] = list(filters.suggested_labels)
    st.session_state["filter_predicted"] = list(filters.predicted_labels)
    on_change: dict[str, Any] = {"on_change": _apply, "args": (label_version,)}
    st.pills(
        "Show",
        list(_STATUS_WORDS),
        required=True,
        format_func=lambda name: f"{_STATUS_WORDS[name]} · {counts['by_status'][name]:,}",
        key="filter_status",
        **on_change,
    )
    st.radio(
        "Strictness",
        list(_SCOPE_WORDS),
        format_func=_SCOPE_WORDS.__getitem__,
        captions=_scope_captions(counts["by_scope"], levels),
        help=_SCOPE_HELP,
        key="filter_scope",
        **on_change,
    )
    if levels["balanced"].expected_precision is None:
        st.caption("This run is of an earlier version: every strictness shows what it flagged.")
    _draw_labels("Given label", "filter_given", classes, counts["by_given"], on_change)
    _draw_labels("Suggested label", "filter_suggested", classes, counts["by_suggested"], on_change)
    if filters.predicted_labels:
        st.pills(
            "Predicted label",
            filters.predicted_labels,
            selection_mode="multi",
            format_func=plain,
            key="filter_predicted",
            **on_change,
        )
    if filters != QueueFilter():
        st.button(
            "Clear filters",
            icon=":material/filter_alt_off:",
            key="filter_clear",
            on_click=show_queue,
            args=(QueueFilter(), label_version),
        )


def show_queue(filters: QueueFilter, label_version: int) -> None:
    """Put these filters into the address: to be called before the page is drawn, by a widget."""
    since = {} if filters.status == "to_review" else {_SINCE: str(label_version)}
    st.query_params.from_dict({**state.address(), **state.filter_to_address(filters), **since})


def queue_since(filters: QueueFilter, label_version: int) -> int:
    """Return the label version at which the annotator began with a queue that holds reviewed examples.

    The address has it, so that a reload goes on at the same place; a link from another page has not.
    """
    if filters.status == "to_review":
        return 0  # what is decided leaves this queue anyway
    value = st.query_params.get(_SINCE, "")
    began: dict[QueueFilter, int] = st.session_state.setdefault("review_began", {})
    return int(value) if value.isdecimal() else began.setdefault(filters, label_version)


def _scope_captions(by_scope: Mapping[str, int], levels: Mapping[Strictness, FlagLevel]) -> list[str]:
    suspects = [wording.flagged(by_scope[name], level.expected_precision) for name, level in levels.items()]
    return [*suspects, wording.counted(by_scope["all"], "example")]


def _draw_labels(
    title: str, key: str, classes: Sequence[str], counts: pd.DataFrame, on_change: dict[str, Any]
) -> None:
    count_of = dict(zip(counts["label"], counts["count"], strict=True))
    box = st.expander(title, expanded=True)
    with box.container(height=_BOX_HEIGHT if len(classes) > _MANY_CLASSES else "content", border=False):
        st.pills(
            title,
            classes,
            selection_mode="multi",
            format_func=lambda label: f"{plain(label)} · {count_of.get(label, 0):,}",
            label_visibility="collapsed",
            key=key,
            **on_change,
        )


def _apply(label_version: int) -> None:
    chosen = st.session_state
    show_queue(
        QueueFilter(
            given_labels=tuple(chosen["filter_given"]),
            suggested_labels=tuple(chosen["filter_suggested"]),
            predicted_labels=tuple(chosen.get("filter_predicted", ())),
            status=chosen["filter_status"],
            suspects_only=chosen["filter_scope"] != "all",
            strictness="balanced" if chosen["filter_scope"] == "all" else chosen["filter_scope"],
        ),
        label_version,
    )
