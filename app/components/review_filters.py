"""The filters of the review queue, in the sidebar. The address bar holds them: it is read, and written on change.

All are pills. A browser sends back the words on the chosen option, with the count that it knew; pills take
yesterday's words for what was chosen, while a radio button or a list would call that a choice of something new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app import state
from app.components.plain_text import plain
from lane_core.records import QueueFilter

_STATUS_WORDS = {"to_review": "To review", "reviewed": "Reviewed", "all": "Both"}
_SCOPE_WORDS = {"suspects": "Suspects only", "all": "All examples"}
_MANY_CLASSES = 24  # more scroll in a box of their own
_BOX_HEIGHT = 320
_SINCE = "since"


def draw_review_filters(
    filters: QueueFilter, counts: dict[str, Any], classes: Sequence[str], label_version: int
) -> None:
    """Draw one control a filter, with what each choice would show beside it.

    Args:
        filters: Those in force.
        counts: As ``services.review.counts`` returns them.
        classes: Every label, in the order that stays whatever the counts are.
        label_version: Of the project now; where a queue with reviewed examples begins when a filter changes.
    """
    # The address is the truth: a reload, the back button and a link from another page all come through it.
    st.session_state["filter_status"] = filters.status
    st.session_state["filter_scope"] = "suspects" if filters.suspects_only else "all"
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
    st.pills(
        "Out of",
        list(_SCOPE_WORDS),
        required=True,
        format_func=lambda name: f"{_SCOPE_WORDS[name]} · {counts['by_scope'][name]:,}",
        key="filter_scope",
        **on_change,
    )
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
            suspects_only=chosen["filter_scope"] == "suspects",
        ),
        label_version,
    )
