"""The class matrices of a report: which classes look alike, and which labels the model contradicts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from lane_core.charts.heatmaps import confusion_heatmap, similarity_heatmap
from lane_core.reporting.report import ReportChart, ReportSection, ReportTable
from lane_core.reporting.report_numbers import count, decimals
from lane_core.reporting.report_source import ReportSource
from lane_core.store import datasets, matrix_queries
from lane_core.wording import percent

MOST_DRAWN = 30
"""Classes of a heatmap on paper: more names would not be read."""
TOP_CELLS = 15


def similarity_section(source: ReportSource) -> ReportSection:
    """Return the learned class similarity after the last epoch that has one."""
    epochs = matrix_queries.similarity_epochs(source.store, source.run.run_id)
    meaning = "A bright cell: examples given the row's label look to the model like the column's class."
    if not epochs:
        return ReportSection(
            "similarity", "Class similarity", meaning, ("This run learned no class similarity.",)
        )
    values = matrix_queries.similarity_matrix(source.store, source.run.run_id, epochs[-1])
    matrix = _named(source, values)
    shown = most_mixed_up(matrix, MOST_DRAWN)
    chart = ReportChart(
        similarity_heatmap(shown, epochs[-1]),
        f"How readily the model takes one class for another, after epoch {epochs[-1]}: mean probability of Pi.",
        ReportTable(
            "Most similar classes",
            top_cells(matrix, "Taken for", "Mean probability"),
            {"Mean probability": decimals},
        ),
    )
    return ReportSection(
        "similarity",
        "Class similarity",
        meaning,
        (*_reduced(matrix, " Row means in the figure are taken over these."), chart),
    )


def confusion_section(source: ReportSource) -> ReportSection:
    """Return given against predicted labels, out of sample where the run has such predictions."""
    counts = matrix_queries.held_out_confusion(source.store, source.run.run_id)
    is_out_of_sample = bool(counts.any())
    if not is_out_of_sample:
        counts = matrix_queries.label_confusion(source.store, source.run.run_id)
    who = "Classifiers that have not seen a label predict" if is_out_of_sample else "The model predicts"
    matrix = _named(source, counts)
    agreeing = int(np.trace(counts))
    chart = ReportChart(
        confusion_heatmap(most_mixed_up(matrix, MOST_DRAWN), source.epoch, is_out_of_sample=is_out_of_sample),
        f"Examples of all splits by given and predicted label, after epoch {source.epoch}.",
        ReportTable(
            "Most frequent disagreements", top_cells(matrix, "Predicted", "Examples"), {"Examples": count}
        ),
    )
    words = (
        f"{who} the given label of {agreeing:,} of {int(counts.sum()):,} examples, "
        f"{percent(agreeing / max(1, int(counts.sum())))}."
    )
    return ReportSection(
        "confusion",
        "Given against predicted labels",
        "A bright cell: many examples given the row's label, for which the column's is predicted.",
        (words, *_reduced(matrix), chart),
    )


def most_mixed_up(matrix: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Return the rows and columns of the classes that are mixed up most, in class order; all if they are few."""
    if len(matrix) <= limit:
        return matrix
    values = matrix.to_numpy(dtype=float)
    mixed = values.sum(axis=0) + values.sum(axis=1) - 2 * np.diag(values)
    kept = np.sort(np.argsort(-mixed, kind="stable")[:limit])
    return matrix.iloc[kept, kept]


def top_cells(matrix: pd.DataFrame, across: str, value_name: str) -> pd.DataFrame:
    """Return the highest cells off the diagonal, zeros left out; ties in class order."""
    values = matrix.to_numpy(dtype=float)
    rows, columns = np.nonzero((values > 0) & ~np.eye(len(values), dtype=bool))
    order = np.argsort(-values[rows, columns], kind="stable")[:TOP_CELLS]
    return pd.DataFrame(
        {
            "Given": matrix.index[rows[order]],
            across: matrix.columns[columns[order]],
            value_name: values[rows[order], columns[order]],
        }
    )


def _named(source: ReportSource, values: npt.NDArray[np.generic]) -> pd.DataFrame:
    names = datasets.dataset_classes(source.store, source.dataset.dataset_id)
    return pd.DataFrame(values, index=names, columns=names)


def _reduced(matrix: pd.DataFrame, note: str = "") -> tuple[str, ...]:
    if len(matrix) <= MOST_DRAWN:
        return ()
    return (
        f"There are {len(matrix):,} classes; drawn are the {MOST_DRAWN} that are mixed up most. "
        f"The table of numbers ranks all of them.{note}",
    )
