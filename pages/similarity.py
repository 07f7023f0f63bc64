"""Similarity: which classes are taken for which, and the queue behind each pair.

Needs:   a selected project and a run with at least one epoch (otherwise points to Data or Train).
Reads:   services.matrices
Writes:  nothing
Session: project, run (read); matrix, epoch and the chosen pair of either matrix (read, write; in the address too)
"""

from functools import partial

import streamlit as st

from app import navigation, state
from app.charts.heatmaps import confusion_heatmap, similarity_heatmap
from app.components.epoch_player import choose_epoch, next_tick
from app.components.matrix_view import MatrixView, draw_matrix
from app.components.plain_text import plain
from app.services import matrices
from lane_core.errors import LaneError
from lane_core.records import QueueFilter


def main() -> None:
    st.title("Similarity", anchor=False)
    project_id, run_id = state.project_id(), state.run_id()
    if project_id is None:
        _draw_empty("No project yet. Import a file of labelled texts to begin.", "Import a file", "data")
        return
    if run_id is None:
        _draw_empty("No run yet. Train one: it learns which classes are alike.", "Go to Train", "train")
        return
    try:
        _draw(run_id)
    except LaneError as error:
        st.error(str(error), icon=":material/error:")


def _draw(run_id: str) -> None:
    epoch = matrices.last_epoch(run_id)
    if not epoch:
        _draw_empty("Nothing to see yet: this page fills with the run's first epoch.", "Watch the run", "train")
        return
    st.caption("Which classes this run takes for which. Click a cell, or choose a pair, to see its examples.")
    alike, confused = st.tabs(
        ["Class similarity", "Given against predicted"], key="matrix", bind="query-params"
    )
    if alike.open:
        with alike:
            st.fragment(_draw_similarity, run_every=next_tick())(run_id)
    if confused.open:
        with confused:
            _draw_confusion(run_id, epoch)


def _draw_similarity(run_id: str) -> None:
    st.markdown(
        "A bright cell: Pi, the network that learns how alike classes are, gives examples of the row's label a high "
        "probability of the column's. The diagonal, a class with itself, is grey."
    )
    chart, beside = _side_by_side()
    with chart:
        place = st.container()
        epoch = choose_epoch(matrices.similarity_epochs(run_id))
    matrix = matrices.similarity(run_id, epoch)

    def in_words(given: str, predicted: str, value: float) -> str:
        if given == predicted:
            return f"Pi backs the label **{plain(given)}** with {value:.2f} on average. Choose two classes."
        return (
            f"Pi takes **{plain(given)}** for **{plain(predicted)}** with {value:.2f} on average; "
            f"row mean {matrices.row_mean(matrix, given):.2f}"
        )

    def filters(given: str, predicted: str) -> QueueFilter | None:
        return None if given == predicted else matrices.similarity_filters(given, predicted)

    draw = partial(similarity_heatmap, epoch=epoch)
    alt = f"Heatmap of the class similarity after epoch {epoch}"
    view = MatrixView("similarity", matrix, lambda m, pair: draw(m, chosen=pair), filters, in_words, alt)
    draw_matrix(run_id, view, place, beside)


def _draw_confusion(run_id: str, epoch: int) -> None:
    st.markdown(
        "A bright cell: many examples with the row's label that the model takes for the column's class. "
        "The diagonal, where label and model agree, is grey."
    )
    chart, beside = _side_by_side()

    def in_words(given: str, predicted: str, value: float) -> str:
        examples = f"{value:,.0f} example{'' if value == 1 else 's'}"
        return f"**{plain(given)}** given, **{plain(predicted)}** predicted: {examples}"

    draw = partial(confusion_heatmap, epoch=epoch)
    alt = f"Heatmap of given against predicted labels after epoch {epoch}"
    view = MatrixView(
        "confusion",
        matrices.confusion(run_id),
        lambda m, pair: draw(m, chosen=pair),
        matrices.confusion_filters,
        in_words,
        alt,
    )
    draw_matrix(run_id, view, chart, beside)


def _side_by_side() -> tuple[st.delta_generator.DeltaGenerator, st.delta_generator.DeltaGenerator]:
    """Return a container as wide as its chart and one that takes the rest, or goes below on narrow screens."""
    row = st.container(horizontal=True, gap="large")
    return row.container(width="content"), row.container()


def _draw_empty(message: str, button: str, page: str) -> None:
    st.markdown(message)
    if st.button(button, type="primary"):
        navigation.go_to(page)


if __name__ == "__main__":
    main()
