"""Selections of examples: kept once, found again, and a filter of the queue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lane_core.errors import StoreError
from lane_core.records import QueueFilter
from lane_core.store.review_queries import queue_counts, review_queue
from lane_core.store.selections import Selection, find_selection, keep_selection
from lane_core.store.store import Store
from tests.review_store import DATASET, RUN, make_review_store

ROWS = [
    {"label": number % 2, "suggested": 2, "predicted": 2, "label_score": 0.1 * number} for number in range(6)
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = make_review_store(tmp_path / "lane.duckdb", ROWS)
    yield made
    made.close()


def test_the_same_examples_under_the_same_words_are_one_selection(store: Store) -> None:
    kept = keep_selection(store, DATASET, [4, 1, 1], "marked on the map")
    assert (kept.words, kept.num_examples) == ("marked on the map", 2)
    assert keep_selection(store, DATASET, [1, 4], "marked on the map") == kept
    others = [
        keep_selection(store, DATASET, [1, 4], "marked elsewhere"),
        keep_selection(store, DATASET, [1, 4, 5], "marked on the map"),
    ]
    assert len({kept.selection_id, *(other.selection_id for other in others)}) == 3
    with store.cursor() as cursor:
        assert cursor.execute("select count(*) from selections").fetchall() == [(3,)]


def test_a_selection_is_found_by_its_id_in_its_data_set(store: Store) -> None:
    kept = keep_selection(store, DATASET, [2], "o'brien\"; --")
    assert find_selection(store, DATASET, kept.selection_id) == Selection(
        kept.selection_id, "o'brien\"; --", 1
    )
    assert find_selection(store, "another", kept.selection_id) is None
    assert find_selection(store, DATASET, "") is None


def test_a_queue_keeps_to_its_selection(store: Store) -> None:
    kept = keep_selection(store, DATASET, [5, 1, 3, 0], "marked on the map")
    anything = QueueFilter(status="all", suspects_only=False, selection=kept.selection_id)
    assert review_queue(store, RUN, anything, limit=9)["index"].tolist() == [0, 1, 3, 5]
    of_one_class = QueueFilter(given_labels=("anger",), suspects_only=False, selection=kept.selection_id)
    assert review_queue(store, RUN, of_one_class, limit=9)["index"].tolist() == [0]
    counts = queue_counts(store, RUN, of_one_class)
    assert (counts["total"], counts["by_scope"]["all"]) == (1, 1)
    assert dict(zip(counts["by_given"]["label"], counts["by_given"]["count"], strict=True)) == {
        "anger": 1,
        "fear": 3,
    }


def test_a_lost_selection_holds_nothing(store: Store) -> None:
    lost = QueueFilter(status="all", suspects_only=False, selection="0123")
    assert review_queue(store, RUN, lost, limit=9).empty


def test_nothing_and_an_unknown_project_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="Nothing is selected"):
        keep_selection(store, DATASET, [], "marked on the map")
    with pytest.raises(StoreError, match="no data set 'nowhere'"):
        keep_selection(store, "nowhere", [1], "marked on the map")
