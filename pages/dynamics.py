"""Dynamics: how sure the run is of the labels, epoch by epoch, and the examples that behave oddly as a queue.

Needs:   a selected project and a run with at least one epoch (otherwise points to Data or Train).
Reads:   services.dynamics, services.dynamics_map
Writes:  the selection that a queue button opens
Session: project, run (read); dynamics, epoch, measure and the picked examples (read, write; in the address too)
"""

import streamlit as st

from app.components.addressed_choice import keep, settle
from app.components.dynamics_losses import draw_losses
from app.components.dynamics_map import draw_data_map
from app.components.dynamics_margins import draw_margins
from app.components.dynamics_trajectories import draw_trajectories
from app.components.dynamics_weights import draw_weights
from app.components.next_step import chosen_run, draw_next_step
from app.components.plain_text import plain
from app.components.redrawn import redrawn
from app.services import dynamics, workspaces
from lane_core.errors import LaneError

VIEWS = ("Margins", "Weights", "Trajectories", "Data map", "Losses")


def main() -> None:
    st.title("Dynamics", anchor=False)
    chosen = chosen_run("it watches every label over the epochs.")
    if chosen is None:
        return
    project_id, run_id = chosen
    try:
        run_name = next(run.name for run in workspaces.runs(project_id) if run.run_id == run_id)
        _draw(run_id, run_name)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _draw(run_id: str, run_name: str) -> None:
    history = dynamics.history(run_id)
    if not history.newest:
        draw_next_step(
            "Nothing to see yet: this page fills with the run's first epoch.", "Watch the run", "train"
        )
        return
    st.caption(f"How sure {plain(run_name)} is of each label, up to epoch {history.newest}.")
    for gap in history.gaps:
        st.info(gap, icon=":material/info:")
    settle("dynamics", VIEWS, VIEWS[0])
    margins, weights, trajectories, data_map, losses = st.tabs(VIEWS, key="dynamics", on_change="rerun")
    keep("dynamics", VIEWS[0])
    if margins.open:
        with margins:
            draw_margins(run_id, history)
    if weights.open:
        with weights:
            draw_weights(run_id, history)
    if trajectories.open:
        with trajectories:
            redrawn(draw_trajectories)(run_id, history)
    if data_map.open:
        with data_map:
            draw_data_map(run_id)
    if losses.open:
        with losses:
            draw_losses(run_id)


if __name__ == "__main__":
    main()
