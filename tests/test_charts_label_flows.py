"""The Sankey diagram of given to suggested labels, as a figure."""

from __future__ import annotations

import pandas as pd

from lane_core.charts.label_flows import MOST_FLOWS, label_flows


def flows(*rows: tuple[str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["given_label", "suggested_label", "count"])


def many(last: int) -> pd.DataFrame:
    """One flow of 10 from each of 30 classes, then two smaller pairs."""
    rows = [(f"g{number:02}", f"s{number % 4}", 10) for number in range(MOST_FLOWS)]
    return flows(*rows, ("g00", "s1", last), ("g00", "s2", last))


def test_every_flow_runs_from_its_given_to_its_suggested_label() -> None:
    figure = label_flows(flows(("joy", "fear", 7), ("fear", "joy", 2), ("joy", "<b>", 1)))
    (sankey,) = figure.data
    labels = list(sankey.node.label)
    assert labels == ["joy", "fear", "fear", "joy", "&lt;b&gt;"]
    drawn = [
        (labels[source], labels[target], value)
        for source, target, value in zip(
            sankey.link.source, sankey.link.target, sankey.link.value, strict=True
        )
    ]
    assert drawn == [("joy", "fear", 7), ("fear", "joy", 2), ("joy", "&lt;b&gt;", 1)]
    # Given labels on the left, suggested ones on the right, though both have the same names.
    assert list(sankey.link.source) == [0, 1, 0]
    assert list(sankey.link.target) == [2, 3, 4]
    assert list(sankey.link.customdata) == [
        "joy given, fear suggested: 7 suspects",
        "fear given, joy suggested: 2 suspects",
        "joy given, &lt;b&gt; suggested: 1 suspect",
    ]


def test_the_rest_is_one_flow_of_others() -> None:
    (sankey,) = label_flows(many(3)).data
    assert len(sankey.link.value) == MOST_FLOWS + 1
    assert sankey.link.value[-1] == 6
    assert sankey.node.label[sankey.link.source[-1]] == sankey.node.label[sankey.link.target[-1]] == "others"
    assert sankey.link.customdata[-1] == "6 suspects in 2 smaller pairs"
    assert sum(sankey.link.value) == many(3)["count"].sum()


def test_a_rest_that_would_drown_all_else_is_told_instead() -> None:
    # 30 flows of 10 are drawn; more than twice as many suspects are not.
    figure = label_flows(many(301))
    assert len(figure.data[0].link.value) == MOST_FLOWS
    assert "602 suspects in 2 smaller pairs not drawn" in figure.layout.title.text
    assert "not drawn" not in label_flows(many(300)).layout.title.text
