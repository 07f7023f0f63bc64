"""The distribution of the averaged label-aware margins, with the line below which examples weigh less."""

from __future__ import annotations

import math
from collections.abc import Collection

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

    ``customdata`` of a bar is (tooltip, number of the bar for ``members``).

    Args:
        alm: Averages of the training examples, (N,), in logits.
        mu: Mean of the negative ones (eq. 5), in logits; None where there are too few of them.
        epoch: For the title.
        height: Of the figure, in pixels.
    """
    figure = go.Figure()
    edges = bar_edges(alm, reach(mu))
    counts = np.bincount(_bar_of(alm, edges), minlength=len(edges) - 1)
    tooltips = _tooltips(alm, edges, counts)
    centres = (edges[:-1] + edges[1:]) / 2
    is_below = np.zeros(len(centres), dtype=bool) if mu is None else centres < reach(mu)
    for name, shown, colour in (
        (f"weigh less: ALM below {'μ' if mu is None or mu <= 0 else '0'}", is_below, BELOW_COLOUR),
        ("other training examples", ~is_below, OTHER_COLOUR),
    ):
        figure.add_bar(
            x=centres[shown],
            y=counts[shown],
            width=np.diff(edges)[shown],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            customdata=[[tooltips[bar], bar] for bar in np.flatnonzero(shown).tolist()],
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


def reach(mu: float | None) -> float:
    """Return the ALM below which an example weighs less (eq. 4): mu, but never above 0; 0 where there is no mu."""
    return 0.0 if mu is None else min(mu, 0.0)


def members(alm: npt.NDArray[np.floating], mu: float | None, bars: Collection[int]) -> npt.NDArray[np.bool_]:
    """Return which examples some bars of ``alm_histogram`` count, (N,)."""
    return np.isin(_bar_of(alm, bar_edges(alm, reach(mu))), list(bars))


def bars_in_words(alm: npt.NDArray[np.floating], mu: float | None, bars: Collection[int]) -> str:
    """Return the margins that some bars span, from the lowest to the highest, as "ALM -1.5 to -1.2"."""
    edges = bar_edges(alm, reach(mu))
    return _span_in_words(alm, edges, min(bars), max(bars))


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


def _bar_of(alm: npt.NDArray[np.floating], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Return the number of each example's bar; the outermost bars hold the tails too."""
    return np.clip(np.searchsorted(edges, alm, side="right") - 1, 0, len(edges) - 2)


def _tooltips(
    alm: npt.NDArray[np.floating], edges: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]
) -> list[str]:
    return [
        f"{_span_in_words(alm, edges, bar, bar)}: {count:,} example{'' if count == 1 else 's'}"
        for bar, count in enumerate(counts)
    ]


def _span_in_words(
    alm: npt.NDArray[np.floating], edges: npt.NDArray[np.float64], first: int, last: int
) -> str:
    width = edges[1] - edges[0]
    low, high = _number(edges[first], width), _number(edges[last + 1], width)
    has_lower = first == 0 and alm.min(initial=np.inf) < edges[0]
    has_higher = last == len(edges) - 2 and alm.max(initial=-np.inf) > edges[-1]
    if has_lower:
        return "any ALM" if has_higher else f"ALM below {high}"
    return f"ALM above {low}" if has_higher else f"ALM {low} to {high}"


def _number(value: float, width: float) -> str:
    """Return a margin with as many decimals as bars of this width need."""
    decimals = max(0, 1 - math.floor(math.log10(width)))
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text == "-0" else text
