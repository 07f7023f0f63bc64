"""The two class matrices as the Similarity page shows them: what they are called, and where their cells lead."""

from __future__ import annotations

from app.components.matrix_view import MatrixView
from app.components.plain_text import plain
from app.services import matrices
from lane_core.charts.heatmaps import confusion_heatmap, similarity_heatmap
from lane_core.records import QueueFilter


def similarity_view(run_id: str, epoch: int) -> MatrixView:
    """Return how readily Pi takes an example of one class for another; a cell leads to what waits for review."""
    matrix = matrices.similarity(run_id, epoch)

    def filters(given: str, predicted: str) -> QueueFilter | None:
        # A label is never suggested for itself.
        return None if given == predicted else matrices.similarity_filters(given, predicted)

    def in_words(given: str, predicted: str, value: float) -> str:
        if given == predicted:
            return f"Pi backs the label **{plain(given)}** with {value:.2f} on average. Choose two classes."
        return (
            f"Pi takes **{plain(given)}** for **{plain(predicted)}** with {value:.2f} on average; "
            f"row mean {matrices.row_mean(matrix, given):.2f}"
        )

    return MatrixView(
        name="similarity",
        matrix=matrix,
        epoch=epoch,
        draw=similarity_heatmap,
        filters=filters,
        in_words=in_words,
        queue_words="with this suggestion to review",
        alt=f"Heatmap of the class similarity after epoch {epoch}",
    )


def confusion_view(run_id: str, epoch: int) -> MatrixView:
    """Return how many examples of each label are predicted as what; a cell leads to the examples it counts."""

    def in_words(given: str, predicted: str, value: float) -> str:
        examples = f"{value:,.0f} example{'' if value == 1 else 's'}"
        return f"**{plain(given)}** given, **{plain(predicted)}** predicted: {examples}"

    return MatrixView(
        name="confusion",
        matrix=matrices.confusion(run_id),
        epoch=epoch,
        draw=confusion_heatmap,
        filters=matrices.confusion_filters,
        in_words=in_words,
        queue_words="in this cell",
        alt=f"Heatmap of given against predicted labels after epoch {epoch}",
    )
