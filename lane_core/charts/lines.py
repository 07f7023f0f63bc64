"""What all line charts share: room for a legend below, colours left to the theme, whole epochs."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go


@dataclass(frozen=True)
class EpochLine:
    """How a number of each epoch is drawn; its colour never stands alone."""

    name: str
    """In the legend."""
    dash: str
    symbol: str
    colour: str


def add_epoch_line(
    figure: go.Figure, line: EpochLine, epochs: pd.Series, values: pd.Series, hover: str
) -> None:
    """Add one number by epoch; ``hover`` is plotly's template of what is said of a point."""
    figure.add_scatter(
        x=epochs,
        y=values.astype(float),
        mode="lines+markers",
        name=line.name,
        line={"dash": line.dash, "width": 2, "color": line.colour},
        marker={"symbol": line.symbol, "size": 8, "color": line.colour},
        hovertemplate=f"{hover}<extra></extra>",
    )


MODE_BAR = {"bgcolor": "rgba(0,0,0,0)", "color": "#7d8790", "activecolor": "#0f766e"}
"""Look of the buttons above a chart: visible on a light and on a dark page."""


def lay_out(figure: go.Figure, title: str, x_title: str, y_title: str, height: int) -> None:
    """Set title, axis titles, margins and the legend; height in pixels."""
    figure.update_layout(
        title={"text": title},
        height=height,
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        showlegend=True,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        modebar=MODE_BAR,
    )
    figure.update_xaxes(title={"text": x_title})
    figure.update_yaxes(title={"text": y_title})


def count_epochs(figure: go.Figure, num_epochs: int) -> None:
    """Let the horizontal axis tick at whole epochs only: 1.5 means nothing."""
    figure.update_xaxes(tickmode="linear", tick0=1, dtick=max(1, num_epochs // 10))
