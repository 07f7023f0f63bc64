"""What the heatmaps of classes are made of, so that their cells can be clicked.

A plotly heatmap reports no clicks to Streamlit, a scatter does. So the heatmap gives the colours, and a point without
a mark lies in the middle of each cell, its door: it takes the clicks of the whole cell, and its number says which cell
it is. The doors have axes of their own, which nobody sees and which know the whole names: a tooltip puts its sentence
together in the browser, which would else have to read 22,500 of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

MAX_CLASSES_WITH_NUMBERS = 12
MAX_CLASSES_WITH_FULL_NAMES = 20
MAX_CLASSES_UNTHINNED = 40
"""Above this, axes show every other name or fewer until one zooms in."""
CHARACTER_PX = 6
MUTED = "rgba(128, 128, 128, 0.16)"
"""Behind the cells."""
MUTED_TEXT = "#7d8790"

INVISIBLE: dict[str, object] = {"mode": "markers", "marker": {"opacity": 0, "maxdisplayed": 1}}
"""Looks of points that can be clicked and not seen. One marker is drawn: 22,500 keep a browser busy for seconds."""

Floats = npt.NDArray[np.float64]


def colour_bar(unit: str) -> dict[str, object]:
    """Return the scale of colours above a matrix, as wide as its cells, under the unit of their values."""
    return {
        "title": {"text": unit, "side": "top"},
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 1,
        "yanchor": "bottom",
        "thickness": 10,
        "len": 1,
    }


def muted_words(words: list[str]) -> dict[str, object]:
    """Return the looks of points that write a word each; a click on one does not fade the others."""
    return {
        "mode": "text",
        "text": words,
        "textfont": {"color": MUTED_TEXT},
        "unselected": {"textfont": {"color": MUTED_TEXT}},
    }


def doors(numbers: Sequence[Floats], tooltip: str, looks: dict[str, object]) -> go.Scatter:
    """Return a point in the middle of each cell, on axes of their own, which know the whole names.

    Args:
        numbers: For the tooltip, each (rows, columns).
        tooltip: A template of plotly's: ``%{y}`` and ``%{x}`` are the names of row and column, ``%{customdata[n]}`` is
            the n-th number.
        looks: Of the points.
    """
    rows, columns = np.indices(numbers[0].shape, dtype=np.int16)
    return go.Scatter(
        x=columns.ravel(),
        y=rows.ravel(),
        xaxis="x2",
        yaxis="y2",
        customdata=np.stack(numbers, axis=-1).reshape(rows.size, -1).astype(np.float32),
        hovertemplate=f"{tooltip}<extra></extra>",
        **looks,
    )


def axis_of_names(names: Sequence[str], num_classes: int) -> dict[str, object]:
    """Return an axis on which each name, as it is written here, stands for its place."""
    return {
        # Categories are numbers and names are what stands for them: two long names may be cut to the same one.
        "type": "category",
        "categoryorder": "array",
        "categoryarray": list(range(len(names))),
        "labelalias": {str(place): escape(name) for place, name in enumerate(names)},
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        # Zooming is for classes whose names do not all fit; elsewhere a slip of the mouse should not zoom.
        "fixedrange": num_classes <= MAX_CLASSES_UNTHINNED,
    }


def axes_of_doors(across: dict[str, object], down: dict[str, object]) -> dict[str, dict[str, object]]:
    """Return two axes that nobody sees, over those of the matrix, as part of a layout."""
    return {
        f"{letter}axis2": axis | {"showticklabels": False, "overlaying": letter, "matches": letter}
        for letter, axis in (("x", across), ("y", down))
    }


def short_name(name: str, num_classes: int) -> str:
    """Return a class name as an axis shows it: whole up to 20 classes, unless it is very long."""
    limit = 20 if num_classes <= MAX_CLASSES_WITH_FULL_NAMES else 14
    if len(name) <= limit:
        return name
    # Both ends stay: long names often share their beginning, as card_payment_fee and card_payment_pending do.
    tail = limit // 2 - 1
    return f"{name[: limit - tail - 1]}…{name[-tail:]}"
