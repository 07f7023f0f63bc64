"""A map that is not there yet: how to begin, how far it is, or why it came to nothing."""

from __future__ import annotations

import streamlit as st

from app.components.plain_text import plain
from app.components.redrawn import redrawn
from app.services import embedding_map
from lane_core.errors import LaneError
from lane_core.runs.map_status import MapStatus
from lane_core.wording import time_left

REFRESH = "1s"


def draw_map_progress(run_id: str, status: MapStatus) -> None:
    """Draw everything that stands where the map will be."""
    if status.state == "going":
        redrawn(_draw_going, run_every=REFRESH)(run_id)
        return
    if status.state == "failed":
        st.error(plain(status.message), icon=":material/error:")
    elif status.state == "interrupted":
        st.warning(
            "Laying out the map was interrupted: its process was killed, or the computer restarted. Start it again.",
            icon=":material/warning:",
        )
    else:
        st.markdown(
            "There is no map of this run yet. It takes about a minute for a few thousand texts and several for "
            "100,000, goes on in the background, and is kept."
        )
    label = "Lay out the map" if status.state == "absent" else "Start again"
    if st.button(label, type="primary", icon=":material/scatter_plot:", key="start_map"):
        try:
            embedding_map.start(run_id)
        except LaneError as error:
            st.error(plain(str(error)), icon=":material/error:")
        else:
            st.rerun()


def _draw_going(run_id: str) -> None:
    status = embedding_map.status(run_id)
    if status.state != "going":
        st.rerun()
    left = time_left(status.seconds_left) or "time left is known in a moment"
    st.progress(min(1.0, status.share), text=f"Laying out the map: {plain(status.phase)}, {left}")
    st.caption(
        "It goes on when you leave this page or close the app. Finding the neighbours moves the bar only at its end."
    )
