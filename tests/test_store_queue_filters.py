"""Every filter and order of the queue on twelve examples, and the counts beside the filters against the queues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.errors import StoreError
from lane_core.records import (
    QUEUE_ORDERS,
    QUEUE_STATUSES,
    SEVERITIES,
    SPLITS,
    STRICTNESSES,
    QueueFilter,
    ReviewPlan,
)
from lane_core.store.classes import bring_back, replace_class
from lane_core.store.decisions import record_decisions
from lane_core.store.queue_conditions import QUEUE_SCOPES
from lane_core.store.review_plans import drawn, people_wanted, review_plan, set_review_plan
from lane_core.store.review_queries import label_pairs, queue_counts, queue_rows, queue_size, review_queue
from lane_core.store.store import Store
from lane_core.wording import severity
from tests.review_store import CLASSES, DATASET, RUN, add_results, decision, make_review_store

ANGER, FEAR, JOY = range(3)
COLUMNS = (
    "text", "label", "suggested", "predicted", "split", "similarity", "severity", "label_score", "aum",
    "self_confidence",
)  # fmt: skip
TABLE = (
    ("It's 100% GREAT", ANGER, FEAR, FEAR, "train", 2.0, 0.0, 0.05, -3, 0.2),
    ("it's ok", ANGER, JOY, JOY, "train", 1.0, 0.5, 0.15, -1, 0.1),
    ('say "hello" to _you_', FEAR, ANGER, ANGER, "validation", 0.5, 1.0, 0.2, -2, 0.4),
    ("<script>alert('x')</script>", FEAR, JOY, FEAR, "test", None, None, 0.25, -4, 0.3),
    ("100 percent", JOY, ANGER, JOY, "train", 1.5, 0.25, 0.28, None, 0.05),
    ("Über ÄÖÜ", JOY, FEAR, JOY, "train", 0.75, 0.75, 0.35, 1, 0.6),
    ("a\\b; -- drop\ttable", ANGER, FEAR, ANGER, "train", 0.7, 0.5, 0.45, 2, None),
    ("two\nlines", FEAR, ANGER, FEAR, "validation", 2.0, 0.1, 0.6, 3, 0.9),
    ("مرحبا 🙂 \ufffd", JOY, None, JOY, "train", None, None, None, None, None),
    ("$now and $1 and ?", ANGER, JOY, ANGER, "train", 1.0, 0.5, 0.8, 4, 0.7),
    ("", FEAR, JOY, FEAR, "train", 1.0, 0.5, 0.9, 5, 0.8),
    ("It's GREAT again", JOY, FEAR, JOY, "test", 1.0, 0.5, 0.95, 6, 0.95),
)  # fmt: skip
ROWS = [dict(zip(COLUMNS, values, strict=True)) for values in TABLE]
ANY = QueueFilter(status="all", suspects_only=False)
HOSTILE = "o'brien\"; -- $now % \\"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Decided: 0 kept, 2 relabelled, 3 excluded, 5 disputed, 6 settled, 9 flagged. Never changed by a test."""
    opened = make_review_store(tmp_path_factory.mktemp("queue") / "lane.duckdb", ROWS)
    record_decisions(opened, [
        decision("1", 0, "keep", "ann"),
        decision("2", 2, "joy", "bob"),
        decision("3", 3, "exclude", HOSTILE),
        decision("4", 5, "fear", "ann"),
        decision("5", 5, "keep", "bob"),
        decision("6", 6, "fear", "ann"),
        decision("7", 6, "joy", "bob"),
        decision("8", 6, "joy", "cid", is_settling=True),
        decision("9", 9, "flag", "ann"),
    ])  # fmt: skip
    yield opened
    opened.close()


def queue(store: Store, filters: QueueFilter, annotator: str | None = None, run_id: str = RUN) -> list[int]:
    return review_queue(store, run_id, filters, 99, annotator=annotator)["index"].tolist()


