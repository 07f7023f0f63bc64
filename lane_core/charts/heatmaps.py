"""The two class matrices: how alike classes are, and which label is taken for which."""

from __future__ import annotations

from html import escape
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from lane_core.charts.class_matrix import Cell, MatrixLook, class_matrix
from lane_core.charts.dendrogram import Branches

Pair = tuple[str | None, str | None]
"""Given and predicted label; None = any other than that of the other side."""
SimilarityForm = Literal["raw", "symmetric", "scaled"]
ConfusionCells = Literal["examples", "share", "severity"]
Floats = npt.NDArray[np.float64]

_FORMS: dict[SimilarityForm, tuple[str, str, str]] = {
    "raw": (
        "Class similarity",
        "mean probability of Pi",
        "Pi takes %{y} for %{x} with %{customdata[0]:.2f} on average; row mean %{customdata[1]:.2f}",
    ),
    "symmetric": (
        "Class similarity, both ways",
        "mean of both directions",
        "Pi takes %{y} and %{x} for one another with %{customdata[0]:.2f} on average",
    ),
    "scaled": (
        "Class similarity without the diagonal",
        "share of what the row gives to others",
        "Of what Pi gives %{y} to other classes, %{customdata[0]:.0%} goes to %{x}",
    ),
}
"""Title, unit and tooltip."""
_CELLS: dict[ConfusionCells, tuple[str, str]] = {
    "examples": ("examples", ""),
    "share": ("share of the row, in %", ", %{customdata[1]:.1f} % of %{customdata[3]:,.0f}"),
    "severity": ("examples × severity", " × severity %{customdata[2]:.2f} = %{customdata[1]:,.1f}"),
}
"""Unit, and what a tooltip says beside the number of examples."""


def similarity_heatmap(
    similarity: pd.DataFrame,
    epoch: int,
    chosen: Pair | None = None,
    *,
    form: SimilarityForm = "raw",
    against: str = "",
    branches: Branches | None = None,
) -> go.Figure:
    """Draw how readily Pi takes an example of one class for another.

    Args:
        similarity: (K, K) in this form, or the difference of two; row names = given labels, column names = predicted
            labels, in the same order.
        epoch: For the title.
        chosen: The cell to outline.
        form: Mean probabilities, the mean of both directions, or rows divided by their sum without the diagonal.
        against: What was taken away, for instance "epoch 1"; empty = nothing.
        branches: The tree of the classes in this order.

    Returns:
        A figure of fixed size; the diagonal, a class with itself, is left out of the colours.
    """
    values = similarity.to_numpy(dtype=float)
    means = (values.sum(axis=1) - np.diag(values)) / max(1, len(values) - 1)

    title, unit, tooltip = _FORMS[form]
    look = MatrixLook(
        title=f"{title}, epoch {epoch}" + (f" minus {escape(against)}" if against else ""),
        unit=f"change in {unit}" if against else unit,
        value="{:+.2f}".format if against else "{:.2f}".format,
        tooltip="%{y} for %{x}: %{customdata[0]:+.2f}" if against else tooltip,
        numbers=[values, np.broadcast_to(means[:, None], values.shape)],
        top=0.01,
        is_difference=bool(against),
    )
    names = [str(name) for name in similarity.index]
    return class_matrix(names, values, look, _cell(names, chosen), branches)


def confusion_values(
    counts: pd.DataFrame, severity: pd.DataFrame | None, cells: ConfusionCells
) -> pd.DataFrame:
    """Return what the cells show.

    Args:
        counts: (K, K) examples; row names = given labels, column names = predicted labels.
        severity: (K, K) mean severity, 0 to 1; needed for "severity".
        cells: Examples; share of the row, 0 to 1 (0 in an empty row); or examples times severity.
    """
    if cells == "share":
        return counts.div(counts.sum(axis=1).replace(0, 1), axis=0)
    return counts if cells == "examples" or severity is None else counts * severity


def confusion_heatmap(
    counts: pd.DataFrame,
    epoch: int,
    chosen: Pair | None = None,
    *,
    cells: ConfusionCells = "examples",
    severity: pd.DataFrame | None = None,
    is_out_of_sample: bool = False,
    has_totals: bool = False,
) -> go.Figure:
    """Draw how many examples of each given label are predicted as what.

    Args:
        counts: (K, K) examples; row names = given labels, column names = predicted labels, in the same order.
        epoch: For the title.
        chosen: The cell to outline.
        cells: What the cells show, see ``confusion_values``.
        severity: (K, K) mean severity, 0 to 1; said in the tooltips too.
        is_out_of_sample: Whether the predictions come from classifiers that have not seen the label.
        has_totals: Whether a last row and column count what lies off the diagonal.

    Returns:
        A figure of fixed size; the diagonal, where the model agrees with the label, is left out of the colours.
    """
    examples = counts.to_numpy(dtype=float)
    shown = confusion_values(counts, severity, cells).to_numpy(dtype=float)
    wholes = np.append(examples.sum(axis=1), examples.sum())
    if has_totals:
        shown = _with_totals(shown)
        if cells == "share":
            shown[-1] = _with_totals(examples)[-1] / max(1.0, wholes[-1])
        examples = _with_totals(examples)
    if cells == "share":
        shown = 100 * shown
    # Of a total: the mean severity of its examples.
    mean_severity = shown / np.maximum(examples, 1)
    unit, beside = _CELLS[cells]
    look = MatrixLook(
        title=f"Given against predicted label{' out of sample' if is_out_of_sample else ''}, epoch {epoch}",
        unit=unit,
        value={"examples": "{:,.0f}", "share": "{:.1f}", "severity": "{:,.1f}"}[cells].format,
        tooltip=f"Examples given %{{y}}, predicted %{{x}}: %{{customdata[0]:,.0f}}{beside}",
        numbers=[examples, shown, mean_severity, np.broadcast_to(wholes[: len(shown), None], shown.shape)],
        top=1,
    )
    names = [str(name) for name in counts.index]
    return class_matrix(names, shown, look, _cell(names, chosen))


def _with_totals(values: Floats) -> Floats:
    """Add a last row and column of sums, each without its diagonal cell."""
    off_diagonal = values * ~np.eye(len(values), dtype=bool)
    below, beside = off_diagonal.sum(axis=0), off_diagonal.sum(axis=1)
    return np.block([[values, beside[:, None]], [below[None, :], np.array([[off_diagonal.sum()]])]])


def _cell(names: list[str], pair: Pair | None) -> Cell | None:
    if pair is None:
        return None
    given, predicted = pair
    return (
        len(names) if given is None else names.index(given),
        len(names) if predicted is None else names.index(predicted),
    )
