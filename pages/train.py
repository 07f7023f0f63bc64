"""Train: start a run with one decision, and watch it.

Needs:   a selected project (otherwise points to Data).
Reads:   services.training (presets, estimates, label changes), services.live_runs (the chosen run)
Writes:  services.training.start_run; services.live_runs.cancel, resume, rename
Session: project, run (read, write); train_preset and the fields under "More" (read, write)
"""

import streamlit as st

from app import state
from app.components.live_run import draw_live_run
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.run_form import draw_run_form
from app.services import live_runs, training
from lane_core.errors import LaneError


def main() -> None:
    st.title("Train", anchor=False)
    project_id, run_id = state.project_id(), state.run_id()
    if project_id is None:
        draw_next_step(*NO_PROJECT)
        return
    st.caption(
        "A run trains on the labels as they stand and watches, epoch by epoch, which of them do not fit."
    )
    try:
        if run_id is None:
            draw_run_form(project_id)
            return
        live = live_runs.live_run(run_id)
        # While a run goes on it comes first; once it has ended, so does what can be done next.
        if live.is_going:
            draw_live_run(live)
        _draw_next_run(project_id, has_failed=live.status.state == "failed")
        if not live.is_going:
            draw_live_run(live)
    except LaneError as error:
        st.error(str(error), icon=":material/error:")


def _draw_next_run(project_id: str, *, has_failed: bool) -> None:
    changes = training.label_changes(project_id)
    title = "Train again on the labels as they stand" if changes else "Start another run"
    is_open = has_failed or bool(changes and changes.is_new)
    with st.expander(title, expanded=is_open, icon=":material/add:", type="compact"):
        draw_run_form(project_id, changes)


if __name__ == "__main__":
    main()
