"""The distribution of the averaged label-aware margins, with the line below which examples weigh less."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

MOST_BARS = 50
TAIL = 0.005
"""Share of the examples on either side that may be gathered in the outermost bar: a few extreme margins would
otherwise press all others into one bar."""
BELOW_COLOUR = "#d97706"
OTHER_COLOUR = "#8b98a5"


def alm_histogram(
    alm: npt.NDArray[np.floating], mu: float | None, epoch: int, height: int = 300
) -> go.Figure:
    """Return the histogram of one epoch's ALM. Bars never cross mu: those left of it weigh less in the training.

    Args:
        alm: Averages of the training examples, (N,), in logits.
        mu: Mean of the negative ones (eq. 5), in logits; None where there are too few of them.
        epoch: For the title.
        height: Of the figure, in pixels.
    """
    figure = go.Figure()
    edges = bar_edges(alm, 0.0 if mu is None else mu)
    counts, _ = np.histogram(np.clip(alm, edges[0], edges[-1]), edges)
    tooltips = _tooltips(alm, edges, counts)
    centres = (edges[:-1] + edges[1:]) / 2
    is_below = np.zeros(len(centres), dtype=bool) if mu is None else centres < mu
    for name, shown, colour in (
        ("weigh less: ALM below μ", is_below, BELOW_COLOUR),
        ("other training examples", ~is_below, OTHER_COLOUR),
    ):
        figure.add_bar(
            x=centres[shown],
            y=counts[shown],
            width=np.diff(edges)[shown],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            customdata=[[tooltip] for tooltip, wanted in zip(tooltips, shown, strict=True) if wanted],
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
    if mu is not None:
        figure.add_vline(x=mu, line={"dash": "dash", "width": 2, "color": BELOW_COLOUR})
        figure.add_annotation(
            x=mu, y=1, yref="paper", text=f"μ = {mu:.2f}", showarrow=False, xanchor="right", xshift=-6
        )
    figure.update_layout(
        title={"text": f"Label-aware margins after epoch {epoch}"},
        height=height,
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        barmode="overlay",
        showlegend=mu is not None,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title={"text": "ALM, average margin (logits)"})
    figure.update_yaxes(title={"text": "training examples"}, rangemode="tozero")
    return figure


def bar_edges(alm: npt.NDArray[np.floating], anchor: float) -> npt.NDArray[np.float64]:
    """Return equally spaced edges around all but the tails of the values; one of them is ``anchor``.

    The width is 1, 2 or 5 times a power of ten.

    Example:
        >>> bar_edges(np.array([-1.0, 3.0]), anchor=0.5).round(2)[[0, 1, 14, 15, 16]]
        array([-1. , -0.9,  0.4,  0.5,  0.6])
    """
    low, high = np.quantile(alm, [TAIL, 1 - TAIL]) if len(alm) else (anchor - 1, anchor + 1)
    low, high = min(float(low), anchor), max(float(high), anchor)
    width = _round_width((high - low) / MOST_BARS)
    first, last = math.floor((low - anchor) / width), math.ceil((high - anchor) / width)
    steps = np.arange(min(first, -1), max(last, 1) + 1, dtype=np.float64)
    return anchor + width * steps


def _round_width(least: float) -> float:
    """Return the smallest 1, 2 or 5 times a power of ten that is not below ``least``; 0.1 for no spread."""
    if least <= 0:
        return 0.1
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= least * (1 - 1e-9))


def _tooltips(
    alm: npt.NDArray[np.floating], edges: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]
) -> list[str]:
    texts = []
    width = edges[1] - edges[0]
    for number, count in enumerate(counts):
        low, high = _number(edges[number], width), _number(edges[number + 1], width)
        where = f"ALM {low} to {high}"
        if number == 0 and alm.min(initial=np.inf) < edges[0]:
            where = f"ALM below {high}"
        elif number == len(counts) - 1 and alm.max(initial=-np.inf) > edges[-1]:
            where = f"ALM above {low}"
        texts.append(f"{where}: {count:,} example{'' if count == 1 else 's'}")
    return texts


def _number(value: float, width: float) -> str:
    """Return a margin with as many decimals as bars of this width need."""
    decimals = max(0, 1 - math.floor(math.log10(width)))
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text == "-0" else text
