"""How well the networks learn: losses step by step, F1 epoch by epoch."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from lane_core.charts.lines import EpochLine, add_epoch_line, count_epochs, lay_out

LOSSES = {
    "theta_loss": ("classifier (θ)", "solid", "#2f7fd1"),
    "pi_loss": ("class similarity (Π)", "dash", "#c2803a"),
    "contrastive_loss": ("contrastive term", "dot", "#8b98a5"),
}
"""Columns of the step losses -> (name in the legend, line style, colour: it never stands alone)."""
F1_SPLITS = {
    "validation_macro_f1": EpochLine("validation", "solid", "circle", "#2f7fd1"),
    "test_macro_f1": EpochLine("test", "dash", "diamond", "#8b98a5"),
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
    lay_out(figure, "Loss while training", "optimizer step", "loss (nats)", height)
    figure.update_yaxes(rangemode="tozero")
    return figure


def f1_curves(metrics: pd.DataFrame, height: int = 220) -> go.Figure | None:
    """Return macro F1 by epoch for each split that has one; None if none has.

    Args:
        metrics: epoch, validation_macro_f1, test_macro_f1 (0 to 1, or missing); an epoch a row.
        height: Of the figure, in pixels.
    """
    figure = go.Figure()
    for column, line in F1_SPLITS.items():
        known = metrics[metrics[column].notna()]
        if not known.empty:
            hover = f"after epoch %{{x}}: {line.name} F1 %{{y:.3f}}"
            add_epoch_line(figure, line, known["epoch"], known[column], hover)
    if not figure.data:
        return None
    lay_out(figure, "Agreement with held-out labels", "epoch", "macro F1 (0 to 1)", height)
    count_epochs(figure, len(metrics))
    return figure
