"""What became of a few examples over the epochs, before the mean of their classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import pandas as pd
import plotly.graph_objects as go

from lane_core.charts.lines import count_epochs, lay_out

Measure = Literal["alm", "margin"]
AXES: dict[Measure, str] = {"alm": "ALM, average margin (logits)", "margin": "margin in the epoch (logits)"}
_TITLES: dict[Measure, str] = {
    "alm": "Average label-aware margin over the epochs",
    "margin": "Margin over the epochs",
}
_LINES = (
    ("#d97706", "solid", "circle"),
    ("#2f7fd1", "dash", "diamond"),
    ("#0f766e", "dot", "square"),
    ("#7c5cbf", "dashdot", "triangle-up"),
    ("#b4436c", "longdash", "x"),
    ("#5b6b79", "solid", "cross"),
    ("#8a6d1d", "dash", "star"),
    ("#2b9bb8", "dot", "triangle-down"),
)
"""Colour, line style and marker of each example, in order."""
MOST_EXAMPLES = len(_LINES)
_MEAN_COLOUR = "#8b98a5"
_LEGEND_CHARACTERS = 28
_HOVER = "%{hovertext}, after epoch %{x}: %{y:.2f}<extra></extra>"
"""Names come in by way of hovertext: in the template itself plotly would fill in what looks like a place."""


@dataclass(frozen=True)
class Followed:
    """An example to draw."""

    index: int
    example_id: str
    label: str
    """That the run trained on."""


def trajectory_chart(
    examples: Sequence[Followed],
    values: pd.DataFrame,
    class_means: pd.DataFrame,
    measure: Measure,
    num_epochs: int,
    height: int = 420,
) -> go.Figure:
    """Return a line an example and, behind them, one a class.

    Args:
        examples: At most ``MOST_EXAMPLES``.
        values: index, epoch and the measure, in logits.
        class_means: label, epoch and the measure.
        measure: Which column is drawn.
        num_epochs: Of the run so far: an epoch that is missing leaves a gap.
        height: Of the figure, in pixels.
    """
    figure = go.Figure()
    epochs = list(range(1, num_epochs + 1))
    labels = list(dict.fromkeys(example.label for example in examples))
    for label, (_, dash, _) in zip(labels, _LINES, strict=False):
        rows = class_means[class_means["label"] == label]
        shown = _shortened(label)
        figure.add_scatter(
            x=epochs,
            y=rows.set_index("epoch")[measure].reindex(epochs),
            mode="lines+markers",
            name=f"mean of {shown}",
            line={"color": _MEAN_COLOUR, "dash": dash, "width": 5},
            marker={"size": 6, "color": _MEAN_COLOUR},
            opacity=0.55,
            hovertext=[f"mean of the training examples given {shown}"] * num_epochs,
            hovertemplate=_HOVER,
        )
    for example, (colour, dash, symbol) in zip(examples, _LINES, strict=False):
        rows = values[values["index"] == example.index]
        figure.add_scatter(
            x=epochs,
            y=rows.set_index("epoch")[measure].reindex(epochs),
            mode="lines+markers",
            name=_shortened(example.example_id),
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 9, "color": colour},
            hovertext=[f"{_shortened(example.example_id)}, given {_shortened(example.label)}"] * num_epochs,
            hovertemplate=_HOVER,
        )
    figure.add_hline(y=0, line={"width": 1, "color": _MEAN_COLOUR})
    lay_out(figure, _TITLES[measure], "epoch", AXES[measure], height)
    count_epochs(figure, num_epochs)
    return figure


def _shortened(name: str) -> str:
    """Return a name as a legend has room for it, harmless in plotly's own markup."""
    line = " ".join(name.split())
    short = line if len(line) <= _LEGEND_CHARACTERS else f"{line[: _LEGEND_CHARACTERS - 1].rstrip()}…"
    return escape(short)
