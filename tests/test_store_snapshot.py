"""Copies of the database taken while others work, the room of deleted rows, and processes killed on the way."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from lane_core.errors import StoreError
from lane_core.home import Home
from lane_core.records import Decision
from lane_core.store.decisions import record_decisions, undo
from lane_core.store.ingest import ingest_run
from lane_core.store.snapshot import compact, database_files, kept_closed, write_snapshot
from lane_core.store.store import Store, open_store
from lane_core.workspace import Workspace
from tests.small_project import SmallProject

ROOT = Path(__file__).parents[1]
CATALOG = {
    "tables": "select table_name, sql from duckdb_tables() order by 1",
    "columns": "select table_name, column_name, data_type, is_nullable, column_default from duckdb_columns()"
    " where not internal order by table_name, column_index",
    "constraints": "select table_name, constraint_type, constraint_text from duckdb_constraints() order by 1, 2, 3",
    "views": "select view_name, sql from duckdb_views() where not internal order by 1",
    "sequences": "select sequence_name from duckdb_sequences()",
}


@pytest.fixture
def project(small_project: SmallProject) -> SmallProject:
    return small_project


@pytest.fixture
def workspace(project: SmallProject, home: Home) -> Iterator[Workspace]:
    """Holds the small project."""
    with closing(Workspace(home)) as opened:
        yield opened


def ask(store: Store, query: str) -> list[tuple]:
    with store.cursor() as cursor:
        return cursor.execute(query).fetchall()


def next_number(store: Store) -> int:
    with store.transaction() as cursor:
        return cursor.execute("select nextval('decision_seq')").fetchall()[0][0]


def content(store: Store) -> dict[str, list[tuple]]:
    tables = [row[0] for row in ask(store, "select table_name from duckdb_tables()")]
    return {table: sorted(ask(store, f"from {table}"), key=repr) for table in tables}


def decide(project: SmallProject, decision_id: str, index: int, annotator: str = "ada") -> Decision:
    return Decision(decision_id, project.dataset.dataset_id, index, "keep", None, "anger", None, annotator)


def decided_pair(project: SmallProject, name: str, number: int) -> list[Decision]:
    return [decide(project, f"{name}-{number}-{side}", number % 24, name) for side in ("left", "right")]


def add_long_history(store: Store, run_id: str, num_rows: int) -> None:
    with store.transaction() as cursor:
        cursor.execute(
            "insert into example_epochs by name select ? as run_id, 9 as epoch, range as index, 0 as label,"
            " true as is_train, random() as margin, random() as alm from range(?)",
            [run_id, num_rows],
        )


def test_the_copy_has_everything_that_the_database_has(
    project: SmallProject, workspace: Workspace, tmp_path: Path
) -> None:
    record_decisions(workspace.store, decided_pair(project, "ada", 5))
    undo(workspace.store, project.dataset.dataset_id, "ada", "u")
    write_snapshot(workspace.store, tmp_path / "it's a copy.duckdb")
    assert [path.name for path in tmp_path.glob("*copy*")] == ["it's a copy.duckdb"]
    copy = open_store(tmp_path / "it's a copy.duckdb")
    for name, query in CATALOG.items():
        assert ask(copy, query) == ask(workspace.store, query), name
    assert content(copy) == content(workspace.store)
    assert next_number(copy) == next_number(workspace.store) == 4
    copy.close()


def test_numbers_go_on_in_a_copy_of_a_copy(workspace: Workspace, tmp_path: Path) -> None:
    write_snapshot(workspace.store, tmp_path / "1.duckdb")
    first = open_store(tmp_path / "1.duckdb")
    assert next_number(first) == 1
    write_snapshot(first, tmp_path / "2.duckdb")
    first.close()
    second = open_store(tmp_path / "2.duckdb")
    assert next_number(second) == 2
    second.close()
    assert next_number(workspace.store) == 1


def test_copies_taken_while_people_decide_and_epochs_come_in_are_states_in_between(
    project: SmallProject, workspace: Workspace, tmp_path: Path
) -> None:
    store, run_dir = workspace.store, workspace.run_dir(project.run.run_id)
    with store.transaction() as cursor:
        cursor.execute("delete from ingested_files where kind <> 'neighbours'")
        for table in (
            "example_epochs",
            "example_results",
            "class_similarity",
            "epoch_metrics",
            "step_losses",
        ):
            cursor.execute(f"delete from {table}")
    is_over = threading.Event()

    def decide_on(annotator: str) -> int:
        number = 0
        while not is_over.is_set():
            number += record_decisions(store, decided_pair(project, annotator, number)) // 2
        return number

    copies = [tmp_path / f"{number}.duckdb" for number in range(5)]
    with ThreadPoolExecutor(3) as pool:
        deciders = [pool.submit(decide_on, name) for name in ("ada", "bob")]
        try:
            write_snapshot(store, copies[0])
            ingesting = pool.submit(ingest_run, store, run_dir)
            for path in copies[1:]:
                write_snapshot(store, path)
        finally:
            is_over.set()
    assert ingesting.result() == 8
    num_stored = 2 * sum(decider.result() for decider in deciders)

    counts = []
    for path in copies:
        copy = open_store(path)
        numbers = [row[0] for row in ask(copy, "select seq from decisions order by seq")]
        assert numbers == list(range(1, len(numbers) + 1))
        halves = ask(
            copy,
            "select regexp_replace(decision_id, '-[a-z]+$', '') as pair from decisions"
            " group by all having count(*) <> 2",
        )
        assert halves == []
        columns = "dataset_id, index, decision_id, seq"
        kept = f"select {columns} from current_decisions order by all"
        assert ask(copy, kept) == ask(copy, f"select {columns} from newest_decisions order by all")
        ledger = ask(copy, "select sum(num_rows) from ingested_files where kind = 'epoch'")[0][0] or 0
        assert ask(copy, "select count(*) from example_epochs") == [(ledger,)]
        assert next_number(copy) > len(numbers)
        counts.append(len(numbers))
        copy.close()
    assert counts == sorted(counts)
    assert 0 <= counts[0] < counts[-1] <= num_stored


def test_a_copy_that_cannot_be_written_leaves_nothing_behind(
    project: SmallProject, workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match=r"nowhere.*The database is as it was"):
        write_snapshot(workspace.store, tmp_path / "nowhere" / "copy.duckdb")
    assert ask(workspace.store, "select count(*) from duckdb_databases() where not internal") == [(1,)]
    record_decisions(workspace.store, [decide(project, "after", 1)])
    (tmp_path / "copy.duckdb.part").write_bytes(b"of an attempt that was killed")
    write_snapshot(workspace.store, tmp_path / "copy.duckdb")
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.duckdb"]


def test_compact_gives_room_back_while_people_work(project: SmallProject, workspace: Workspace) -> None:
    store = workspace.store
    add_long_history(store, "old", 400_000)
    add_long_history(store, "kept", 40_000)
    kept = ask(store, "select count(*), sum(index), sum(margin) from example_epochs where run_id = 'kept'")
    with store.transaction() as cursor:
        cursor.execute("delete from example_epochs where run_id = 'old'")
    store_size = sum(path.stat().st_size for path in database_files(store.path))
    is_over = threading.Event()

    def decide_on(annotator: str) -> list[str]:
        stored = []
        while not is_over.is_set():
            pair = decided_pair(project, annotator, len(stored) // 2)
            record_decisions(store, pair)
            stored += [decision.decision_id for decision in pair]
        return stored

    def read_on() -> int:
        number = 0
        while not is_over.is_set():
            with store.cursor() as cursor:
                cursor.execute("select count(*) from example_epochs").fetchall()
                cursor.execute("select count(*) from current_labels").fetchall()
            number += 1
        return number

    with ThreadPoolExecutor(4) as pool:
        deciders = [pool.submit(decide_on, name) for name in ("ada", "bob")]
        readers = [pool.submit(read_on) for _ in range(2)]
        try:
            for _ in range(2):
                time.sleep(0.05)
                compact(store)
        finally:
            is_over.set()
    assert all(reader.result() > 0 for reader in readers)
    stored = {decision_id for decider in deciders for decision_id in decider.result()}
    assert {row[0] for row in ask(store, "select decision_id from decisions")} == stored
    assert len(stored) > 0
    assert ask(
        store, "select count(*), sum(index), sum(margin) from example_epochs where run_id = 'kept'"
    ) == [(kept[0][0], kept[0][1], pytest.approx(kept[0][2]))]
    assert store.path.stat().st_size < 0.7 * store_size
    assert [path.name for path in store.path.parent.glob("*.compact*")] == []
    record_decisions(store, [decide(project, "after", 1)])
    assert ask(store, "select max(seq) = count(*) from decisions") == [(True,)]


def test_compact_on_a_full_disk_leaves_the_database_open_and_as_it_was(
    project: SmallProject, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(workspace.store)

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(StoreError, match="No space left"):
            compact(workspace.store)
    assert content(workspace.store) == before
    record_decisions(workspace.store, [decide(project, "after", 1)])


_COMPACT_AND_DECIDE = """
import sys, threading, time
from pathlib import Path
from lane_core.home import Home
from lane_core.records import Decision
from lane_core.store.decisions import record_decisions
from lane_core.store.snapshot import compact
from lane_core.store.store import open_store

