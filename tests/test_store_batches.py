"""Decisions taken together: stored once, undone and redone as one step, one row of the history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lane_core.records import ColumnChoice, DatasetRecord, Decision
from lane_core.store.checks.decisions import check_decisions
from lane_core.store.datasets import add_dataset, current_labels
from lane_core.store.decision_queries import decision_history, label_version
from lane_core.store.decisions import record_decisions, redo, undo
from lane_core.store.store import Store, open_store

CLASSES = ["anger", "fear", "joy"]


def add_examples(store: Store, dataset_id: str, number: int) -> None:
    """Examples that all are given as anger."""
    record = DatasetRecord(
        dataset_id, "x", "x.csv", "00", ColumnChoice("text", "label"), number, number, datetime.now(UTC)
    )
    frame = pd.DataFrame({"index": range(number), "given_label": "anger", "split": "train"})
    frame["row"] = frame["index"] + 1
    frame["example_id"] = frame["text"] = frame["row"].astype(str)
    add_dataset(store, record, frame, CLASSES)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "lane.duckdb")
    add_examples(opened, "d", 8)
    yield opened
    with opened.cursor() as cursor:
        assert list(check_decisions(cursor)) == []
    opened.close()


def batch(batch_id: str, indices: range | tuple[int, ...], label: str, who: str = "ann") -> list[Decision]:
    return [
        Decision(
            f"{batch_id}:{index}", "d", index, "relabel", label, "anger", None, who, batch_id=batch_id
        )
        for index in indices
    ]  # fmt: skip


def single(decision_id: str, index: int, label: str, who: str = "ann") -> Decision:
    return Decision(decision_id, "d", index, "relabel", label, "anger", None, who)


def labels(store: Store) -> str:
    """The first letters of the labels as they stand."""
    return "".join(label[0] for label in current_labels(store, "d")["current_label"])


def test_a_batch_is_stored_once_and_undone_and_redone_as_one_step(store: Store) -> None:
    made = batch("b", (1, 3, 5), "joy")
    assert record_decisions(store, made) == 3
    assert record_decisions(store, made) == 0
    assert labels(store) == "ajajajaa"
    version = label_version(store, "d")

    taken_back = undo(store, "d", "ann", "u")
    assert taken_back == made[-1]  # the newest
    assert labels(store) == "aaaaaaaa"
    assert undo(store, "d", "ann", "u") == taken_back
    assert undo(store, "d", "ann", "u2") is None

    restored = redo(store, "d", "ann", "r")
    assert restored in made
    assert labels(store) == "ajajajaa"
    assert redo(store, "d", "ann", "r") == restored
    assert redo(store, "d", "ann", "r2") is None
    assert label_version(store, "d") > version


def test_batches_and_single_decisions_share_one_stack(store: Store) -> None:
    record_decisions(store, [single("s1", 0, "fear")])
    record_decisions(store, batch("b1", (0, 1, 2), "joy"))
    record_decisions(store, [single("s2", 1, "fear")])
    record_decisions(store, batch("b2", (2, 3), "fear"))
    states = ["aaaaaaaa", "faaaaaaa", "jjjaaaaa", "jfjaaaaa", "jfffaaaa"]
    assert labels(store) == states[-1]
    for turn in range(3):
        for place in (3, 2, 1, 0):
            assert undo(store, "d", "ann", f"u{turn}{place}") is not None
            assert labels(store) == states[place]
        for place in (1, 2, 3, 4):
            assert redo(store, "d", "ann", f"r{turn}{place}") is not None
            assert labels(store) == states[place]


def test_a_batch_can_be_undone_redone_and_undone_again_in_the_middle(store: Store) -> None:
    record_decisions(store, batch("b1", (0, 1), "joy"))
    record_decisions(store, batch("b2", (1, 2), "fear"))
    undo(store, "d", "ann", "u1")
    redo(store, "d", "ann", "r1")
    undo(store, "d", "ann", "u2")
    assert labels(store) == "jjaaaaaa"
    undo(store, "d", "ann", "u3")
    assert labels(store) == "aaaaaaaa"
    redo(store, "d", "ann", "r2")
    redo(store, "d", "ann", "r3")
    assert labels(store) == "jffaaaaa"


def test_a_new_decision_leaves_no_batch_to_redo(store: Store) -> None:
    record_decisions(store, batch("b", (0, 1), "joy"))
    undo(store, "d", "ann", "u")
    record_decisions(store, [single("s", 5, "fear")])
    assert redo(store, "d", "ann", "r") is None
    assert labels(store) == "aaaaafaa"


def test_people_in_between_keep_what_they_decided(store: Store) -> None:
    record_decisions(store, batch("b", (0, 1, 2), "joy", "ann"))
    record_decisions(store, batch("c", (1, 2, 3), "fear", "bob"))
    record_decisions(store, [single("s", 2, "joy", "cat")])
    assert labels(store) == "jfjfaaaa"

    assert undo(store, "d", "ann", "u1").batch_id == "b"
    assert labels(store) == "afjfaaaa"
    assert undo(store, "d", "cat", "u2").decision_id == "s"
    assert undo(store, "d", "bob", "u3").batch_id == "c"
    assert labels(store) == "aaaaaaaa"
    assert redo(store, "d", "ann", "r1").batch_id == "b"
    assert labels(store) == "jjjaaaaa"
    redo(store, "d", "bob", "r2")
    assert labels(store) == "jfffaaaa"  # the newest decision counts, not the newest redo
    redo(store, "d", "cat", "r3")
    assert labels(store) == "jfjfaaaa"


def test_two_people_may_use_one_batch_id(store: Store) -> None:
    record_decisions(store, batch("b", (0, 1), "joy", "ann"))
    bobs = [single("x", 1, "fear", "bob"), single("y", 2, "fear", "bob")]
    record_decisions(store, [Decision(**{**vars(decision), "batch_id": "b"}) for decision in bobs])
    undo(store, "d", "bob", "u")
    assert labels(store) == "jjaaaaaa"


def test_a_batch_replaces_own_earlier_decisions_and_its_undo_brings_them_back(store: Store) -> None:
    record_decisions(
        store, [single("s", 4, "fear"), Decision("k", "d", 5, "exclude", None, "anger", None, "ann")]
    )
    record_decisions(store, batch("b", range(8), "joy"))
    assert labels(store) == "jjjjjjjj"
    undo(store, "d", "ann", "u")
    found = current_labels(store, "d")
    assert labels(store) == "aaaafaaa"
    assert found["status"].tolist() == ["", "", "", "", "relabel", "exclude", "", ""]


def test_the_history_shows_a_batch_as_one_row(store: Store) -> None:
    record_decisions(store, [single("s1", 0, "fear")])
    record_decisions(store, batch("b", (1, 2, 3), "joy"))
    record_decisions(store, [single("s2", 4, "fear")])
    undo(store, "d", "ann", "u1")
    undo(store, "d", "ann", "u2")
    redo(store, "d", "ann", "r1")
    history = decision_history(store, "d", 20)
    assert history["kind"].tolist() == ["redo", "undo", "undo", "decision", "decision", "decision"]
    assert history["num_decisions"].tolist() == [3, 3, 1, 1, 3, 1]
    assert history["is_live"].tolist() == [True, True, False, False, True, True]
    assert history["label"].tolist() == ["joy", "joy", "fear", "fear", "joy", "fear"]
    assert len(decision_history(store, "d", 2)) == 2


def test_the_store_behaves_as_a_stack_of_steps(store: Store) -> None:
    """60 steps of two people, drawn by lot, against stacks of dictionaries."""
    random = np.random.default_rng(5)
    done: dict[str, list[tuple[int, dict[int, str]]]] = {"ann": [], "bob": []}
    undone: dict[str, list[tuple[int, dict[int, str]]]] = {"ann": [], "bob": []}
    for number in range(60):
        who = str(random.choice(["ann", "bob"]))
        kind = str(random.choice(["batch", "single", "undo", "undo", "redo"]))
        if kind in ("batch", "single"):
            size = int(random.integers(2, 6)) if kind == "batch" else 1
            indices = tuple(int(index) for index in random.choice(8, size, replace=False))
            label = str(random.choice(CLASSES))
            made = batch(f"b{number}", indices, label, who)
            if kind == "single":
                made = [single(f"b{number}", indices[0], label, who)]
            record_decisions(store, made)
            done[who].append((number, dict.fromkeys(indices, label)))
            undone[who].clear()
        else:
            source, target = (done, undone) if kind == "undo" else (undone, done)
            step = undo if kind == "undo" else redo
            found = step(store, "d", who, f"step{number}")
            assert (found is None) == (not source[who])
            if source[who]:
                target[who].append(source[who].pop())
                assert found.decision_id.startswith(f"b{target[who][-1][0]}")
        expected = ["anger"] * 8
        for _, chosen in sorted([*done["ann"], *done["bob"]], key=lambda item: item[0]):
            for index, label in chosen.items():
                expected[index] = label
        assert current_labels(store, "d")["current_label"].tolist() == expected


def test_five_thousand_at_once_take_less_than_two_seconds_a_step(tmp_path: Path) -> None:
    opened = open_store(tmp_path / "large.duckdb")
    add_examples(opened, "d", 20_000)
    for start in (5_000, 10_000):  # something that counts already
        record_decisions(opened, batch(f"before{start}", range(start, start + 5_000), "fear"))
    made = batch("b", range(5_000), "joy")
    steps = {
        "store": lambda: record_decisions(opened, made),
        "undo": lambda: undo(opened, "d", "ann", "u"),
        "redo": lambda: redo(opened, "d", "ann", "r"),
    }
    for name, step in steps.items():
        began = time.perf_counter()
        assert step()
        took = time.perf_counter() - began
        assert took < 2, f"{name} took {took:.2f} s"
        assert (current_labels(opened, "d")["current_label"] == "joy").sum() == (
            0 if name == "undo" else 5_000
        )
    assert decision_history(opened, "d", 10)["num_decisions"].tolist() == [5_000] * 5
    opened.close()
