"""The data map: how sure the classifier is of each given label, against how much that changes over the epochs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from lane_core.charts.lines import lay_out

_STEPS = (
    (0.0, "never", "x", "#c2410c"),
    (1 / 3, "in up to a third of the epochs", "triangle-down", "#e39a5b"),
    (2 / 3, "in up to two thirds", "diamond", "#8b98a5"),
    (1 - 1e-6, "in more", "square", "#6aa6dd"),
    (1.0, "in all epochs", "circle", "#2a6db5"),
)
"""Highest correctness of the step, in words, marker, colour: from vermilion by grey to blue, which colour-blind people
tell apart, on dark pages and on light ones."""


Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Borders:
    """Where the named regions of the map end."""

    hard_to: float
    """Highest confidence of the examples that are hard to learn."""
    easy_from: float
    """Lowest confidence of those that are easy to learn."""
    ambiguous_from: float | None
    """Lowest variability of the ambiguous ones; None after a single epoch, when nothing varies yet."""

    @classmethod
    def of(cls, points: pd.DataFrame, hard: Mask, ambiguous: Mask, easy: Mask) -> Borders:
        """Return where regions end.

        Args:
            points: confidence, variability.
            hard: Rows that are hard to learn, (N,).
            ambiguous: Rows that are ambiguous, (N,); none = nothing varies.
            easy: Rows that are easy to learn, (N,).
        """
        confidence, variability = points["confidence"].to_numpy(), points["variability"].to_numpy()
        return cls(
            hard_to=float(confidence[hard].max(initial=0)),
            easy_from=float(confidence[easy].min(initial=1)),
            ambiguous_from=float(variability[ambiguous].min()) if ambiguous.any() else None,
        )


def data_map(points: pd.DataFrame, borders: Borders, num_epochs: int, height: int = 520) -> go.Figure:
    """Return the data map, drawn by WebGL.

    Args:
        points: confidence (0 to 1), variability (0 to 0.5), correctness (0 to 1); an example a row.
        borders: Of the regions.
        num_epochs: That the numbers come from, for the title.
        height: Of the figure, in pixels.

    References:
        Swayamdipta et al., Dataset Cartography, EMNLP 2020, figure 1. Differs: five steps of correctness.
    """
    figure = go.Figure()
    step = step_of(points["correctness"].to_numpy())
    for number, (_, words, symbol, colour) in enumerate(_STEPS):
        rows = points[step == number]
        if rows.empty:
            continue
        figure.add_scattergl(
            # Single precision: half as much to send, and no eye sees more.
            x=rows["variability"].to_numpy(dtype=np.float32),
            y=rows["confidence"].to_numpy(dtype=np.float32),
            mode="markers",
            name=words,
            marker={"symbol": symbol, "size": 6, "color": colour, "opacity": 0.75},
            hovertemplate=f"confidence %{{y:.2f}}, variability %{{x:.2f}}, predicted {words}<extra></extra>",
        )
    title = f"Data map after {num_epochs} epoch{'' if num_epochs == 1 else 's'}"
    lay_out(
        figure,
        title,
        "variability of the given label's probability (standard deviation)",
        "confidence (mean probability)",
        height,
    )
    figure.update_layout(
        dragmode="lasso",
        margin={"r": 100},
        legend={"title": {"text": "given label predicted"}, "itemsizing": "constant"},
    )
    figure.update_yaxes(range=[-0.02, 1.02], zeroline=False)
    figure.update_xaxes(rangemode="tozero", zeroline=False)
    _add_borders(figure, borders)
    return figure


def step_of(correctness: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    """Return which of the five steps of correctness each example is in, 0 (never) to 4 (always), (N,)."""
    # Shares of epochs are fractions: 1 / 3 must not fall on the wrong side by its last bit.
    return np.searchsorted([limit for limit, *_ in _STEPS[:-1]], correctness - 1e-7)


def _add_borders(figure: go.Figure, borders: Borders) -> None:
    line = {"dash": "dot", "width": 1, "color": "#8b98a5"}
    names = [(borders.easy_from, "easy to learn ↑", "bottom"), (borders.hard_to, "hard to learn ↓", "top")]
    for confidence, words, anchor in names:
        figure.add_hline(y=confidence, line=line)
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", y=confidence, yanchor=anchor, text=words, showarrow=False
        )
    if borders.ambiguous_from is not None:
        figure.add_vline(x=borders.ambiguous_from, line=line)
        figure.add_annotation(
            x=borders.ambiguous_from, xanchor="left", y=0, yref="paper", yanchor="bottom",
            text="ambiguous →", showarrow=False,
        )  # fmt: skip
