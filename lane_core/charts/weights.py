"""How much flagged and other examples weigh in the training, epoch by epoch (the paper's figure 1)."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from lane_core.charts.lines import count_epochs, lay_out

_GROUPS = (
    (True, "flagged", "dash", "diamond", "#d97706", "rgba(217, 119, 6, 0.18)"),
    (False, "not flagged", "solid", "circle", "#2f7fd1", "rgba(47, 127, 209, 0.18)"),
)
"""is_flagged, name in the legend, line style, marker, colour of the line and of its band."""


def weight_curves(bands: pd.DataFrame, height: int = 400) -> go.Figure:
    """Return the mean weight of flagged and of other examples, each in a band from the 10th to the 90th percentile.

    Args:
        bands: epoch, is_flagged, num_examples, mean, low, high (weights, 0 to 1); by epoch.
        height: Of the figure, in pixels.
    """
    figure = go.Figure()
    for is_flagged, name, dash, symbol, colour, band in _GROUPS:
        rows = bands[bands["is_flagged"] == is_flagged]
        if rows.empty:
            continue
        epochs = rows["epoch"].tolist()
        figure.add_scatter(
            # Up along the one side and back along the other.
            x=epochs + epochs[::-1],
            y=rows["high"].tolist() + rows["low"].tolist()[::-1],
            fill="toself",
            fillcolor=band,
            mode="lines",
            line={"width": 0, "color": colour},
            hoverinfo="skip",
            legendgroup=name,
            name=f"{name}: 10th to 90th percentile",
        )
        figure.add_scatter(
            x=epochs,
            y=rows["mean"],
            customdata=rows[["low", "high", "num_examples"]],
            mode="lines+markers",
            name=f"{name}: mean",
            legendgroup=name,
            line={"dash": dash, "width": 3, "color": colour},
            marker={"symbol": symbol, "size": 9, "color": colour},
            hovertemplate=f"after epoch %{{x}}, {name}: mean weight %{{y:.2f}}<br>10th to 90th percentile "
            "%{customdata[0]:.2f} to %{customdata[1]:.2f}, %{customdata[2]:,} examples<extra></extra>",
        )
    lay_out(figure, "Training weight of flagged and other labels", "epoch", "weight (0 to 1)", height)
    figure.update_yaxes(range=[-0.02, 1.05])
    count_epochs(figure, bands["epoch"].nunique())
    return figure
