"""What the review changed: labels of the file against labels now, each cell a door to its examples."""

from __future__ import annotations

import streamlit as st

from app import navigation
from app.components.chart_pictures import picture_config
from app.components.csv_button import draw_csv_button
from app.services import comparing_labels
from app.services.comparing_labels import LabelMoves, Move
from lane_core.charts.label_moves import label_moves
from lane_core.records import QueueFilter
from lane_core.wording import counted, percent

_KEY = "label_move"
_CHART_KEY = "label_moves_chart"


def draw_label_moves(dataset_id: str) -> None:
    """Draw the before-and-after matrix of the review; where nothing has changed, what to do about it."""
    st.subheader("What the review changed", anchor=False)
    found = comparing_labels.label_moves(dataset_id)
    changes = [move for move in found.moves if move.is_change]
    if not changes:
        st.markdown("Every label stands as in the file. Review the suspects: what you correct appears here.")
        if st.button("Review the suspects", key="begin_review", icon=":material/rate_review:"):
            navigation.open_queue(QueueFilter())
        return
    st.markdown(_in_words(found))
    st.caption(_how(found))
    by_key = {_key(move): move for move in found.moves}
    if st.session_state.get(_KEY) not in by_key:
        st.session_state[_KEY] = _key(changes[0])
    names = list(found.counts.index)
    st.plotly_chart(
        label_moves(found.counts, found.excluded),
        width="content",
        key=_CHART_KEY,
        on_select=lambda: _choose_cell(found, names),
        selection_mode="points",
        config=picture_config("label_moves", can_zoom=True),
        alt="Heatmap of labels in the file against labels now.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Label in the file → label now",
            list(by_key),
            format_func=lambda key: _move_name(by_key[key]),
            key=_KEY,
            width=380,
        )
        move = by_key[chosen]
        words = f"Review {counted(move.count, 'example')}"
        if st.button(words, key="review_move", type="primary", icon=":material/rate_review:"):
            navigation.open_queue(comparing_labels.move_queue(dataset_id, move))
        draw_csv_button(
            "Matrix as CSV", lambda: comparing_labels.moves_csv(found), "label_moves.csv", "download_moves"
        )


def _in_words(found: LabelMoves) -> str:
    share = percent((found.num_corrected + found.num_excluded) / found.num_examples)
    verbs = ["was" if number == 1 else "were" for number in (found.num_corrected, found.num_excluded)]
    return (
        f"**{counted(found.num_corrected, 'label')} {verbs[0]} corrected and {counted(found.num_excluded, 'example')} "
        f"{verbs[1]} excluded**: {share} of {found.num_examples:,}."
    )


def _how(found: LabelMoves) -> str:
    words = "A bright cell: many examples with the row's label in the file have the column's now. Grey: unchanged. "
    words += "Click a cell, or choose a pair, to see its examples."
    left_out = found.num_classes - len(found.counts)
    if left_out:
        words += (
            " 1 class without a change is left out."
            if left_out == 1
            else f" {left_out:,} classes without a change are left out."
        )
    return words


def _choose_cell(found: LabelMoves, names: list[str]) -> None:
    points = st.session_state[_CHART_KEY].selection.points
    # A second click on a cell takes the selection away; the pair stays.
    if not points:
        return
    row, column = divmod(points[0]["point_index"], len(names) + 1)
    now = names[column] if column < len(names) else None
    for move in found.moves:
        if move.given_name == names[row] and (None if move.now is None else move.now_name) == now:
            st.session_state[_KEY] = _key(move)


def _key(move: Move) -> str:
    return f"{move.given}:{'' if move.now is None else move.now}"


def _move_name(move: Move) -> str:
    return f"{move.given_name} → {move.now_name} ({move.count:,})"
