"""Decisions: appended once, undone and redone by annotator to any depth, the newest live one counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_core.errors import StoreError
from lane_core.records import ColumnChoice, DatasetRecord, Decision, RunRecord
from lane_core.store.datasets import add_dataset, current_labels
from lane_core.store.decision_queries import decision_history, label_version
from lane_core.store.decisions import record_decisions, redo, undo
from lane_core.store.runs import add_run
from lane_core.store.store import Store, open_store

CLASSES = ["anger", "fear", "joy"]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
NUM_EXAMPLES = 3


def add_small_dataset(store: Store, dataset_id: str) -> None:
    """Three examples, all given as anger."""
    record = DatasetRecord(
        dataset_id, "x", "x.csv", "00", ColumnChoice("text", "label"), NUM_EXAMPLES, NUM_EXAMPLES, NOW
    )
    frame = pd.DataFrame(
        {
            "index": range(3),
            "row": [1, 2, 3],
            "example_id": ["a", "b", "c"],
            "text": ["x", "y", "z"],
            "given_label": "anger",
            "split": "train",
        }
    )
    add_dataset(store, record, frame, CLASSES)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "lane.duckdb")
    add_small_dataset(opened, "d")
    yield opened
    opened.close()


def relabel(decision_id: str, index: int = 0, label: str = "joy", annotator: str = "ann") -> Decision:
    return Decision(
        decision_id, "d", index, "relabel", label, "anger", None, annotator, lead_time_s=1.25, note="a note"
    )


def keep(decision_id: str, index: int = 0, annotator: str = "ann") -> Decision:
    return Decision(decision_id, "d", index, "keep", None, "anger", None, annotator)


def labels(store: Store) -> list[str]:
    return current_labels(store, "d")["current_label"].tolist()


def statuses(store: Store) -> list[str]:
    return current_labels(store, "d")["status"].tolist()


def test_decisions_give_the_current_label(store: Store) -> None:
    exclude = Decision("2", "d", 1, "exclude", None, "anger", None, "ann")
    flag = Decision("3", "d", 2, "flag", None, "anger", None, "ann")

    assert record_decisions(store, [relabel("1"), exclude, flag]) == 3

    assert labels(store) == ["joy", "anger", "anger"]
    assert statuses(store) == ["relabel", "exclude", "flag"]


def test_the_same_decision_twice_is_stored_once(store: Store) -> None:
    assert record_decisions(store, [relabel("1"), relabel("1", label="fear")]) == 1
    assert record_decisions(store, [relabel("1"), relabel("2", index=1)]) == 1
    assert record_decisions(store, [relabel("1"), relabel("2", index=1)]) == 0
    assert record_decisions(store, []) == 0

    assert labels(store) == ["joy", "joy", "anger"]
    assert len(decision_history(store, "d", 10)) == 2


def test_two_people_on_one_example_stay_on_record_and_the_newest_wins(store: Store) -> None:
    record_decisions(store, [relabel("1", label="joy", annotator="ann")])
    record_decisions(store, [relabel("2", label="fear", annotator="bob")])

    row = current_labels(store, "d").iloc[0]
    history = decision_history(store, "d", 10)
    assert row[["current_label", "annotator", "note", "lead_time_s", "num_decisions"]].tolist() == [
        "fear", "bob", "a note", 1.25, 2
    ]  # fmt: skip
    assert row["decided_at"] == history["created_at"][1]
    assert row["updated_at"] == history["created_at"][0]
    assert history["is_live"].tolist() == [True, True]

    undo(store, "d", "bob", "u")
    row = current_labels(store, "d").iloc[0]
    assert row[["current_label", "annotator", "num_decisions"]].tolist() == ["joy", "ann", 1]
    assert row["decided_at"] == row["updated_at"] == history["created_at"][1]


def test_a_restored_decision_does_not_overtake_a_newer_one(store: Store) -> None:
    record_decisions(store, [relabel("1", label="joy", annotator="ann")])
    undo(store, "d", "ann", "u")
    record_decisions(store, [relabel("2", label="fear", annotator="bob")])

    assert redo(store, "d", "ann", "r") == relabel("1", label="joy", annotator="ann")
    assert labels(store)[0] == "fear"


def test_undo_and_redo_go_to_any_depth(store: Store) -> None:
    made = [relabel("1", 0), relabel("2", 0, "fear"), keep("3", 0), relabel("4", 1)]
    record_decisions(store, made)

    assert [undo(store, "d", "ann", f"u{n}") for n in range(5)] == [*reversed(made), None]
    assert statuses(store) == ["", "", ""]
    assert [redo(store, "d", "ann", f"r{n}") for n in range(5)] == [*made, None]
    assert statuses(store) == ["keep", "relabel", ""]
    assert undo(store, "d", "ann", "u9") == made[3]


def test_a_new_decision_leaves_nothing_to_redo_for_its_annotator_alone(store: Store) -> None:
    record_decisions(store, [relabel("1", 0, annotator="ann"), relabel("2", 1, annotator="bob")])
    undo(store, "d", "ann", "u1")
    undo(store, "d", "bob", "u2")

    record_decisions(store, [keep("3", 2, annotator="ann")])

    assert redo(store, "d", "ann", "r1") is None
    assert redo(store, "d", "bob", "r2") == relabel("2", 1, annotator="bob")


def test_sending_a_step_again_changes_nothing_and_answers_the_same(store: Store) -> None:
    record_decisions(store, [relabel("1", 0), relabel("2", 1)])

    assert undo(store, "d", "ann", "u1") == undo(store, "d", "ann", "u1") == relabel("2", 1)
    assert statuses(store) == ["relabel", "", ""]
    assert redo(store, "d", "ann", "r1") == redo(store, "d", "ann", "r1") == relabel("2", 1)
    # The decision sent again does not bring itself back, nor clear what can be redone.
    undo(store, "d", "ann", "u2")
    assert record_decisions(store, [relabel("2", 1)]) == 0
    assert statuses(store) == ["relabel", "", ""]
    assert redo(store, "d", "ann", "r2") == relabel("2", 1)


def test_an_undo_that_found_nothing_does_not_act_when_sent_again(store: Store) -> None:
    assert undo(store, "d", "ann", "early") is None
    assert redo(store, "d", "ann", "early redo") is None
    assert label_version(store, "d") == 0
    record_decisions(store, [relabel("1")])

    assert undo(store, "d", "ann", "early") is None
    assert statuses(store)[0] == "relabel"
    assert decision_history(store, "d", 10)["decision_id"].tolist() == ["1"]


def test_an_id_of_something_else_is_refused(store: Store) -> None:
    record_decisions(store, [relabel("1"), relabel("2", annotator="bob")])
    undo(store, "d", "ann", "u")

    with pytest.raises(StoreError, match="id '1' belongs to another decision, by 'ann'"):
        undo(store, "d", "ann", "1")
    with pytest.raises(StoreError, match="id 'u' belongs to another undo"):
        redo(store, "d", "ann", "u")
    with pytest.raises(StoreError, match="id 'u' belongs to another undo, by 'ann'"):
        undo(store, "d", "bob", "u")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (replace(relabel("9"), label="trust"), r"no class 'trust'.*anger, fear, joy"),
        (replace(relabel("9"), seen_label="trust"), "no class 'trust'"),
        (replace(relabel("9"), index=3), "no example 3 in data set 'd': its examples are 0 to 2"),
        (replace(relabel("9"), index=-1), "no example -1"),
        (replace(relabel("9"), dataset_id="nope"), "no data set 'nope'"),
        (replace(relabel("9"), run_id="nope"), "no run 'nope' of data set 'd'"),
        (replace(relabel("9"), action="skip"), "no action 'skip'. The actions are: keep"),
        (replace(relabel("9"), label=None), "A relabel needs a label"),
        (replace(keep("9"), label="joy"), "no other action may have one"),
        (replace(keep(""), index=1), "empty decision_id"),
    ],
)
def test_one_bad_decision_and_none_is_stored(store: Store, bad: Decision, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        record_decisions(store, [relabel("1"), bad])

    assert statuses(store) == ["", "", ""]
    assert label_version(store, "d") == 0


def test_history_is_newest_first_and_shows_what_a_step_was_about(store: Store) -> None:
    record_decisions(store, [relabel("1", 0), keep("2", 1)])
    undo(store, "d", "ann", "u1")
    undo(store, "d", "ann", "u2")
    redo(store, "d", "ann", "r1")

    history = decision_history(store, "d", 10)

    assert list(history.columns) == [
        "seq", "decision_id", "kind", "index", "example_id", "action", "label", "seen_label", "target", "run_id",
        "annotator", "lead_time_s", "note", "created_at", "is_live", "num_decisions",
    ]  # fmt: skip
    shown = history[["decision_id", "kind", "index", "example_id", "action", "seen_label", "is_live"]]
    assert shown.to_numpy().tolist() == [
        ["r1", "redo", 0, "a", "relabel", "anger", True],
        ["u2", "undo", 0, "a", "relabel", "anger", True],
        ["u1", "undo", 1, "b", "keep", "anger", False],
        ["2", "decision", 1, "b", "keep", "anger", False],
        ["1", "decision", 0, "a", "relabel", "anger", True],
    ]
    assert history["label"].fillna("").tolist() == ["joy", "joy", "", "", "joy"]
    assert history["target"].fillna("").tolist() == ["1", "1", "2", "", ""]
    assert str(history["created_at"].dt.tz) == "UTC"
    assert decision_history(store, "d", 2)["decision_id"].tolist() == ["r1", "u2"]


def test_the_label_version_rises_with_every_decision_undo_and_redo_of_its_data_set(store: Store) -> None:
    add_small_dataset(store, "other")
    versions = [label_version(store, "d")]
    record_decisions(store, [relabel("1")])
    versions.append(label_version(store, "d"))
    undo(store, "d", "ann", "u")
    versions.append(label_version(store, "d"))
    redo(store, "d", "ann", "r")
    versions.append(label_version(store, "d"))

    assert versions[0] == 0
    assert versions == sorted(set(versions))
    assert label_version(store, "other") == 0


def test_without_relabel_the_label_is_that_of_the_run_under_review(store: Store) -> None:
    run_labels = pd.DataFrame({"index": range(3), "label": ["joy", "fear", "anger"], "split": "train"})
    add_run(store, RunRecord("r", "d", "x", "{}", 0, NOW), run_labels)

    record_decisions(store, [replace(keep("1", 0), run_id="r"), keep("2", 1)])

    assert labels(store) == ["joy", "anger", "anger"]


def test_many_decisions_keep_their_order(store: Store) -> None:
    made = [relabel(f"{n:05d}", n % 3, CLASSES[n % 3]) for n in range(5000)]
    assert record_decisions(store, made) == 5000

    history = decision_history(store, "d", 5000)
    assert history["decision_id"].tolist() == [decision.decision_id for decision in reversed(made)]


@dataclass
class Model:
    """What the store should do, in plain lists."""

    live: dict[str, list[Decision]] = field(default_factory=dict)
    undone: dict[str, list[Decision]] = field(default_factory=dict)
    made: list[Decision] = field(default_factory=list)

    def decide(self, decision: Decision) -> int:
        self.live.setdefault(decision.annotator, []).append(decision)
        self.undone[decision.annotator] = []
        self.made.append(decision)
        return 1

    def undo(self, annotator: str) -> Decision | None:
        if not self.live.get(annotator):
            return None
        self.undone.setdefault(annotator, []).append(self.live[annotator].pop())
        return self.undone[annotator][-1]

    def redo(self, annotator: str) -> Decision | None:
        if not self.undone.get(annotator):
            return None
        self.live[annotator].append(self.undone[annotator].pop())
        return self.live[annotator][-1]

    def newest(self, index: int) -> Decision | None:
        live = [one for decisions in self.live.values() for one in decisions if one.index == index]
        return max(live, key=self.made.index, default=None)


ANNOTATORS = st.sampled_from(["ann", "bob"])
OPERATIONS = st.one_of(
    st.tuples(
        st.just("decide"),
        ANNOTATORS,
        st.integers(0, NUM_EXAMPLES - 1),
        st.sampled_from(
            [("keep", None), ("exclude", None), ("flag", None), ("relabel", "joy"), ("relabel", "fear")]
        ),
    ),
    st.tuples(st.just("undo"), ANNOTATORS),
    st.tuples(st.just("redo"), ANNOTATORS),
    st.tuples(st.just("resend"), st.integers(0, 30)),
)
NUMBERS = count()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=st.lists(OPERATIONS, max_size=18))
def test_the_store_behaves_as_the_model_does(store: Store, operations: list[tuple]) -> None:
    dataset_id = f"property {next(NUMBERS)}"
    add_small_dataset(store, dataset_id)
    model = Model()
    sent: list[tuple] = []

    for number, operation in enumerate(operations):
        step_id = f"{dataset_id} {number}"
        if operation[0] == "decide":
            _, annotator, index, (action, label) = operation
            decision = Decision(step_id, dataset_id, index, action, label, "anger", None, annotator)
            assert record_decisions(store, [decision]) == model.decide(decision)
            sent.append((record_decisions, (store, [decision]), 0))
        elif operation[0] == "resend":
            if sent:
                call, arguments, answer = sent[operation[1] % len(sent)]
                assert call(*arguments) == answer
        else:
            call, expected = (undo, model.undo) if operation[0] == "undo" else (redo, model.redo)
            answer = expected(operation[1])
            arguments = (store, dataset_id, operation[1], step_id)
            assert call(*arguments) == answer
            sent.append((call, arguments, answer))

    frame = current_labels(store, dataset_id).set_index("index")
    live = [decision for decisions in model.live.values() for decision in decisions]
    for index in range(NUM_EXAMPLES):
        newest = model.newest(index)
        assert frame.loc[index, "status"] == (newest.action if newest else "")
        assert frame.loc[index, "current_label"] == ((newest.label if newest else None) or "anger")
        assert frame.loc[index, "num_decisions"] == sum(decision.index == index for decision in live)
