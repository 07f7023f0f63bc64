"""The data map: which labels are learned easily, never, or now and then; a lasso opens what lies inside."""

from __future__ import annotations

import streamlit as st

from app.components.dynamics_parts import chart_config, draw_numbers_button, draw_queue_button
from app.services import dynamics
from app.services.dynamics_map import DataMap, data_map
from lane_core.charts.data_map import data_map as data_map_chart
from lane_core.wording import counted

_REGIONS = (
    (
        "hard",
        "Hard to learn",
        "the third with the lowest confidence. Wrong labels gather here, and difficult ones",
    ),
    (
        "ambiguous",
        "Ambiguous",
        "the third whose probability changes most: doubtful after many epochs, just learned after few",
    ),
    ("easy", "Easy to learn", "the third with the highest confidence, nearly always right"),
)
"""Field of ``Regions``, name, what it means."""


def draw_data_map(run_id: str) -> None:
    """Draw the map, what is marked on it, and its named regions."""
    st.markdown(
        "How sure the classifier is of each given label, against how much that changes from epoch to epoch. Draw a "
        "lasso or a box around points to review what lies inside.",
        help="Dataset Cartography (Swayamdipta et al., 2020). Confidence is the mean over the epochs of the "
        "probability that the classifier gives the label, variability its standard deviation, correctness the share of "
        "the epochs in which it predicts the label. Training examples only.",
    )
    found = data_map(run_id)
    if found is None:
        st.info(
            "This run has no probabilities of single epochs: a version before them made it, or its files are gone. "
            "Train again to get a data map.",
            icon=":material/info:",
        )
        return
    # Above the map, where it is seen when the map fills the window.
    above = st.container(horizontal=True, vertical_alignment="center")
    chosen = st.plotly_chart(
        data_map_chart(found.drawn, found.borders, len(found.epochs)),
        key="data_map",
        on_select="rerun",
        selection_mode=("box", "lasso"),
        config=chart_config(f"{run_id}.data-map"),
        alt=f"{len(found.drawn):,} training examples by variability and confidence.",
    )
    with above:
        _draw_marked(run_id, found, chosen.selection)
    _draw_limits(found)
    _draw_regions(run_id, found)
    draw_numbers_button(
        "Data map as CSV", lambda: dynamics.with_ids(run_id, found.frame), f"{run_id}.data-map"
    )


def _draw_marked(run_id: str, found: DataMap, selection: object) -> None:
    marked = found.marked(selection)  # type: ignore[arg-type]
    if not marked.any():
        st.caption("Nothing is marked. Draw around points; all examples inside count, drawn or not.")
        return
    st.markdown(f"{counted(int(marked.sum()), 'example')} inside, {found.num_flagged(marked):,} flagged.")
    draw_queue_button(
        run_id,
        found.indices(marked),
        "marked on the data map",
        "review_marked",
        what="selected",
        kind="primary",
    )


def _draw_regions(run_id: str, found: DataMap) -> None:
    for column, (field, name, meaning) in zip(st.columns(len(_REGIONS)), _REGIONS, strict=True):
        is_in = getattr(found.regions, field)
        with column:
            st.markdown(f"**{name}**: {meaning}.")
            if field == "ambiguous" and found.borders.ambiguous_from is None:
                st.caption("After one epoch nothing varies yet.")
                continue
            st.caption(f"{counted(int(is_in.sum()), 'example')}, {found.num_flagged(is_in):,} flagged")
            draw_queue_button(
                run_id, found.indices(is_in), f"{name.lower()} on the data map", f"review_{field}"
            )


def _draw_limits(found: DataMap) -> None:
    if len(found.drawn) < len(found.frame):
        flagged = int(found.drawn["is_flagged"].sum())
        others = len(found.drawn) - flagged
        st.caption(
            f"{len(found.drawn):,} of {len(found.frame):,} training examples are drawn: {flagged:,} flagged and "
            f"{others:,} others drawn by lot, the same every time. Lasso and box take in all that lie inside."
        )
    first, last = found.epochs[0], found.epochs[-1]
    if len(found.epochs) < last:
        st.caption(
            f"Only {counted(len(found.epochs), 'epoch')} from {first} to {last} could be read; others are missing."
        )