store = open_store(Path(sys.argv[1]))

def decide_on():
    number = 0
    while True:
        name = f"{sys.argv[3]}-{number}"
        record_decisions(store, [Decision(name, sys.argv[2], number % 24, "keep", None, "anger", None, "ada")])
        print(name, flush=True)
        number += 1

threading.Thread(target=decide_on, daemon=True).start()
while True:
    compact(store)
    print("compacted", flush=True)
    time.sleep(0.02)
"""


def test_killed_while_compacting_nothing_that_was_acknowledged_is_lost(
    home, small_project: SmallProject
) -> None:
    store = open_store(home.database)
    add_long_history(store, "long", 50_000)
    store.close()
    acknowledged: set[str] = set()
    chance = random.Random(4)
    num_compacted = 0
    for attempt in range(2):
        command = [sys.executable, "-c", _COMPACT_AND_DECIDE, str(home.database)]
        command += [small_project.dataset.dataset_id, str(attempt)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        assert process.stdout is not None
        first = process.stdout.readline().strip()
        killer = threading.Timer(chance.uniform(0.3, 1.2), process.send_signal, [signal.SIGKILL])
        killer.start()
        said = [first, *process.stdout.read().split()]
        process.wait()
        killer.join()
        num_compacted += said.count("compacted")
        acknowledged |= set(said) - {"compacted"}
        store = open_store(home.database)
        stored = {row[0] for row in ask(store, "select decision_id from decisions")}
        # Killed between storing a decision and saying so, it is there unsaid.
        assert acknowledged <= stored
        assert len(stored - acknowledged) <= attempt + 1
        assert ask(store, "select count(*) from example_epochs where run_id = 'long'") == [(50_000,)]
        compact(store)
        store.close()
        assert sorted(path.name for path in home.path.glob("lane.duckdb*")) == ["lane.duckdb"]
    assert num_compacted > 0
    assert len(acknowledged) > 0


def test_a_database_is_kept_closed_and_not_changed_by_it(home, small_project: SmallProject) -> None:
    program = "import sys, os; from lane_core.store.store import open_store; from pathlib import Path\n"
    leave_a_log = (
        "s = open_store(Path(sys.argv[1])); exec('with s.transaction() as c: c.execute(sys.argv[2])')\n"
    )

    def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program + code, str(home.database), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    run(
        leave_a_log + "os._exit(0)",
        "insert into ingested_files values ('x', 'x', 'x', 1, 1, now()::timestamp)",
    )
    assert [path.name for path in database_files(home.database)] == ["lane.duckdb", "lane.duckdb.wal"]
    before = [path.read_bytes() for path in database_files(home.database)]
    with kept_closed(home.database):
        assert "Could not set lock" in run("open_store(Path(sys.argv[1]))").stderr
    assert [path.read_bytes() for path in database_files(home.database)] == before

    store = open_store(home.database)
    with pytest.raises(StoreError, match="This program has the database"), kept_closed(home.database):
        pass
    store.close()
    home.database.write_bytes(b"no database at all")
    with kept_closed(home.database):
        pass
    with pytest.raises(duckdb.Error):
        duckdb.connect(str(home.database))
