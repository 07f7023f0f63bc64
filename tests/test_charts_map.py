"""The map as a figure: who has which colour and symbol, what lies on top, what a tooltip says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lane_core.charts import embedding_map as module
from lane_core.charts.embedding_map import (
    COLOURS,
    OTHERS_COLOUR,
    SYMBOLS,
    category_map,
    value_map,
)

POINTS = pd.DataFrame(
    {
        "index": np.array([0, 1, 2, 3, 4, 5], dtype=np.int32),
        "x": np.arange(6, dtype=np.float32),
        "y": np.arange(6, dtype=np.float32)[::-1],
        "is_suspect": [False, True, False, False, True, False],
        "hover": ["", "bad &lt;b&gt;", "", "", "worse", ""],
    }
)
CODES = np.array([0, 0, 1, 2, 2, -1])
NAMES = ["anger", "fear", "joy"]


def traces(figure) -> list[tuple]:
    return [
        (trace.name, trace.marker.color, trace.marker.symbol, list(trace.customdata)) for trace in figure.data
    ]


def test_every_category_has_a_colour_and_a_symbol_and_suspects_lie_on_top() -> None:
    figure = category_map(POINTS, CODES, NAMES, [0, 2], "Examples", "other labels")
    assert traces(figure) == [
        ("other labels", OTHERS_COLOUR, "circle", [2, 5]),
        ("anger", COLOURS[0], SYMBOLS[0], [0]),
        ("joy", COLOURS[1], SYMBOLS[1], [3]),
        ("anger", COLOURS[0], SYMBOLS[0], [1]),
        ("joy", COLOURS[1], SYMBOLS[1], [4]),
    ]
    assert {trace.type for trace in figure.data} == {"scattergl"}
    assert [list(trace.x) for trace in figure.data] == [[2, 5], [0], [3], [1], [4]]
    assert [trace.showlegend for trace in figure.data] == [True, False, False, True, True]
    by_name = {trace.legendgroup for trace in figure.data if trace.name == "joy"}
    assert len(by_name) == 1
    assert min(trace.marker.size for trace in figure.data[3:]) > max(
        trace.marker.size for trace in figure.data[:3]
    )


def test_suspects_that_are_not_picked_out_are_grey_like_the_rest() -> None:
    figure = category_map(POINTS, CODES, NAMES, [0], "Examples", "other labels")
    assert [(trace.name, list(trace.customdata)) for trace in figure.data] == [
        ("other labels", [2, 3, 5]),
        ("other labels", [4]),
        ("anger", [0]),
        ("anger", [1]),
    ]
    assert figure.data[0].marker == figure.data[1].marker
    assert figure.data[1].text == ("worse",)


def test_in_a_crowd_the_others_are_dots_and_suspects_keep_their_symbols(monkeypatch) -> None:
    monkeypatch.setattr(module, "CROWD", 5)
    figure = category_map(POINTS, CODES, NAMES, [0, 2], "Examples", "other labels")
    assert [trace.marker.symbol for trace in figure.data] == ["circle"] * 3 + [SYMBOLS[0], SYMBOLS[1]]


def test_colours_and_symbols_are_as_many_and_all_differ() -> None:
    assert len(set(COLOURS)) == len(COLOURS) == len(set(SYMBOLS)) == len(SYMBOLS) == 10
    with pytest.raises(ValueError, match="11 categories to show; there are 10 colours"):
        category_map(POINTS, CODES, ["a"] * 11, range(11), "Examples")


def test_a_category_of_suspects_alone_stands_in_the_legend() -> None:
    figure = category_map(POINTS[POINTS["is_suspect"]], CODES[[1, 4]], NAMES, [0, 2], "Examples")
    assert [(trace.name, trace.showlegend) for trace in figure.data] == [("anger", True), ("joy", True)]


def test_hostile_names_stay_text_and_long_ones_keep_both_ends() -> None:
    names = ["<b>anger</b>", "card_payment_that_is_pending_for_long", "joy"]
    figure = category_map(POINTS, CODES, names, [0, 1, 2], "<i>Examples</i>")
    shown = {trace.name for trace in figure.data if trace.name}
    assert shown == {"&lt;b&gt;anger&lt;/b&gt;", "card_payment_that_i…for_long", "joy"}
    assert figure.layout.title.text == "&lt;i&gt;Examples&lt;/i&gt;"
    anger = next(trace for trace in figure.data if trace.name and "anger" in trace.name)
    assert anger.hovertemplate == "&lt;b&gt;anger&lt;/b&gt;<br>Mark it to read its text<extra></extra>"


def test_texts_are_sent_only_where_there_are_any() -> None:
    figure = category_map(POINTS, CODES, NAMES, [0, 2], "Examples", "other labels")
    texts = [(trace.name, trace.text) for trace in figure.data if trace.name == "anger"]
    assert texts == [("anger", None), ("anger", ("bad &lt;b&gt;",))]


def test_a_name_that_looks_like_a_template_is_no_template() -> None:
    figure = category_map(POINTS, CODES, ["%{x}", "fear", "joy"], [0], "Examples")
    anger = next(trace for trace in figure.data if list(trace.customdata) == [0])
    assert "%{x}" not in anger.hovertemplate


def test_values_are_drawn_in_steps_high_ones_first_and_suspects_on_top() -> None:
    values = np.array([0.9, 0.1, 0.4, 0.82, 0.2, np.nan])
    figure = value_map(POINTS, values, "Examples by label score", "probability")
    *drawn, scale = figure.data
    assert [list(trace.customdata) for trace in drawn] == [[5], [0], [3], [2], [4], [1]]
    low, high = np.quantile(values[:5], [0.01, 0.99])
    width = (high - low) / 12
    # 0.4 lies in the fifth of twelve steps.
    assert low + 4 * width < 0.4 < low + 5 * width
    assert drawn[3].name == f"{low + 4 * width:.2f} to {low + 5 * width:.2f}"
    assert (drawn[1].name, drawn[5].name) == (f"from {high - width:.2f}", f"below {low + width:.2f}")
    axis = figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == (pytest.approx(low), pytest.approx(high))
    assert axis.colorscale[0] == (0.0, drawn[5].marker.color)
    assert axis.colorscale[0][1] == "rgb(254, 232, 56)"  # the bright end of cividis: low values are in doubt
    assert axis.colorscale[8] == (4 / 12, drawn[3].marker.color)
    assert scale.marker.coloraxis == "coloraxis"
    assert not any(trace.showlegend for trace in figure.data)


def test_values_that_are_all_missing_or_alike_draw_too() -> None:
    missing = value_map(POINTS, np.full(6, np.nan), "T", "u").data
    assert [trace.name for trace in missing[:-1]] == ["no value", "no value"]
    alike = value_map(POINTS, np.full(6, 2.0), "T", "u")
    assert alike.layout.coloraxis.cmin < alike.layout.coloraxis.cmax
    assert sum(len(trace.customdata) for trace in alike.data[:-1]) == 6


def test_axes_have_no_numbers_and_one_scale() -> None:
    figure = category_map(POINTS, CODES, NAMES, [0], "Examples")
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert (axis.showticklabels, axis.ticks, axis.showgrid, axis.zeroline) == (False, "", False, False)
    assert figure.layout.yaxis.scaleanchor == "x"
    assert "no unit" in figure.layout.xaxis.title.text
    assert figure.layout.dragmode == "lasso"


def test_marks_that_were_made_before_are_drawn_again() -> None:
    figure = category_map(POINTS, CODES, NAMES, [0], "T", outlines=[((0, 0), (1.5, 0), (1.5, 2))])
    assert [mark.path for mark in figure.layout.selections] == ["M0,0L1.5,0L1.5,2Z"]
