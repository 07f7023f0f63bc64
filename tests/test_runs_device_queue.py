"""Who gets a device next: tickets of runs that wait, and supervisors in threads that obey them."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from lane_core.config import RunConfig
from lane_core.errors import RunError
from lane_core.runs import supervisor
from lane_core.runs.device_queue import join, leave, move, place_in_words, queue_order, waiting_runs
from lane_core.runs.locks import device_lock_file, release, take
from lane_core.runs.run_dir import RunDataset, RunDir


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Callable[..., RunDir]]:
    """Put a run into the queue as its supervisor would: with its lock held."""
    locks: list[int] = []

    def add(name: str, order: int, device: str = "cpu") -> RunDir:
        run_dir = RunDir(tmp_path / "runs" / name)
        run_dir.path.mkdir(parents=True)
        lock = take(run_dir.lock_file)
        assert lock is not None
        locks.append(lock)
        join(tmp_path, device, run_dir, order)
        return run_dir

    yield add
    for lock in locks:
        release(lock)


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The lock of the CPU, held; supervisors look often."""
    monkeypatch.setattr(supervisor, "POLL_S", 0.02)
    path = device_lock_file(tmp_path, "cpu")
    path.parent.mkdir()
    lock = take(path)
    assert lock is not None
    return lock


def make_run(home: Path, name: str) -> RunDir:
    run_dir = RunDir(home / "runs" / name)
    examples = pd.DataFrame(
        {"index": [0], "example_id": ["1"], "text": ["hi"], "given_label": ["joy"], "split": ["train"]}
    )
    config = RunConfig.from_preset("quick", device="cpu")
    run_dir.create(config, RunDataset("d1", "tiny", ("joy", "fear"), 0), examples)
    return run_dir


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def supervise(home: Path, run_dir: RunDir, script: str) -> threading.Thread:
    """Supervise a run in a thread; its trainer is a shell script in HOME that gets the run's name as $0."""
    trainer = ["sh", "-c", f"cd '{home}'; {script}", run_dir.run_id]
    thread = threading.Thread(target=supervisor.supervise, args=(run_dir, home, trainer))
    thread.start()
    return thread


def test_who_was_started_first_is_next(tmp_path: Path, waiting: Callable[..., RunDir]) -> None:
    assert queue_order(tmp_path, "cpu") == []
    waiting("b", 20)
    waiting("c", 30)
    waiting("a", 10)  # started first, up last
    waiting("g", 5, "cuda")
    assert queue_order(tmp_path, "cpu") == ["a", "b", "c"]
    assert queue_order(tmp_path, "cuda:0") == ["g"]
    assert waiting_runs(tmp_path) == {"cpu": ["a", "b", "c"], "cuda-0": ["g"]}


@pytest.mark.parametrize(
    ("run_id", "place", "order"),
    [("c", 0, "cabd"), ("a", 1, "bacd"), ("a", 99, "bcda"), ("d", -3, "dabc"), ("b", 1, "abcd")],
)
def test_a_run_is_moved(
    tmp_path: Path, waiting: Callable[..., RunDir], run_id: str, place: int, order: str
) -> None:
    for name, number in zip("abcd", (10, 20, 20, 40), strict=True):  # two alike: a move was cut short
        waiting(name, number)
    move(tmp_path, run_id, place)
    assert queue_order(tmp_path, "cpu") == list(order)
    waiting("later", 50)
    assert queue_order(tmp_path, "cpu") == [*order, "later"]


def test_only_a_run_that_waits_can_be_moved(tmp_path: Path, waiting: Callable[..., RunDir]) -> None:
    with pytest.raises(RunError, match="Run a does not wait for a device"):
        move(tmp_path, "a", 0)
    run_dir = waiting("a", 10)
    waiting("b", 20)
    leave(tmp_path, "cpu", run_dir)
    with pytest.raises(RunError, match="Run a does not wait"):
        move(tmp_path, "a", 0)
    assert waiting_runs(tmp_path) == {"cpu": ["b"]}


def test_a_ticket_whose_supervisor_was_killed_counts_for_nothing(
    tmp_path: Path, waiting: Callable[..., RunDir]
) -> None:
    killed = RunDir(tmp_path / "runs" / "killed")
    killed.path.mkdir(parents=True)
    join(tmp_path, "cpu", killed, 1)  # nobody holds its lock
    folder = tmp_path / "queue" / "cpu"
    assert [path.name for path in folder.iterdir()] == ["killed.json"]
    assert queue_order(tmp_path, "cpu") == []
    assert waiting_runs(tmp_path) == {}
    with pytest.raises(RunError, match="Run killed does not wait"):
        move(tmp_path, "killed", 0)
    waiting("a", 10)
    assert sorted(path.name for path in folder.iterdir()) == ["a.json"]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"run_dir": 3, "order": 1}', '{"run_dir": "x", "order": "y"}']
)
def test_a_file_that_is_no_ticket_is_left_out(
    tmp_path: Path, waiting: Callable[..., RunDir], text: str
) -> None:
    waiting("a", 10)
    (tmp_path / "queue" / "cpu" / "foreign.json").write_text(text)
    (tmp_path / "queue" / "a-file").touch()
    assert waiting_runs(tmp_path) == {"cpu": ["a"]}
    move(tmp_path, "a", 0)


