"""The heatmaps as figures: colours, doors, words, sizes. Real clicks: tests/browser/test_heatmap_click.py."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lane_core.charts.heatmaps import INNER_PX, cell_px, confusion_heatmap, short_name, similarity_heatmap

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


def test_every_cell_is_a_door_that_knows_its_pair() -> None:
    _, doors = confusion_heatmap(COUNTS, epoch=5).data
    assert [tuple(cell) for cell in doors.customdata] == [
        ("anger", "anger", 900), ("anger", "fear", 4), ("anger", "joy", 0),
        ("fear", "anger", 1), ("fear", "fear", 800), ("fear", "joy", 1200),
        ("joy", "anger", 0), ("joy", "fear", 7), ("joy", "joy", 950),
    ]  # fmt: skip
    assert list(doors.y) == [given for given, _, _ in doors.customdata]
    assert list(doors.x) == [predicted for _, predicted, _ in doors.customdata]
    assert (doors.marker.symbol, doors.marker.size, doors.marker.opacity) == ("square", cell_px(3), 0)


def test_tooltips_are_sentences() -> None:
    _, doors = confusion_heatmap(COUNTS, epoch=5).data
    assert doors.hovertext[:6] == (
        "anger given and predicted: 900 examples",
        "anger given, fear predicted: 4 examples",
        "anger given, joy predicted: 0 examples",
        "fear given, anger predicted: 1 example",
        "fear given and predicted: 800 examples",
        "fear given, joy predicted: 1,200 examples",
    )
    _, doors = similarity_heatmap(SIMILARITY, epoch=2).data
    # (0.05 + 0.15) / 2 = 0.10
    assert doors.hovertext[7] == "Pi takes joy for fear with 0.15 on average; row mean 0.10"
    assert doors.hovertext[8] == "Pi backs the label joy with 0.80 on average"


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
    assert list(figure.layout.yaxis.categoryarray) == CLASSES
    assert figure.layout.xaxis.range == (-0.5, 2.5)
    assert figure.layout.yaxis.range == (2.5, -0.5)


@pytest.mark.parametrize("num_classes", [2, 3, 8, 28, 77, 150])
def test_cells_are_square_and_as_large_as_their_doors(num_classes: int) -> None:
    figure = confusion_heatmap(square(num_classes), epoch=1)
    width, height = inner_size(figure)
    assert width == height == cell_px(num_classes) * num_classes
    assert figure.data[1].marker.size == width / num_classes
    assert figure.layout.yaxis.scaleanchor == "x"


def test_cells_shrink_with_the_number_of_classes_within_limits() -> None:
    assert [cell_px(num) for num in (2, 8, 28, 150)] == [110, INNER_PX // 8, INNER_PX // 28, 4]


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
    assert {text for row in confusion_heatmap(square(13), epoch=1).data[0].text for text in row} == {""}


def test_names_are_whole_up_to_twenty_classes_then_cut_in_the_middle() -> None:
    assert short_name("disappointment", 20) == "disappointment"
    assert short_name("card_payment_fee_charged", 21) == "card_pa…harged"
    assert len(short_name("card_payment_fee_charged", 21)) == 14
    figure = confusion_heatmap(square(21).rename(index={"class 000": "card_payment_fee_charged"}), epoch=1)
    assert figure.layout.yaxis.labelalias["card_payment_fee_charged"] == "card_pa…harged"
    assert figure.data[1].hovertext[1] == "card_payment_fee_charged given, class 001 predicted: 1 example"


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
    assert figure.layout.xaxis.labelalias == {"<unk>": "&lt;unk&gt;", "a&b": "a&amp;b"}
    assert figure.data[1].hovertext[1] == "&lt;unk&gt; given, a&amp;b predicted: 2 examples"
    assert tuple(figure.data[1].customdata[1]) == ("<unk>", "a&b", 2)
