"""The map: what it is coloured by, the chart whose regions can be marked, and beside it what is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.components.addressed_choice import keep, settle
from app.components.chart_pictures import picture_options
from app.components.csv_button import draw_csv_button
from app.components.map_selection import draw_selection
from app.components.redrawn import redrawn
from app.services import embedding_map
from app.services.embedding_map import STATUSES, EmbeddingMap, Region
from lane_core.charts.embedding_map import MAX_CATEGORIES, category_map, value_map
from lane_core.wording import counted

MOST_PICKED = 6
"""Of more classes than there are symbols, so many are told apart against grey."""
_REGION = "map_region"
_DRAWN_WITH = "map_drawn_with"
_CATEGORIES = {
    "given label": "given",
    "suggested label": "suggested",
    "status": "status",
    "annotator": "annotator",
}
_OTHERS = {
    "suggested label": "another label, or no suspect",
    "status": "neither flagged nor reviewed",
    "annotator": "nobody yet",
}
_VALUES = {
    "label score": ("label_score", "probability that the label is right"),
    "margin (ALM)": ("alm", "ALM, average margin (logits)"),
}
_CONFIG = {
    "scrollZoom": True,
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoomIn2d", "zoomOut2d", "autoScale2d"],
    "toImageButtonOptions": picture_options("map"),
}


def draw_map(run_id: str) -> None:
    """Draw the map of a run that has one; a mark on it draws only this part of the page anew."""
    redrawn(_draw)(run_id)


def _draw(run_id: str) -> None:
    found = embedding_map.embedding_map(run_id)
    st.caption(
        f"{_num_drawn(found)}, texts alike lie together. Circle an island of one colour among others to review it. "
        "The wheel zooms; while the toolbar is set to pan, a click marks one point. Suspects of a label are larger."
    )
    by, shown = _draw_choices(found)
    region = _region(run_id)
    chart, beside = st.columns([2, 1], gap="medium")
    _draw_chart(found, by, shown, region, chart)
    with beside:
        draw_selection(found, region, _clear)
        draw_csv_button("Map as CSV", lambda: embedding_map.as_csv(found), "map.csv", "download_map")


def _num_drawn(found: EmbeddingMap) -> str:
    if len(found.drawn) == len(found.frame):
        return counted(len(found.frame), "example")
    return (
        f"{len(found.drawn):,} of {len(found.frame):,} examples are drawn, all suspects among them; a mark takes in "
        "those that are not drawn too"
    )


def _draw_choices(found: EmbeddingMap) -> tuple[str, list[int]]:
    """Return what the map is coloured by, and the categories that have a colour."""
    options = ["given label", "suggested label", *_VALUES, "status"]
    if found.annotators:
        options.append("annotator")
    settle("map_by", options, options[0])
    by_column, picked_column = st.columns([2, 5])
    by = by_column.selectbox("Colour by", options, key="map_by")
    keep("map_by", options[0])
    if by in _VALUES:
        return by, []
    names = _names(found, by)
    codes = found.frame[_CATEGORIES[by]]
    used = [code for code in range(len(names)) if names.index(names[code]) == code]
    if len(used) <= MAX_CATEGORIES:
        return by, used
    first = embedding_map.most_suspected(found, codes, MOST_PICKED)
    key = f"map_picked_{by}_{found.run_id}"
    picked = picked_column.multiselect(
        f"Coloured, up to {MOST_PICKED}; the others are grey",
        used,
        default=first,
        format_func=lambda code: names[code],
        max_selections=MOST_PICKED,
        key=key,
        persist_state="session",
    )
    return by, picked


def _names(found: EmbeddingMap, by: str) -> Sequence[str]:
    return {"status": STATUSES, "annotator": found.annotators}.get(by, found.names)


def _draw_chart(found: EmbeddingMap, by: str, shown: Sequence[int], region: Region, place: Any) -> None:
    # A chart is another one for Streamlit, and its marks are gone, when anything in it changes. So the marks that
    # the chart begins with change only together with something else.
    drawn_with = (found.run_id, by, tuple(shown), id(found))
    if st.session_state.get(_DRAWN_WITH, (None,))[0] != drawn_with:
        st.session_state[_DRAWN_WITH] = (drawn_with, region.outlines)
    outlines = st.session_state[_DRAWN_WITH][1]
    place.plotly_chart(
        _figure(found, by, shown, outlines),
        key="map_chart",
        on_select=lambda: _mark(found.run_id),
        selection_mode=("points", "box", "lasso"),
        config=_CONFIG,
        alt=f"Every example as a point, coloured by {by}; texts that mean much the same lie together.",
    )


def _figure(found: EmbeddingMap, by: str, shown: Sequence[int], outlines: Sequence[Any]) -> go.Figure:
    title = f"Examples by {by}"
    if by in _VALUES:
        column, unit = _VALUES[by]
        return value_map(found.drawn, found.drawn[column].to_numpy(), title, unit, outlines)
    others = _OTHERS.get(by, "other labels")
    codes = found.drawn[_CATEGORIES[by]].to_numpy()
    if by == "suggested label":
        # Every example has a class that comes next to its own; for a suspect alone it is a suggestion.
        codes = np.where(found.drawn["is_suspect"], codes, -1)
    return category_map(found.drawn, codes, _names(found, by), shown, title, others, outlines)


def _region(run_id: str) -> Region:
    of_run, region = st.session_state.get(_REGION, (run_id, Region()))
    return region if of_run == run_id else Region()


def _mark(run_id: str) -> None:
    """Keep what was marked: a chart forgets it when it is drawn in other colours."""
    selection = st.session_state["map_chart"].selection
    boxes = [_corners(box["x"], box["y"]) for box in selection.box]
    lassos = [tuple(zip(lasso["x"], lasso["y"], strict=True)) for lasso in selection.lasso]
    clicked: tuple[int, ...] = ()
    if not boxes and not lassos:
        clicked = tuple(int(np.ravel(point["customdata"])[0]) for point in selection.points)
    st.session_state[_REGION] = (run_id, Region((*boxes, *lassos), clicked))


def _corners(x: Sequence[float], y: Sequence[float]) -> tuple[tuple[float, float], ...]:
    return ((x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1]))


def _clear() -> None:
    st.session_state.pop(_REGION, None)
    # The chart has to be another one to forget its marks.
    st.session_state.pop(_DRAWN_WITH, None)
