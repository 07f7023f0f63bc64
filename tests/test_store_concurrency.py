"""Many sessions read while the ingester and the annotators write."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.deciding import make_project
from benchmarks.store_threads import decide_together
from lane_core.errors import StoreError
from lane_core.records import ColumnChoice, DatasetRecord, Decision, QueueFilter, RunRecord
from lane_core.runs.run_dir import EPOCH_SCHEMA, RunDir
from lane_core.store.datasets import add_dataset, current_labels
from lane_core.store.decision_queries import decision_history, label_version, review_progress
from lane_core.store.decisions import record_decisions, undo
from lane_core.store.ingest import Ingester
from lane_core.store.review_queries import queue_counts, review_queue
from lane_core.store.run_queries import last_epoch, trajectories
from lane_core.store.runs import add_run
from lane_core.store.store import Store, open_store

NUM_EXAMPLES = 500
NUM_EPOCHS = 8
NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVERYTHING = QueueFilter(status="all", suspects_only=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "lane.duckdb")
    position = np.arange(NUM_EXAMPLES)
    frame = pd.DataFrame(
        {
            "index": position,
            "row": position + 1,
            "example_id": position.astype(str),
            "text": "some text",
            "given_label": "fear",
            "split": "train",
        }
    )
    columns = ColumnChoice("text", "label")
    record = DatasetRecord("d", "x", "x.csv", "00", columns, NUM_EXAMPLES, NUM_EXAMPLES, NOW)
    add_dataset(opened, record, frame, ["fear", "joy"])
    add_run(opened, RunRecord("r", "d", "x", "{}", 0, NOW), frame.rename(columns={"given_label": "label"}))
    yield opened
    opened.close()


def epoch_frame() -> pd.DataFrame:
    values = {name: np.full(NUM_EXAMPLES, 0.5) for name in EPOCH_SCHEMA.names}
    codes = dict.fromkeys(("predicted", "suggested", "held_out_predicted"), np.ones(NUM_EXAMPLES, int))
    flags = dict.fromkeys(("is_given_predicted", "is_label_issue"), np.ones(NUM_EXAMPLES, bool))
    return pd.DataFrame({**values, **codes, **flags, "index": range(NUM_EXAMPLES)})


def together(num_threads: int, work: Callable[[int], object]) -> list:
    """Run ``work`` with 0, 1, ... on threads that start at the same moment; an error of one is raised."""
    start = threading.Barrier(num_threads)

    def wait_and_work(number: int) -> object:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(num_threads) as pool:
        return list(pool.map(wait_and_work, range(num_threads)))


def test_readers_writers_and_the_ingester_at_once(store: Store, tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / "runs" / "r")
    writers_left = threading.Semaphore(0)
    num_each = 20

    def write_epochs() -> None:
        for epoch in range(1, NUM_EPOCHS + 1):
            run_dir.write_event("epoch", epoch, epoch_frame())

    def annotate(annotator: str) -> None:
        for number in range(num_each):
            decision = Decision(
                f"{annotator} {number}",
                "d",
                number,
                "relabel",
                "joy",
                "fear",
                "r",
                annotator,
                lead_time_s=0.5,
            )
            assert record_decisions(store, [decision]) == 1
            if number % 5 == 4:
                assert undo(store, "d", annotator, f"undo {annotator} {number}") == decision

    def read() -> None:
        seen = -1
        while not writers_left.acquire(blocking=False):
            page = review_queue(store, "r", EVERYTHING, limit=NUM_EXAMPLES + 1)
            # An epoch is there in whole or not at all.
            assert len(page) in (0, NUM_EXAMPLES)
            assert queue_counts(store, "r", EVERYTHING)["total"] in (0, NUM_EXAMPLES)
            assert len(current_labels(store, "d")) == NUM_EXAMPLES
            assert len(trajectories(store, "r", [7])) <= NUM_EPOCHS
            reviewed = review_progress(store, "r")["reviewed"]
            assert 0 <= reviewed <= num_each
            version = label_version(store, "d")
            assert version >= seen
            seen = version

    def work(number: int) -> None:
        if number < 3:
            read()
            return
        try:
            write_epochs() if number == 3 else annotate(f"annotator {number}")
        finally:
            writers_left.release()

    ingester = Ingester(store, tmp_path / "runs", poll_s=0.01)
    ingester.start()
    try:
        together(6, work)
    finally:
        ingester.stop()
    # What came after the ingester's last look is still to be stored.
    last = Ingester(store, tmp_path / "runs", poll_s=0.01)
    last.start()
    deadline = time.monotonic() + 30
    while last_epoch(store, "r") < NUM_EPOCHS and time.monotonic() < deadline:
        time.sleep(0.02)
    last.stop()

    history = decision_history(store, "d", 1000)
    assert (history["kind"] == "decision").sum() == 2 * num_each
    assert (history["kind"] == "undo").sum() == 2 * (num_each // 5)
    assert history["seq"].is_unique
    # Both annotators undid their decisions on 4, 9, 14 and 19.
    assert review_progress(store, "r")["corrected"] == num_each - 4
    with store.cursor() as cursor:
        assert cursor.execute("select count(*) from example_epochs").fetchall() == [
            (NUM_EPOCHS * NUM_EXAMPLES,)
        ]


def test_undos_at_once_each_take_back_another_decision(store: Store) -> None:
    made = [Decision(str(n), "d", n, "keep", None, "fear", "r", "ann") for n in range(8)]
    record_decisions(store, made)

    undone = together(8, lambda number: undo(store, "d", "ann", f"undo {number}"))

    assert sorted(decision.index for decision in undone) == list(range(8))
    assert (current_labels(store, "d")["status"] == "").all()


def test_one_decision_sent_from_many_threads_is_stored_once(store: Store) -> None:
    decision = Decision("same", "d", 3, "relabel", "joy", "fear", "r", "ann")

    stored = together(8, lambda _: record_decisions(store, [decision]))

    assert sorted(stored) == [0] * 7 + [1]
    assert len(decision_history(store, "d", 100)) == 1


def test_of_calls_stored_together_each_gets_its_own_answer(store: Store) -> None:
    def decide(number: int) -> int | str:
        index = 9999 if number == 3 else number
        one = Decision(f"{number % 6}", "d", index, "keep", None, "fear", "r", f"annotator {number}")
        try:
            return record_decisions(store, [one])
        except StoreError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        with store.deciding:  # all eight wait, and the first of them stores for all
            answers = [pool.submit(decide, number) for number in range(8)]
            while len(store.waiting_decisions) < 8:
                time.sleep(0.001)
        found = [answer.result() for answer in answers]

    # 6 and 7 send the ids of 0 and 1 again; nobody suffers from the example that is not there.
    assert "There is no example 9999" in str(found[3])
    assert (found[2], found[4], found[5]) == (1, 1, 1)
    assert found[0] + found[6] == found[1] + found[7] == 1
    assert len(decision_history(store, "d", 100)) == 5


def test_decisions_commit_in_the_order_of_their_numbers(store: Store) -> None:
    seen: list[tuple[int, int]] = []
    is_done = threading.Event()

    def watch() -> None:
        while not is_done.is_set():
            with store.cursor() as cursor:
                seen.append(
                    cursor.execute("select count(*), coalesce(max(seq), 0) from decisions").fetchall()[0]
                )

    def decide(number: int) -> None:
        for step in range(10):
            one = Decision(f"{number} {step}", "d", step, "keep", None, "fear", None, f"annotator {number}")
            record_decisions(store, [one])

    watcher = threading.Thread(target=watch)
    watcher.start()
    together(4, decide)
    is_done.set()
    watcher.join()

    # If a number could appear before a lower one, a count would be below the highest number.
    assert seen
    assert all(number == rows for rows, number in seen)


def test_people_deciding_on_the_same_examples_lose_nothing_and_wait_for_nobody_long(tmp_path: Path) -> None:
    store, label = make_project(tmp_path / "lane.duckdb", 2_000)
    with closing(store):
        calls, findings = decide_together(store, tmp_path / "runs", label, num_threads=6, seconds=3)
        assert findings == []
        with store.cursor() as cursor:
            overlooked, epochs = cursor.execute("""
                select count(unseen_decision),
                    (select count(*) from ingested_files where kind = 'epoch') from decisions
            """).fetchall()[0]
    # Otherwise nobody got in anybody's way.
    assert overlooked > 0
    assert epochs > 0
    # Nobody was shut out the whole time.
    assert max(map(max, calls.values())) < 3
