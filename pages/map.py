"""Map: every example as a point, texts that mean much the same together; a marked island becomes a queue.

Needs:   a selected project and a finished run (otherwise points to Data or Train); lays out the map when asked.
Reads:   services.embedding_map
Writes:  starts the job that lays out the map; keeps marked examples as a selection
Session: project, run (read); map_by (read, write; in the address too); the marked region
"""

import streamlit as st

from app.components.map_progress import draw_map_progress
from app.components.map_view import draw_map
from app.components.next_step import chosen_run, draw_next_step
from app.components.plain_text import plain
from app.services import embedding_map
from lane_core.errors import LaneError


def main() -> None:
    st.title("Map", anchor=False)
    chosen = chosen_run("it learns which texts are alike.")
    if chosen is None:
        return
    _, run_id = chosen
    try:
        _draw(run_id)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _draw(run_id: str) -> None:
    status = embedding_map.status(run_id)
    if status.state == "done":
        draw_map(run_id)
    elif embedding_map.can_have_map(run_id):
        draw_map_progress(run_id, status)
    else:
        draw_next_step(
            "No map yet: it is made of what the run has learned of each text, which is there when it has finished.",
            "Watch the run",
            "train",
        )


if __name__ == "__main__":
    main()
