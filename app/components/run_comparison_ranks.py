"""How the queue changed between two runs: a chart whose points become a queue."""

from __future__ import annotations

import streamlit as st

from app import navigation, state
from app.components.chart_pictures import picture_options
from app.components.csv_button import draw_csv_button
from app.components.plain_text import plain
from app.services.comparing_ranks import Movement
from app.services.selected_queue import selected_queue
from lane_core.charts.rank_movement import rank_movement
from lane_core.records import RunRecord
from lane_core.wording import counted

_CONFIG = {"displaylogo": False, "toImageButtonOptions": picture_options("rank_movement")}


def draw_movement(before: RunRecord, after: RunRecord, moved: Movement) -> None:
    """Draw where the suspects of one run stand in the other's queue; nothing where neither run flags any."""
    if moved.points.empty:
        return
    st.markdown("**Rank movement** · " + " ".join(_in_words(before, after, moved)))
    shown = (
        f"{len(moved.points):,} of them, drawn by lot"
        if len(moved.points) < moved.num_flagged
        else "all of them"
    )
    st.caption(
        f"The {counted(moved.num_flagged, 'example')} that either run flags; shown: {shown}. Below the line: more "
        "suspicious than before. Click a point, or draw a box or a lasso, to make a queue."
    )
    key = f"movement_{before.run_id}_{after.run_id}"
    event = st.plotly_chart(
        rank_movement(moved.points, before.name, after.name),
        key=key,
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        config=_CONFIG,
        alt="Scatter of the places of suspects in the queues of both runs.",
    )
    indices = sorted(
        {int(point["customdata"]) for point in event["selection"]["points"] if "customdata" in point}
    )
    with st.container(horizontal=True):
        draw_csv_button(
            "Places as CSV",
            lambda: moved.points.to_csv(index=False, lineterminator="\n").encode("utf-8"),
            "rank_movement.csv",
            "download_movement",
        )
        words = f"Review the {counted(len(indices), 'marked example')}"
        if indices and st.button(words, key="review_marked", type="primary", icon=":material/rate_review:"):
            filters = selected_queue(
                after.dataset_id, indices, f"marked between {before.name} and {after.name}"
            )
            state.select(after.dataset_id, after.run_id)
            navigation.open_queue(filters)


def _in_words(before: RunRecord, after: RunRecord, moved: Movement) -> list[str]:
    names = plain(before.name), plain(after.name)
    words = []
    if moved.median_of_before is not None:
        words.append(
            f"In the median, the suspects of {names[0]} {_moved(moved.median_of_before)} in {names[1]}."
        )
    if moved.median_of_after is not None:
        words.append(f"Those of {names[1]} {_moved(moved.median_of_after)} since {names[0]}.")
    if moved.rho is not None:
        words.append(
            f"Over all {moved.num_examples:,} examples the two orders agree with "
            f"Spearman's ρ = {f'{moved.rho:.2f}'.replace('-', '−')} (1 = the same order, 0 = none in common)."
        )
    return words


def _moved(places: float) -> str:
    number = round(abs(places))
    if not number:
        return "kept their place"
    return f"moved {counted(number, 'place')} {'back' if places > 0 else 'forward'}"