def found(store: Store, **filters: object) -> list[int]:
    return sorted(queue(store, replace(ANY, **filters)))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"given_labels": ("anger",), "suggested_labels": ("fear",)}, [0, 6]),
        ({"given_labels": ("anger",), "suggested_labels": ("fear",), "both_ways": True}, [0, 2, 6, 7]),
        ({"given_labels": ("anger",), "both_ways": True}, [0, 1, 2, 4, 6, 7, 9]),
        ({"suggested_labels": ("anger",), "both_ways": True}, [0, 1, 2, 4, 6, 7, 9]),
        ({"both_ways": True}, list(range(12))),
        ({"given_labels": ("anger", "fear"), "suggested_labels": ("joy",), "both_ways": True},
         [1, 3, 4, 5, 9, 10, 11]),
        ({"predicted_labels": ("anger", "fear")}, [0, 2, 3, 6, 7, 9, 10]),
        ({"severities": ("near",)}, [0, 4, 7]),
        ({"severities": ("some way",)}, [1, 3, 5, 8, 9, 10, 11]),
        ({"severities": ("far", "near")}, [0, 2, 4, 6, 7]),
        ({"splits": ("validation", "test")}, [2, 3, 7, 11]),
        ({"text": "it's great"}, [11]),
        ({"text": "IT'S"}, [0, 1, 11]),
        ({"text": "100%"}, [0]),
        ({"text": "%"}, [0]),
        ({"text": "_"}, [2]),
        ({"text": '"hello"'}, [2]),
        ({"text": "über äöü"}, [5]),
        ({"text": "a\\b; --"}, [6]),
        ({"text": "</SCRIPT>"}, [3]),
        ({"text": "O\nL"}, [7]),
        ({"text": "مرحبا"}, [8]),
        ({"text": "$NOW and $1"}, [9]),
        ({"text": "\x00"}, []),
        ({"text": "\ud800"}, [8]),
        ({"text": "it's", "given_labels": ("joy",), "splits": ("test",)}, [11]),
        ({"annotators": ("ann",)}, [0, 9]),
        ({"annotators": ("bob", "cid")}, [2, 5, 6]),
        ({"annotators": (HOSTILE,)}, [3]),
        ({"annotators": ("$now", "$annotator", "x') or true --")}, []),
        ({"annotators": ("\x00", "\ud800", "bob")}, [2, 5]),
        ({"status": "to_review"}, [1, 4, 7, 8, 10, 11]),
        ({"status": "to_settle"}, [5, 9]),
        ({"status": "reviewed"}, [0, 2, 3, 5, 6, 9]),
        ({"status": "keep"}, [0, 5]),
        ({"status": "relabel"}, [2, 6]),
        ({"status": "exclude"}, [3]),
        ({"status": "flag"}, [9]),
        ({"status": "all"}, list(range(12))),
        ({"suspects_only": True, "strictness": "sure"}, [0]),
        ({"suspects_only": True}, [0, 1, 2, 3, 4]),
        ({"suspects_only": True, "strictness": "thorough"}, list(range(7))),
        ({"is_control": True}, list(range(5, 12))),
        ({"is_control": True, "strictness": "thorough"}, list(range(7, 12))),
        ({"is_control": True, "strictness": "thorough", "status": "to_review", "splits": ("train",)}, [8, 10]),
    ],
)  # fmt: skip
def test_filters_by_hand(store: Store, filters: dict[str, object], expected: list[int]) -> None:
    assert found(store, **filters) == expected
    assert queue_counts(store, RUN, replace(ANY, **filters))["total"] == len(expected)


def test_orders_by_hand(store: Store) -> None:
    assert queue(store, ANY) == [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 8]
    assert queue(store, replace(ANY, order="margin")) == [3, 0, 2, 1, 5, 6, 7, 9, 10, 11, 4, 8]
    assert queue(store, replace(ANY, order="self_confidence")) == [4, 1, 0, 3, 2, 5, 9, 10, 7, 11, 6, 8]
    # (1 - label_score) * severity: 3 has no severity and counts as 1.
    assert queue(store, replace(ANY, order="harm")) == [2, 3, 5, 1, 6, 4, 9, 10, 7, 11, 0, 8]


