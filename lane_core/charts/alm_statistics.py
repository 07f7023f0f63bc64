"""mu, sigma and the share of clipped similarities, epoch by epoch."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from lane_core.charts.lines import EpochLine, add_epoch_line, count_epochs, lay_out

_STATISTICS = {
    "mu": EpochLine("μ, their mean", "solid", "circle", "#d97706"),
    "sigma": EpochLine("σ, their spread", "dash", "diamond", "#2f7fd1"),
}
_CLIPPED = EpochLine("clipped", "solid", "square", "#8b98a5")


def alm_statistics(metrics: pd.DataFrame, height: int = 260) -> go.Figure | None:
    """Return mu and sigma by epoch; None if no epoch has any.

    Args:
        metrics: epoch, mu, sigma (logits, or missing); an epoch a row.
        height: Of the figure, in pixels.
    """
    known = metrics[metrics["mu"].notna()]
    if known.empty:
        return None
    figure = go.Figure()
    for column, line in _STATISTICS.items():
        hover = f"after epoch %{{x}}: {line.name[0]} = %{{y:.3f}}"
        add_epoch_line(figure, line, known["epoch"], known[column], hover)
    lay_out(figure, "Examples with ALM below 0", "epoch", "ALM (logits)", height)
    count_epochs(figure, len(metrics))
    return figure


def clipped_share(metrics: pd.DataFrame, height: int = 260) -> go.Figure:
    """Return by epoch how many of the negative margins met a class similarity so small that its factor was cut.

    Args:
        metrics: epoch, clipped_share (0 to 1); an epoch a row.
        height: Of the figure, in pixels.
    """
    figure = go.Figure()
    add_epoch_line(figure, _CLIPPED, metrics["epoch"], metrics["clipped_share"], "in epoch %{x}: %{y:.1%}")
    lay_out(figure, "Clipped similarities", "epoch", "share of negative margins", height)
    figure.update_layout(showlegend=False)
    top = metrics["clipped_share"].astype(float).fillna(0).max()
    figure.update_yaxes(tickformat=".0%", range=[0, max(0.1, 1.1 * top)])
    count_epochs(figure, len(metrics))
    return figure
