"""Examples on somebody's screen: given to nobody else for a while, and to as many people as are to decide on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from lane_core.errors import StoreError
from lane_core.records import QueueFilter, ReviewPlan
from lane_core.store import leases, queue_conditions
from lane_core.store.decisions import record_decisions, redo, undo
from lane_core.store.frames import now_utc
from lane_core.store.leases import fair_share, hold, release
from lane_core.store.review_plans import set_review_plan
from lane_core.store.review_queries import queue_counts, review_queue
from lane_core.store.store import Store
from tests.review_store import DATASET, RUN, decision, make_review_store

SUSPECTS = QueueFilter()
TO_SETTLE = QueueFilter(status="to_settle", suspects_only=False)
NUM_EXAMPLES = 8


class Clock:
    """What the program takes for the time, moved on by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self):
        return now_utc() + self.ahead

    def pass_by(self, minutes: float) -> None:
        self.ahead += timedelta(minutes=minutes)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (leases, queue_conditions):
        monkeypatch.setattr(module, "now_utc", made)
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Eight suspects, the first the worst."""
    opened = make_review_store(tmp_path / "lane.duckdb", suspects(NUM_EXAMPLES))
    yield opened
    opened.close()


def suspects(number: int) -> list[dict[str, object]]:
    return [{"label": 0, "suggested": 1, "label_score": 0.001 * (1 + place)} for place in range(number)]


def queue(store: Store, annotator: str | None, filters: QueueFilter = SUSPECTS, limit: int = 99) -> list[int]:
    return review_queue(store, RUN, filters, limit, annotator=annotator)["index"].tolist()


def take(store: Store, annotator: str, limit: int, filters: QueueFilter = SUSPECTS) -> list[int]:
    """Hold the next examples of somebody's queue, as the page does."""
    return sorted(hold(store, RUN, filters, queue(store, annotator, filters, limit), annotator))


def decide(store: Store, annotator: str, index: int, choice: str = "keep", **others: bool) -> None:
    number = (
        len(queue(store, None, QueueFilter(status="reviewed", suspects_only=False))),
        annotator,
        index,
        choice,
    )
    assert record_decisions(store, [decision(f"{number}", index, choice, annotator, **others)]) == 1


def num_leases(store: Store) -> int:
    with store.cursor() as cursor:
        return cursor.execute("select count(*) from leases").fetchall()[0][0]


def test_two_people_get_different_examples(store: Store) -> None:
    assert take(store, "ann", 3) == [0, 1, 2]
    assert queue(store, "bob") == [3, 4, 5, 6, 7]
    assert take(store, "bob", 3) == [3, 4, 5]
    assert queue(store, "ann") == [0, 1, 2, 6, 7]
    # Nobody's queue, and the counts, hold what is on screens too: it may come back.
    assert queue(store, None) == list(range(8))
    assert queue_counts(store, RUN, SUSPECTS, annotator="ann")["total"] == 8


def test_who_saw_the_same_page_first_holds_it(store: Store) -> None:
    seen = queue(store, "ann", limit=3)
    assert queue(store, "bob", limit=3) == seen
    assert hold(store, RUN, SUSPECTS, seen, "ann") == {0, 1, 2}
    assert hold(store, RUN, SUSPECTS, [2, 3], "bob") == {3}
    assert hold(store, RUN, SUSPECTS, [2, 3], "ann") == {2}
    # Holding again, and what is in no queue.
    assert hold(store, RUN, SUSPECTS, seen, "ann") == {0, 1, 2}
    assert hold(store, RUN, SUSPECTS, [1, 99], "ann") == {1}
    assert hold(store, RUN, SUSPECTS, [], "ann") == set()


def test_an_example_is_held_whatever_queue_it_came_from(store: Store) -> None:
    text = QueueFilter(text="TEXT", order="harm", suspects_only=False)
    assert take(store, "ann", 2, text) == [0, 1]
    assert queue(store, "bob") == [2, 3, 4, 5, 6, 7]
    # Elsewhere than in a queue to work off nothing is held, and nothing hidden.
    everything = QueueFilter(status="all")
    assert hold(store, RUN, everything, [0, 5], "bob") == {0, 5}
    assert num_leases(store) == 2
    assert queue(store, "bob", everything) == list(range(8))


