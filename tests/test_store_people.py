"""What each person said and did, what came with the file, and what stands beside an example: doubles and neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from lane_core.errors import StoreError
from lane_core.records import ColumnChoice, DatasetRecord, RunRecord
from lane_core.store import decision_table, decisions, people
from lane_core.store.classes import replace_class
from lane_core.store.datasets import add_dataset
from lane_core.store.decision_queries import label_version
from lane_core.store.decisions import record_decisions, redo, undo
from lane_core.store.frames import now_utc
from lane_core.store.people import annotators, decided_since, person_labels
from lane_core.store.related_queries import duplicates, opinions
from lane_core.store.runs import add_run
from lane_core.store.store import Store, open_store
from tests.review_store import CLASSES, DATASET, NOW, RUN, decision

TEXTS = ["same", "other", " same ", "same\n", "Same", "same", "other "]
HOSTILE = "<b>o'brien</b>\u202e; --"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Seven examples given as anger, with labels of "ann" and of a hostile name on the first two."""
    opened = open_store(tmp_path / "lane.duckdb")
    add_examples(opened, DATASET)
    labels = pd.DataFrame({"index": range(7), "label": "anger", "split": "train"})
    add_run(opened, RunRecord(RUN, DATASET, RUN, "{}", 0, NOW), labels)
    yield opened
    opened.close()


def add_examples(store: Store, dataset_id: str) -> None:
    size = len(TEXTS)
    frame = pd.DataFrame({
        "index": range(size), "row": range(1, 1 + size), "example_id": [f"e{at}" for at in range(size)],
        "text": TEXTS, "given_label": "anger", "split": "train",
    })  # fmt: skip
    said = pd.DataFrame({
        "index": [0, 1, 0], "annotator": ["ann", "ann", HOSTILE], "label": ["joy", "fear", "anger"]
    })  # fmt: skip
    record = DatasetRecord(dataset_id, "x", "x.csv", "00", ColumnChoice("text", "label"), size, size, NOW)
    add_dataset(store, record, frame, CLASSES, said)


def rows(frame: pd.DataFrame) -> list[list[object]]:
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def test_labels_of_people_here_and_in_the_file(store: Store) -> None:
    record_decisions(store, [
        decision("1", 0, "fear", "ann"),
        decision("2", 0, "exclude", "bob"),
        decision("3", 2, "flag", "bob"),
        decision("4", 2, "keep", "ann"),
        decision("5", 0, "keep", "ann"),
    ])  # fmt: skip
    found = person_labels(store, DATASET)
    assert found.columns.tolist() == ["index", "annotator", "label", "action", "is_from_file"]
    assert rows(found) == [
        [0, HOSTILE, "anger", "", True],
        [0, "ann", "anger", "keep", False],
        [0, "ann", "joy", "", True],
        [0, "bob", None, "exclude", False],
        [1, "ann", "fear", "", True],
        [2, "ann", "anger", "keep", False],
        [2, "bob", None, "flag", False],
    ]
    undo(store, DATASET, "ann", "u")
    assert rows(person_labels(store, DATASET))[1] == [0, "ann", "fear", "relabel", False]
    replace_class(store, DATASET, "fear", "joy", "ann")
    assert rows(person_labels(store, DATASET))[1] == [0, "ann", "joy", "relabel", False]
    assert rows(person_labels(store, DATASET))[4] == [1, "ann", "joy", "", True]


def test_labels_of_an_unknown_project_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no data set 'gone'"):
        person_labels(store, "gone")


def test_opinions_on_some_examples_in_the_order_of_deciding(store: Store) -> None:
    record_decisions(store, [
        decision("1", 0, "fear", "zoe", note="why *not*"),
        decision("2", 0, "flag", "ann"),
        decision("3", 0, "exclude", "bob"),
        decision("4", 3, "keep", "bob"),
    ])  # fmt: skip
    assert rows(opinions(store, DATASET, [0, 3, 5])) == [
        [0, HOSTILE, "", "anger", "", True],
        [0, "ann", "", "joy", "", True],
        [0, "zoe", "relabel", "fear", "why *not*", False],
        [0, "ann", "flag", None, "", False],
        [0, "bob", "exclude", None, "", False],
        [3, "bob", "keep", "anger", "", False],
    ]
    assert opinions(store, DATASET, []).empty


def test_annotators_their_pace_and_their_day(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = now_utc().replace(hour=0, minute=0, second=0, microsecond=0)

    def decide_at(moment: timedelta, *made: object) -> None:
        for module in (decision_table, decisions):
            monkeypatch.setattr(module, "now_utc", lambda: midnight + moment)
        record_decisions(store, list(made))

    decide_at(timedelta(seconds=-1), decision("1", 0, annotator="ann", lead_time_s=9))
    decide_at(
        timedelta(0), decision("2", 1, annotator="ann", lead_time_s=1), decision("3", 2, annotator="ann")
    )
    decide_at(
        timedelta(hours=1), decision("4", 0, "flag", "bob"), decision("5", 3, "joy", "ann", lead_time_s=2)
    )
    monkeypatch.setattr(people, "now_utc", lambda: midnight + timedelta(hours=23))
    found = annotators(store, DATASET)
    assert found.columns.tolist() == [
        "annotator",
        "num_decisions",
        "median_seconds",
        "num_today",
        "newest_at",
    ]
    assert rows(found.drop(columns="newest_at")) == [["ann", 4, 2.0, 3], ["bob", 1, None, 1]]
    assert found["newest_at"].dt.tz_localize(None).tolist() == [midnight + timedelta(hours=1)] * 2
    monkeypatch.setattr(people, "now_utc", lambda: midnight + timedelta(hours=25))
    assert annotators(store, DATASET)["num_today"].tolist() == [0, 0]
    assert annotators(store, "gone").empty


def test_examples_that_a_person_decided_since_a_version(store: Store) -> None:
    record_decisions(store, [decision("1", 0), decision("2", 1)])
    version = label_version(store, DATASET)
    assert decided_since(store, DATASET, "ann", version) == set()
    record_decisions(store, [decision("3", 1), decision("4", 4), decision("5", 5, annotator="bob")])
    assert decided_since(store, DATASET, "ann", version) == {1, 4}
    undo(store, DATASET, "ann", "u")
    assert decided_since(store, DATASET, "ann", version) == {1}
    redo(store, DATASET, "ann", "r")
    assert decided_since(store, DATASET, "ann", version) == {1, 4}
    assert decided_since(store, DATASET, "bob", 0) == {5}


def test_examples_with_the_same_text(store: Store) -> None:
    add_examples(store, "another")  # its texts are none of this project's
    record_decisions(store, [decision("1", 2, "joy"), decision("2", 6, "exclude")])
    assert rows(duplicates(store, DATASET, [0, 1, 2, 4])) == [
        [0, "e2", "joy"],
        [0, "e5", "anger"],
        [1, "e6", "anger"],
        [2, "e0", "anger"],
        [2, "e5", "anger"],
    ]
    assert duplicates(store, DATASET, []).empty
    assert duplicates(store, "another", [5])["example_id"].tolist() == ["e0", "e2"]
