"""Examples as points of a plane, drawn by WebGL: where a colour lies among others, a label may be wrong.

A colour never stands alone: a class has a symbol of its own too, and of more classes than there are symbols a few are
picked out against grey. ``customdata`` of a point is the example's index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from lane_core.charts.lines import MODE_BAR

HEIGHT_PX = 640
COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a400", "#7c5cbf", "#8c6d46", "#6b7a86",
)  # fmt: skip
"""Told apart by colour-blind people, and seen on white and on black: Okabe and Ito's, with the yellow darkened."""
SYMBOLS = (
    "circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "x", "star", "pentagon", "hexagram",
)  # fmt: skip
MAX_CATEGORIES = len(COLOURS)
OTHERS_COLOUR = "#a3adb5"
NUM_STEPS = 12
"""Colours of a scale of numbers."""
LONGEST_LEGEND_NAME = 28
CROWD = 10_000
"""Above it points that are not suspected are dots: a browser without a graphics card moves 100,000 of them in half the
time."""
_MUTED = "rgba(128, 128, 128, 0.10)"
_OUTLINE = "#e11d48"

Polygon = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class _Look:
    """A category, or a step of a scale, as it is drawn."""

    name: str
    colour: str
    symbol: str


def category_map(
    points: pd.DataFrame,
    codes: npt.NDArray[np.integer],
    names: Sequence[str],
    shown: Sequence[int],
    title: str,
    others: str = "",
    outlines: Sequence[Polygon] = (),
) -> go.Figure:
    """Draw the points by category; suspects are larger than the rest of their category and lie on top.

    Args:
        points: Columns index, x, y, is_suspect, and hover: what the tooltip says, "" = its category alone.
        codes: Category of each point, a place in ``names``; -1 = none.
        names: Names of the categories, as they stand in the legend.
        shown: Categories with a colour and a symbol, at most ``MAX_CATEGORIES``; all others are grey.
        title: What the colours say.
        others: Name of everything grey.
        outlines: Regions that are marked from the beginning.

    Raises:
        ValueError: If there are more categories to show than colours.
    """
    if len(shown) > MAX_CATEGORIES:
        raise ValueError(f"{len(shown)} categories to show; there are {MAX_CATEGORIES} colours.")
    figure = go.Figure()
    grey = _Look(others, OTHERS_COLOUR, "circle")
    looks = {code: _Look(names[code], COLOURS[place], SYMBOLS[place]) for place, code in enumerate(shown)}
    is_grey = ~np.isin(codes, list(shown))
    is_suspect = points["is_suspect"].to_numpy(dtype=bool)
    is_crowded = len(points) > CROWD
    # What is grey lies below all, its suspects too; the suspects of a colour lie on top.
    for chosen in (is_grey & ~is_suspect, is_grey & is_suspect):
        _add_points(figure, points[chosen], grey, _other_marker(grey, is_crowded))
    for code, look in looks.items():
        _add_points(figure, points[(codes == code) & ~is_suspect], look, _other_marker(look, is_crowded))
    for code, look in looks.items():
        marker = _suspect_marker(look, is_crowded)
        _add_points(figure, points[(codes == code) & is_suspect], look, marker, ": suspect")
    _show_once_in_legend(figure)
    _lay_out(figure, title, outlines)
    return figure


def value_map(
    points: pd.DataFrame,
    values: npt.NDArray[np.floating],
    title: str,
    unit: str,
    outlines: Sequence[Polygon] = (),
) -> go.Figure:
    """Draw the points by a number in steps, low ones bright and on top, suspects above all: those are in doubt.

    Args:
        points: As for ``category_map``.
        values: One a point; not a number = grey.
        title: What the colours say.
        unit: Beside the scale.
        outlines: Regions that are marked from the beginning.
    """
    figure = go.Figure()
    is_crowded = len(points) > CROWD
    known = np.isfinite(values)
    low, high = np.quantile(values[known], [0.01, 0.99]).tolist() if known.any() else (0.0, 1.0)
    edges = np.linspace(low, max(high, low + 1e-6), NUM_STEPS + 1)
    # A browser paints 100,000 points of a few colours at once, and looks up 100,000 colours one by one.
    steps = np.where(known, np.clip(np.digitize(values, edges[1:-1]), 0, NUM_STEPS - 1), NUM_STEPS)
    colours = [*sample_colorscale("Cividis_r", NUM_STEPS), OTHERS_COLOUR]
    is_suspect = points["is_suspect"].to_numpy(dtype=bool)
    for kind in (~is_suspect, is_suspect):
        for step in range(NUM_STEPS, -1, -1):
            look = _Look(_range(edges, step), colours[step], "circle")
            _add_points(figure, points[(steps == step) & kind], look, _other_marker(look, is_crowded))
    figure.update_traces(showlegend=False)
    figure.add_scattergl(
        x=[None], y=[None], marker={"color": [float(low)], "coloraxis": "coloraxis"}, showlegend=False
    )
    figure.update_layout(
        coloraxis={
            "colorscale": [
                [place, colour] for step, colour in enumerate(colours[:-1]) for place in _both_ends(step)
            ],
            "cmin": float(edges[0]),
            "cmax": float(edges[-1]),
            "colorbar": {"title": {"text": unit, "side": "right"}, "thickness": 10, "len": 0.8},
        }
    )
    _lay_out(figure, title, outlines)
    return figure


