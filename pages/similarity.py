"""Similarity: which classes are taken for which, and the queue behind each pair.

Needs:   a selected project and a run with at least one epoch (otherwise points to Data or Train).
Reads:   services.matrices, services.similarities, services.confusions, services.label_flows
Writes:  a selection of examples, where the queue of a cell that no filter describes is opened
Session: project, run (read); matrix, epoch, the choices above each matrix and its chosen pair (read, write; in the
         address too)
"""

import streamlit as st

from app.components.addressed_choice import keep, settle
from app.components.epoch_player import next_tick
from app.components.matrix_flows import draw_flows
from app.components.matrix_tabs import draw_confusion, draw_similarity
from app.components.next_step import chosen_run, draw_next_step
from app.components.plain_text import plain
from app.components.redrawn import redrawn
from app.services import matrices, workspaces
from lane_core.errors import LaneError

MATRICES = ("Class similarity", "Given against predicted", "Given to suggested")


def main() -> None:
    st.title("Similarity", anchor=False)
    chosen = chosen_run("it learns which classes are alike.")
    if chosen is None:
        return
    project_id, run_id = chosen
    try:
        run_name = next(run.name for run in workspaces.runs(project_id) if run.run_id == run_id)
        _draw(run_id, run_name)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _draw(run_id: str, run_name: str) -> None:
    if not matrices.last_epoch(run_id):
        draw_next_step(
            "Nothing to see yet: this page fills with the run's first epoch.", "Watch the run", "train"
        )
        return
    st.caption(
        f"Which classes {plain(run_name)} takes for which. Click a cell, or choose a pair, to see its examples."
    )
    settle("matrix", MATRICES, MATRICES[0])
    alike, confused, moved = st.tabs(MATRICES, key="matrix", on_change="rerun")
    keep("matrix", MATRICES[0])
    if alike.open:
        with alike:
            redrawn(draw_similarity, run_every=next_tick())(run_id)
    if confused.open:
        with confused:
            redrawn(draw_confusion)(run_id)
    if moved.open:
        with moved:
            redrawn(draw_flows)(run_id)


if __name__ == "__main__":
    main()
