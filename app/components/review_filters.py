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
from lane_core.store.queue_conditions import queue_scope
from lane_core.store.result_queries import FlagLevel
from lane_core.store.selections import Selection

_STATUS_WORDS = {
    "to_review": "To review",
    "to_settle": "To settle",
    "reviewed": "Reviewed",
    "keep": "Kept",
    "relabel": "Corrected",
    "exclude": "Excluded",
    "flag": "Second opinion",
    "all": "All",
}
_ORDER_WORDS = {
    "suspicion": "Most likely wrong",
    "harm": "Most harmful: likely wrong and far off",
    "margin": "Plain margin: the model was furthest from the label",
    "self_confidence": "Out of sample: unseen, least believed",
}
_SCOPE_WORDS = {
    **STRICTNESS_OPTIONS,
    "all": "**All examples**",
    "control": "**Control sample** · drawn by lot",
}
_SCOPE_HELP = (
    "Counts are under the other filters. The share of wrong labels is the run's own estimate for all suspects of that "
    "strictness. A control sample shows what the flags have missed: a hundred are a good start."
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
    selection: Selection | None,
) -> None:
    """Draw one control a filter, with what each choice would show beside it.

    Args:
        filters: Those in force.
        counts: As ``services.review.counts`` returns them.
        levels: What each strictness of the run comes to.
        classes: Every label in use, in the order that stays whatever the counts are.
        label_version: Of the project now; where a queue with reviewed examples begins when a filter changes.
        selection: The one that the filters keep to, if they do and it is kept.
    """
    _settle(filters)
    on_change: dict[str, Any] = {"on_change": _apply, "args": (label_version,)}
    by_status = counts["by_status"]
    # Those that show nothing would only be in the way, but the usual ones never move.
    usual = ("to_review", "reviewed", "all")
    st.pills(
        "Show",
        [name for name in _STATUS_WORDS if by_status[name] or name in (*usual, filters.status)],
        required=True,
        format_func=lambda name: f"{_STATUS_WORDS[name]} · {by_status[name]:,}",
        key="filter_status",
        **on_change,
    )
    if filters.selection:
        which = f"{plain(selection.words)} · {selection.num_examples:,}" if selection else "a lost selection"
        st.checkbox(f"Only {which}", key="filter_selected", **on_change)
    st.text_input("Text contains", key="filter_text", icon=":material/search:", max_chars=200, **on_change)
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
    if not filters.is_control:
        st.selectbox(
            "First", list(_ORDER_WORDS), format_func=_ORDER_WORDS.__getitem__, key="filter_order", **on_change
        )
    _draw_labels("Given label", "filter_given", classes, counts["by_given"], on_change)
    _draw_labels("Suggested label", "filter_suggested", classes, counts["by_suggested"], on_change)
    if filters.given_labels or filters.suggested_labels:
        st.checkbox("Also the other way round", key="filter_both", **on_change)
    if filters.predicted_labels:
        _draw_pills("Predicted label", "filter_predicted", dict.fromkeys(filters.predicted_labels), on_change)
    _draw_pills("How far apart", "filter_severities", counts["by_severity"], on_change)
    splits = {split: count for split, count in counts["by_split"].items() if count or split in filters.splits}
    if len(splits) > 1 or filters.splits:
        _draw_pills("Split", "filter_splits", splits, on_change)
    people = counts["by_annotator"] | {
        name: 0 for name in filters.annotators if name not in counts["by_annotator"]
    }
    if people:
        _draw_pills("Decided by", "filter_annotators", people, on_change)
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
    view = {"view": "table"} if state.shows_table() else {}
    st.query_params.from_dict({**state.address(), **state.filter_to_address(filters), **since, **view})


def queue_since(filters: QueueFilter, label_version: int) -> int:
    """Return the label version at which the annotator began with a queue that holds reviewed examples.

    The address has it, so that a reload goes on at the same place; a link from another page has not.
    """
    if filters.status == "to_review":
        return 0  # what is decided leaves this queue anyway
    value = st.query_params.get(_SINCE, "")
    began: dict[QueueFilter, int] = st.session_state.setdefault("review_began", {})
    return int(value) if value.isdecimal() else began.setdefault(filters, label_version)


def _settle(filters: QueueFilter) -> None:
    """Let the widgets say what the address says: a reload, the back button and links all come through it."""
    chosen = st.session_state
    chosen["filter_status"] = filters.status
    chosen["filter_selected"] = bool(filters.selection)
    chosen["filter_text"] = filters.text
    chosen["filter_scope"] = queue_scope(filters)
    chosen["filter_order"] = filters.order
    chosen["filter_given"] = list(filters.given_labels)
    chosen["filter_suggested"] = list(filters.suggested_labels)
    chosen["filter_both"] = filters.both_ways
    chosen["filter_predicted"] = list(filters.predicted_labels)
    chosen["filter_severities"] = list(filters.severities)
    chosen["filter_splits"] = list(filters.splits)
    chosen["filter_annotators"] = list(filters.annotators)


def _scope_captions(by_scope: Mapping[str, int], levels: Mapping[Strictness, FlagLevel]) -> list[str]:
    suspects = [wording.flagged(by_scope[name], level.expected_precision) for name, level in levels.items()]
    unflagged = f"of {by_scope['control']:,} that are not flagged"
    return [*suspects, wording.counted(by_scope["all"], "example"), unflagged]


def _draw_labels(
    title: str, key: str, classes: Sequence[str], counts: pd.DataFrame, on_change: dict[str, Any]
) -> None:
    count_of = dict(zip(counts["label"], counts["count"], strict=True))
    box = st.expander(title, expanded=True)
    with box.container(height=_BOX_HEIGHT if len(classes) > _MANY_CLASSES else "content", border=False):
        _draw_pills(title, key, {label: count_of.get(label, 0) for label in classes}, on_change, "collapsed")


def _draw_pills(
    title: str,
    key: str,
    counts: Mapping[str, int | None],
    on_change: dict[str, Any],
    label_visibility: Any = "visible",
) -> None:
    def words(name: str) -> str:
        return plain(name) if counts[name] is None else f"{plain(name)} · {counts[name]:,}"

    st.pills(
        title,
        list(counts),
        selection_mode="multi",
        format_func=words,
        label_visibility=label_visibility,
        key=key,
        **on_change,
    )


def _apply(label_version: int) -> None:
    chosen = st.session_state
    scope = chosen["filter_scope"]
    show_queue(
        QueueFilter(
            given_labels=tuple(chosen["filter_given"]),
            suggested_labels=tuple(chosen["filter_suggested"]),
            predicted_labels=tuple(chosen.get("filter_predicted", ())),
            both_ways=bool(chosen.get("filter_both")),
            severities=tuple(chosen["filter_severities"]),
            splits=tuple(chosen.get("filter_splits", ())),
            text=chosen["filter_text"].strip(),
            annotators=tuple(chosen.get("filter_annotators", ())),
            status=chosen["filter_status"],
            suspects_only=scope not in ("all", "control"),
            strictness="balanced" if scope in ("all", "control") else scope,
            is_control=scope == "control",
            order=chosen.get("filter_order", "suspicion"),
            selection=st.query_params.get("selection", "") if chosen.get("filter_selected") else "",
        ),
        label_version,
    )
