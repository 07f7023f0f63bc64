"""The distribution of ALM in one epoch under the curve that turns it into training weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from lane_core.charts.alm_histogram import BELOW_COLOUR, alm_histogram, reach
from lane_core.charts.lines import MODE_BAR

CURVE_POINTS = 200
CURVE_COLOUR = "#2f7fd1"


def alm_fit(
    alm: npt.NDArray[np.floating],
    mu: float | None,
    sigma: float | None,
    epoch: int,
    span: tuple[float, float],
    height: int = 400,
) -> go.Figure:
    """Return the histogram of one epoch's ALM, with mu, sigma and the truncated Gaussian (eq. 4) over it.

    Args:
        alm: Averages of the training examples, (N,), in logits.
        mu: Of the negative ones (eq. 5), in logits; None = nobody weighs less, and no curve is drawn.
        sigma: Their spread (eq. 6), in logits.
        epoch: For the title.
        span: Lowest and highest ALM to show, the same in all epochs of a run: bars can then be compared while
            epochs play.
        height: Of the figure, in pixels.
    """
    figure = alm_histogram(alm, mu, epoch, height)
    low, high = span
    if mu is not None and sigma is not None:
        low = min(low, mu - 1.5 * sigma)
        _add_curve(figure, mu, sigma, low, high)
    # The outermost bar may reach beyond the span by its own width.
    room = 0.05 * (high - low)
    # A slip of the mouse moves nothing: whoever wants to see more exactly has the numbers.
    figure.update_xaxes(range=[low - room, high + room], fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    # Streamlit hears a click on a bar only while dragging does not draw a box; the tool bar has the box.
    figure.update_layout(dragmode=False, selectdirection="h", margin={"r": 56}, modebar=MODE_BAR)
    return figure


def weights_at(alm: npt.NDArray[np.floating], mu: float, sigma: float) -> npt.NDArray[np.float64]:
    r"""Return the weight of each ALM under mu and sigma, (N,).

    .. math:: \lambda = \exp\left(-\frac{(ALM - \mu)^2}{2 \sigma^2}\right)
              \text{ if } ALM < 0 \text{ and } ALM < \mu, \text{ else } 1

    References:
        LANE eq. 4, as in ``lane_core.methods.weighting``. Differs: nothing.
    """
    values = np.asarray(alm, dtype=np.float64)
    return np.where(values < reach(mu), np.exp(-0.5 * ((values - mu) / sigma) ** 2), 1.0)


def _add_curve(figure: go.Figure, mu: float, sigma: float, low: float, high: float) -> None:
    edge = reach(mu)
    # Both sides of the edge: where mu lies above 0 the curve jumps there.
    at = np.sort(np.concatenate([np.linspace(low, high, CURVE_POINTS), [np.nextafter(edge, low), edge]]))
    figure.add_scatter(
        x=at,
        y=weights_at(at, mu, sigma),
        yaxis="y2",
        mode="lines",
        name="weight (right axis)",
        line={"width": 3, "color": CURVE_COLOUR},
        hovertemplate="ALM %{x:.2f}: weight %{y:.2f}<extra></extra>",
    )
    figure.add_vrect(x0=mu - sigma, x1=mu, fillcolor=BELOW_COLOUR, opacity=0.12, line_width=0, layer="below")
    # Above the bars and the curve, on either side of the line at mu.
    figure.layout.annotations[0].update(yanchor="bottom", xanchor="left", xshift=4)
    figure.add_annotation(
        x=mu,
        y=1,
        yref="paper",
        text=f"σ = {sigma:.2f}",
        showarrow=False,
        yanchor="bottom",
        xanchor="right",
        xshift=-4,
    )
    figure.update_layout(
        showlegend=True,
        yaxis2={
            "title": {"text": "weight"},
            "overlaying": "y",
            "side": "right",
            "range": [0, 1.05],
            # Its own ticks: the theme would take over the places of those on the left.
            "tickmode": "array",
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "showgrid": False,
            "zeroline": False,
        },
    )
