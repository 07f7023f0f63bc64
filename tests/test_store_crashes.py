"""Twenty processes are killed at random moments, and nothing that anybody was told is lost.

benchmarks/store_crashes.py does the same with hundreds of kills on larger data.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from benchmarks.crash_case import TOO_LATE, Case, kill_often
from benchmarks.crash_children import Children
from benchmarks.crash_projects import BackUp, Compact, ReadIn
from benchmarks.crash_training import PRELOAD, Train
from benchmarks.crash_upgrades import Upgrade
from benchmarks.deciding import RUNS, Decider, make_project, write_epoch
from benchmarks.store_checks import decision_findings, store_findings
from lane_core.runs.run_dir import RunDir
from lane_core.store.ingest import ingest_run
from lane_core.store.store import Store


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Children]:
    with Children(tmp_path_factory.mktemp("children") / "log.txt", PRELOAD) as started:
        yield started


@pytest.mark.parametrize(
    ("make_case", "num_kills"),
    [
        (lambda *where: ReadIn(*where, longest_s=0.6, num_examples=2_000, num_epochs=10), 7),
        (Train, 3),
        (lambda *where: Upgrade(*where, num_examples=5_000), 4),
        (lambda *where: BackUp(*where, longest_s=0.6, num_examples=500, num_epochs=5), 3),
        (lambda *where: Compact(*where, longest_s=0.6, num_examples=500, num_epochs=5), 3),
    ],
    ids=["read in", "train", "upgrade", "back up", "compact"],
)
def test_after_a_kill_everything_is_whole(
    children: Children, tmp_path: Path, make_case: Callable[[Children, Path], Case], num_kills: int
) -> None:
    kills = kill_often(make_case(children, tmp_path / "case"), num_kills, Random(5))
    assert kills.findings == []
    # A kill that comes after the end tests nothing.
    assert kills.moments.count(TOO_LATE) < num_kills


TABLES = ("example_epochs", "example_results", "decisions", "own_decisions", "current_decisions")
FAULTS = {
    "example_epochs has a row twice": "insert into example_epochs from example_epochs where epoch = 2 and index = 3",
    "rows and ledger differ": "delete from example_epochs where epoch = 1 and index = 3",
    "example_results wrongly has": "update example_results set margin = margin + 1 where index = 3",
    "example_results lacks": "delete from example_results where index = 3",
    "current_decisions lacks": "delete from current_decisions where seq = (select max(seq) from current_decisions)",
    "own_decisions is not what a replay gives": "delete from own_decisions where annotator = 'ada' and seq = "
    "(select min(seq) from own_decisions where annotator = 'ada')",
    "current_decisions is not what a replay gives": "update current_decisions set num_people = num_people + 1",
    "not what a replay gives": "update current_decisions set is_disputed = not is_disputed",
    "undo ada/": "update decisions set target = decision_id where kind = 'undo' and target is not null",
    "decision bob/": "update decisions set unseen_decision = 'eve/0' where kind = 'decision' and annotator = 'bob'",
    "a replay": "update current_decisions set decision_id = 'another' where annotator = 'bob'",
    "ada was told of 30 decisions; lost": "delete from decisions where decision_id = 'ada/7'",
    "ada was told of 30 decisions, and 31": "insert into decisions by name select * replace ('ada/30' as decision_id,"
    " seq + 1000 as seq) from decisions where decision_id = 'ada/0'",
    "nobody was told": "update decisions set decision_id = 'eve/0' where decision_id = 'bob/0'",
}


def test_what_the_kills_are_judged_by_sees_what_can_go_wrong(tmp_path: Path) -> None:
    store, label = make_project(tmp_path / "lane.duckdb", 50)
    with closing(store):
        for epoch in (1, 2):
            write_epoch(RunDir(tmp_path / RUNS[0]), epoch, label)
        ingest_run(store, RunDir(tmp_path / RUNS[0]))
        deciders = [Decider(store, name, 50) for name in ("ada", "bob")]
        steps = [(one.name, one.step()) for _ in range(30) for one in deciders]
        told = [[said for name, said in steps if name == one.name] for one in deciders]

        def findings() -> list[str]:
            return store_findings(store, tmp_path) + decision_findings(store, told, may_be_unsaid=0)

        assert findings() == []
        with store.cursor() as cursor:
            kept = {name: cursor.execute(f"from {name}").to_arrow_table() for name in TABLES}
        for words, fault in FAULTS.items():
            with store.transaction() as cursor:
                cursor.execute(fault)
            assert any(words in found for found in findings()), words
            for name, rows in kept.items():
                if f" {name} " in fault:
                    put_back(store, name, rows)
        assert findings() == []


def put_back(store: Store, name: str, rows: pa.Table) -> None:
    with store.transaction() as cursor:
        cursor.execute(f"delete from {name}")
    with store.transaction() as cursor:
        cursor.register("kept", rows)
        cursor.execute(f"insert into {name} from kept")
        cursor.unregister("kept")
