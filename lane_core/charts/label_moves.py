"""Labels before and after a review as a heatmap whose cells can be clicked, with a column for exclusions.

The axes go by number, not by name: a class may be called as exclusions are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from lane_core.charts.matrix_parts import (
    CHARACTER_PX,
    INVISIBLE,
    MAX_CLASSES_UNTHINNED,
    MAX_CLASSES_WITH_NUMBERS,
    MUTED,
    MUTED_TEXT,
    axes_of_doors,
    axis_of_names,
    colour_bar,
    doors,
    muted_words,
    short_name,
)

EXCLUDED = "(excluded)"
INNER_PX = 520
MAX_CELL_PX, MIN_CELL_PX = 64, 4


def label_moves(counts: pd.DataFrame, excluded: pd.Series[int]) -> go.Figure:
    """Draw how many examples have which label in the file and which now.

    Point n of the second trace is the cell in row n // (K + 1), column n % (K + 1), from 0; the last column holds the
    exclusions.

    Args:
        counts: (K, K) examples that are not excluded; row names = labels of the file, column names = labels now, in the
            same order.
        excluded: (K,) excluded examples by label of the file, in that order.

    Returns:
        A figure of fixed size; the diagonal, where nothing has changed, is left out of the colours.
    """
    names = [str(name) for name in counts.index]
    cells = np.column_stack([counts.to_numpy(dtype=float), excluded.to_numpy(dtype=float)])
    cell = max(MIN_CELL_PX, min(MAX_CELL_PX, INNER_PX // (len(names) + 1)))
    shown = [short_name(name, len(names)) for name in names]
    longest = max(len(name) for name in [*shown, EXCLUDED])
    left, bottom = 45 + CHARACTER_PX * longest, 55 + int(0.7 * CHARACTER_PX * longest)
    layout = {
        "title": {"text": "Label in the file and label now", "x": 0, "xref": "container"},
        "width": max(cell * (len(names) + 1), 260) + left + 24,
        "height": cell * len(names) + bottom + 100,
        "margin": {"l": left, "r": 24, "t": 100, "b": bottom, "pad": 0, "autoexpand": False},
        "hovermode": "closest",
        "hoverdistance": -1,
        "plot_bgcolor": MUTED,
        "showlegend": False,
        "dragmode": "zoom",
        "shapes": [_line_before_exclusions(len(names))],
        **_axes(names, shown, font_size=12 if cell >= 20 else 10),
    }
    return go.Figure([_colours(cells, names), _doors(cells, names)], layout)


def _axes(names: list[str], shown: list[str], font_size: int) -> dict[str, dict[str, object]]:
    last = len(names) - 0.5
    across, down = {"range": [-0.5, last + 1]}, {"range": [last, -0.5]}
    looks = {
        "ticklabelstandoff": 6,
        "tickfont": {"size": font_size},
        "dtick": None if len(names) > MAX_CLASSES_UNTHINNED else 1,
    }
    columns = axis_of_names([*shown, EXCLUDED], len(names)) | across | looks
    rows = axis_of_names(shown, len(names)) | down | looks
    return {
        "xaxis": columns | {"title": {"text": "label now"}, "tickangle": -45},
        "yaxis": rows | {"title": {"text": "label in the file"}},
        **axes_of_doors(
            axis_of_names([*names, "excluded"], len(names)) | across, axis_of_names(names, len(names)) | down
        ),
    }


def _line_before_exclusions(num_classes: int) -> dict[str, object]:
    place = {"x0": num_classes - 0.5, "x1": num_classes - 0.5, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", **place, "line": {"color": MUTED_TEXT, "width": 1}}


def _colours(cells: npt.NDArray[np.float64], names: list[str]) -> go.Heatmap:
    changed = np.where(_is_same(cells), np.nan, cells)
    gap = 1 if len(names) <= MAX_CLASSES_UNTHINNED else 0
    written: dict[str, object] = {}
    if len(names) <= MAX_CLASSES_WITH_NUMBERS:
        written = {"text": np.where(_is_same(cells), "", _numbers(cells)), "texttemplate": "%{text}"}
    return go.Heatmap(
        x=np.arange(len(names) + 1),
        y=np.arange(len(names)),
        z=changed,
        zmin=0,
        zmax=max(1.0, float(np.nanmax(changed))),
        colorscale="Cividis",
        hoverinfo="skip",
        xgap=gap,
        ygap=gap,
        colorbar=colour_bar("examples"),
        **written,
    )


def _doors(cells: npt.NDArray[np.float64], names: list[str]) -> go.Scatter:
    looks = INVISIBLE
    if len(names) <= MAX_CLASSES_WITH_NUMBERS:
        looks = muted_words(np.where(_is_same(cells), _numbers(cells), "").ravel().tolist())
    return doors([cells], "Examples %{y} in the file, %{x} now: %{customdata[0]:,.0f}", looks)


def _is_same(cells: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    rows, columns = np.indices(cells.shape)
    return np.asarray(rows == columns)


def _numbers(cells: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    """Return what is written into the cells: nothing for zeros."""
    return np.array([[f"{value:,.0f}" if value else "" for value in row] for row in cells])
