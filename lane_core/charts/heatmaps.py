"""Class matrices as heatmaps whose cells can be clicked.

A plotly heatmap reports no clicks to Streamlit, a scatter does. So the heatmap gives the colours, and an invisible
square marker of the cell's size lies over each cell; ``customdata`` of a marker is (given, predicted, value).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

INNER_PX = 460
"""Side of the square that the cells share."""
MAX_CELL_PX, MIN_CELL_PX = 110, 4
MAX_CLASSES_WITH_NUMBERS = 12
MAX_CLASSES_WITH_FULL_NAMES = 20
MAX_CLASSES_UNTHINNED = 40
"""Above this, axes show every other name or fewer until one zooms in."""
_CHARACTER_PX = 6
_MUTED = "rgba(128, 128, 128, 0.16)"
_MUTED_TEXT = "#7d8790"
_CHOSEN = "#e11d48"
_OUTLINE_PX = 3

Pair = tuple[str, str]


@dataclass(frozen=True)
class _Wording:
    """What tells one matrix from another: words, and how a value is written."""

    title: str
    unit: str
    value: Callable[[float], str]
    tooltip: Callable[[str, str, float], str]
    top: float
    """Value of the brightest colour if every cell off the diagonal is 0."""


def confusion_heatmap(counts: pd.DataFrame, epoch: int, chosen: Pair | None = None) -> go.Figure:
    """Draw how many examples of each given label are predicted as what.

    Args:
        counts: (K, K) examples; row names = given labels, column names = predicted labels, in the same order.
        epoch: For the title.
        chosen: (given, predicted) of the cell to outline; not outlined where cells are tiny, so that the figure
            stays the same and a click does not undo the zoom.

    Returns:
        A figure of fixed size; the diagonal, where the model agrees with the label, is left out of the colours.
    """

    def tooltip(given: str, predicted: str, count: float) -> str:
        label = (
            f"{given} given and predicted" if given == predicted else f"{given} given, {predicted} predicted"
        )
        return f"{label}: {count:,.0f} example{'' if count == 1 else 's'}"

    wording = _Wording(f"Given against predicted label, epoch {epoch}", "examples", _count, tooltip, 1)
    return _heatmap(counts, wording, chosen)


def similarity_heatmap(similarity: pd.DataFrame, epoch: int, chosen: Pair | None = None) -> go.Figure:
    """Draw how readily Pi takes an example of one class for another.

    Args:
        similarity: (K, K) mean probabilities; row names = given labels, column names = predicted labels, in the
            same order.
        epoch: For the title.
        chosen: (given, predicted) of the cell to outline; not outlined where cells are tiny, so that the figure
            stays the same and a click does not undo the zoom.

    Returns:
        A figure of fixed size; the diagonal, a class with itself, is left out of the colours.
    """
    values = similarity.to_numpy(dtype=float)
    means = (values.sum(axis=1) - np.diag(values)) / (len(values) - 1)
    row_means = dict(zip(similarity.index, means, strict=True))

    def tooltip(given: str, predicted: str, value: float) -> str:
        if given == predicted:
            return f"Pi backs the label {given} with {value:.2f} on average"
        return (
            f"Pi takes {given} for {predicted} with {value:.2f} on average; row mean {row_means[given]:.2f}"
        )

    wording = _Wording(
        f"Class similarity, epoch {epoch}", "mean probability of Pi", "{:.2f}".format, tooltip, 0.01
    )
    return _heatmap(similarity, wording, chosen)


def cell_px(num_classes: int) -> int:
    """Return the side of a cell in pixels."""
    return max(MIN_CELL_PX, min(MAX_CELL_PX, INNER_PX // num_classes))


def short_name(name: str, num_classes: int) -> str:
    """Return a class name as an axis shows it: whole up to 20 classes, unless it is very long."""
    limit = 20 if num_classes <= MAX_CLASSES_WITH_FULL_NAMES else 14
    if len(name) <= limit:
        return name
    # Both ends stay: long names often share their beginning, as card_payment_fee and card_payment_pending do.
    tail = limit // 2 - 1
    return f"{name[: limit - tail - 1]}…{name[-tail:]}"


def _heatmap(matrix: pd.DataFrame, wording: _Wording, chosen: Pair | None) -> go.Figure:
    names = [str(name) for name in matrix.index]
    figure = go.Figure([_colours(matrix, wording), _doors(matrix, wording)])
    figure.update_layout(
        title={"text": wording.title, "x": 0, "xref": "container"},
        hovermode="closest",
        # No limit: a click anywhere in a cell is nearest to the marker in its middle, however large the cell.
        hoverdistance=-1,
        plot_bgcolor=_MUTED,
        showlegend=False,
        **_size(names),
    )
    _set_axes(figure, names)
    if chosen is not None and len(names) <= MAX_CLASSES_UNTHINNED:
        figure.add_shape(_outline(names.index(chosen[0]), names.index(chosen[1]), cell_px(len(names))))
    return figure


def _colours(matrix: pd.DataFrame, wording: _Wording) -> go.Heatmap:
    values = matrix.to_numpy(dtype=float)
    off_diagonal = np.where(_diagonal(values), np.nan, values)
    gap = 1 if len(values) <= MAX_CLASSES_UNTHINNED else 0
    return go.Heatmap(
        x=list(matrix.columns),
        y=list(matrix.index),
        z=off_diagonal,
        zmin=0,
        zmax=max(wording.top, float(np.nanmax(off_diagonal))),
        colorscale="Cividis",
        hoverinfo="skip",
        xgap=gap,
        ygap=gap,
        text=np.where(_diagonal(values), "", _numbers(values, wording)),
        texttemplate="%{text}",
        colorbar={
            "title": {"text": wording.unit, "side": "top"},
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "thickness": 10,
            "len": 1,
        },
    )


def _doors(matrix: pd.DataFrame, wording: _Wording) -> go.Scatter:
    values = matrix.to_numpy(dtype=float)
    cells = [
        (given, predicted, value)
        for given, row in zip(matrix.index, values.tolist(), strict=True)
        for predicted, value in zip(matrix.columns, row, strict=True)
    ]
    return go.Scatter(
        x=[predicted for _, predicted, _ in cells],
        y=[given for given, _, _ in cells],
        customdata=cells,
        hovertext=[escape(wording.tooltip(*cell)) for cell in cells],
        hovertemplate="%{hovertext}<extra></extra>",
        # Here and not in the heatmap, which writes on uncoloured cells in a colour that a dark page swallows.
        mode="markers+text" if len(values) <= MAX_CLASSES_WITH_NUMBERS else "markers",
        text=np.where(_diagonal(values), _numbers(values, wording), "").ravel().tolist(),
        textfont={"color": _MUTED_TEXT},
        marker={"symbol": "square", "size": cell_px(len(values)), "opacity": 0},
    )


def _diagonal(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.eye(len(values), dtype=bool)


def _numbers(values: npt.NDArray[np.float64], wording: _Wording) -> npt.NDArray[np.str_]:
    """Return what is written into the cells: nothing where cells are small, or for zeros."""
    if len(values) > MAX_CLASSES_WITH_NUMBERS:
        return np.full(values.shape, "")
    return np.array([[wording.value(value) if value else "" for value in row] for row in values])


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _size(names: list[str]) -> dict[str, object]:
    """Return width, height and margins in pixels such that the cells come out square."""
    inner = cell_px(len(names)) * len(names)
    longest = max(len(short_name(name, len(names))) for name in names)
    # Names below the chart are turned by 45 degrees.
    left, bottom = 45 + _CHARACTER_PX * longest, 55 + int(0.7 * _CHARACTER_PX * longest)
    margin = {"l": left, "r": 24, "t": 100, "b": bottom, "pad": 0, "autoexpand": False}
    return {"width": inner + left + 24, "height": inner + bottom + 100, "margin": margin}


def _set_axes(figure: go.Figure, names: list[str]) -> None:
    many = len(names) > MAX_CLASSES_UNTHINNED
    axis = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": names,
        "labelalias": {name: escape(short_name(name, len(names))) for name in names},
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "ticklabelstandoff": 6,
        "tickfont": {"size": 12 if len(names) <= MAX_CLASSES_WITH_FULL_NAMES else 10},
        # Zooming is for classes whose names do not all fit; elsewhere a slip of the mouse should not zoom.
        "fixedrange": not many,
        "dtick": None if many else 1,
        "constrain": "domain",
    }
    last = len(names) - 0.5
    figure.update_xaxes(**axis, title_text="predicted label", tickangle=-45, range=[-0.5, last])
    figure.update_yaxes(**axis, title_text="given label", range=[last, -0.5], scaleanchor="x", scaleratio=1)
    if many:
        figure.update_layout(dragmode="zoom")


def _outline(row: int, column: int, cell: int) -> dict[str, object]:
    # The line is drawn half outside its rectangle, where the edge of the chart would cut it off.
    half = 0.5 - _OUTLINE_PX / 2 / cell
    return {
        "type": "rect",
        "x0": column - half,
        "x1": column + half,
        "y0": row - half,
        "y1": row + half,
        "line": {"color": _CHOSEN, "width": _OUTLINE_PX},
    }