def test_a_lease_runs_out_and_the_example_is_given_to_somebody_else(store: Store, clock: Clock) -> None:
    set_review_plan(store, DATASET, ReviewPlan(lease_minutes=4))
    assert take(store, "ann", 2) == [0, 1]
    clock.pass_by(3.9)
    assert queue(store, "bob", limit=1) == [2]
    clock.pass_by(0.2)
    assert take(store, "bob", 2) == [0, 1]
    assert queue(store, "ann", limit=1) == [2]
    assert hold(store, RUN, SUSPECTS, [0, 1, 2], "ann") == {2}


def test_who_stays_keeps_the_example_and_who_comes_back_gets_it_again(store: Store, clock: Clock) -> None:
    assert take(store, "ann", 2) == [0, 1]
    for _ in range(5):
        clock.pass_by(6)  # of ten: more than half
        assert queue(store, "bob", limit=1) == [2]
        assert take(store, "ann", 2) == [0, 1]
    assert queue(store, "bob", limit=1) == [2]
    clock.pass_by(60)
    assert take(store, "ann", 2) == [0, 1]
    assert num_leases(store) == 2


def test_a_lease_that_is_fresh_is_not_written_again(store: Store, clock: Clock) -> None:
    take(store, "ann", 2)
    with store.cursor() as cursor:
        before = cursor.execute("from leases order by key").fetchall()
    clock.pass_by(4)
    assert take(store, "ann", 2) == [0, 1]
    with store.cursor() as cursor:
        assert cursor.execute("from leases order by key").fetchall() == before


def test_a_decision_ends_the_lease_of_its_annotator_alone(store: Store) -> None:
    set_review_plan(store, DATASET, ReviewPlan(overlap=2))
    for annotator in ("ann", "bob"):
        assert take(store, annotator, 2) == [0, 1]
    decide(store, "ann", 0)
    with store.cursor() as cursor:
        found = cursor.execute("select key & 255, annotator from leases order by all").fetchall()
    assert found == [(0, "bob"), (1, "ann"), (1, "bob")]


def test_release_gives_everything_back(store: Store) -> None:
    take(store, "ann", 3)
    take(store, "bob", 2)
    release(store, RUN, "ann")
    release(store, RUN, "ann")
    assert queue(store, "bob") == [0, 1, 2, 3, 4, 5, 6, 7]
    assert queue(store, "ann") == [0, 1, 2, 5, 6, 7]


def test_what_comes_next_is_held_too_and_given_back_when_it_is_left_out(store: Store, clock: Clock) -> None:
    assert hold(store, RUN, SUSPECTS, [0, 1], "ann", ahead=[2, 3]) == {0, 1}
    assert queue(store, "bob") == [4, 5, 6, 7]
    # Part of what is held already: nothing to write, so it stays.
    assert hold(store, RUN, SUSPECTS, [1, 2], "ann", ahead=[3, 4]) == {1, 2}
    assert num_leases(store) == 4
    assert hold(store, RUN, SUSPECTS, [2], "ann") == {2}
    assert queue(store, "bob") == [0, 1, 3, 4, 5, 6, 7]
    clock.pass_by(20)
    assert hold(store, RUN, SUSPECTS, [5], "bob", ahead=[2]) == {5}
    assert hold(store, RUN, SUSPECTS, [2, 3], "ann") == {3}


def test_the_last_examples_are_parted_among_those_who_are_there(store: Store, clock: Clock) -> None:
    assert fair_share(store, RUN, "ann", 40) == 40
    take(store, "bob", 1)
    assert [fair_share(store, RUN, "ann", left) for left in (40, 8)] == [10, 5]
    assert fair_share(store, RUN, "bob", 40) == 40
    clock.pass_by(11)
    assert fair_share(store, RUN, "ann", 40) == 40


def test_an_undone_decision_comes_back_and_can_be_held_again(store: Store) -> None:
    assert take(store, "ann", 2) == [0, 1]
    decide(store, "ann", 0)
    assert queue(store, "ann", limit=2) == [1, 2]
    undo(store, DATASET, "ann", "u1")
    assert take(store, "ann", 2) == [0, 1]
    redo(store, DATASET, "ann", "r1")
    assert queue(store, "bob", limit=1) == [2]


