"""What counts on each example: of random steps of several people, of a database of an earlier version, after damage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_core.records import ColumnChoice, DatasetRecord, Decision
from lane_core.store.checks.decisions import check_decisions
from lane_core.store.checks.integrity import mend
from lane_core.store.classes import bring_back, replace_class
from lane_core.store.datasets import add_dataset, current_labels
from lane_core.store.decisions import record_decisions, redo, undo
from lane_core.store.store import Store, open_store
from tests.review_store import CLASSES, NOW

NUM_EXAMPLES = 6
GIVEN = [CLASSES[index % 2] for index in range(NUM_EXAMPLES)]
PEOPLE = ("ann", "bob", "cid")


class Taken(NamedTuple):
    """A decision as the replay sees it."""

    number: int
    decision_id: str
    index: int
    annotator: str
    action: str
    label: str
    """That the example has after it."""
    is_settling: bool


@dataclass
class Replay:
    """What counts after some steps, in plain lists."""

    live: dict[str, list[list[Taken]]] = field(default_factory=lambda: {name: [] for name in PEOPLE})
    undone: dict[str, list[list[Taken]]] = field(default_factory=lambda: {name: [] for name in PEOPLE})
    in_place_of: dict[str, str] = field(default_factory=dict)

    def decide(self, annotator: str, batch: list[Taken]) -> None:
        self.live[annotator].append(batch)
        self.undone[annotator].clear()

    def step(self, annotator: str, taken_from: str, put_to: str) -> str | None:
        """Undo or redo; return the newest decision that it was about."""
        source = getattr(self, taken_from)[annotator]
        if not source:
            return None
        getattr(self, put_to)[annotator].append(source.pop())
        return getattr(self, put_to)[annotator][-1][-1].decision_id

    def counted(self, label: str) -> str:
        while label in self.in_place_of:
            label = self.in_place_of[label]
        return label

    def own(self) -> dict[tuple[int, str], Taken]:
        found: dict[tuple[int, str], Taken] = {}
        for one in sorted(one for batches in self.live.values() for batch in batches for one in batch):
            found[one.index, one.annotator] = one
        return found

    def current(self) -> dict[int, tuple[str, int, bool]]:
        """Return the decision that counts, the number of people and whether they disagree, by example."""
        found = {}
        for index in range(NUM_EXAMPLES):
            there = sorted(one for one in self.own().values() if one.index == index)
            if there:
                labels = {
                    "excluded" if one.action == "exclude" else self.counted(one.label)
                    for one in there
                    if one.action != "flag"
                }
                is_disputed = len(labels) > 1 and not there[-1].is_settling
                found[index] = (there[-1].decision_id, len(there), is_disputed)
        return found

    def labels(self) -> list[tuple[str, str, str | None]]:
        """Return the label, status and annotator of each example."""
        newest = {one.decision_id: one for one in self.own().values()}
        rows = []
        for index in range(NUM_EXAMPLES):
            one = newest[self.current()[index][0]] if index in self.current() else None
            label = self.counted(one.label if one else GIVEN[index])
            rows.append((label, one.action if one else "", one.annotator if one else None))
        return rows


def add_examples(store: Store, dataset_id: str) -> None:
    index = pd.Series(range(NUM_EXAMPLES))
    frame = pd.DataFrame({
        "index": index, "row": index + 1, "example_id": index.astype(str), "text": "x", "given_label": GIVEN,
        "split": "train",
    })  # fmt: skip
    columns = ColumnChoice("text", "label")
    record = DatasetRecord(dataset_id, "x", "x.csv", "00", columns, NUM_EXAMPLES, NUM_EXAMPLES, NOW)
    add_dataset(store, record, frame, CLASSES)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "lane.duckdb")
    yield opened
    opened.close()


def asked(store: Store, query: str) -> list[tuple]:
    with store.cursor() as cursor:
        return cursor.execute(query).fetchall()


def findings(store: Store) -> list:
    with store.cursor() as cursor:
        return list(check_decisions(cursor))


PERSON = st.sampled_from(PEOPLE)
CHOICE = st.tuples(
    st.integers(0, NUM_EXAMPLES - 1) | st.just(0),
    st.sampled_from(["keep", "exclude", "flag", *CLASSES]),
    st.booleans(),
)
CLASS = st.sampled_from(CLASSES)
STEPS = st.one_of(
    st.tuples(st.just("decide"), PERSON, st.lists(CHOICE, min_size=1, max_size=1)),
    st.tuples(st.just("decide"), PERSON, st.lists(CHOICE, min_size=1, max_size=1)),
    st.tuples(st.just("decide"), PERSON, st.lists(CHOICE, min_size=2, max_size=4)),
    st.tuples(st.just("undo"), PERSON),
    st.tuples(st.just("undo"), PERSON),
    st.tuples(st.just("redo"), PERSON),
    st.tuples(st.just("replace"), CLASS, CLASS),
    st.tuples(st.just("bring back"), CLASS),
)
NUMBERS = count()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=4, max_size=14))
def test_what_counts_is_what_a_replay_gives(store: Store, steps: list[tuple]) -> None:
    dataset_id = f"property {next(NUMBERS)}"
    add_examples(store, dataset_id)
    replay = Replay()
    for place, (kind, *rest) in enumerate(steps):
        step_id = f"{dataset_id} {place}"
        if kind == "decide":
            decide(store, replay, dataset_id, step_id, *rest)
        elif kind in ("undo", "redo"):
            take, *stacks = (undo, "live", "undone") if kind == "undo" else (redo, "undone", "live")
            found = take(store, dataset_id, rest[0], step_id)
            assert (found.decision_id if found else None) == replay.step(rest[0], *stacks)
        elif kind == "replace" and rest[0] != rest[1] and not set(rest) & set(replay.in_place_of):
            replace_class(store, dataset_id, *rest, "ann")
            replay.in_place_of[rest[0]] = rest[1]
        elif kind == "bring back" and rest[0] in replay.in_place_of:
            bring_back(store, dataset_id, rest[0], "ann")
            del replay.in_place_of[rest[0]]

    own = asked(
        store, f"select index, annotator, decision_id from own_decisions where dataset_id = '{dataset_id}'"
    )
    assert {(index, name): decision_id for index, name, decision_id in own} == {
        place: one.decision_id for place, one in replay.own().items()
    }
    columns = "index, decision_id, num_people, is_disputed"
    current = asked(store, f"select {columns} from current_decisions where dataset_id = '{dataset_id}'")
    assert {index: values for index, *values in current} == {
        index: list(values) for index, values in replay.current().items()
    }
    frame = current_labels(store, dataset_id)
    frame["annotator"] = frame["annotator"].astype(object).where(frame["annotator"].notna(), None)
    shown = frame[["current_label", "status", "annotator"]].itertuples(index=False, name=None)
    assert list(shown) == replay.labels()
    assert findings(store) == []


def decide(
    store: Store,
    replay: Replay,
    dataset_id: str,
    step_id: str,
    annotator: str,
    choices: list[tuple[int, str, bool]],
) -> None:
    batch_id = step_id if len(choices) > 1 else None
    made, taken = [], []
    for place, (index, choice, is_settling) in enumerate(choices):
        label = choice if choice in CLASSES else None
        action = "relabel" if label else choice
        made.append(Decision(
            f"{step_id} {place}", dataset_id, index, action, label, GIVEN[index], None, annotator,
            batch_id=batch_id, is_settling=is_settling,
        ))  # fmt: skip
        final = label or GIVEN[index]
        taken.append(Taken(next(NUMBERS), f"{step_id} {place}", index, annotator, action, final, is_settling))
    assert record_decisions(store, made) == len(made)
    replay.decide(annotator, taken)


def test_many_at_once_count_as_one_by_one(store: Store) -> None:
    """More examples than stand in one query, twice each, and taken back at once."""
    size = 1200
    index = pd.Series(range(size))
    frame = pd.DataFrame({
        "index": index, "row": index + 1, "example_id": index.astype(str), "text": "x", "given_label": "fear",
        "split": "train",
    })  # fmt: skip
    record = DatasetRecord("d", "x", "x.csv", "00", ColumnChoice("text", "label"), size, size, NOW)
    add_dataset(store, record, frame, CLASSES)
    for annotator, label in (("ann", "joy"), ("bob", "anger")):
        record_decisions(store, [
            Decision(f"{annotator} {turn} {at}", "d", at, "relabel", label, "fear", None, annotator, batch_id=annotator)
            for turn in range(2)
            for at in range(size)
        ])  # fmt: skip
    totals = "select count(*), sum(num_people), count(*) filter (is_disputed), min(annotator) from current_decisions"
    assert asked(store, totals) == [(size, 2 * size, size, "bob")]
    assert undo(store, "d", "bob", "u").decision_id == f"bob 1 {size - 1}"
    assert asked(store, totals) == [(size, size, 0, "ann")]
    undo(store, "d", "ann", "v")
    assert asked(store, totals) == [(0, None, 0, None)]
    redo(store, "d", "ann", "w")
    redo(store, "d", "bob", "x")
    assert asked(store, totals) == [(size, 2 * size, size, "bob")]
    assert findings(store) == []


def test_who_looks_meanwhile_sees_what_was_and_stops_nobody(store: Store) -> None:
    add_examples(store, "d")
    record_decisions(store, [Decision("1", "d", 0, "keep", None, "anger", None, "ann")])
    query = "select decision_id from own_decisions join current_decisions using (decision_id)"
    with store.cursor() as cursor:
        assert cursor.execute(query).fetchall() == [("1",)]
        for turn in range(3):
            assert undo(store, "d", "ann", f"u{turn}") is not None
            assert redo(store, "d", "ann", f"r{turn}") is not None
            again = Decision(f"again {turn}", "d", 0, "exclude", None, "anger", None, "ann")
            assert record_decisions(store, [again]) == 1
        undo(store, "d", "ann", "u")
        assert cursor.execute(query).fetchall() == [("1",)]
    assert asked(store, query) == [("again 1",)]


DAMAGES: dict[str, tuple[str, set[str]]] = {
    "somebody's decision lost": (
        "delete from own_decisions where index = 0 and annotator = 'ann'",
        {"wrong_own_decisions", "wrong_current_decisions"},
    ),
    "somebody's decision that is none": (
        "insert into own_decisions select * replace (key + 1 as key, 1 as index) from own_decisions"
        " where annotator = 'bob' and index = 0",
        {"wrong_own_decisions", "wrong_current_decisions"},
    ),
    "an old decision of somebody": (
        "update own_decisions set final_label = 0 where annotator = 'ann' and index = 0",
        {"wrong_own_decisions"},  # still another than that of bob
    ),
    "the wrong settler": (
        "update own_decisions set is_settling = true where annotator = 'ann'",
        {"wrong_own_decisions"},
    ),
    "the number of people": ("update current_decisions set num_people = 1", {"wrong_current_decisions"}),
    "no number of people": ("update current_decisions set num_people = null", {"wrong_current_decisions"}),
    "the disagreement": ("update current_decisions set is_disputed = false", {"wrong_current_decisions"}),
    "nothing at all": ("delete from own_decisions", {"wrong_own_decisions", "wrong_current_decisions"}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_what_counts_is_found_and_mended(store: Store, damage: str) -> None:
    add_examples(store, "d")
    record_decisions(store, [
        Decision("1", "d", 0, "relabel", "joy", "anger", None, "ann"),
        Decision("2", "d", 0, "relabel", "fear", "anger", None, "bob"),
    ])  # fmt: skip
    tables = ("own_decisions", "current_decisions")
    before = {name: asked(store, f"from {name} order by all") for name in tables}
    statement, kinds = DAMAGES[damage]
    with store.transaction() as cursor:
        cursor.execute(statement)
    found = findings(store)
    assert {finding.kind for finding in found} == kinds
    for finding in found:
        assert finding.is_repairable
        mend(store, finding)
    assert findings(store) == []
    assert {name: asked(store, f"from {name} order by all") for name in tables} == before


def test_an_exclusion_is_a_choice_of_its_own_and_a_wish_for_an_opinion_is_none(store: Store) -> None:
    add_examples(store, "d")
    made = [
        (0, "keep", "ann"), (0, "exclude", "bob"),
        (1, "exclude", "ann"), (1, "exclude", "bob"),
        (2, "joy", "ann"), (2, "flag", "bob"),
        (3, "flag", "ann"), (3, "flag", "bob"),
        (4, "anger", "ann"), (4, "keep", "bob"),
        (5, "joy", "ann"), (5, "anger", "bob"), (5, "joy", "bob"),
    ]  # fmt: skip
    record_decisions(store, [
        Decision(
            f"{place}", "d", index, "relabel" if choice in CLASSES else choice, choice if choice in CLASSES else None,
            GIVEN[index], None, annotator,
        )
        for place, (index, choice, annotator) in enumerate(made)
    ])  # fmt: skip
    found = asked(store, "select index, num_people, is_disputed from current_decisions order by index")
    assert found == [(index, 2, index == 0) for index in range(NUM_EXAMPLES)]


def test_a_replaced_class_ends_a_disagreement_and_its_return_opens_it(store: Store) -> None:
    add_examples(store, "d")
    record_decisions(store, [
        Decision("1", "d", 0, "relabel", "joy", "anger", None, "ann"),
        Decision("2", "d", 0, "relabel", "fear", "anger", None, "bob"),
        Decision("3", "d", 2, "relabel", "joy", "anger", None, "ann"),
        Decision("4", "d", 2, "exclude", None, "anger", None, "bob"),
    ])  # fmt: skip

    def disputed() -> list[tuple]:
        return asked(store, "select index from current_decisions where is_disputed order by index")

    assert disputed() == [(0,), (2,)]
    replace_class(store, "d", "joy", "fear", "ann")
    assert disputed() == [(2,)]
    assert findings(store) == []
    bring_back(store, "d", "joy", "ann")
    assert disputed() == [(0,), (2,)]
    assert findings(store) == []
