"""What a tooltip of a class matrix says, which a browser puts together."""

from __future__ import annotations

import re

import plotly.graph_objects as go


def tooltip(figure: go.Figure, point: int) -> str:
    """Return the tooltip of a cell, put together as plotly does: its numbers and its formats are Python's here."""
    doors, layout = figure.data[1], figure.layout
    names = {
        "y": layout.yaxis2.labelalias[str(doors.y[point])],
        "x": layout.xaxis2.labelalias[str(doors.x[point])],
    }

    def filled(place: re.Match[str]) -> str:
        name, number, how = place.groups()
        return names[name] if number is None else format(float(doors.customdata[point][int(number)]), how)

    return re.sub(
        r"%\{(\w+)(?:\[(\d)\]:([^}]+))?\}", filled, doors.hovertemplate.removesuffix("<extra></extra>")
    )
