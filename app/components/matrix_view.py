"""A class matrix whose cells are doors: the chart, its most notable pairs in words, and the chosen pair's texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import navigation
from app.components.addressed_choice import keep, settle
from app.components.plain_text import plain
from app.services import matrices
from lane_core.charts.heatmaps import Pair
from lane_core.records import QueueFilter
from lane_core.wording import counted

TEXT_CHARACTERS = 160
_AXES = ("Given label", "Predicted label")
_DECIDED = {"keep": "kept", "relabel": "corrected", "exclude": "excluded", "flag": "second opinion"}


@dataclass(frozen=True)
class MatrixView:
    """What tells one matrix from another on screen."""

    name: str
    """Begins the keys of its widgets, which are also parameters of the address."""
    matrix: pd.DataFrame
    """(K, K), row names = given labels, column names = predicted labels."""
    epoch: int
    draw: Callable[[pd.DataFrame, int, Pair], go.Figure]
    """Matrix, epoch and chosen pair to a figure."""
    filters: Callable[[str, str], QueueFilter | None]
    """Given and predicted label to the queue of that pair; None where a cell leads nowhere."""
    in_words: Callable[[str, str, float], str]
    """Given label, predicted label and value to a sentence, in Markdown."""
    queue_words: str
    """What the queue of a pair holds, after "17 examples"."""
    alt: str
    """What a screen reader says of the chart."""


def draw_matrix(run_id: str, view: MatrixView, chart: DeltaGenerator, beside: DeltaGenerator) -> None:
    """Draw the matrix into one container and everything about its pairs into another."""
    notable = matrices.notable_pairs(view.matrix)
    names = list(view.matrix.index)
    default = (notable[0].given, notable[0].predicted) if notable else (names[0], names[1])
    pair = _settled_pair(view.name, names, default)
    chart_key = f"{view.name}_chart"
    chart.plotly_chart(
        view.draw(view.matrix, view.epoch, pair),
        width="content",
        key=chart_key,
        on_select=lambda: _choose_cell(view.name, chart_key),
        selection_mode="points",
        config={"displayModeBar": False},
        alt=view.alt,
    )
    with beside:
        _draw_notable(run_id, view, notable)
        st.markdown("**Chosen pair**")
        for column, key, words in zip(st.columns(2), _pair_keys(view.name), _AXES, strict=True):
            column.selectbox(words, names, key=key)
        _draw_pair(run_id, view, *pair)
    for key, label in zip(_pair_keys(view.name), default, strict=True):
        keep(key, label if pair == default else None)


def _settled_pair(name: str, classes: list[str], default: Pair) -> Pair:
    """Return the pair that the two boxes show, at first the most notable; a click on a cell sets them."""
    given, predicted = _pair_keys(name)
    settle(given, classes, default[0])
    settle(predicted, classes, default[1])
    return st.session_state[given], st.session_state[predicted]


def _pair_keys(name: str) -> tuple[str, str]:
    return f"{name}_given", f"{name}_predicted"


def _draw_notable(run_id: str, view: MatrixView, notable: list[matrices.NotablePair]) -> None:
    st.markdown("**Most notable**")
    if not notable:
        st.markdown("No pair stands out: everything lies on the diagonal.")
    for place, pair in enumerate(notable):
        words, button = st.columns([5, 3], vertical_alignment="center")
        words.markdown(view.in_words(pair.given, pair.predicted, pair.value))
        filters = view.filters(pair.given, pair.predicted)
        if filters is not None:
            with button:
                num_examples = matrices.num_in_queue(run_id, filters)
                _draw_review_button(filters, num_examples, "Review", f"{view.name}_notable_{place}")


def _choose_cell(name: str, chart_key: str) -> None:
    points = st.session_state[chart_key].selection.points
    # A second click on a cell takes the selection away; the pair stays.
    if points:
        given, predicted, _ = points[0]["customdata"]
        st.session_state.update(zip(_pair_keys(name), (given, predicted), strict=True))


def _draw_pair(run_id: str, view: MatrixView, given: str, predicted: str) -> None:
    filters = view.filters(given, predicted)
    st.markdown(view.in_words(given, predicted, view.matrix.at[given, predicted]))
    if filters is None:
        return
    queue = matrices.pair_queue(run_id, filters)
    if not queue.total:
        st.caption(_nothing_there(queue))
        return
    _draw_review_button(filters, queue.total, "Review all", f"{view.name}_review", kind="primary")
    st.caption(
        f"{counted(queue.total, 'example')} {view.queue_words}, {queue.suspects:,} suspected; "
        f"{queue.reviewed:,} reviewed already. Worst first:"
    )
    for row in queue.first.itertuples(index=False):
        marks = [row.example_id, *(["suspect"] if row.is_label_issue else []), *_decided(row)]
        with st.container(gap=None):
            st.text(_shortened(row.text))
            st.caption(plain(" · ".join(marks)))


def _draw_review_button(
    filters: QueueFilter,
    num_examples: int,
    words: str,
    key: str,
    kind: Literal["primary", "secondary"] = "secondary",
) -> None:
    if not num_examples:
        st.button("Nothing left", key=key, disabled=True, width="stretch")
        return
    label, icon = f"{words} {num_examples:,}", ":material/rate_review:"
    if st.button(label, key=key, icon=icon, width="stretch", type=kind):
        navigation.open_queue(filters)


def _nothing_there(queue: matrices.PairQueue) -> str:
    if queue.reviewed:
        return f"Nothing is left to review here: all {counted(queue.reviewed, 'example')} have a decision."
    return "No example belongs to this pair."


def _decided(row: Any) -> list[str]:
    status = row.status
    if not status:
        return []
    return [f"corrected to {row.current_label}" if status == "relabel" else _DECIDED[status]]


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    if len(words) <= TEXT_CHARACTERS:
        return words or "(empty text)"
    return f"{words[:TEXT_CHARACTERS].rstrip()}…"