def test_a_run_of_an_earlier_version(tmp_path: Path) -> None:
    """No lines, no severity, no out-of-sample score: its own flag, and ties by index."""
    store = make_review_store(tmp_path / "lane.duckdb", ROWS)
    old = [{**row, "is_label_issue": place in (9, 3), "severity": None, "self_confidence": None}
           for place, row in enumerate(ROWS)]  # fmt: skip
    labels = pd.DataFrame(
        {
            "index": range(12),
            "label": [CLASSES[row["label"]] for row in ROWS],
            "split": [row["split"] for row in ROWS],
        }
    )
    add_results(store, "old", labels, old, {})
    for strictness in STRICTNESSES:
        assert queue(store, QueueFilter(strictness=strictness), run_id="old") == [3, 9]
    assert queue(store, replace(ANY, order="self_confidence"), run_id="old") == list(range(12))
    assert queue(store, replace(ANY, order="harm"), run_id="old") == queue(store, ANY, run_id="old")
    control = queue(store, replace(ANY, is_control=True), run_id="old")
    assert sorted(control) == [0, 1, 2, 4, 5, 6, 7, 8, 10, 11]
    assert set(queue_counts(store, "old", ANY)["by_scope"].values()) == {2, 12, 10}
    store.close()


def test_severity_is_said_as_everywhere(store: Store) -> None:
    for row in review_queue(store, RUN, ANY, 99).itertuples():
        said = severity(1.0 if np.isnan(row.similarity) else row.similarity)
        assert row.index in found(store, severities=(said,)), (row.index, said)


def test_unknown_classes_are_refused_wherever_they_stand(store: Store) -> None:
    for name in ("given_labels", "suggested_labels", "predicted_labels"):
        with pytest.raises(StoreError, match="no class 'glee'"):
            found(store, **{name: ("glee",)})


def test_rows_by_index_are_those_of_the_queue(store: Store) -> None:
    whole = review_queue(store, RUN, ANY, 99).set_index("index")
    rows = queue_rows(store, RUN, [8, 3, 9]).set_index("index")
    assert rows.index.tolist() == [3, 8, 9]
    pd.testing.assert_frame_equal(rows, whole.loc[[3, 8, 9]], check_dtype=False)
    assert queue_rows(store, RUN, []).empty


PLANS = st.sampled_from([ReviewPlan(), ReviewPlan(2), ReviewPlan(3, 0.5)])
PEOPLE = st.sampled_from([None, "ann", "bob", "dan"])
FILTERS = st.builds(
    QueueFilter,
    *(st.lists(st.sampled_from(CLASSES), max_size=2, unique=True).map(tuple) for _ in range(3)),
    both_ways=st.booleans(),
    severities=st.lists(st.sampled_from(SEVERITIES), max_size=2, unique=True).map(tuple),
    splits=st.lists(st.sampled_from(SPLITS), max_size=2, unique=True).map(tuple),
    text=st.sampled_from(["", "", "it", "a", "'"]),
    annotators=st.lists(st.sampled_from(["ann", "bob", HOSTILE]), max_size=2, unique=True).map(tuple),
    status=st.sampled_from(QUEUE_STATUSES),
    suspects_only=st.booleans(),
    strictness=st.sampled_from(STRICTNESSES),
    is_control=st.booleans(),
    order=st.sampled_from(QUEUE_ORDERS),
)


SCOPES = {name: {"suspects_only": True, "is_control": False, "strictness": name} for name in STRICTNESSES} | {
    "all": {"suspects_only": False, "is_control": False},
    "control": {"is_control": True},
}
CHOICES = {
    "by_given": {name: {"given_labels": (name,)} for name in CLASSES},
    "by_suggested": {name: {"suggested_labels": (name,)} for name in CLASSES},
    "by_severity": {word: {"severities": (word,)} for word in SEVERITIES},
    "by_split": {split: {"splits": (split,)} for split in SPLITS},
    "by_annotator": {name: {"annotators": (name,)} for name in ("ann", "bob", "cid", HOSTILE)},
    "by_status": {status: {"status": status} for status in QUEUE_STATUSES},
    "by_scope": {scope: SCOPES[scope] for scope in QUEUE_SCOPES},
}
"""What each count is the length of a queue under."""


