"""Opening the database: one process at a time, never a newer or a foreign one, migrations on record."""

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from lane_core.errors import StoreError
from lane_core.records import STRICTNESSES, QueueFilter
from lane_core.store import migrations
from lane_core.store.datasets import current_labels, list_datasets
from lane_core.store.result_queries import FlagLevel, flag_levels
from lane_core.store.review_queries import review_queue
from lane_core.store.run_queries import epoch_metrics
from lane_core.store.runs import list_runs
from lane_core.store.store import Store, open_store

ROOT = Path(__file__).parents[1]
KNOWN = [
    (f"m00{number}_{what}",)
    for number, what in enumerate(
        ("initial", "strictness", "results", "people", "selections", "versions"), start=1
    )
]

HOLDER = """
import sys
import threading
from pathlib import Path
from lane_core.store.store import open_store
store = open_store(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_new_database_records_its_migrations(tmp_path: Path) -> None:
    store = open_store(tmp_path / "new folder" / "lane.duckdb")
    with store.cursor() as cursor:
        assert cursor.execute("select name from schema_migrations").fetchall() == KNOWN
        assert cursor.execute("select current_setting('autoinstall_known_extensions')").fetchall() == [
            (False,)
        ]
    store.close()


def test_opening_again_keeps_everything_and_migrates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lane.duckdb"
    open_store(path).close()
    before = sha256(path)

    store = open_store(path)
    assert list_datasets(store) == []
    store.close()

    assert sha256(path) == before


def test_an_older_database_gets_only_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(tmp_path / "lane.duckdb").close()

    def m999_shelves(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("create table shelves (name text)")

    monkeypatch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, m999_shelves])
    store = open_store(tmp_path / "lane.duckdb")

    with store.cursor() as cursor:
        applied = cursor.execute("select name from schema_migrations order by applied_at").fetchall()
        assert applied == [*KNOWN, ("m999_shelves",)]
        assert cursor.execute("select * from shelves").fetchall() == []
    store.close()


def test_rows_of_the_first_version_stay_and_lack_what_came_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lane.duckdb"
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        old = open_store(path)
    with old.transaction() as cursor:
        cursor.execute("insert into datasets values ('d', 'x', 'x.csv', '00', '{}', 2, 2, now()::timestamp)")
        cursor.execute("insert into label_classes values ('d', 0, 'fear'), ('d', 1, 'joy')")
        cursor.execute(
            "insert into examples values ('d', 0, 1, 'a', 's', 0, 'train'), ('d', 1, 2, 'b', 't', 1, 'test')"
        )
        cursor.execute("insert into runs values ('r', 'd', 'Run 1', '{}', 0, now()::timestamp)")
        cursor.execute("insert into run_examples values ('r', 0, 0, 'train'), ('r', 1, 1, 'test')")
        cursor.execute(
            "insert into ingested_files values ('r', 'epoch-0003.parquet', 'epoch', 3, 2, now()::timestamp)"
        )
        row = "-1, -2, -1, -2, 0.5, 1, 0.75, 1, 0.75, 0.25, 0.5"
        cursor.execute(
            f"insert into example_epochs values ('r', 3, 0, {row}, 0.125, true), ('r', 3, 1, {row}, 0.0625, false)"
        )
        # An earlier epoch, with other numbers: it stays in the history alone.
        cursor.execute(
            "insert into ingested_files values ('r', 'epoch-0002.parquet', 'epoch', 2, 2, now()::timestamp)"
        )
        cursor.execute(
            "insert into example_epochs select * replace (2 as epoch, 7 as margin) from example_epochs"
        )
        cursor.execute("insert into epoch_metrics (run_id, epoch, mu, num_flagged) values ('r', 3, -1.5, 1)")
        decision = (
            "'d', {index}, '{kind}', '{action}', {label}, 0, {final}, {target}, 'r', 'ann', null, '', now()"
        )
        for seq, values in enumerate(
            (
                {
                    "index": 0,
                    "kind": "decision",
                    "action": "relabel",
                    "label": 1,
                    "final": 1,
                    "target": "null",
                },
                {
                    "index": 1,
                    "kind": "decision",
                    "action": "keep",
                    "label": "null",
                    "final": 1,
                    "target": "null",
                },
                {
                    "index": 1,
                    "kind": "undo",
                    "action": "keep",
                    "label": "null",
                    "final": "null",
                    "target": "'d1'",
                },
            )
        ):
            cursor.execute(f"insert into decisions values ({seq + 1}, 'd{seq}', {decision.format(**values)})")
    old.close()

    store = open_store(path)

    with store.cursor() as cursor:
        assert cursor.execute("select name from schema_migrations order by applied_at").fetchall() == KNOWN
        columns = (
            "index, alm, label_score, is_label_issue, given_log_probability, is_given_predicted, severity"
        )
        assert cursor.execute(f"select {columns} from example_results order by index").fetchall() == [
            (0, -2.0, 0.125, True, None, None, None),
            (1, -2.0, 0.0625, False, None, None, None),
        ]
        history = cursor.execute(
            "select epoch, index, label, is_train, margin from example_epochs"
        ).fetchall()
        assert history == [
            (2, 0, 0, True, 7.0),
            (2, 1, 1, False, 7.0),
            (3, 0, 0, True, -1.0),
            (3, 1, 1, False, -1.0),
        ]
        assert cursor.execute("select index, final_label from current_decisions").fetchall() == [(0, 1)]
    # The decision on example 1 was undone, so both are as they were but for the label of example 0.
    assert current_labels(store, "d")[["current_label", "status"]].to_numpy().tolist() == [
        ["joy", "relabel"], ["joy", ""]
    ]  # fmt: skip
    assert list_runs(store)[0].note == ""
    metrics = epoch_metrics(store, "r")
    assert metrics[["epoch", "mu", "num_flagged"]].to_numpy().tolist() == [[3, -1.5, 1]]
    assert metrics[["noise_rate", "balanced_below", "balanced_precision"]].isna().all(axis=None)
    # Without lines every strictness is the run's own flag, though the other example has the lower score.
    for strictness in STRICTNESSES:
        page = review_queue(store, "r", QueueFilter(strictness=strictness, status="all"), limit=5)
        assert page[["index", "is_label_issue"]].to_numpy().tolist() == [[0, True]]
    assert page["severity"].isna().all()
    assert flag_levels(store, "r") == dict.fromkeys(STRICTNESSES, FlagLevel(1, None))
    store.close()


def test_a_migration_that_fails_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lane.duckdb"
    open_store(path).close()

    def m999_broken(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("create table shelves (name text)")
        raise RuntimeError("half way")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, m999_broken])
        with pytest.raises(RuntimeError, match="half way"):
            open_store(path)

    store = open_store(path)
    with store.cursor() as cursor:
        assert cursor.execute(
            "select count(*) from duckdb_tables() where table_name = 'shelves'"
        ).fetchall() == [(0,)]
        assert cursor.execute("select name from schema_migrations").fetchall() == KNOWN
    store.close()


def test_a_database_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "lane.duckdb"
    open_store(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("insert into schema_migrations values ('m999_future', now()::timestamp)")
    before = sha256(path)

    with pytest.raises(StoreError, match=r"newer version of LANE Audit \(it has m999_future\)"):
        open_store(path)

    assert sha256(path) == before
    # The refused file is let go: another program can open it.
    duckdb.connect(str(path), read_only=True).close()


def test_a_database_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "lane.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table wine (name text)")
    before = sha256(path)

    with pytest.raises(StoreError, match=r"another program \(it has a table 'wine'\)"):
        open_store(path)

    assert sha256(path) == before


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lane.duckdb"
    path.write_text("text,label\n" * 1000)

    with pytest.raises(StoreError, match=r"lane\.duckdb cannot be opened: .*not a valid DuckDB database"):
        open_store(path)

    assert path.read_text() == "text,label\n" * 1000


def test_a_second_process_is_told_which_file_and_what_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "lane.duckdb"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match="only one program at a time") as raised:
            open_store(path)
        holder.communicate(input="")

    assert str(path) in str(raised.value)
    assert f"Process {holder.pid}" in str(raised.value)
    assert "Stop that program" in str(raised.value)
    open_store(path).close()


INSERT = "insert into ingested_files values ('r', ?, 'epoch', 1, 1, now()::timestamp)"


def insert_and_run(store: Store, name: str, query: str) -> None:
    with store.transaction() as cursor:
        cursor.execute(INSERT, [name])
        cursor.execute(query)


def insert_at_once(store: Store, name: str) -> None:
    """Two transactions insert one key; the inner one commits first."""
    with store.transaction() as first:
        first.execute(INSERT, [name])
        with store.transaction() as second:
            second.execute(INSERT, [name])


def test_a_transaction_is_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lane.duckdb")

    with pytest.raises(duckdb.ConversionException):
        insert_and_run(store, "lost", "select 'x'::integer")
    insert_and_run(store, "kept", "select 1")

    with store.cursor() as cursor:
        assert cursor.execute("select name from ingested_files").fetchall() == [("kept",)]
    store.close()


def test_two_transactions_with_one_key_end_in_one_row_and_one_error(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lane.duckdb")

    with pytest.raises(duckdb.TransactionException):
        insert_at_once(store, "same")

    with store.cursor() as cursor:
        assert cursor.execute("select count(*) from ingested_files").fetchall() == [(1,)]
    store.close()


def test_a_cursor_sees_one_moment_and_cannot_write(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lane.duckdb")
    count = "select count(*) from ingested_files"
    with store.cursor() as cursor:
        assert cursor.execute(count).fetchall() == [(0,)]
        insert_and_run(store, "later", "select 1")
        assert cursor.execute(count).fetchall() == [(0,)]
    with store.cursor() as cursor:
        assert cursor.execute(count).fetchall() == [(1,)]
    with pytest.raises(duckdb.TransactionException, match="read-only"), store.cursor() as cursor:
        cursor.execute(INSERT, ["x"])
    store.close()


def test_exclusive_waits_for_cursors_and_lets_nobody_in(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lane.duckdb")
    order: list[str] = []
    is_reading, may_end = threading.Event(), threading.Event()

    def read_for_long() -> None:
        with store.cursor():
            is_reading.set()
            may_end.wait(10)
            with store.cursor():  # who holds one gets another, though somebody waits for all
                order.append("read")

    def read_later() -> None:
        with store.cursor() as cursor:
            cursor.execute("select 1")
            order.append("read later")

    reader, later = threading.Thread(target=read_for_long), threading.Thread(target=read_later)
    reader.start()
    is_reading.wait(10)
    threading.Timer(0.1, may_end.set).start()
    with store.exclusive() as path:
        later.start()
        later.join(0.2)
        order.append("alone")
        duckdb.connect(str(path), read_only=True).close()  # nobody has the file open
    later.join(10)
    reader.join(10)
    assert order == ["read", "alone", "read later"]

    with store.cursor(), pytest.raises(RuntimeError, match="cannot wait"), store.exclusive():
        pass
    store.close()


def test_importing_the_package_loads_no_database() -> None:
    code = "import sys, lane_core.store; print('duckdb' in sys.modules, 'pandas' in sys.modules)"
    seen = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert seen.stdout == "False False\n"