def _range(edges: npt.NDArray[np.float64], step: int) -> str:
    """Return which values a step of the scale stands for; the outermost hold all beyond them."""
    if step == NUM_STEPS:
        return "no value"
    if step == 0:
        return f"below {edges[1]:.2f}"
    if step == NUM_STEPS - 1:
        return f"from {edges[step]:.2f}"
    return f"{edges[step]:.2f} to {edges[step + 1]:.2f}"


def _both_ends(step: int) -> tuple[float, float]:
    return step / NUM_STEPS, (step + 1) / NUM_STEPS


def _add_points(
    figure: go.Figure, points: pd.DataFrame, look: _Look, marker: dict[str, object], addition: str = ""
) -> None:
    if points.empty:
        return
    figure.add_scattergl(
        **_places(points),
        **_tooltips(points, _untemplated(f"{look.name}{addition}")),
        name=escape(_legend_name(look.name)),
        legendgroup=f"{look.colour} {look.symbol}",
        marker=marker,
    )


def _suspect_marker(look: _Look, is_crowded: bool) -> dict[str, object]:
    line = {"width": 0 if is_crowded else 1, "color": "rgba(20, 24, 27, 0.7)"}
    return {
        "color": look.colour,
        "symbol": look.symbol,
        "size": 7 if is_crowded else 9,
        "opacity": 0.9,
        "line": line,
    }


def _other_marker(look: _Look, is_crowded: bool) -> dict[str, object]:
    """Return a small marker; in a crowd a dot, for of symbols so small nobody tells one from another."""
    dot = {"symbol": "circle", "size": 3} if is_crowded else {"symbol": look.symbol, "size": 6}
    return {"color": look.colour, "opacity": 0.55, "line": {"width": 0}, **dot}


def _show_once_in_legend(figure: go.Figure) -> None:
    """Let the last trace of each look stand for it: its suspects, which have its symbol in a crowd too."""
    last = {trace.legendgroup: place for place, trace in enumerate(figure.data)}
    for place, trace in enumerate(figure.data):
        trace.showlegend = last[trace.legendgroup] == place


def _legend_name(name: str) -> str:
    return name if len(name) <= LONGEST_LEGEND_NAME else f"{name[: LONGEST_LEGEND_NAME - 9]}…{name[-8:]}"


def _untemplated(name: str) -> str:
    """Return a name for a place where plotly reads HTML and looks for %{...} to fill in."""
    return escape(name).replace("%{", "%&#123;")


def _places(points: pd.DataFrame) -> dict[str, object]:
    return {
        "x": points["x"].to_numpy(),
        "y": points["y"].to_numpy(),
        "customdata": points["index"].to_numpy(),
        "mode": "markers",
    }


def _tooltips(points: pd.DataFrame, otherwise: str) -> dict[str, object]:
    """Return what the tooltips say; a column of empty texts is not sent."""
    if (points["hover"] == "").all():
        return {"hovertemplate": f"{otherwise}<br>Mark it to read its text<extra></extra>"}
    return {"text": points["hover"].tolist(), "hovertemplate": "%{text}<extra></extra>"}


def _lay_out(figure: go.Figure, title: str, outlines: Sequence[Polygon]) -> None:
    blank = {"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False}
    figure.update_layout(
        title={"text": escape(title)},
        height=HEIGHT_PX,
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        legend={
            "orientation": "h",
            "yref": "container",
            "yanchor": "bottom",
            "y": 0,
            "x": 0,
            "itemsizing": "constant",
        },
        hovermode="closest",
        dragmode="lasso",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor=_MUTED,
        modebar=MODE_BAR,
        newselection={"line": {"color": _OUTLINE, "width": 2}},
        selections=[
            {"type": "path", "path": _path(outline), "line": {"color": _OUTLINE, "width": 2}}
            for outline in outlines
        ],
    )
    figure.update_xaxes(**blank, title={"text": "near = texts alike; axes and far distances have no unit"})
    figure.update_yaxes(**blank, scaleanchor="x", scaleratio=1)


def _path(outline: Polygon) -> str:
    return "M" + "L".join(f"{x:.6g},{y:.6g}" for x, y in outline) + "Z"
