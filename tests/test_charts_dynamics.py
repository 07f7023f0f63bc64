"""Charts of the training dynamics: what stands in them, not how they look."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from lane_core.charts.alm_fit import alm_fit, weights_at
from lane_core.charts.alm_histogram import alm_histogram, bars_in_words, members
from lane_core.charts.alm_statistics import alm_statistics, clipped_share
from lane_core.charts.data_map import Borders, data_map, step_of
from lane_core.charts.trajectories import Followed, trajectory_chart
from lane_core.charts.weights import weight_curves
from lane_core.methods.weighting import SuspectStatistics, gaussian_weights

ALM = np.array([-2.95, -2.05, -2.0, -1.05, -0.5, 0.0, 0.95, 1.0, 1.04], dtype=np.float32)
METRICS = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "mu": [np.nan, -0.5, -0.7],
        "sigma": [np.nan, 0.4, 0.6],
        "clipped_share": [0.0, 0.02, 0.25],
    }
)


def bars(figure):
    """Return (number, count) of every bar, in order of number."""
    found = [
        (data[1], y)
        for trace in figure.data
        if trace.type == "bar"
        for data, y in zip(trace.customdata, trace.y, strict=True)
    ]
    return sorted(found)


@pytest.mark.parametrize("mu", [-1.0, -0.3, 0.6, None])
def test_the_members_of_a_bar_are_those_that_it_counts(mu: float | None) -> None:
    alm = np.random.default_rng(5).normal(0.3, 1.2, 4000).astype(np.float32)
    found = bars(alm_histogram(alm, mu, 1))
    assert [bar for bar, _ in found] == list(range(len(found)))
    for bar, count in found:
        assert members(alm, mu, {bar}).sum() == count
    assert members(alm, mu, {bar for bar, _ in found}).all()


def test_marked_bars_in_words() -> None:
    # Spread 3.99: bars of 0.1 from -3 on, one edge at mu.
    assert bars_in_words(ALM, -1.0, {0, 1}) == "ALM -3 to -2.8"
    tail = np.concatenate([np.linspace(-1, 1, 1000), [-1e6]])
    count = len(bars(alm_histogram(tail, -0.5, 1)))
    assert bars_in_words(tail, -0.5, {0}).startswith("ALM below -0.9")
    assert bars_in_words(tail, -0.5, {count - 1, 0}).startswith("ALM below ")


def test_a_mu_above_zero_reaches_nobody_above_zero() -> None:
    figure = alm_histogram(ALM, 0.6, 1)
    below = figure.data[0]
    assert below.name == "weigh less: ALM below 0"
    assert sum(below.y) == 5
    assert max(below.x) < 0


@pytest.mark.parametrize(("mu", "sigma"), [(-0.7, 0.5), (-2.0, 0.1), (0.6, 0.6)])
def test_the_curve_is_the_weight_of_the_method(mu: float, sigma: float) -> None:
    expected = gaussian_weights(torch.tensor(ALM), SuspectStatistics(mu, sigma)).numpy()
    np.testing.assert_allclose(weights_at(ALM, mu, sigma), expected, rtol=1e-5)
    # By hand: two sigma below mu.
    assert weights_at(np.array([mu - 2 * sigma]), mu, sigma) == pytest.approx([np.exp(-2)])


def test_the_fit_has_a_second_axis_named_weight() -> None:
    figure = alm_fit(ALM, -1.0, 0.5, 3, (-3.0, 2.0))
    curve = figure.data[-1]
    assert (curve.yaxis, figure.layout.yaxis2.title.text) == ("y2", "weight")
    at = dict(zip(curve.x, curve.y, strict=True))
    assert at[-1.0] == 1.0
    assert min(at.values()) == pytest.approx(np.exp(-0.5 * (2.0 / 0.5) ** 2))
    assert [note.text for note in figure.layout.annotations] == ["μ = -1.00", "σ = 0.50"]
    assert tuple(figure.layout.xaxis.range) == pytest.approx((-3.25, 2.25))
    assert figure.layout.title.text == "Label-aware margins after epoch 3"


def test_without_mu_no_curve_is_drawn() -> None:
    figure = alm_fit(ALM, None, None, 1, (-3.0, 2.0))
    assert [trace.type for trace in figure.data] == ["bar", "bar"]
    assert "yaxis2" not in figure.layout.to_plotly_json()


def test_statistics_leave_out_the_epochs_that_have_none() -> None:
    figure = alm_statistics(METRICS)
    assert figure is not None
    assert [list(trace.x) for trace in figure.data] == [[2, 3], [2, 3]]
    assert [list(trace.y) for trace in figure.data] == [[-0.5, -0.7], [0.4, 0.6]]
    assert len({trace.line.dash for trace in figure.data}) == 2
    assert alm_statistics(METRICS.head(1)) is None
    clipped = clipped_share(METRICS)
    assert list(clipped.data[0].y) == [0.0, 0.02, 0.25]
    assert clipped.layout.yaxis.title.text == "share of negative margins"


def test_weights_are_two_lines_in_their_bands() -> None:
    bands = pd.DataFrame(
        {
            "epoch": [1, 1, 2, 2],
            "is_flagged": [False, True, False, True],
            "num_examples": [8, 2, 8, 2],
            "mean": [1.0, 0.8, 0.9, 0.4],
            "low": [1.0, 0.5, 0.8, 0.1],
            "high": [1.0, 1.0, 1.0, 0.7],
        }
    )
    flagged_band, flagged, kept_band, kept = weight_curves(bands).data
    assert list(flagged.y) == [0.8, 0.4]
    assert list(kept.y) == [1.0, 0.9]
    assert (list(flagged_band.x), list(flagged_band.y)) == ([1, 2, 2, 1], [1.0, 0.7, 0.1, 0.5])
    assert list(kept_band.y) == [1.0, 1.0, 0.8, 1.0]
    assert (flagged.name, kept.name) == ("flagged: mean", "not flagged: mean")
    assert flagged.line.dash != kept.line.dash
    only_kept = weight_curves(bands[~bands["is_flagged"]])
    assert len(only_kept.data) == 2


def test_trajectories_lie_before_the_means_of_their_classes() -> None:
    values = pd.DataFrame({"index": [3, 3, 7, 7], "epoch": [1, 3, 1, 2], "alm": [-1.0, -3.0, 0.5, 0.6]})
    means = pd.DataFrame({"label": ["anger", "anger", "fear"], "epoch": [1, 2, 1], "alm": [0.1, 0.2, 0.3]})
    hostile = "<b>%{x}</b>"
    figure = trajectory_chart(
        [Followed(3, hostile, "anger"), Followed(7, "seven", "fear")], values, means, "alm", 3
    )
    names = [trace.name for trace in figure.data]
    assert names == ["mean of anger", "mean of fear", "&lt;b&gt;%{x}&lt;/b&gt;", "seven"]
    assert "%{x}</b>" not in figure.data[2].hovertemplate
    # A missing epoch is a gap.
    np.testing.assert_array_equal(figure.data[2].y, [-1.0, np.nan, -3.0])
    np.testing.assert_array_equal(figure.data[0].y, [0.1, 0.2, np.nan])
    assert figure.layout.yaxis.title.text == "ALM, average margin (logits)"
    assert figure.data[2].marker.symbol != figure.data[3].marker.symbol


def test_correctness_has_five_steps() -> None:
    shares = np.array([0, 1 / 10, 1 / 3, 2 / 5, 2 / 3, 7 / 10, 29 / 30, 1.0])
    assert step_of(shares).tolist() == [0, 1, 1, 2, 2, 3, 3, 4]


def test_the_data_map_draws_each_point_once_by_correctness() -> None:
    points = pd.DataFrame(
        {
            "confidence": [0.1, 0.5, 0.9, 0.95],
            "variability": [0.05, 0.3, 0.1, 0.02],
            "correctness": [0.0, 0.5, 1.0, 1.0],
        }
    )
    figure = data_map(points, Borders(0.1, 0.9, 0.3), 4)
    assert [(trace.name, len(trace.x)) for trace in figure.data] == [
        ("never", 1),
        ("in up to two thirds", 1),
        ("in all epochs", 2),
    ]
    assert {trace.type for trace in figure.data} == {"scattergl"}
    assert (
        len({trace.marker.symbol for trace in figure.data}) == len({t.marker.color for t in figure.data}) == 3
    )
    np.testing.assert_allclose(figure.data[2].y, [0.9, 0.95], rtol=1e-6)
    words = [note.text for note in figure.layout.annotations]
    assert words == ["easy to learn ↑", "hard to learn ↓", "ambiguous →"]
    assert len(data_map(points, Borders(0.1, 0.9, None), 1).layout.annotations) == 2
