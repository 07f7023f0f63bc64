"""Where the suspects of two runs stand in either queue, point by point."""

from __future__ import annotations

from html import escape

import pandas as pd
import plotly.graph_objects as go

_MARKS = {
    "both": ("#8b98a5", "circle"),
    "before": ("#2f7dd1", "triangle-up"),
    "after": ("#d97706", "diamond"),
}
"""Who flags -> colour and symbol: a colour never alone."""
_LONGEST_NAME = 30


def rank_movement(points: pd.DataFrame, before: str, after: str, height: int = 460) -> go.Figure:
    """Return a scatter of the places of examples in two queues, on logarithmic axes.

    A point on the line has kept its place; below it, the later run finds the example more suspicious. ``customdata`` of
    a point is its index.

    Args:
        points: index, place_before, place_after (from 1, the most suspicious), flagged_by ("both", "before", "after").
        before: Name of the run before.
        after: Name of the run after.
        height: Of the figure, in pixels.
    """
    names = {when: escape(_short(name)) for when, name in (("before", before), ("after", after))}
    words = {
        "both": "flagged by both",
        "before": f"only by {names['before']}",
        "after": f"only by {names['after']}",
    }
    axes = {
        letter: {
            "type": "log",
            "dtick": 1,
            "title": {"text": f"place in {names[when]} (1 = most suspicious)"},
        }
        for letter, when in (("xaxis", "before"), ("yaxis", "after"))
    }
    layout = {
        "title": {"text": "Places of the suspects in both queues"},
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 48, "b": 8},
        "legend": {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        "dragmode": "select",
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        **axes,
    }
    last = int(points[["place_before", "place_after"]].to_numpy().max(initial=1))
    line = go.Scattergl(
        x=[1, last], y=[1, last], mode="lines", name="same place", hoverinfo="skip",
        line={"color": "#8b98a5", "width": 1, "dash": "dot"},
    )  # fmt: skip
    traces = [line]
    for who, (colour, symbol) in _MARKS.items():
        shown = points[points["flagged_by"] == who]
        trace = go.Scattergl(
            x=shown["place_before"],
            y=shown["place_after"],
            mode="markers",
            name=words[who],
            # A list, no array: of an array Streamlit hears something else than what is in it.
            customdata=shown["index"].tolist(),
            marker={"color": colour, "symbol": symbol, "size": 7, "opacity": 0.65},
            hovertemplate=f"place %{{x:,}} in {names['before']}<br>place %{{y:,}} in {names['after']}"
            f"<br>{words[who]}<extra></extra>",
        )
        traces.append(trace)
    return go.Figure(traces, layout)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
