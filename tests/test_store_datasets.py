"""Data sets and runs come back as they were stored; what contradicts itself is not stored at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_core.errors import StoreError
from lane_core.records import ColumnChoice, DatasetRecord, RunRecord
from lane_core.store import datasets
from lane_core.store.datasets import (
    add_dataset,
    current_labels,
    dataset_classes,
    dataset_examples,
    get_dataset,
    list_datasets,
)
from lane_core.store.runs import add_run, get_run, list_runs, rename_run
from lane_core.store.store import Store, open_store

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
RECORD = DatasetRecord("d", "Stimmungen", "m.csv", "00", ColumnChoice("text", "label", "id", None), 3, 5, NOW)
RUN = RunRecord("r", "d", "first run", '{"preset": "quick"}', 0, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "lane.duckdb")
    yield opened
    opened.close()


def examples(**columns: object) -> pd.DataFrame:
    default = {
        "index": [0, 1, 2],
        "row": [1, 3, 5],
        "example_id": ["007", "NA", "x"],
        "text": ["a", "", "c\nd"],
        "given_label": ["fear", "joy", "fear"],
        "split": ["train", "validation", "test"],
    }
    return pd.DataFrame({**default, **columns})


def run_examples(**columns: object) -> pd.DataFrame:
    default = {"index": [0, 1, 2], "label": ["fear", "joy", "joy"], "split": ["train", "excluded", "test"]}
    return pd.DataFrame({**default, **columns})


def test_a_data_set_comes_back_as_it_was_stored(store: Store) -> None:
    add_dataset(store, RECORD, examples(), ["fear", "joy", "trust"])

    assert get_dataset(store, "d") == RECORD
    assert get_dataset(store, "d").created_at.tzinfo == UTC
    assert dataset_classes(store, "d") == ["fear", "joy", "trust"]
    pd.testing.assert_frame_equal(dataset_examples(store, "d"), examples(), check_dtype=False)


def test_examples_are_ordered_by_index_whatever_the_order_of_the_frame(store: Store) -> None:
    add_dataset(store, RECORD, examples().iloc[[2, 0, 1]], ["fear", "joy"])

    assert dataset_examples(store, "d")["example_id"].tolist() == ["007", "NA", "x"]


def test_examples_of_several_blocks_are_stored_whole_and_their_equal_texts_found(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "_BLOCK_ROWS", 2)
    many = pd.DataFrame(
        {
            "index": [4, 3, 2, 1, 0],
            "row": [5, 4, 3, 2, 1],
            "example_id": list("edcba"),
            "text": ["x", " once ", "y", " x ", "once"],
            "given_label": ["fear", "joy", "fear", "joy", "fear"],
            "split": "train",
        }
    )
    record = replace(RECORD, num_examples=5)
    add_dataset(store, record, many, ["fear", "joy"])
    add_dataset(store, replace(record, dataset_id="other"), many.astype({"text": "str"}), ["fear", "joy"])

    expected = many.iloc[::-1].reset_index(drop=True)
    for dataset_id in ("d", "other"):
        pd.testing.assert_frame_equal(dataset_examples(store, dataset_id), expected, check_dtype=False)
    with store.cursor() as cursor:
        found = cursor.execute(
            "select key >> 32, key & 255, first_key & 255 from duplicate_texts order by all"
        ).fetchall()
    # The spaces around a text do not count, and another data set is another matter.
    assert found == [(n, key, first) for n in (1, 2) for key, first in ((0, 0), (1, 1), (3, 0), (4, 1))]


def test_undecided_labels_are_those_of_the_file(store: Store) -> None:
    add_dataset(store, RECORD, examples(), ["fear", "joy"])

    frame = current_labels(store, "d")

    assert list(frame.columns) == [
        "index", "row", "example_id", "text", "given_label", "current_label", "status", "annotator", "note",
        "lead_time_s", "decided_at", "updated_at", "num_decisions", "split",
    ]  # fmt: skip
    assert frame["current_label"].tolist() == frame["given_label"].tolist() == ["fear", "joy", "fear"]
    assert frame["status"].tolist() == ["", "", ""]
    assert frame["num_decisions"].tolist() == [0, 0, 0]
    assert frame[["annotator", "note", "lead_time_s", "decided_at", "updated_at"]].isna().all(axis=None)
    assert str(frame["updated_at"].dt.tz) == "UTC"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(), min_size=1, max_size=5),
    classes=st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True),
    ids=st.lists(st.text(min_size=1), min_size=5, max_size=5, unique=True),
    data=st.data(),
)
def test_any_text_label_and_id_survives(
    store: Store, texts: list[str], classes: list[str], ids: list[str], data: st.DataObject
) -> None:
    num = len(texts)
    dataset_id = f"d{len(list_datasets(store))}"
    labels = [data.draw(st.sampled_from(classes)) for _ in texts]
    frame = pd.DataFrame(
        {
            "index": range(num),
            "row": range(1, num + 1),
            "example_id": ids[:num],
            "text": texts,
            "given_label": labels,
            "split": "train",
        }
    )
    record = replace(RECORD, dataset_id=dataset_id, num_examples=num)
    add_dataset(store, record, frame, classes)

    stored = dataset_examples(store, dataset_id)
    assert stored["text"].tolist() == texts
    assert stored["example_id"].tolist() == ids[:num]
    assert stored["given_label"].tolist() == labels
    assert dataset_classes(store, dataset_id) == classes


def test_bytes_that_could_not_be_decoded_become_replacement_characters(store: Store) -> None:
    text = b"caf\xe9 noir".decode("utf-8", errors="surrogateescape")

    add_dataset(store, RECORD, examples(text=pd.Series(["a", text, "c"], dtype=object)), ["fear", "joy"])

    assert dataset_examples(store, "d")["text"].tolist() == ["a", "caf� noir", "c"]


@pytest.mark.parametrize(
    ("frame", "classes", "message"),
    [
        (examples(given_label=["fear", "joy", "trust"]), ["fear", "joy"], r"no class 'trust'.*fear, joy"),
        (examples(index=[0, 1, 3]), ["fear", "joy"], "positions 0 to 2.*the highest 3"),
        (examples(index=[0, 1, 1]), ["fear", "joy"], "2 different positions"),
        (examples().iloc[:2], ["fear", "joy"], "there are 2 rows"),
        (examples(split="train set"), ["fear", "joy"], "no split 'train set'. The splits are: train"),
        (examples(example_id=["a", "b", "a"]), ["fear", "joy"], "example id 'a' stands for several"),
        (examples(), ["fear", "joy", "fear"], "classes with different names"),
        (examples(), ["fear", "joy", "caf\udce9"], "label 'caf�' holds bytes"),
    ],
)
def test_a_data_set_that_contradicts_itself_is_not_stored(
    store: Store, frame: pd.DataFrame, classes: list[str], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        add_dataset(store, RECORD, frame, classes)

    assert list_datasets(store) == []


def test_a_data_set_id_can_be_used_once(store: Store) -> None:
    add_dataset(store, RECORD, examples(), ["fear", "joy"])

    with pytest.raises(StoreError, match="a data set 'd' already"):
        add_dataset(store, replace(RECORD, name="again"), examples(), ["fear", "joy"])

    assert get_dataset(store, "d").name == "Stimmungen"
    assert len(dataset_examples(store, "d")) == 3


def test_times_without_a_zone_are_refused_and_others_turned_to_utc(store: Store) -> None:
    with pytest.raises(ValueError, match="has no zone"):
        add_dataset(store, replace(RECORD, created_at=NOW.replace(tzinfo=None)), examples(), ["fear", "joy"])

    moment = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    add_dataset(store, replace(RECORD, created_at=moment), examples(), ["fear", "joy"])
    assert get_dataset(store, "d").created_at == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_lists_are_newest_first(store: Store) -> None:
    assert list_datasets(store) == []
    assert list_runs(store) == []
    later = replace(RECORD, dataset_id="e", created_at=NOW + timedelta(hours=1))
    for record in (RECORD, later):
        add_dataset(store, record, examples(), ["fear", "joy"])
    runs = [
        RUN,
        replace(RUN, run_id="s", created_at=NOW + timedelta(hours=2)),
        replace(RUN, run_id="t", dataset_id="e", created_at=NOW + timedelta(hours=1)),
    ]
    for run in runs:
        add_run(store, run, run_examples())

    assert [record.dataset_id for record in list_datasets(store)] == ["e", "d"]
    assert [run.run_id for run in list_runs(store)] == ["s", "t", "r"]
    assert [run.run_id for run in list_runs(store, "d")] == ["s", "r"]
    assert list_runs(store, "nope") == []


def test_a_run_comes_back_as_it_was_stored_and_can_be_renamed(store: Store) -> None:
    add_dataset(store, RECORD, examples(), ["fear", "joy"])
    run = replace(RUN, label_version=7)
    add_run(store, run, run_examples())

    assert get_run(store, "r") == run
    rename_run(store, "r", "with corrected labels")
    assert get_run(store, "r") == replace(run, name="with corrected labels")
    with store.cursor() as cursor:
        stored = cursor.execute("select index, label, split from run_examples order by index").fetchall()
    assert stored == [(0, 0, "train"), (1, 1, "excluded"), (2, 1, "test")]


@pytest.mark.parametrize(
    ("run", "frame", "message"),
    [
        (replace(RUN, dataset_id="nope"), run_examples(), "no data set 'nope'"),
        (RUN, run_examples(label=["fear", "joy", "trust"]), "no class 'trust'"),
        (RUN, run_examples(index=[1, 2, 3]), "positions 0 to 2"),
        (RUN, run_examples().iloc[:2], "there are 2 rows"),
        (RUN, run_examples(split="left out"), "no split 'left out'"),
    ],
)
def test_a_run_that_does_not_fit_its_data_set_is_not_stored(
    store: Store, run: RunRecord, frame: pd.DataFrame, message: str
) -> None:
    add_dataset(store, RECORD, examples(), ["fear", "joy"])

    with pytest.raises(StoreError, match=message):
        add_run(store, run, frame)

    assert list_runs(store) == []


def test_a_run_id_can_be_used_once(store: Store) -> None:
    add_dataset(store, RECORD, examples(), ["fear", "joy"])
    add_run(store, RUN, run_examples())

    with pytest.raises(StoreError, match="a run 'r' already"):
        add_run(store, replace(RUN, name="again"), run_examples())

    assert get_run(store, "r") == RUN


def test_what_is_not_there_is_named(store: Store) -> None:
    for ask in (get_dataset, dataset_classes):
        with pytest.raises(StoreError, match="no data set 'nope'"):
            ask(store, "nope")
    with pytest.raises(StoreError, match="no run 'nope'"):
        get_run(store, "nope")
    with pytest.raises(StoreError, match="no run 'nope'"):
        rename_run(store, "nope", "x")
    assert len(dataset_examples(store, "nope")) == 0
    assert len(current_labels(store, "nope")) == 0
