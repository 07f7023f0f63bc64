"""The heatmaps as figures: colours, doors, words, sizes. Real clicks: tests/browser/test_heatmap_click.py."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lane_core.charts.class_matrix import INNER_PX, cell_px
from lane_core.charts.heatmaps import confusion_heatmap, confusion_values, similarity_heatmap
from lane_core.charts.matrix_parts import short_name
from lane_core.evidence.class_tree import class_tree
from tests.tooltips import tooltip

CLASSES = ["anger", "fear", "joy"]
COUNTS = pd.DataFrame([[900, 4, 0], [1, 800, 1200], [0, 7, 950]], index=CLASSES, columns=CLASSES)
SIMILARITY = pd.DataFrame(
    [[0.7, 0.2, 0.1], [0.25, 0.65, 0.1], [0.05, 0.15, 0.8]], index=CLASSES, columns=CLASSES
)


def square(num_classes: int, value: float = 1) -> pd.DataFrame:
    names = [f"class {number:03}" for number in range(num_classes)]
    return pd.DataFrame(np.full((num_classes, num_classes), value), index=names, columns=names)


def inner_size(figure) -> tuple[int, int]:
    margin = figure.layout.margin
    return figure.layout.width - margin.l - margin.r, figure.layout.height - margin.t - margin.b


def test_the_diagonal_has_no_colour_and_does_not_stretch_the_scale() -> None:
    colours, _ = confusion_heatmap(COUNTS, epoch=5).data
    expected = [[np.nan, 4, 0], [1, np.nan, 1200], [0, 7, np.nan]]
    np.testing.assert_array_equal(np.array(colours.z, dtype=float), expected)
    assert (colours.zmin, colours.zmax) == (0, 1200)
    assert colours.colorscale[0][1] == "#00224e"  # the dark end of cividis


def test_the_scale_stands_where_everything_lies_on_the_diagonal() -> None:
    nothing = pd.DataFrame(np.diag([5, 6, 7]), index=CLASSES, columns=CLASSES)
    assert confusion_heatmap(nothing, epoch=1).data[0].zmax == 1


def test_every_cell_is_a_door_whose_number_says_which_it_is() -> None:
    _, doors = confusion_heatmap(COUNTS, epoch=5).data
    assert [(row, column) for row, column in zip(doors.y, doors.x, strict=True)] == [
        divmod(point, 3) for point in range(9)
    ]
    # Empty words: a browser draws nothing for them, and a click still finds them.
    assert doors.mode == "text"


def test_tooltips_are_put_together_from_names_and_numbers() -> None:
    figure = confusion_heatmap(COUNTS, epoch=5)
    assert [tooltip(figure, point) for point in (0, 3, 5)] == [
        "Examples given anger, predicted anger: 900",
        "Examples given fear, predicted anger: 1",
        "Examples given fear, predicted joy: 1,200",
    ]
    figure = similarity_heatmap(SIMILARITY, epoch=2)
    # (0.05 + 0.15) / 2 = 0.10
    assert tooltip(figure, 7) == "Pi takes joy for fear with 0.15 on average; row mean 0.10"
    assert tooltip(figure, 8) == "Pi takes joy for joy with 0.80 on average; row mean 0.10"


def test_a_page_need_not_read_a_sentence_for_each_of_22_500_cells() -> None:
    assert len(similarity_heatmap(square(150), 5).to_json()) < 750_000


@pytest.mark.parametrize(
    ("figure", "title", "unit"),
    [
        (confusion_heatmap(COUNTS, 5), "Given against predicted label, epoch 5", "examples"),
        (similarity_heatmap(SIMILARITY, 2), "Class similarity, epoch 2", "mean probability of Pi"),
    ],
)
def test_title_axes_and_colour_bar_are_named(figure, title: str, unit: str) -> None:
    assert figure.layout.title.text == title
    assert figure.layout.xaxis.title.text == "predicted label"
    assert figure.layout.yaxis.title.text == "given label"
    assert figure.data[0].colorbar.title.text == unit


def test_rows_run_downwards_and_columns_to_the_right() -> None:
    figure = confusion_heatmap(COUNTS, epoch=1)
    assert list(figure.layout.yaxis.categoryarray) == [0, 1, 2]
    assert figure.layout.yaxis.labelalias == {"0": "anger", "1": "fear", "2": "joy"}
    assert figure.layout.xaxis.range == (-0.5, 2.5)
    assert figure.layout.yaxis.range == (2.5, -0.5)


@pytest.mark.parametrize("num_classes", [2, 3, 8, 28, 77, 150])
def test_cells_are_square(num_classes: int) -> None:
    figure = confusion_heatmap(square(num_classes), epoch=1)
    width, height = inner_size(figure)
    assert width == height == cell_px(num_classes) * num_classes
    assert figure.layout.yaxis.scaleanchor == "x"


def test_cells_shrink_with_the_number_of_classes_within_limits() -> None:
    assert [cell_px(num) for num in (2, 8, 28, 150)] == [110, INNER_PX // 8, INNER_PX // 28, 3]


def test_the_chosen_cell_is_outlined_within_its_borders() -> None:
    (shape,) = confusion_heatmap(COUNTS, epoch=1, chosen=("fear", "joy")).layout.shapes
    assert 1.5 < shape.x0 < 1.55 < 2.45 < shape.x1 < 2.5
    assert 0.5 < shape.y0 < 0.55 < 1.45 < shape.y1 < 1.5
    assert not confusion_heatmap(COUNTS, epoch=1).layout.shapes


def test_numbers_stand_in_cells_that_have_room() -> None:
    colours, doors = confusion_heatmap(COUNTS, epoch=1).data
    assert [list(row) for row in colours.text] == [["", "4", ""], ["1", "", "1,200"], ["", "7", ""]]
    assert [text for text in doors.text if text] == ["900", "800", "950"]
    assert list(similarity_heatmap(SIMILARITY, epoch=1).data[0].text[0]) == ["", "0.20", "0.10"]
    colours, doors = confusion_heatmap(square(13), epoch=1).data
    assert (colours.text, doors.text, doors.marker.maxdisplayed) == (None, None, 1)


def test_names_are_whole_up_to_twenty_classes_then_cut_in_the_middle() -> None:
    assert short_name("disappointment", 20) == "disappointment"
    assert short_name("card_payment_fee_charged", 21) == "card_pa…harged"
    assert len(short_name("card_payment_fee_charged", 21)) == 14
    figure = confusion_heatmap(square(21).rename(index={"class 000": "card_payment_fee_charged"}), epoch=1)
    assert figure.layout.yaxis.labelalias["0"] == "card_pa…harged"
    assert tooltip(figure, 1) == "Examples given card_payment_fee_charged, predicted class 001: 1"


def test_many_classes_can_be_zoomed_and_a_click_leaves_the_figure_as_it_is() -> None:
    many, few = square(41), square(40)
    assert confusion_heatmap(many, epoch=1).layout.xaxis.fixedrange is False
    assert confusion_heatmap(few, epoch=1).layout.xaxis.fixedrange is True
    chosen = ("class 001", "class 002")
    assert confusion_heatmap(many, 1, chosen) == confusion_heatmap(many, 1)
    assert confusion_heatmap(few, 1, chosen) != confusion_heatmap(few, 1)


def test_class_names_are_text_not_markup() -> None:
    names = ["<unk>", "a&b"]
    figure = confusion_heatmap(pd.DataFrame([[1, 2], [3, 4]], index=names, columns=names), epoch=1)
    assert figure.layout.xaxis.labelalias == {"0": "&lt;unk&gt;", "1": "a&amp;b"}
    assert tooltip(figure, 1) == "Examples given &lt;unk&gt;, predicted a&amp;b: 2"


SEVERITY = pd.DataFrame([[0, 0.5, 0.9], [0.25, 0, 0], [0.75, 0, 0]], index=CLASSES, columns=CLASSES)


def test_shares_and_severity_weigh_the_counts() -> None:
    # Rows of 904, 2001 and 957 examples.
    share = confusion_values(COUNTS, None, "share").to_numpy()
    np.testing.assert_allclose(share[1], [1 / 2001, 800 / 2001, 1200 / 2001])
    np.testing.assert_array_equal(
        confusion_values(COUNTS, SEVERITY, "severity").to_numpy(), [[0, 2, 0], [0.25, 0, 0], [0, 0, 0]]
    )
    empty = pd.DataFrame(np.zeros((2, 2)), index=["a", "b"], columns=["a", "b"])
    assert confusion_values(empty, None, "share").to_numpy().tolist() == [[0, 0], [0, 0]]
    figure = confusion_heatmap(COUNTS, 5, cells="severity", severity=SEVERITY)
    assert figure.data[0].zmax == 2
    assert figure.data[0].colorbar.title.text == "examples × severity"
    assert tooltip(figure, 1) == "Examples given anger, predicted fear: 4 × severity 0.50 = 2.0"
    totals = confusion_heatmap(COUNTS, 5, cells="severity", severity=SEVERITY, has_totals=True)
    # Column of joy: 0 × 0.9 and 1,200 × 0; row of anger: (4 × 0.5 + 0 × 0.9) / 4 = 0.5.
    assert tooltip(totals, 14) == "Examples given another class, predicted joy: 1,200 × severity 0.00 = 0.0"
    assert tooltip(totals, 3) == "Examples given anger, predicted another class: 4 × severity 0.50 = 2.0"
    share = confusion_heatmap(COUNTS, 5, cells="share")
    assert tooltip(share, 5) == "Examples given fear, predicted joy: 1,200, 60.0 % of 2,001"


def test_totals_stand_beside_and_below_without_the_diagonal() -> None:
    figure = confusion_heatmap(COUNTS, 5, has_totals=True)
    colours, doors = figure.data
    assert colours.zmax == 1200
    assert figure.layout.yaxis.labelalias["3"] == "any other"
    # Rows 4 + 0, 1 + 1200, 0 + 7; columns 1 + 0, 4 + 7, 0 + 1200; all 1212.
    assert [doors.text[point] for point in (3, 7, 11, 12, 13, 14, 15)] == [
        "4", "1,201", "7", "1", "11", "1,200", "1,212",
    ]  # fmt: skip
    assert [tooltip(figure, point) for point in (7, 13, 15)] == [
        "Examples given fear, predicted another class: 1,201",
        "Examples given another class, predicted fear: 11",
        "Examples given another class, predicted another class: 1,212",
    ]
    assert np.isnan(np.array(colours.z, dtype=float)[3]).all()
    share = confusion_heatmap(COUNTS, 5, cells="share", has_totals=True)
    # 4 of 904; 11 and 1212 of all 3862.
    assert [tooltip(share, point).split(": ")[-1] for point in (3, 13, 15)] == [
        "4, 0.4 % of 904", "11, 0.3 % of 3,862", "1,212, 31.4 % of 3,862",
    ]  # fmt: skip


def test_many_totals_have_colours_of_their_own() -> None:
    figure = confusion_heatmap(square(13), 5, has_totals=True)
    colours, _, totals = figure.data
    # Each row and column has 12 ones off the diagonal; their sum does not stretch the scale.
    assert (colours.zmax, totals.zmax, totals.showscale) == (1, 12, False)
    (shape,) = confusion_heatmap(square(13), 5, ("class 001", None), has_totals=True).layout.shapes
    assert 12.5 < shape.x0 < shape.x1 < 13.5


def test_a_difference_has_zero_in_the_middle() -> None:
    change = SIMILARITY - SIMILARITY.T
    figure = similarity_heatmap(change, 4, form="scaled", against="<Run> 2, epoch 1")
    colours = figure.data[0]
    assert colours.zmin == -colours.zmax == pytest.approx(-0.05)
    assert colours.colorscale[0][1] != colours.colorscale[-1][1]
    assert tooltip(figure, 1) == "anger for fear: -0.05"
    assert (
        figure.layout.title.text
        == "Class similarity without the diagonal, epoch 4 minus &lt;Run&gt; 2, epoch 1"
    )


def test_each_form_says_what_its_numbers_are() -> None:
    both = tooltip(similarity_heatmap(SIMILARITY, 2, form="symmetric"), 1)
    assert both == "Pi takes anger and fear for one another with 0.20 on average"
    scaled = tooltip(similarity_heatmap(SIMILARITY, 2, form="scaled"), 1)
    assert scaled == "Of what Pi gives anger to other classes, 20% goes to fear"


def test_the_tree_stands_in_the_rows_of_its_classes() -> None:
    tree = class_tree(SIMILARITY.to_numpy())
    plain, figure = similarity_heatmap(SIMILARITY, 2), similarity_heatmap(SIMILARITY, 2, branches=tree)
    (shape,) = figure.layout.shapes
    assert (shape.xref, shape.yref) == ("paper", "y")
    corners = [tuple(map(float, corner.split(","))) for corner in shape.path[1:].replace("M", "L").split("L")]
    assert sorted({y for _, y in corners}) == [0, 0.5, 1, 2] or sorted({y for _, y in corners}) == [
        0,
        1,
        1.5,
        2,
    ]
    # Between the cells and the edge of the picture.
    right = 1 + figure.layout.margin.r / inner_size(figure)[0]
    assert all(1 < x < right for x, _ in corners)
    assert inner_size(figure) == inner_size(plain)
