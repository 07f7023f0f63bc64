"""The review queue as a table: choose many rows, see what comes of a decision on all of them, store it as one step.

Streamlit says which rows are chosen by their places. So the rows stay what they were for as long as any is chosen,
and a table with other rows is another widget: a choice never falls on an example that was not on screen.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app.components.plain_text import plain
from app.components.redrawn import redrawn
from app.components.table_height import table_height
from app.services import review, review_table
from app.services.review_table import Batch, BatchAction, StoredBatch, TableRows
from lane_core.records import QueueFilter
from lane_core.wording import counted

_ROWS_SEEN = 4
_ROW_HEIGHT = 66
"""Pixels; in lower rows Streamlit writes one line only."""
_MOST_CHANGES = 12
_BLIND_COLUMNS = ("suggested", "wrong", "apart")
"""What a blind review must not show before the choice."""
_KEYS = "review_table"
_LABEL_KEY = f"{_KEYS}_label_to_set"


@dataclass
class _View:
    """What the table of one queue shows, from one drawing to the next."""

    filters: QueueFilter
    rows: TableRows
    number: int = 0
    """Of the widget: another one for other rows."""
    pending: Batch | None = None
    """What the preview shows."""
    stored: StoredBatch | None = None
    """The newest batch, while the notice about it stands."""
    notice: str = ""


@redrawn
def draw_review_table(reviewer: review.Reviewer, filters: QueueFilter, classes: list[str]) -> None:
    """Draw the first rows of a queue, the buttons that decide on the chosen ones, and the preview.

    Args:
        reviewer: Who decides.
        filters: What the queue holds.
        classes: Labels that can be set, in the order of their keys.
    """
    view = _current_view(reviewer, filters)
    _draw_notice(reviewer, view)
    if view.rows.frame.empty:
        st.markdown("No example is left under these filters.")
        return
    _draw(reviewer, view, classes)


def _current_view(reviewer: review.Reviewer, filters: QueueFilter) -> _View:
    """Return what is on screen; it is read anew unless rows of it are chosen."""
    key = f"{_KEYS}:{reviewer.run_id}:{reviewer.annotator}"
    view: _View | None = st.session_state.get(key)
    if view is not None and view.filters == filters and _chosen_places(view):
        return view
    rows = review_table.table_rows(reviewer, filters)
    if view is None:
        view = _View(filters, rows)
    elif view.filters != filters or view.rows != rows:
        view.filters, view.rows, view.pending = filters, rows, None
        view.number += 1
    st.session_state[key] = view
    return view


def _chosen_places(view: _View) -> list[int]:
    state = st.session_state.get(_widget_key(view))
    return sorted(state["selection"]["rows"]) if state else []


def _widget_key(view: _View) -> str:
    return f"{_KEYS}_rows_{view.number}"


def _draw(reviewer: review.Reviewer, view: _View, classes: list[str]) -> None:
    is_blind = review.plan(reviewer.dataset_id).is_blind
    _draw_rows(view, is_blind=is_blind)
    chosen = view.rows.frame.iloc[_chosen_places(view)]
    shown, total = len(view.rows.frame), view.rows.total
    which = f"The first {shown:,} of {total:,}" if total > shown else counted(total, "example")
    st.caption(
        f"{which}. {f'{len(chosen):,} chosen.' if len(chosen) else 'Choose rows, or all by the box on top.'}"
    )
    if view.pending and view.pending.chosen != frozenset(chosen["index"]):
        view.pending = None
    if chosen.empty:
        return
    if view.pending:
        _draw_preview(view, view.pending)
    else:
        _draw_buttons(reviewer, view, chosen, classes, is_blind=is_blind)


def _draw_rows(view: _View, *, is_blind: bool) -> None:
    frame = view.rows.frame
    columns = ("text", "given", "suggested", "wrong", "apart", "split", "decided")
    st.dataframe(
        frame.assign(decided=frame["status"].map(review_table.status_words)),
        key=_widget_key(view),
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        placeholder="–",
        column_order=[name for name in columns if not (is_blind and name in _BLIND_COLUMNS)],
        row_height=_ROW_HEIGHT,
        height=table_height(len(frame), most=_ROWS_SEEN, row_pixels=_ROW_HEIGHT),
        column_config={
            "text": st.column_config.TextColumn("Text", width=300),
            "given": "Given",
            "suggested": "Suggested",
            "wrong": st.column_config.NumberColumn(
                "Wrong",
                format="%d %%",
                width="small",
                help="How likely the given label is wrong.",
            ),
            "apart": st.column_config.TextColumn(
                "Apart",
                width="small",
                help="How far apart the run has learned the given and suggested label to be.",
            ),
            "split": st.column_config.TextColumn("Split", width="small"),
            "decided": st.column_config.TextColumn("Status", width="small"),
        },
    )


def _draw_buttons(
    reviewer: review.Reviewer, view: _View, chosen: pd.DataFrame, classes: list[str], *, is_blind: bool
) -> None:
    number, is_test = len(chosen), chosen["split"] == "test"
    num_suggested = int(((chosen["suggested"] != "") & ~is_test).sum())

    def button(label: str, icon: str, action: BatchAction, count: int) -> None:
        st.button(
            f"{label} ({count:,})",
            icon=f":material/{icon}:",
            disabled=count == 0,
            key=f"{_KEYS}_{action}",
            on_click=_plan,
            args=(reviewer, view, action),
        )

    with st.container(horizontal=True, vertical_alignment="center"):
        if not is_blind:
            button("Accept suggestions", "check", "accept", num_suggested)
        button("Keep given", "done_all", "keep", number)
        button("Exclude", "block", "exclude", number)
        button("Second opinion", "flag", "flag", number)
        label = st.selectbox(
            "Label to set",
            classes,
            index=None,
            placeholder="Choose a label",
            label_visibility="collapsed",
            key=_LABEL_KEY,
            width=180,
        )
        button("Set label", "label", "set", int((~is_test).sum()) if label else 0)


def _plan(reviewer: review.Reviewer, view: _View, action: BatchAction) -> None:
    """Let the preview take the place of the buttons: a second click finds nothing there that stores."""
    view.pending = review_table.plan_batch(
        reviewer,
        view.rows.frame.iloc[_chosen_places(view)],
        action,
        st.session_state[_LABEL_KEY] if action == "set" else None,
        batch_id=secrets.token_hex(8),
        is_settling=view.filters.status == "to_settle",
    )


def _draw_preview(view: _View, batch: Batch) -> None:
    decisions = counted(len(batch.decisions), "decision")
    with st.container(border=True, key=f"{_KEYS}_preview"):
        st.caption("This would be stored:")
        st.markdown("\n".join(_change_lines(batch)))
        for sentence in batch.left_out:
            st.caption(plain(sentence))
        with st.container(horizontal=True):
            is_wanted = st.button(f"Store {decisions}", type="primary", key=f"{_KEYS}_store")
            st.button("Cancel", key=f"{_KEYS}_cancel", on_click=_cancel, args=(view,))
    if is_wanted:
        view.stored = review_table.store_batch(batch)
        view.notice = f"{decisions} stored."
        _start_anew(view)


def _cancel(view: _View) -> None:
    view.pending = None


def _change_lines(batch: Batch) -> list[str]:
    shown = batch.changes if len(batch.changes) <= _MOST_CHANGES else batch.changes[: _MOST_CHANGES - 1]
    lines = [
        f"- {plain(before)} {'stays' if before == after else f'→ {plain(after)}'} · **{number:,}**"
        for before, after, number in shown
    ]
    rest = batch.changes[len(shown) :]
    if rest:
        lines.append(f"- {len(rest):,} other pairs · **{sum(number for _, _, number in rest):,}**")
    return lines


def _draw_notice(reviewer: review.Reviewer, view: _View) -> None:
    """Say what was stored, with its undo for as long as that would take back just this."""
    if view.stored and not review_table.is_newest(reviewer, view.stored):
        view.stored, view.notice = None, ""
    if not view.notice:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(plain(view.notice), icon=":material/check_circle:", width="stretch")
        is_unwanted = view.stored is not None and st.button(
            "Undo", icon=":material/undo:", key=f"{_KEYS}_undo"
        )
    if view.stored and view.stored.overlooked:
        st.warning(plain(view.stored.overlooked), icon=":material/group:")
    if is_unwanted and view.stored:
        view.notice = review_table.undo_batch(reviewer, view.stored)
        view.stored = None
        _start_anew(view)


def _start_anew(view: _View) -> None:
    """Choose nothing, and draw the page with what counts now."""
    view.pending = None
    view.number += 1
    st.rerun()