def test_overlap_gives_each_example_to_so_many_people_once(store: Store) -> None:
    set_review_plan(store, DATASET, ReviewPlan(overlap=2))
    assert take(store, "ann", 2) == take(store, "bob", 2) == [0, 1]
    assert take(store, "cid", 2) == [2, 3]
    assert hold(store, RUN, SUSPECTS, [0], "cid") == set()
    decide(store, "ann", 0)
    # One decided, one has it on screen: enough.
    assert queue(store, "ann") == [1, 2, 3, 4, 5, 6, 7]
    assert queue(store, "cid") == [2, 3, 4, 5, 6, 7]
    release(store, RUN, "bob")
    assert queue(store, "cid", limit=2) == [0, 1]
    assert take(store, "cid", 1) == [0]
    assert queue(store, "bob", limit=1) == [1]
    decide(store, "cid", 0)
    assert 0 not in queue(store, "bob") + queue(store, "ann") + queue(store, None)


def test_who_decided_already_is_not_given_the_example_again(store: Store) -> None:
    set_review_plan(store, DATASET, ReviewPlan(overlap=3))
    for choice in ("keep", "flag"):
        decide(store, "ann", 0, choice)
        assert queue(store, "ann", limit=1) == [1]
        assert hold(store, RUN, SUSPECTS, [0, 1], "ann") == {1}
    assert queue(store, "bob", limit=1) == [0]
    assert queue_counts(store, RUN, SUSPECTS, annotator="ann")["by_status"]["to_review"] == 7
    assert queue_counts(store, RUN, SUSPECTS, annotator="bob")["by_status"]["to_review"] == 8


def test_a_disagreement_is_settled_by_one_person_at_a_time(store: Store, clock: Clock) -> None:
    set_review_plan(store, DATASET, ReviewPlan(overlap=2))
    for annotator, choice in (("ann", "joy"), ("bob", "fear")):
        decide(store, annotator, 4, choice)
    decide(store, "ann", 6, "flag")
    # Who took part may settle too.
    assert queue(store, "ann", TO_SETTLE) == queue(store, "cid", TO_SETTLE) == [4, 6]
    assert take(store, "ann", 1, TO_SETTLE) == [4]
    assert take(store, "cid", 5, TO_SETTLE) == [6]
    assert hold(store, RUN, TO_SETTLE, [4, 6], "dan") == set()
    clock.pass_by(11)
    assert take(store, "dan", 5, TO_SETTLE) == [4, 6]
    decide(store, "dan", 4, "joy", is_settling=True)
    assert queue(store, None, TO_SETTLE) == [6]


def test_projects_and_unknown_runs(store: Store) -> None:
    for call in (lambda: hold(store, "gone", SUSPECTS, [1], "ann"), lambda: release(store, "gone", "ann")):
        with pytest.raises(StoreError, match="no run 'gone'"):
            call()


def test_hostile_names_hold_too(store: Store) -> None:
    for place, name in enumerate(("o'brien", '"; drop table leases; --', "$now", "%", "名前 \u202e🙂", " ")):
        assert take(store, name, 1) == [place]
    release(store, RUN, "%")
    assert queue(store, "ann", limit=2) == [3, 6]


@pytest.mark.parametrize(("overlap", "num_examples"), [(1, 60), (2, 24)])
def test_people_at_once_share_a_queue_without_doing_anything_twice(
    tmp_path: Path, overlap: int, num_examples: int
) -> None:
    store = make_review_store(tmp_path / "many.duckdb", suspects(num_examples))
    set_review_plan(store, DATASET, ReviewPlan(overlap=overlap))
    numbers = count()

    def work(annotator: str) -> int:
        done = 0
        for _ in range(200):
            page = queue(store, annotator, limit=5)
            mine = hold(store, RUN, SUSPECTS, page, annotator)
            chosen = [
                decision(f"{annotator} {next(numbers)}", index, "keep", annotator) for index in sorted(mine)
            ]
            done += record_decisions(store, chosen[:3])
            if not queue(store, None, limit=1):
                return done
        raise AssertionError("the queue is never done")

    with ThreadPoolExecutor(5) as pool:
        done = [future.result(timeout=60) for future in [pool.submit(work, f"p{one}") for one in range(5)]]
    people = defaultdict(list)
    with store.cursor() as cursor:
        for index, annotator in cursor.execute("select index, annotator from decisions").fetchall():
            people[index].append(annotator)
    store.close()
    assert sum(done) == overlap * num_examples
    assert {index: len(set(names)) for index, names in people.items()} == dict.fromkeys(
        range(num_examples), overlap
    )
    assert {len(names) for names in people.values()} == {overlap}
