"""Labels of several people come back as they came with the file, or nothing of the data set is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_core.errors import StoreError
from lane_core.records import ColumnChoice, DatasetRecord
from lane_core.store.annotations import file_annotations
from lane_core.store.datasets import add_dataset, get_dataset, list_datasets
from lane_core.store.store import Store, open_store

COLUMNS = ColumnChoice("text", "label", annotators=("ann", "bob"))
RECORD = DatasetRecord("d", "Moods", "m.csv", "00", COLUMNS, 3, 3, datetime(2026, 3, 1, tzinfo=UTC))
CLASSES = ["fear", "joy", "sad"]
EXAMPLES = pd.DataFrame(
    {
        "index": [0, 1, 2],
        "row": [1, 2, 3],
        "example_id": ["1", "2", "3"],
        "text": ["a", "b", "c"],
        "given_label": ["fear", "joy", "fear"],
        "split": "train",
    }
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "lane.duckdb")
    yield opened
    opened.close()


def annotations(*rows: tuple[int, str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["index", "annotator", "label"])


def stored(store: Store, dataset_id: str = "d") -> list[tuple[int, str, str]]:
    return list(file_annotations(store, dataset_id).itertuples(index=False, name=None))


def test_labels_come_back_by_example_and_person(store: Store) -> None:
    rows = annotations((2, "bob", "sad"), (0, "bob", "fear"), (0, "ann", "joy"))
    add_dataset(store, RECORD, EXAMPLES, CLASSES, rows)
    add_dataset(store, replace(RECORD, dataset_id="other"), EXAMPLES, CLASSES, annotations((1, "eve", "joy")))

    assert stored(store) == [(0, "ann", "joy"), (0, "bob", "fear"), (2, "bob", "sad")]
    assert stored(store, "other") == [(1, "eve", "joy")]
    assert get_dataset(store, "d") == RECORD


def test_without_several_people_the_frame_is_empty(store: Store) -> None:
    add_dataset(store, RECORD, EXAMPLES, CLASSES)
    add_dataset(store, replace(RECORD, dataset_id="none"), EXAMPLES, CLASSES, annotations())

    for dataset_id in ("d", "none", "unknown"):
        frame = file_annotations(store, dataset_id)
        assert list(frame.columns) == ["index", "annotator", "label"]
        assert len(frame) == 0
        assert (frame["annotator"].dtype, frame["label"].dtype) == ("str", "str")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            annotations((0, "ann", "joy"), (3, "bob", "joy")),
            "'bob' is for the example 3; .* positions 0 to 2",
        ),
        (annotations((-1, "ann", "joy")), "'ann' is for the example -1"),
        (annotations((0, "ann", "glad")), "no class 'glad'. The classes are: fear, joy, sad"),
        (
            annotations((1, "ann", "joy"), (1, "bob", "joy"), (1, "ann", "fear")),
            r"'ann' labels the example 1 twice \(1 labels too many\)",
        ),
    ],
)
def test_labels_that_contradict_the_data_set_are_refused_with_it(
    store: Store, rows: pd.DataFrame, message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        add_dataset(store, RECORD, EXAMPLES, CLASSES, rows)
    assert list_datasets(store) == []
    assert stored(store) == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    classes=st.lists(st.text(min_size=1), min_size=2, max_size=4, unique=True),
    people=st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True),
    data=st.data(),
)
def test_any_person_and_label_survives(
    store: Store, classes: list[str], people: list[str], data: st.DataObject
) -> None:
    pairs = data.draw(
        st.lists(st.tuples(st.integers(0, 2), st.sampled_from(people)), max_size=12, unique=True)
    )
    rows = [(index, name, data.draw(st.sampled_from(classes))) for index, name in pairs]
    number = len(list_datasets(store))
    columns = replace(COLUMNS, annotators=tuple(people))
    record = replace(RECORD, dataset_id=f"d{number}", columns=columns)
    add_dataset(store, record, EXAMPLES.assign(given_label=classes[0]), classes, annotations(*rows))

    assert sorted(stored(store, f"d{number}")) == sorted(rows)
    assert get_dataset(store, f"d{number}").columns == columns


def test_a_data_set_of_an_earlier_version_names_nobody(store: Store) -> None:
    add_dataset(store, RECORD, EXAMPLES, CLASSES)
    before = {"text": "text", "label": "label", "example_id": None, "split": "part"}
    with store.transaction() as cursor:
        cursor.execute("update datasets set columns_json = ?", [json.dumps(before)])

    assert get_dataset(store, "d").columns == ColumnChoice("text", "label", None, "part")
    assert get_dataset(store, "d").columns.annotators == ()
