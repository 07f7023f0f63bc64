"""Similarity: which classes are taken for which, and the queue behind each pair.

Needs:   a selected project and a run with at least one epoch (otherwise points to Data or Train).
Reads:   services.matrices
Writes:  nothing
Session: project, run (read); matrix, epoch and the chosen pair of either matrix (read, write; in the address too)
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import state
from app.components.addressed_choice import keep, settle
from app.components.epoch_player import draw_epoch_slider, epoch_to_show, next_tick
from app.components.matrix_kinds import confusion_view, similarity_view
from app.components.matrix_view import draw_matrix
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.plain_text import plain
from app.services import matrices, workspaces
from lane_core.errors import LaneError

MATRICES = ("Class similarity", "Given against predicted")


def main() -> None:
    st.title("Similarity", anchor=False)
    project_id, run_id = state.project_id(), state.run_id()
    if project_id is None:
        draw_next_step(*NO_PROJECT)
        return
    if run_id is None:
        draw_next_step("No run yet. Train one: it learns which classes are alike.", "Go to Train", "train")
        return
    try:
        run_name = next(run.name for run in workspaces.runs(project_id) if run.run_id == run_id)
        _draw(run_id, run_name)
    except LaneError as error:
        st.error(str(error), icon=":material/error:")


def _draw(run_id: str, run_name: str) -> None:
    epoch = matrices.last_epoch(run_id)
    if not epoch:
        draw_next_step(
            "Nothing to see yet: this page fills with the run's first epoch.", "Watch the run", "train"
        )
        return
    st.caption(
        f"Which classes {plain(run_name)} takes for which. Click a cell, or choose a pair, to see its examples."
    )
    settle("matrix", MATRICES, MATRICES[0])
    alike, confused = st.tabs(MATRICES, key="matrix", on_change="rerun")
    keep("matrix", MATRICES[0])
    if alike.open:
        with alike:
            st.fragment(_draw_similarity, run_every=next_tick())(run_id)
    if confused.open:
        with confused:
            _draw_confusion(run_id, epoch)


def _draw_similarity(run_id: str) -> None:
    st.markdown(
        "A bright cell: examples given the row's label look to the model like the column's class. Grey: a class "
        "with itself.",
        help="Pi, the network that learns how alike classes are, gives each example a probability of each class. A "
        "cell is the mean over the training examples given the row's label.",
    )
    epochs = matrices.similarity_epochs(run_id)
    if not epochs:
        st.info("No class similarity of this run is stored.", icon=":material/info:")
        return
    left, beside = _side_by_side()
    chart, below = left.container(), left.container()
    draw_matrix(run_id, similarity_view(run_id, epoch_to_show(epochs)), chart, beside)
    with below:
        draw_epoch_slider(epochs)


def _draw_confusion(run_id: str, epoch: int) -> None:
    st.markdown(
        "A bright cell: many examples given the row's label, and the model predicts the column's. Grey: both agree.",
        help="Examples of all splits, by the label that the run trained on and the label it predicts in the end.",
    )
    chart, beside = _side_by_side()
    draw_matrix(run_id, confusion_view(run_id, epoch), chart, beside)


def _side_by_side() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return a container as wide as its chart and one that takes the rest, or goes below on narrow screens."""
    row = st.container(horizontal=True, gap="large")
    return row.container(width="content"), row.container()


if __name__ == "__main__":
    main()
