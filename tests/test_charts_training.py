"""Charts of a run: what stands in them, not how they look."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lane_core.charts.alm_histogram import MOST_BARS, alm_histogram, bar_edges
from lane_core.charts.losses import f1_curves, loss_curves

LOSSES = pd.DataFrame(
    {
        "epoch": [1, 1, 2],
        "step": [10, 20, 30],
        "theta_loss": [2.0, 1.5, 1.0],
        "pi_loss": [2.1, 1.6, 1.1],
        "contrastive_loss": [3.0, 2.5, 2.0],
    }
)
METRICS = pd.DataFrame(
    {"epoch": [1, 2], "validation_macro_f1": [0.5, 0.6], "test_macro_f1": [np.nan, np.nan]}
)


def bars(figure):
    """Return (centre, count, tooltip, below mu?) of every bar, from left to right."""
    found = [
        (x, y, text[0], "below" in trace.name)
        for trace in figure.data
        for x, y, text in zip(trace.x, trace.y, trace.customdata, strict=True)
    ]
    return sorted(found)


def test_loss_curves_show_three_named_terms_over_steps() -> None:
    figure = loss_curves(LOSSES)
    assert [trace.name for trace in figure.data] == [
        "classifier (θ)",
        "class similarity (Π)",
        "contrastive term",
    ]
    assert list(figure.data[0].x) == [10, 20, 30]
    assert [list(trace.y) for trace in figure.data] == [[2.0, 1.5, 1.0], [2.1, 1.6, 1.1], [3.0, 2.5, 2.0]]
    assert figure.layout.title.text == "Loss while training"
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == (
        "optimizer step",
        "loss (nats)",
    )
    assert len({trace.line.dash for trace in figure.data}) == 3


def test_f1_curves_leave_out_a_split_without_metric() -> None:
    figure = f1_curves(METRICS)
    assert figure is not None
    assert [trace.name for trace in figure.data] == ["validation"]
    assert list(figure.data[0].x) == [1, 2]
    assert list(figure.data[0].y) == [0.5, 0.6]
    assert figure.layout.xaxis.title.text == "epoch"


def test_f1_curves_of_nothing_are_none() -> None:
    assert f1_curves(METRICS.assign(validation_macro_f1=None)) is None


@pytest.mark.parametrize(
    "figure", [loss_curves(LOSSES), f1_curves(METRICS), alm_histogram(np.array([0.0, 1.0]), None, 1)]
)
def test_charts_leave_background_and_text_to_the_theme(figure) -> None:
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None
    assert figure.layout.title.font.color is None


def test_histogram_bars_end_at_mu_and_hold_every_example() -> None:
    alm = np.array([-2.95, -2.05, -2.0, -1.05, -0.5, 0.0, 0.95, 1.0, 1.04])
    figure = alm_histogram(alm, mu=-1.0, epoch=3)
    found = bars(figure)
    assert sum(count for _, count, _, _ in found) == len(alm)
    # Below -1: -2.95, -2.05, -2.0 and -1.05.
    assert sum(count for _, count, _, is_below in found if is_below) == 4
    assert max(x for x, _, _, is_below in found if is_below) < -1.0
    assert min(x for x, _, _, is_below in found if not is_below) > -1.0
    assert figure.layout.title.text == "Label-aware margins after epoch 3"
    assert figure.layout.annotations[0].text == "μ = -1.00"
    assert figure.layout.shapes[0].x0 == -1.0


def test_histogram_says_in_words_what_a_bar_holds() -> None:
    # Spread 3: bars of 0.1.
    alm = np.array([-1.5, -1.45, -1.42, 0.05, 1.5])
    texts = [text for _, count, text, _ in bars(alm_histogram(alm, None, 1)) if count]
    assert "ALM -1.5 to -1.4: 3 examples" in texts
    assert "ALM 0 to 0.1: 1 example" in texts


def test_extreme_margins_are_gathered_at_the_end() -> None:
    alm = np.concatenate([np.linspace(-1, 1, 1000), [-1e6]])
    found = bars(alm_histogram(alm, mu=-0.5, epoch=1))
    assert len(found) <= MOST_BARS + 4
    assert sum(count for _, count, _, _ in found) == 1001
    assert found[0][2].startswith("ALM below -0.9")
    assert found[0][0] > -1.1


def test_a_bar_edge_lies_on_the_anchor_whatever_the_spread() -> None:
    for values in ([0.2], [5.0, 5.0], [-3.0, -2.0], [1e-3, 2e-3], []):
        edges = bar_edges(np.array(values), anchor=-1.234)
        assert np.isclose(edges, -1.234).any()
        assert edges[0] < -1.234 < edges[-1]
        assert all(edges[0] <= value <= edges[-1] for value in values)
