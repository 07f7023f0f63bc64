"""What the Similarity page shows of each matrix: its choices, the chart with its pairs, and the files of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.components.csv_button import draw_csv_button
from app.components.epoch_player import draw_epoch_slider, epoch_to_show
from app.components.matrix_controls import (
    choose_cells,
    choose_comparison,
    choose_form,
    choose_order,
    choose_sample,
)
from app.components.matrix_kinds import ShownSimilarity, confusion_view, similarity_view
from app.components.matrix_nearest import draw_nearest
from app.components.matrix_view import draw_matrix
from app.components.plain_text import plain
from app.services import confusions, similarities
from lane_core.charts.heatmaps import ConfusionCells, SimilarityForm

_LOOKS: dict[SimilarityForm, str] = {
    "raw": "A bright cell: examples given the row's label look to the model like the column's class.",
    "symmetric": "A bright cell: the two classes look alike to the model, whichever of them is the label.",
    "scaled": "A bright cell: of what the model gives to other classes than the row's label, much goes to the "
    "column's class.",
}
_COUNTS: dict[ConfusionCells, str] = {
    "examples": "A bright cell: many examples given the row's label, and the model predicts the column's.",
    "share": "A bright cell: of the examples given the row's label, many are predicted as the column's class.",
    "severity": "A bright cell: many examples, and far classes: these wrong labels do the most harm.",
}
_PI = """Pi, the network that learns how alike classes are, gives each example a probability of each class. A cell is
the mean over the training examples given the row's label. "Without the diagonal" divides each row by the sum of its
cells beside the diagonal."""
_SEVERITY = """Examples of all splits, by the label that the run trained on. Severity is 0 for the class nearest to the
label and goes towards 1 for ever farther ones, by the class similarity. "any other": all examples of a row or column
that lie off the diagonal."""
_SAMPLES = {
    True: "Out of sample: the prediction of classifiers that have not seen the example's label.",
    False: "In sample: the run's own prediction. It has seen the labels, and repeats some of the wrong ones.",
}


def draw_similarity(run_id: str) -> None:
    """Draw the class similarity of an epoch."""
    epochs = similarities.similarity_epochs(run_id)
    if not epochs:
        st.info("No class similarity of this run is stored.", icon=":material/info:")
        return
    meaning = st.empty()
    epoch, against = epoch_to_show(epochs), similarities.comparisons(run_id, epochs)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order, tree = choose_order(run_id)
        form = choose_form()
        comparison = choose_comparison(against)
    matrix = similarities.in_form(similarities.similarity(run_id, epoch), form).loc[order, order]
    other = similarities.compared_with(run_id, comparison, form).loc[order, order] if comparison else None
    words = against[comparison] if comparison else ""
    meaning.markdown(_similarity_meaning(form, words, has_tree=tree is not None), help=_PI)
    shown = ShownSimilarity(epoch, form, matrix, other, words, tree)
    left, beside = _side_by_side()
    chart, below = left.container(), left.container()
    draw_matrix(similarity_view(run_id, shown), chart, beside)
    with below:
        draw_epoch_slider(epochs)
        _draw_download(shown.shown, f"class-similarity-epoch-{epoch}")
    draw_nearest(matrix, epoch)


def draw_confusion(run_id: str) -> None:
    """Draw which labels are predicted as what after the last epoch."""
    meaning = st.empty()
    has_out_of_sample = confusions.has_out_of_sample(run_id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        is_out_of_sample = choose_sample(has_out_of_sample=has_out_of_sample)
        found = confusions.confusion(run_id, is_out_of_sample)
        cells = choose_cells(has_severity=found.severity is not None)
        order, _ = choose_order(run_id)
    words = f"{_COUNTS[cells]} Grey: both agree. {_SAMPLES[is_out_of_sample]}"
    if not has_out_of_sample:
        words += " This run has no prediction out of sample: an earlier version made it."
    meaning.markdown(words, help=_SEVERITY)
    left, beside = _side_by_side()
    chart, below = left.container(), left.container()
    view = confusion_view(run_id, found, cells, order)
    draw_matrix(view, chart, beside)
    with below:
        _draw_download(view.matrix, f"given-against-predicted-epoch-{found.epoch}")


def _similarity_meaning(form: SimilarityForm, against: str, *, has_tree: bool) -> str:
    if against:
        words = f"Red: more than in {plain(against)}. Blue: less. Grey: a class with itself."
    else:
        words = f"{_LOOKS[form]} Grey: a class with itself."
    return f"{words} The tree joins classes further left, the more alike they are." if has_tree else words


def _draw_download(matrix: pd.DataFrame, name: str) -> None:
    draw_csv_button(
        "Matrix as CSV",
        lambda: matrix.to_csv(index_label="given label", lineterminator="\n", float_format="%.6g").encode(),
        f"{name}.csv",
        f"download_{name}",
    )


def _side_by_side() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return a container as wide as its chart and one that takes the rest, or goes below on narrow screens."""
    row = st.container(horizontal=True, gap="medium")
    return row.container(width="content"), row.container()
