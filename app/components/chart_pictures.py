"""How a chart is saved as a picture: plotly's own button, above the chart."""

from __future__ import annotations

from typing import Any


def picture_options(name: str) -> dict[str, Any]:
    """Return how the button saves a picture: twice as large as on screen. A report has the same charts as SVG.

    Args:
        name: Of the file, without its ending.
    """
    return {"format": "png", "scale": 2, "filename": name}


def picture_config(name: str, *, can_zoom: bool = False) -> dict[str, Any]:
    """Return the configuration of a chart of which nothing but a picture is to be had.

    Args:
        name: Of the file, without its ending.
        can_zoom: Whether there is anything to reset.
    """
    buttons = ["toImage", "resetScale2d"] if can_zoom else ["toImage"]
    return {
        "displayModeBar": True,
        "displaylogo": False,
        "modeBarButtons": [buttons],
        "toImageButtonOptions": picture_options(name),
    }
