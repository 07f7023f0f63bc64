"""A class matrix whose cells are doors: the chart, its most notable pairs in words, and the chosen pair's texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import navigation
from app.components.addressed_choice import keep, settle
from app.components.chart_pictures import picture_config
from app.components.plain_text import plain
from app.services.matrices import NotablePair, PairQueue
from lane_core.charts.heatmaps import Pair
from lane_core.charts.matrix_parts import MAX_CLASSES_UNTHINNED
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
    """(K, K) as shown, row names = given labels, column names = predicted labels."""
    classes: Sequence[str]
    """The same names in an order that stays when the matrix is ordered anew."""
    draw: Callable[[Pair], go.Figure]
    """Chosen pair to a figure."""
    notable: Sequence[NotablePair]
    num_behind: Callable[[Pair], int | None]
    """Pair to the length of its queue; None where a cell leads nowhere."""
    queue: Callable[[Pair], PairQueue | None]
    """Pair to what waits behind it; None where a cell leads nowhere."""
    filters: Callable[[Pair], QueueFilter]
    """Pair to its queue, once it is wanted."""
    in_words: Callable[[Pair], str]
    """Pair to a sentence, in Markdown."""
    queue_words: str
    """What the queue of a pair holds, after "17 examples"."""
    alt: str
    """What a screen reader says of the chart."""
    has_totals: bool = False
    """Whether a last row and column stand for any other class."""


def draw_matrix(view: MatrixView, chart: DeltaGenerator, beside: DeltaGenerator) -> None:
    """Draw the matrix into one container and everything about its pairs into another."""
    shown = list(view.matrix.index)
    default = view.notable[0].pair if view.notable else (shown[0], shown[-1])
    totals = any_other(view.classes)
    options = [*view.classes, totals] if view.has_totals else list(view.classes)
    keys = _pair_keys(view.name)
    for key, label in zip(keys, default, strict=True):
        settle(key, options, label)
    given, predicted = (st.session_state[key] for key in keys)
    pair = (None if given == totals else given, None if predicted == totals else predicted)
    chart_key = f"{view.name}_chart"
    cells = [*shown, totals] if view.has_totals else shown
    chart.plotly_chart(
        view.draw(pair),
        width="content",
        key=chart_key,
        on_select=lambda: _choose_cell(keys, cells, chart_key),
        selection_mode="points",
        config=picture_config(view.name, can_zoom=len(shown) > MAX_CLASSES_UNTHINNED),
        alt=view.alt,
    )
    with beside:
        _draw_notable(view)
        st.markdown("**Chosen pair**")
        for column, key, words in zip(st.columns(2), keys, _AXES, strict=True):
            column.selectbox(words, options, key=key)
        _draw_pair(view, pair)
    for key, label in zip(keys, default, strict=True):
        keep(key, label if pair == default else None)


def any_other(classes: Sequence[str]) -> str:
    """Return what the boxes call the row and column of totals: a name that no class has."""
    name = "(any other)"
    while name in classes:
        name = f"({name})"
    return name


def _pair_keys(name: str) -> tuple[str, str]:
    return f"{name}_given", f"{name}_predicted"


def _choose_cell(keys: tuple[str, str], cells: list[str], chart_key: str) -> None:
    points = st.session_state[chart_key].selection.points
    # A second click on a cell takes the selection away; the pair stays.
    if points:
        row, column = divmod(points[0]["point_index"], len(cells))
        st.session_state.update(zip(keys, (cells[row], cells[column]), strict=True))


def _draw_notable(view: MatrixView) -> None:
    st.markdown("**Most notable**")
    if not view.notable:
        st.markdown("No pair stands out: everything lies on the diagonal.")
    for place, found in enumerate(view.notable):
        words, button = st.columns([5, 3], gap="small", vertical_alignment="center")
        words.markdown(view.in_words(found.pair))
        num_examples = view.num_behind(found.pair)
        if num_examples is not None:
            with button:
                _draw_review_button(view, found.pair, num_examples, "Review", f"{view.name}_notable_{place}")


def _draw_pair(view: MatrixView, pair: Pair) -> None:
    st.markdown(view.in_words(pair))
    queue = view.queue(pair)
    if queue is None:
        return
    if not queue.total:
        st.caption(_nothing_there(queue))
        return
    _draw_review_button(view, pair, queue.total, "Review all", f"{view.name}_review", kind="primary")
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
    view: MatrixView,
    pair: Pair,
    num_examples: int,
    words: str,
    key: str,
    kind: Literal["primary", "secondary"] = "secondary",
) -> None:
    if not num_examples:
        st.button("Nothing left", key=key, disabled=True, width="stretch")
        return
    # Beside a sentence there is no room for a picture too.
    icon = ":material/rate_review:" if kind == "primary" else None
    if st.button(f"{words} {num_examples:,}", key=key, icon=icon, width="stretch", type=kind):
        navigation.open_queue(view.filters(pair))


def _nothing_there(queue: PairQueue) -> str:
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
