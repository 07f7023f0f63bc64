"""Where labels would go if every suggestion were taken: given labels on the left, suggested ones on the right."""

from __future__ import annotations

from html import escape

import pandas as pd
import plotly.graph_objects as go

from lane_core.charts.matrix_parts import short_name
from lane_core.wording import counted

MOST_FLOWS = 30
"""More would be a tangle: the rest is one flow."""
MOST_REST = 2
"""The rest is drawn unless it is more than so many times as wide as all other flows: it would leave them no room."""
_FLOW, _REST = "rgba(47, 125, 209, 0.45)", "rgba(128, 128, 128, 0.35)"
_GIVEN, _SUGGESTED = "#d97706", "#0f766e"
_ROW_PX, _LEAST_PX = 21, 320
_REST_NAME = "others"


def label_flows(flows: pd.DataFrame) -> go.Figure:
    """Draw how many suspects of each given label are suggested which label.

    Args:
        flows: given_label, suggested_label, count; the largest first, at least one.

    Returns:
        A Sankey diagram of the largest flows, as wide as it is given room; the rest is summed up as "others",
        or, where it is far wider, told in the title.
    """
    drawn, undrawn = flows.head(MOST_FLOWS), int(flows["count"].iloc[MOST_FLOWS:].sum())
    rest = undrawn if undrawn <= MOST_REST * drawn["count"].sum() else 0
    sides = [list(dict.fromkeys(drawn[column])) for column in ("given_label", "suggested_label")]
    places = [{name: place for place, name in enumerate(side)} for side in sides]
    num_given = len(sides[0]) + (rest > 0)
    source = [places[0][name] for name in drawn["given_label"]]
    target = [num_given + places[1][name] for name in drawn["suggested_label"]]
    tooltips = [
        f"{escape(given)} given, {escape(suggested)} suggested: {counted(count, 'suspect')}"
        for given, suggested, count in zip(
            drawn["given_label"], drawn["suggested_label"], drawn["count"].tolist(), strict=True
        )
    ]
    values, colours = drawn["count"].tolist(), [_FLOW] * len(drawn)
    if rest:
        source.append(num_given - 1)
        target.append(num_given + len(sides[1]))
        num_pairs = len(flows) - len(drawn)
        tooltips.append(f"{counted(rest, 'suspect')} in {counted(num_pairs, 'smaller pair')}")
        values, colours = [*values, rest], [*colours, _REST]
    others = [_REST_NAME] if rest else []
    names = [*sides[0], *others, *sides[1], *others]
    figure = go.Figure(
        go.Sankey(
            arrangement="fixed",
            node={
                "label": [escape(short_name(name, len(names))) for name in names],
                "customdata": [escape(name) for name in names],
                "hovertemplate": "%{customdata}: %{value:,.0f} suspects<extra></extra>",
                "color": [_GIVEN] * num_given + [_SUGGESTED] * (len(names) - num_given),
                "pad": 8,
                "thickness": 12,
            },
            link={
                "source": source,
                "target": target,
                "value": values,
                "color": colours,
                "customdata": tooltips,
                "hovertemplate": "%{customdata}<extra></extra>",
            },
            valueformat=",.0f",
        )
    )
    rows = max(num_given, len(names) - num_given)
    figure.update_layout(
        title={"text": _title(len(flows), undrawn - rest), "x": 0, "xref": "container"},
        height=max(_LEAST_PX, 80 + _ROW_PX * rows),
        margin={"l": 8, "r": 8, "t": 84, "b": 16},
        annotations=[_heading("given label", 0, "left"), _heading("suggested label", 1, "right")],
    )
    return figure


def _title(num_pairs: int, undrawn: int) -> str:
    title = "Suspects: from the given to the suggested label"
    if not undrawn:
        return title
    pairs = counted(num_pairs - MOST_FLOWS, "smaller pair")
    return f"{title}<br><sub>{counted(undrawn, 'suspect')} in {pairs} not drawn</sub>"


def _heading(text: str, x: float, anchor: str) -> dict[str, object]:
    return {
        "text": text,
        "x": x,
        "y": 1,
        "xanchor": anchor,
        "yanchor": "bottom",
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
    }
