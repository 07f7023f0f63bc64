"""How well the networks learn: losses step by step, F1 epoch by epoch."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

LOSSES = {
    "theta_loss": ("classifier (θ)", "solid", "#2f7fd1"),
    "pi_loss": ("class similarity (Π)", "dash", "#c2803a"),
    "contrastive_loss": ("contrastive term", "dot", "#8b98a5"),
}
"""Columns of the step losses -> (name in the legend, line style, colour: it never stands alone)."""
F1_SPLITS = {
    "validation_macro_f1": ("validation", "solid", "circle", "#2f7fd1"),
    "test_macro_f1": ("test", "dash", "diamond", "#8b98a5"),
}


def loss_curves(step_losses: pd.DataFrame, height: int = 260) -> go.Figure:
    """Return the loss curves of both networks and of the contrastive term.

    Args:
        step_losses: step, theta_loss, pi_loss, contrastive_loss; the mean of a stretch of steps a row.
        height: Of the figure, in pixels.
    """
    figure = go.Figure()
    for column, (name, dash, colour) in LOSSES.items():
        figure.add_scatter(
            x=step_losses["step"],
            y=step_losses[column],
            mode="lines",
            name=name,
            line={"dash": dash, "width": 2, "color": colour},
            hovertemplate=f"{name}: loss %{{y:.2f}} at step %{{x:,}}<extra></extra>",
        )
    _lay_out(figure, "Loss while training", "optimizer step", "loss (nats)", height)
    figure.update_yaxes(rangemode="tozero")
    return figure


def f1_curves(metrics: pd.DataFrame, height: int = 220) -> go.Figure | None:
    """Return macro F1 by epoch for each split that has one; None if none has.

    Args:
        metrics: epoch, validation_macro_f1, test_macro_f1 (0 to 1, or missing); an epoch a row.
        height: Of the figure, in pixels.
    """
    figure = go.Figure()
    for column, (name, dash, symbol, colour) in F1_SPLITS.items():
        known = metrics[metrics[column].notna()]
        if known.empty:
            continue
        figure.add_scatter(
            x=known["epoch"],
            y=known[column].astype(float),
            mode="lines+markers",
            name=name,
            line={"dash": dash, "width": 2, "color": colour},
            marker={"symbol": symbol, "size": 8, "color": colour},
            hovertemplate=f"after epoch %{{x}}: {name} F1 %{{y:.3f}}<extra></extra>",
        )
    if not figure.data:
        return None
    _lay_out(figure, "Agreement with held-out labels", "epoch", "macro F1 (0 to 1)", height)
    # Whole epochs only: a tick at 1.5 means nothing.
    figure.update_xaxes(tickmode="linear", tick0=1, dtick=max(1, len(metrics) // 10))
    return figure


def _lay_out(figure: go.Figure, title: str, x_title: str, y_title: str, height: int) -> None:
    figure.update_layout(
        title={"text": title},
        height=height,
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        showlegend=True,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title={"text": x_title})
    figure.update_yaxes(title={"text": y_title})