@pytest.mark.parametrize("is_replaced", [False, True])
def test_counts_are_the_lengths_of_the_queues(store: Store, is_replaced: bool) -> None:
    names = CLASSES[:2] if is_replaced else CLASSES
    if is_replaced:
        replace_class(store, DATASET, "joy", "fear", "ann")

    @settings(max_examples=25, deadline=None)
    @given(
        FILTERS,
        PEOPLE,
        st.sampled_from([ReviewPlan(), ReviewPlan(2), ReviewPlan(3, 0.5)]),
        st.sampled_from([*CHOICES]),
    )
    def check(filters: QueueFilter, annotator: str | None, plan: ReviewPlan, facet: str) -> None:
        set_review_plan(store, DATASET, plan)
        filters = replace(filters, **{
            field: tuple(name for name in getattr(filters, field) if name in names)
            for field in ("given_labels", "suggested_labels", "predicted_labels")
        })  # fmt: skip
        counts = queue_counts(store, RUN, filters, annotator)
        assert counts["total"] == len(queue(store, filters, annotator))
        shown = counts[facet]
        if isinstance(shown, pd.DataFrame):
            assert shown["count"].tolist() == sorted(shown["count"], reverse=True)
            shown = dict(zip(shown["label"], shown["count"], strict=True))
        choices = {
            choice: others
            for choice, others in CHOICES[facet].items()
            if choice in names or choice not in CLASSES
        }
        lengths = {
            choice: len(queue(store, replace(filters, **others), annotator))
            for choice, others in choices.items()
        }
        if facet in ("by_given", "by_suggested", "by_annotator"):
            lengths = {choice: length for choice, length in lengths.items() if length}
        assert shown == lengths
        everybodys = queue_counts(store, RUN, filters)
        assert queue_size(store, RUN, filters) == {
            "total": everybodys["total"],
            "suspects": everybodys["by_scope"][filters.strictness],
            "reviewed": everybodys["by_status"]["reviewed"],
        }

    try:
        check()
    finally:
        set_review_plan(store, DATASET, ReviewPlan())
        if is_replaced:
            bring_back(store, DATASET, "joy", "ann")


def shown_labels(store: Store, facet: str, **filters: object) -> dict[str, int]:
    frame = queue_counts(store, RUN, replace(ANY, both_ways=True, **filters))[facet]
    return dict(zip(frame["label"], frame["count"], strict=True))


def test_both_ways_counts_what_each_class_would_show_once(store: Store) -> None:
    assert shown_labels(store, "by_suggested", given_labels=("anger",)) == {"fear": 4, "joy": 3}
    assert shown_labels(store, "by_given", suggested_labels=("fear",)) == {"anger": 4, "joy": 4}
    replace_class(store, DATASET, "joy", "fear", "ann")
    try:
        # 3, 5, 10 and 11 have fear as both labels now.
        assert shown_labels(store, "by_given", suggested_labels=("fear",)) == {"anger": 7, "fear": 4}
        assert shown_labels(store, "by_suggested", given_labels=("fear",)) == {"anger": 7, "fear": 4}
    finally:
        bring_back(store, DATASET, "joy", "ann")


def test_a_class_that_was_replaced_settles_what_it_was_confused_with(store: Store) -> None:
    replace_class(store, DATASET, "joy", "fear", "ann")
    try:
        # 3 is fear and was suggested joy, which is fear now: nothing is suspect about it.
        assert found(store, suspects_only=True) == [0, 1, 2, 4]
        assert found(store, suspects_only=True, suggested_labels=("fear",)) == [0, 1]
        assert queue_counts(store, RUN, replace(ANY, suspects_only=True))["total"] == 4
        pairs = label_pairs(store, RUN, replace(ANY, suspects_only=True), 9)
        assert pairs.to_numpy().tolist() == [["anger", "fear", 2], ["fear", "anger", 2]]
    finally:
        bring_back(store, DATASET, "joy", "ann")
    assert found(store, suspects_only=True) == [0, 1, 2, 3, 4]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """3,000 examples that nothing flags, and two runs on them."""
    rows = [{"label_score": 0.9, "suggested": 1}] * 3000
    opened = make_review_store(tmp_path_factory.mktemp("large") / "lane.duckdb", rows)
    labels = pd.DataFrame({"index": range(3000), "label": "anger", "split": "train"})
    add_results(opened, "r2", labels, rows, {"balanced": 0.3})
    yield opened
    opened.close()


