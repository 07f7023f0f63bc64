"""The two class matrices as the Similarity page shows them: what they are called, and where their cells lead."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from app.components.matrix_view import MatrixView
from app.components.plain_text import plain
from app.services import confusions, matrices, similarities
from app.services.confusions import Confusion
from app.services.matrices import PairQueue
from lane_core.charts.heatmaps import (
    ConfusionCells,
    Pair,
    SimilarityForm,
    confusion_heatmap,
    confusion_values,
    similarity_heatmap,
)
from lane_core.evidence.class_tree import ClassTree
from lane_core.wording import counted, percent


@dataclass(frozen=True, eq=False)
class ShownSimilarity:
    """A similarity matrix as the page shows it; rows and columns in the order of the chart."""

    epoch: int
    form: SimilarityForm
    matrix: pd.DataFrame
    """In its form."""
    other: pd.DataFrame | None = None
    """What it is compared with, in the same form and order; None = with nothing."""
    other_words: str = ""
    """What that is, for instance "epoch 1"."""
    tree: ClassTree | None = None
    """Where the order is that of a tree."""

    @property
    def shown(self) -> pd.DataFrame:
        """The matrix, or how it differs."""
        return self.matrix if self.other is None else self.matrix - self.other


def similarity_view(run_id: str, shown: ShownSimilarity) -> MatrixView:
    """Return how readily Pi takes an example of one class for another; a cell leads to what waits for review."""
    matrix, form = shown.shown, shown.form
    names = matrices.class_names(run_id)

    waiting = matrices.num_to_review(run_id)

    def num_behind(pair: Pair) -> int | None:
        given, predicted = str(pair[0]), str(pair[1])
        # A label is never suggested for itself.
        if given == predicted:
            return None
        back = waiting.get((predicted, given), 0) if form == "symmetric" else 0
        return waiting.get((given, predicted), 0) + back

    def queue(pair: Pair) -> PairQueue | None:
        given, predicted = str(pair[0]), str(pair[1])
        if given == predicted:
            return None
        return matrices.filtered_queue(run_id, similarities.similarity_filters(given, predicted, form))

    return MatrixView(
        name="similarity",
        matrix=matrix,
        classes=names,
        draw=lambda pair: similarity_heatmap(
            matrix, shown.epoch, pair, form=form, against=shown.other_words, branches=shown.tree
        ),
        notable=matrices.notable_pairs(matrix.loc[names, names], is_symmetric=form == "symmetric"),
        num_behind=num_behind,
        queue=queue,
        filters=lambda pair: similarities.similarity_filters(str(pair[0]), str(pair[1]), form),
        in_words=lambda pair: _similarity_words(shown, str(pair[0]), str(pair[1])),
        queue_words="with this suggestion to review",
        alt=f"Heatmap of the class similarity after epoch {shown.epoch}",
    )


def confusion_view(run_id: str, found: Confusion, cells: ConfusionCells, order: list[str]) -> MatrixView:
    """Return how many examples of each label are predicted as what; a cell leads to the examples it counts."""
    is_out_of_sample = found.is_out_of_sample
    counts = found.counts.loc[order, order]
    severity = None if found.severity is None else found.severity.loc[order, order]
    matrix = confusion_values(counts, severity, cells)
    names = list(found.counts.index)
    return MatrixView(
        name="confusion",
        matrix=matrix,
        classes=names,
        draw=lambda pair: confusion_heatmap(
            counts,
            found.epoch,
            pair,
            cells=cells,
            severity=severity,
            is_out_of_sample=is_out_of_sample,
            has_totals=True,
        ),
        notable=matrices.notable_pairs(matrix.loc[names, names]),
        num_behind=found.num_examples,
        queue=lambda pair: confusions.cell_queue(run_id, pair, is_out_of_sample),
        filters=lambda pair: confusions.cell_filters(run_id, pair, is_out_of_sample),
        in_words=lambda pair: _confusion_words(found, cells, pair),
        queue_words="in this cell",
        alt=f"Heatmap of given against predicted labels after epoch {found.epoch}",
        has_totals=True,
    )


def _similarity_words(shown: ShownSimilarity, given: str, predicted: str) -> str:
    value = float(shown.matrix.at[given, predicted])
    if shown.other is not None:
        other = float(shown.other.at[given, predicted])
        return (
            f"**{plain(given)}** for **{plain(predicted)}**: {value - other:+.2f}; {other:.2f} in "
            f"{plain(shown.other_words)}, {value:.2f} here"
        )
    if given == predicted:
        if shown.form == "scaled":
            return "A class with itself is left out here. Choose two classes."
        return f"Pi backs the label **{plain(given)}** with {value:.2f} on average. Choose two classes."
    if shown.form == "symmetric":
        return f"Pi takes **{plain(given)}** and **{plain(predicted)}** for one another with {value:.2f} on average"
    if shown.form == "scaled":
        return f"Of what Pi gives **{plain(given)}** to other classes, {percent(value)} goes to **{plain(predicted)}**"
    row = shown.matrix.loc[given]
    mean = (row.sum() - float(row[given])) / max(1, len(row) - 1)
    return (
        f"Pi takes **{plain(given)}** for **{plain(predicted)}** with {value:.2f} on average; "
        f"row mean {mean:.2f}"
    )


def _confusion_words(found: Confusion, cells: ConfusionCells, pair: Pair) -> str:
    given, predicted = pair
    number = found.num_examples(pair)
    sides = ["another class" if label is None else f"**{plain(label)}**" for label in (given, predicted)]
    words = f"{sides[0]} given, {sides[1]} predicted: {counted(number, 'example')}"
    if given is None and predicted is None:
        words = f"Another label predicted than given: {counted(number, 'example')}"
    if cells == "share":
        whole = int(found.counts.to_numpy()[found.counts.index == given if given else slice(None)].sum())
        return f"{words}, {percent(number / max(1, whole))} of {'all' if given is None else 'its label'}"
    if cells == "severity" and found.severity is not None and given and predicted and given != predicted:
        severity = float(found.severity.at[given, predicted])
        return f"{words} × severity {severity:.2f} = {number * severity:,.1f}"
    return words