@pytest.mark.parametrize(
    ("device", "place", "words"),
    [
        ("cpu", 0, "Waits for the CPU: 1st in the queue."),
        ("cuda", 2, "Waits for the GPU: 3rd in the queue."),
        ("cuda:1", 10, "Waits for GPU 1: 11th in the queue."),
        ("cuda:1", 21, "Waits for GPU 1: 22nd in the queue."),
    ],
)
def test_the_place_in_words(device: str, place: int, words: str) -> None:
    assert place_in_words(device, place) == words


def test_supervisors_train_in_the_order_of_the_queue(tmp_path: Path, busy: int) -> None:
    runs = {name: make_run(tmp_path, name) for name in "abcd"}
    threads = []
    for number, run_dir in enumerate(runs.values(), start=1):
        threads.append(supervise(tmp_path, run_dir, "echo $0 >> trained"))
        wait_for(lambda number=number: len(queue_order(tmp_path, "cpu")) == number)
    assert queue_order(tmp_path, "cpu") == list("abcd")
    wait_for(lambda: runs["d"].status().message == "Waits for the CPU: 4th in the queue.")

    move(tmp_path, "d", 0)
    runs["b"].cancel_file.touch()
    wait_for(lambda: runs["b"].status().state == "cancelled")
    for name, place in (("d", "1st"), ("a", "2nd"), ("c", "3rd")):
        words = f"Waits for the CPU: {place} in the queue."
        wait_for(lambda name=name, words=words: runs[name].status().message == words)
        assert runs[name].status().state == "queued"
    release(busy)
    for thread in threads:
        thread.join()
    assert (tmp_path / "trained").read_text().split() == ["d", "a", "c"]
    assert list((tmp_path / "queue" / "cpu").iterdir()) == []


def test_moves_are_safe_while_runs_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "POLL_S", 0.02)
    chance = random.Random(0)
    script = "mkdir alone || echo $0 >> clash; sleep 0.02; rmdir alone; echo $0 >> trained"
    names = [f"run-{number:02}" for number in range(10)]
    threads = []
    for name in names:
        threads.append(supervise(tmp_path, make_run(tmp_path, name), script))
        _move_any(tmp_path, chance)
    num_moved = 0
    while any(thread.is_alive() for thread in threads):
        num_moved += _move_any(tmp_path, chance)
        time.sleep(0.005)
    assert num_moved > 5
    assert sorted((tmp_path / "trained").read_text().split()) == names
    assert not (tmp_path / "clash").exists()
    assert list((tmp_path / "queue" / "cpu").iterdir()) == []


def _move_any(home: Path, chance: random.Random) -> bool:
    order = queue_order(home, "cpu")
    if not order:
        return False
    with contextlib.suppress(RunError):  # it got the device in between
        move(home, chance.choice(order), chance.randrange(len(order)))
        return True
    return False


def test_a_cleared_queue_is_joined_again(tmp_path: Path, busy: int) -> None:
    run_dir = make_run(tmp_path, "a")
    thread = supervise(tmp_path, run_dir, "echo $0 >> trained")
    ticket = tmp_path / "queue" / "cpu" / "a.json"
    wait_for(ticket.exists)
    order = json.loads(ticket.read_text())["order"]
    ticket.unlink()
    wait_for(ticket.exists)
    assert json.loads(ticket.read_text())["order"] == order
    release(busy)
    thread.join()
    assert (tmp_path / "trained").read_text() == "a\n"


def test_a_run_that_is_deleted_while_it_waits_leaves_no_supervisor(tmp_path: Path, busy: int) -> None:
    run_dir = make_run(tmp_path, "a")
    raised: list[BaseException] = []

    def wait_in_vain() -> None:
        try:
            supervisor.supervise(run_dir, tmp_path, ["true"])
        except RunError as error:
            raised.append(error)

    thread = threading.Thread(target=wait_in_vain)
    thread.start()
    wait_for(lambda: queue_order(tmp_path, "cpu") == ["a"])
    run_dir.path.rename(tmp_path / "gone")  # at once: the supervisor may be writing there
    thread.join(timeout=10)
    assert "is not a run directory" in str(raised[0])
    assert list((tmp_path / "queue" / "cpu").iterdir()) == []
    release(busy)