def test_the_control_sample_looks_random_and_never_changes(large: Store) -> None:
    control = QueueFilter(is_control=True)
    first, second = (review_queue(large, run_id, control, 3000)["index"].to_numpy() for run_id in (RUN, "r2"))
    place = np.arange(3000)
    for order in (first, second):
        assert np.array_equal(np.sort(order), place)
        # Of 3,000 in random order the standard error is 0.018 for a correlation, and 22 for the mean of 1,500.
        assert abs(np.corrcoef(order, place)[0, 1]) < 0.06
        assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.06
        assert abs(order[:1500].mean() - 1499.5) < 80
        assert abs((np.diff(order) > 0).mean() - 0.5) < 0.05
    assert abs(np.corrcoef(np.argsort(first), np.argsort(second))[0, 1]) < 0.06
    # Written down once: an estimate that a person has begun must not change its sample with a new version.
    assert first[:8].tolist() == FIRST_OF_R1
    assert review_queue(large, RUN, replace(control, order="margin"), 8)["index"].tolist() == FIRST_OF_R1
    record_decisions(large, [decision("1", FIRST_OF_R1[0])])
    assert review_queue(large, RUN, control, 7)["index"].tolist() == FIRST_OF_R1[1:]
    assert review_queue(large, RUN, replace(control, status="all"), 8)["index"].tolist() == FIRST_OF_R1


FIRST_OF_R1 = [434, 592, 541, 1252, 241, 339, 21, 373]


def test_numbers_drawn_by_lot_are_even(large: Store) -> None:
    with large.cursor() as cursor:
        query = f"select {drawn('index')}, {drawn('index', 1)} from examples order by index"
        values = cursor.execute(query).fetchnumpy()
    for column in values.values():
        assert column.min() >= 0
        assert column.max() < 1
        shares = np.bincount((column * 10).astype(int), minlength=10) / 3000
        assert np.abs(shares - 0.1).max() < 0.03


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_a_share_of_the_examples_is_decided_by_several(large: Store, share: float) -> None:
    def shared(plan: ReviewPlan) -> set[int]:
        with large.cursor() as cursor:
            query = f"select index from examples where {people_wanted(plan, 'index')} = {plan.overlap}"
            return {row[0] for row in cursor.execute(query).fetchall()}

    several = shared(ReviewPlan(3, share))
    assert abs(len(several) / 3000 - share) < 0.03
    assert shared(ReviewPlan(2, share)) == several
    assert several <= shared(ReviewPlan(3, min(1.0, share + 0.2)))


def test_with_a_share_some_examples_need_one_person_and_the_others_more(large: Store) -> None:
    plan = ReviewPlan(2, 0.5, is_blind=True, lease_minutes=3)
    set_review_plan(large, DATASET, plan)
    assert review_plan(large, DATASET) == plan
    everything = QueueFilter(suspects_only=False)
    before = set(review_queue(large, RUN, everything, 3000)["index"])
    record_decisions(large, [decision(f"s{index}", index, annotator="bob") for index in range(100, 200)])
    left = set(review_queue(large, RUN, everything, 3000)["index"])
    with large.cursor() as cursor:
        query = f"select index from examples where index between 100 and 199 and {drawn('index')} < 0.5"
        several = {row[0] for row in cursor.execute(query).fetchall()}
    assert 30 < len(several) < 70
    assert before - left == set(range(100, 200)) - several
    assert not several & set(review_queue(large, RUN, everything, 3000, annotator="bob")["index"])
    assert several <= set(review_queue(large, RUN, everything, 3000, annotator="ann")["index"])
    set_review_plan(large, DATASET, ReviewPlan())
