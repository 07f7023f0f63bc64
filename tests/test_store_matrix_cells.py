"""What the confusion matrices count out of sample, how severe it is, and which examples a cell holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lane_core.errors import StoreError
from lane_core.store.classes import replace_class
from lane_core.store.decisions import record_decisions
from lane_core.store.matrix_queries import cell_examples, held_out_confusion, severity_sums
from lane_core.store.store import Store
from tests.review_store import DATASET, RUN, decision, make_review_store

# (label, predicted, predicted out of sample, severity, score); "anger" = 0, "fear" = 1, "joy" = 2.
ROWS = [
    {
        "label": label,
        "predicted": predicted,
        "held_out_predicted": held_out,
        "severity": severity,
        "label_score": score,
    }
    for label, predicted, held_out, severity, score in [
        (0, 1, 1, 0.5, 0.4),
        (0, 1, 2, 0.25, 0.2),
        (0, 0, 1, 0.75, 0.9),
        (1, 0, 1, 0.125, 0.1),
        (1, 1, None, 0.5, 0.8),
        (2, 1, 1, 1.0, 0.25),
    ]
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = make_review_store(tmp_path / "lane.duckdb", ROWS)
    yield made
    made.close()


def cell(store: Store, given: str | None, predicted: str | None, is_out_of_sample: bool) -> list[int]:
    return cell_examples(store, RUN, given, predicted, is_out_of_sample)["index"].tolist()


def test_out_of_sample_counts_leave_out_what_has_no_prediction(store: Store) -> None:
    assert held_out_confusion(store, RUN).tolist() == [[0, 2, 1], [0, 1, 0], [0, 1, 0]]


def test_severity_adds_up_off_the_diagonal(store: Store) -> None:
    assert severity_sums(store, RUN).tolist() == [[0, 0.75, 0], [0.125, 0, 0], [0, 1, 0]]


def test_severity_is_unknown_where_one_is_missing(tmp_path: Path) -> None:
    made = make_review_store(
        tmp_path / "lane.duckdb", [*ROWS, {"label": 0, "predicted": 2, "severity": None}]
    )
    assert severity_sums(made, RUN) is None
    made.close()


def test_a_cell_holds_what_it_counts_worst_first(store: Store) -> None:
    assert cell(store, "anger", "fear", False) == [1, 0]
    assert cell(store, "anger", "fear", True) == [0, 2]
    assert cell(store, "fear", "joy", True) == []
    counts = held_out_confusion(store, RUN)
    for row, given in enumerate(("anger", "fear", "joy")):
        for column, predicted in enumerate(("anger", "fear", "joy")):
            assert len(cell(store, given, predicted, True)) == counts[row, column]


def test_a_margin_holds_what_lies_off_the_diagonal(store: Store) -> None:
    assert cell(store, "anger", None, True) == [1, 0, 2]
    assert cell(store, None, "fear", True) == [5, 0, 2]
    assert cell(store, None, "fear", False) == [1, 5, 0]
    assert cell(store, None, None, False) == [3, 1, 5, 0]
    # Without a prediction it is not known to be another one.
    assert 4 not in cell(store, "fear", None, True)


def test_suspects_and_decisions_are_marked(store: Store) -> None:
    record_decisions(store, [decision("a", 0, "keep")])
    found = cell_examples(store, RUN, "anger", None, True).set_index("index")
    # The balanced line is 0.3.
    assert found["is_suspect"].to_dict() == {1: True, 0: False, 2: False}
    assert found["is_reviewed"].to_dict() == {1: False, 0: True, 2: False}


def test_an_unknown_class_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="no class 'rage'"):
        cell(store, "rage", "fear", True)


def test_a_replaced_class_counts_as_the_one_in_its_place(store: Store) -> None:
    replace_class(store, DATASET, "joy", "fear", "ann")
    assert cell(store, "fear", "fear", True) == [3, 5]
    assert cell(store, "anger", "fear", True) == [1, 0, 2]
    # 1 was predicted as joy out of sample: still another class than anger; 5 was joy, and is fear now.
    assert cell(store, None, "fear", True) == [1, 0, 2]
