"""A class matrix as a heatmap whose cells can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from lane_core.charts.dendrogram import TREE_PX, Branches, tree_shapes
from lane_core.charts.matrix_parts import (
    CHARACTER_PX,
    INVISIBLE,
    MAX_CLASSES_UNTHINNED,
    MAX_CLASSES_WITH_FULL_NAMES,
    MAX_CLASSES_WITH_NUMBERS,
    MUTED,
    Floats,
    axes_of_doors,
    axis_of_names,
    colour_bar,
    doors,
    muted_words,
    short_name,
)

INNER_PX = 460
"""Side of the square that the cells share."""
MAX_CELL_PX, MIN_CELL_PX = 110, 3
TOTALS_NAME = "any other"
"""Heads the row and the column of totals."""
_TOTALS_WORDS = "another class"
"""The same within a sentence."""
_TOP_PX, _RIGHT_PX = 100, 24
_TOTALS_SCALE = [[0, MUTED], [1, "rgba(128, 128, 128, 0.72)"]]
_CHOSEN = "#e11d48"
_OUTLINE_PX = 3

Cell = tuple[int, int]
"""Row and column; K, the number of classes, is the row or column of totals."""


@dataclass(frozen=True)
class MatrixLook:
    """What tells one matrix from another."""

    title: str
    unit: str
    value: Callable[[float], str]
    """How a number is written into its cell."""
    tooltip: str
    """Of a cell, as a template of plotly's: ``%{y}`` and ``%{x}`` are the names of its row and column,
    ``%{customdata[n]}`` is the n-th of its numbers."""
    numbers: Sequence[Floats]
    """Each of the shape of the values."""
    top: float
    """Value of the brightest colour if every cell off the diagonal is 0."""
    is_difference: bool = False
    """Whether 0 is the middle of the scale."""


def class_matrix(
    names: Sequence[str],
    values: Floats,
    look: MatrixLook,
    chosen: Cell | None = None,
    branches: Branches | None = None,
) -> go.Figure:
    """Draw a matrix of classes.

    Args:
        names: K classes, of rows and columns alike.
        values: (K, K), or (K + 1, K + 1) with a last row and column of totals, which have a scale of their own.
        look: Words and numbers.
        chosen: The cell to outline; not outlined where cells are tiny, so that the figure stays the same and a click
            does not undo the zoom.
        branches: The tree of the classes, to be drawn beside the rows.

    Returns:
        A figure of fixed size; the diagonal is left out of the colours. Point n of the second trace is the cell in
        row n // width, column n % width.
    """
    shown = [*names, TOTALS_NAME][: len(values)]
    traces = [_colours(values, len(names), look), _doors(len(names), values, look)]
    if len(values) > len(names) > MAX_CLASSES_WITH_NUMBERS:
        traces.append(_totals(values, len(names), look))
    cell = cell_px(len(shown))
    tree = {} if branches is None else tree_shapes(branches, cell * len(shown))
    if chosen is not None and len(names) <= MAX_CLASSES_UNTHINNED:
        tree["shapes"] = [*tree.get("shapes", []), _outline(*chosen, cell)]
    # At once: each later change of a figure goes through all of its layout again.
    layout = {
        "title": {"text": look.title, "x": 0, "xref": "container"},
        "hovermode": "closest",
        # No limit: a click anywhere in a cell is nearest to the point in its middle, however large the cell.
        "hoverdistance": -1,
        "plot_bgcolor": MUTED,
        "showlegend": False,
        "dragmode": "zoom",
        **_size(shown, len(names), 0 if branches is None else TREE_PX),
        **_axes(shown, [*names, _TOTALS_WORDS][: len(values)], len(names)),
        **tree,
    }
    return go.Figure(traces, layout)


def cell_px(num_cells: int) -> int:
    """Return the side of a cell in pixels."""
    return max(MIN_CELL_PX, min(MAX_CELL_PX, INNER_PX // num_cells))


def _colours(values: Floats, num_classes: int, look: MatrixLook) -> go.Heatmap:
    off_diagonal = np.full(values.shape, np.nan)
    is_coloured = ~np.eye(num_classes, dtype=bool)
    off_diagonal[:num_classes, :num_classes][is_coloured] = values[:num_classes, :num_classes][is_coloured]
    farthest = max(look.top, float(np.nanmax(np.abs(off_diagonal), initial=0)))
    return go.Heatmap(
        z=off_diagonal.astype(np.float32),
        zmin=-farthest if look.is_difference else 0,
        zmax=farthest,
        # Blue to red, not red to green: people who see fewer colours tell the two ends apart.
        colorscale="RdBu" if look.is_difference else "Cividis",
        reversescale=look.is_difference,
        colorbar=colour_bar(look.unit),
        **_cells(off_diagonal, num_classes, look),
    )


def _totals(values: Floats, num_classes: int, look: MatrixLook) -> go.Heatmap:
    """Return the colours of the totals, on a scale of their own; where there is room, numbers say it instead."""
    totals = np.full(values.shape, np.nan)
    totals[num_classes], totals[:, num_classes] = values[num_classes], values[:, num_classes]
    # The sum of all has no colour: it would outshine the others.
    highest = float(np.nanmax(totals[:num_classes], initial=look.top))
    highest = max(highest, float(np.nanmax(totals[num_classes, :num_classes], initial=0)))
    return go.Heatmap(
        z=totals.astype(np.float32),
        zmin=0,
        zmax=highest,
        colorscale=_TOTALS_SCALE,
        showscale=False,
        **_cells(totals, num_classes, look),
    )


def _cells(values: Floats, num_classes: int, look: MatrixLook) -> dict[str, object]:
    places, gap = np.arange(len(values)), 1 if num_classes <= MAX_CLASSES_UNTHINNED else 0
    cells: dict[str, object] = {"x": places, "y": places, "hoverinfo": "skip", "xgap": gap, "ygap": gap}
    if num_classes <= MAX_CLASSES_WITH_NUMBERS:
        text = [
            ["" if not value or np.isnan(value) else look.value(value) for value in row] for row in values
        ]
        cells |= {"text": text, "texttemplate": "%{text}"}
    return cells


def _doors(num_classes: int, values: Floats, look: MatrixLook) -> go.Scatter:
    looks: dict[str, object] = INVISIBLE
    if num_classes <= MAX_CLASSES_WITH_NUMBERS:
        # Here and not in the heatmap, which writes on uncoloured cells in a colour that a dark page swallows.
        is_plain = np.eye(len(values), dtype=bool)
        is_plain[num_classes:], is_plain[:, num_classes:] = True, True
        numbers = [look.value(value) if value else "" for value in values.ravel().tolist()]
        looks = muted_words(np.where(is_plain.ravel(), numbers, "").tolist())
    return doors(look.numbers, look.tooltip, looks)


def _size(names: list[str], num_classes: int, tree_px: int) -> dict[str, object]:
    """Return width, height and margins in pixels such that the cells come out square."""
    inner = cell_px(len(names)) * len(names)
    longest = max(len(short_name(name, num_classes)) for name in names)
    # Names below the chart are turned by 45 degrees.
    left, bottom = 45 + CHARACTER_PX * longest, 55 + int(0.7 * CHARACTER_PX * longest)
    right = _RIGHT_PX + tree_px
    margin = {"l": left, "r": right, "t": _TOP_PX, "b": bottom, "pad": 0, "autoexpand": False}
    return {"width": inner + left + right, "height": inner + bottom + _TOP_PX, "margin": margin}


def _axes(names: list[str], whole_names: list[str], num_classes: int) -> dict[str, dict[str, object]]:
    last = len(names) - 0.5
    across, down = {"range": [-0.5, last]}, {"range": [last, -0.5]}
    axis = axis_of_names([short_name(name, num_classes) for name in names], num_classes) | {
        "ticklabelstandoff": 6,
        "tickfont": {"size": 12 if num_classes <= MAX_CLASSES_WITH_FULL_NAMES else 10},
        "dtick": None if num_classes > MAX_CLASSES_UNTHINNED else 1,
        "constrain": "domain",
    }
    whole = axis_of_names(whole_names, num_classes)
    return {
        "xaxis": axis | across | {"title": {"text": "predicted label"}, "tickangle": -45},
        "yaxis": axis | down | {"title": {"text": "given label"}, "scaleanchor": "x", "scaleratio": 1},
        **axes_of_doors(whole | across, whole | down),
    }


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
