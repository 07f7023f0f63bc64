"""Each events file comes into the database exactly once, whatever is scanned twice or torn."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_core.errors import StoreError
from lane_core.records import ColumnChoice, DatasetRecord, RunRecord
from lane_core.runs.run_dir import EPOCH_SCHEMA, EVENT_SCHEMAS, METRICS_SCHEMA, RunDir
from lane_core.store.datasets import add_dataset
from lane_core.store.event_tables import BATCH_ROWS, UnusableEventFile, read_event_batches
from lane_core.store.ingest import Ingester, ingest_run, num_waiting
from lane_core.store.run_queries import epoch_metrics, last_epoch, rejected_files, stored_epochs, trajectories
from lane_core.store.runs import add_run
from lane_core.store.store import Store, open_store

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TABLES = ["neighbours", "step_losses", "class_similarity", "epoch_metrics", "example_results"]


def add_dataset_and_run(store: Store, num_examples: int, run_id: str = "r") -> None:
    """A data set of its own for the run; two classes."""
    position = np.arange(num_examples)
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
    record = DatasetRecord(f"d of {run_id}", "x", "x.csv", "00", columns, num_examples, num_examples, NOW)
    add_dataset(store, record, frame, ["fear", "joy"])
    run = RunRecord(run_id, f"d of {run_id}", "x", "{}", 0, NOW)
    add_run(store, run, frame.rename(columns={"given_label": "label"}))


def epoch_frame(num_examples: int = 4, **columns: object) -> pd.DataFrame:
    values = {name: np.full(num_examples, 0.5) for name in EPOCH_SCHEMA.names}
    codes = dict.fromkeys(("suggested", "held_out_predicted"), np.zeros(num_examples, int))
    codes["predicted"] = np.ones(num_examples, int)
    flags = dict.fromkeys(("is_given_predicted", "is_label_issue"), np.zeros(num_examples, bool))
    return pd.DataFrame({**values, "index": range(num_examples), **codes, **flags, **columns})


def metrics_frame() -> pd.DataFrame:
    return pd.DataFrame([dict.fromkeys(METRICS_SCHEMA.names, 1.0)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A run "r" of four examples and two classes."""
    opened = open_store(tmp_path / "lane.duckdb")
    add_dataset_and_run(opened, 4)
    yield opened
    opened.close()


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    made = RunDir(tmp_path / "runs" / "r")
    made.events.mkdir(parents=True)
    return made


def num_rows(store: Store, table: str) -> int:
    with store.cursor() as cursor:
        return cursor.execute(f"select count(*) from {table}").fetchall()[0][0]


def assert_rows_equal_ledger(store: Store) -> None:
    """No file is half in the database, none twice."""
    query = """
        select
            (select count(*) from example_epochs),
            (select count(*) from (select distinct run_id, epoch, index from example_epochs)),
            (select coalesce(sum(num_rows), 0) from ingested_files where kind = 'epoch')
    """
    with store.cursor() as cursor:
        rows, distinct, in_ledger = cursor.execute(query).fetchall()[0]
    assert rows == distinct == in_ledger


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "waited half a minute in vain"
        time.sleep(0.02)


def test_the_tables_have_the_columns_of_the_events_files(store: Store) -> None:
    homes = dict(zip(EVENT_SCHEMAS, TABLES, strict=True))
    own = {kind: ["run_id", "epoch"] for kind in EVENT_SCHEMAS} | {"neighbours": ["run_id"]}
    own["epoch"] = ["run_id", "epoch", "label", "split"]
    with store.cursor() as cursor:
        for kind, table in homes.items():
            columns = [row[0] for row in cursor.execute(f"describe {table}").fetchall()]
            # Rows go in by name; a column of a later version stands at the end of its table.
            assert sorted(columns) == sorted([*own[kind], *EVENT_SCHEMAS[kind].names])


def test_repeated_scans_store_each_file_once(store: Store, run_dir: RunDir) -> None:
    run_dir.write_event("metrics", 1, metrics_frame())
    run_dir.write_event("epoch", 1, epoch_frame())
    assert ingest_run(store, run_dir) == 2
    assert ingest_run(store, run_dir) == 0
    run_dir.write_event("epoch", 2, epoch_frame())
    assert ingest_run(store, run_dir) == 1
    assert ingest_run(store, run_dir) == 0

    assert num_rows(store, "example_epochs") == 8
    assert num_rows(store, "epoch_metrics") == 1
    assert_rows_equal_ledger(store)


def test_scans_from_many_threads_store_each_file_once(store: Store, run_dir: RunDir) -> None:
    for epoch in range(1, 13):
        run_dir.write_event("epoch", epoch, epoch_frame())
    (run_dir.events / "epoch-0099.parquet").write_bytes(b"torn")
    together = threading.Barrier(6)

    def scan(_: int) -> int:
        together.wait()
        return ingest_run(store, run_dir)

    with ThreadPoolExecutor(6) as pool:
        stored = list(pool.map(scan, range(6)))

    assert sum(stored) == 12
    assert num_rows(store, "example_epochs") == 48
    assert_rows_equal_ledger(store)
    assert rejected_files(store, "r")["name"].tolist() == ["epoch-0099.parquet"]


def test_an_unknown_run_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run 'stranger'"):
        ingest_run(store, RunDir(tmp_path / "runs" / "stranger"))


def test_a_run_without_a_directory_has_nothing_to_store(store: Store, tmp_path: Path) -> None:
    assert ingest_run(store, RunDir(tmp_path / "nowhere" / "r")) == 0


PAIRS = pd.DataFrame({"given": [0, 0, 1, 1], "predicted": [0, 1, 0, 1], "value": 1.0})
NEIGHBOURS = pd.DataFrame({"index": [0, 1], "rank": 1, "neighbour": [1, 0], "cosine": 0.5})


@pytest.mark.parametrize(
    ("kind", "epoch", "frame", "reason"),
    [
        ("epoch", 3, epoch_frame(index=[0, 1, 2, 4]), "column index holds 4; the run has 4 examples"),
        ("epoch", 3, epoch_frame(index=[-1, 0, 1, 2]), "column index holds -1"),
        ("epoch", 3, epoch_frame(index=[0, 1, 2, 2]), "not in the order of index, each once"),
        ("epoch", 3, epoch_frame(index=pd.array([0, 1, 2, None], "Int32")), "column index lacks 1 values"),
        ("epoch", 3, epoch_frame(predicted=[0, 1, 2, 1]), "column predicted holds 2; the run has 2 classes"),
        ("epoch", 3, epoch_frame(suggested=[0, -1, 1, 1]), "column suggested holds -1"),
        ("epoch", 3, epoch_frame(0), "no rows"),
        ("epoch", 0, epoch_frame(), "kind epoch cannot belong to epoch 0"),
        ("neighbours", 3, NEIGHBOURS, "kind neighbours cannot belong to epoch 3"),
        ("neighbours", 0, NEIGHBOURS.assign(neighbour=[1, 4]), "column neighbour holds 4"),
        ("neighbours", 0, NEIGHBOURS.assign(index=0), "not in the order of index and rank, each once"),
        ("similarity", 1, PAIRS.iloc[:3], "3 rows; 2 classes make 4 pairs"),
        ("similarity", 1, PAIRS.assign(given=0), "not in the order of given and predicted, each once"),
        ("similarity", 1, PAIRS.assign(value=[1.0, None, 1.0, 1.0]), "column value lacks 1 values"),
        (
            "metrics",
            1,
            pd.concat([metrics_frame(), metrics_frame()]),
            "2 rows; an epoch has one row of metrics",
        ),
    ],
)
def test_values_that_the_run_cannot_have_are_rejected_and_the_rest_goes_on(
    store: Store, run_dir: RunDir, kind: str, epoch: int, frame: pd.DataFrame, reason: str
) -> None:
    bad = run_dir.write_event(kind, epoch, frame)
    run_dir.write_event("epoch", 2, epoch_frame())

    assert ingest_run(store, run_dir) == 1
    rejected = rejected_files(store, "r")
    assert rejected["name"].tolist() == [bad.name]
    assert reason in rejected["reason"][0]
    assert last_epoch(store, "r") == 2
    assert num_rows(store, "example_epochs") == 4


def test_missing_values_that_can_be_missing_are_stored(store: Store, run_dir: RunDir) -> None:
    codes = pd.array([0, 1, None, 1], "Int16")
    run_dir.write_event("epoch", 1, epoch_frame(alm=[0.5, 0.5, None, 0.5], suggested=codes, predicted=codes))

    assert ingest_run(store, run_dir) == 1
    assert trajectories(store, "r", [2])["alm"].isna().tolist() == [True]


def test_the_out_of_sample_score_is_stored(store: Store, run_dir: RunDir) -> None:
    run_dir.write_event("epoch", 1, epoch_frame(self_confidence=[0.5, 0.25, 0.75, 0.125]))
    assert ingest_run(store, run_dir) == 1
    assert self_confidence(store) == [0.5, 0.25, 0.75, 0.125]


def test_a_file_of_an_earlier_version_has_no_out_of_sample_score(store: Store, run_dir: RunDir) -> None:
    path = run_dir.write_event("epoch", 1, epoch_frame())
    pq.write_table(pq.ParquetFile(path).read().drop_columns(["self_confidence"]), path)
    assert ingest_run(store, run_dir) == 1
    assert self_confidence(store) == [None] * 4
    assert len(results(store)) == 4
    run_dir.write_event("epoch", 2, epoch_frame())
    assert ingest_run(store, run_dir) == 1
    assert self_confidence(store) == [0.5] * 4


def self_confidence(store: Store) -> list[float | None]:
    with store.cursor() as cursor:
        rows = cursor.execute("select self_confidence from example_results order by index").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda table: table.drop_columns(["alm"]), "missing: alm float; unexpected: none"),
        (
            lambda table: table.drop_columns(["self_confidence", "alm"]),
            "missing: alm float; unexpected: none",
        ),
        (
            lambda table: table.drop_columns(["self_confidence"]).append_column(
                "self_confidence", pa.array("abcd")
            ),
            "missing: self_confidence float; unexpected: self_confidence string",
        ),
        (lambda table: table.append_column("true_label", pa.array(range(4))), "unexpected: true_label int64"),
        (
            lambda table: table.set_column(0, "index", pa.array(range(4), pa.int64())),
            "unexpected: index int64",
        ),
    ],
)
def test_a_file_of_another_shape_is_rejected(
    store: Store, run_dir: RunDir, change: Callable[[pa.Table], pa.Table], reason: str
) -> None:
    path = run_dir.write_event("epoch", 1, epoch_frame())
    pq.write_table(change(pq.ParquetFile(path).read()), path)

    assert ingest_run(store, run_dir) == 0
    assert reason in rejected_files(store, "r")["reason"][0]


def test_a_torn_file_is_looked_at_again_only_when_it_has_changed(store: Store, run_dir: RunDir) -> None:
    path = run_dir.write_event("epoch", 1, epoch_frame())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    os.utime(path, ns=(1, 1))

    def noted() -> list[tuple]:
        with store.cursor() as cursor:
            return cursor.execute("select name, size, mtime_ns, seen_at from rejected_files").fetchall()

    assert ingest_run(store, run_dir) == 0
    first = noted()
    assert first[0][:3] == ("epoch-0001.parquet", len(whole) // 2, 1)
    assert "torn, or no Parquet file" in rejected_files(store, "r")["reason"][0]
    assert ingest_run(store, run_dir) == 0
    assert noted() == first

    path.write_bytes(b"other rubbish")
    assert ingest_run(store, run_dir) == 0
    assert len(noted()) == 1
    assert noted() != first

    path.unlink()
    run_dir.write_event("epoch", 1, epoch_frame())
    assert ingest_run(store, run_dir) == 1
    assert len(rejected_files(store, "r")) == 0
    assert last_epoch(store, "r") == 1


def test_a_file_that_the_system_does_not_let_us_read_is_tried_every_time(
    store: Store, run_dir: RunDir
) -> None:
    path = run_dir.events / "epoch-0001.parquet"
    path.mkdir()
    os.utime(path, ns=(1, 1))
    assert ingest_run(store, run_dir) == 0
    assert "does not let it be read" in rejected_files(store, "r")["reason"][0]
    with store.cursor() as cursor:
        assert cursor.execute("select size, mtime_ns from rejected_files").fetchall() == [(None, None)]

    path.rmdir()
    run_dir.write_event("epoch", 1, epoch_frame())
    assert ingest_run(store, run_dir) == 1
    assert len(rejected_files(store, "r")) == 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_file_does_more_than_get_it_rejected(tmp_path: Path, data: st.DataObject) -> None:
    path = RunDir(tmp_path).write_event("epoch", 1, epoch_frame())
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))

    for damaged in (bytes(content), bytes(content[:cut])):
        batches = []
        # Any other exception fails the test.
        with suppress(UnusableEventFile):
            batches = list(read_event_batches(BytesIO(damaged), tmp_path.name, "epoch", 1, 4, num_classes=2))
        assert all(batch.schema.equals(EPOCH_SCHEMA) for batch in batches)
        assert {index for batch in batches for index in batch["index"].to_pylist()} <= {0, 1, 2, 3}


def results(store: Store) -> list[tuple]:
    with store.cursor() as cursor:
        return cursor.execute(
            "select epoch, index, label, split, label_score from example_results"
        ).fetchall()


def test_only_the_newest_epoch_is_in_the_results_worst_first(store: Store, run_dir: RunDir) -> None:
    run_dir.write_event("epoch", 1, epoch_frame())
    assert ingest_run(store, run_dir) == 1
    assert [row[:2] for row in results(store)] == [(1, 0), (1, 1), (1, 2), (1, 3)]

    # Three epochs wait: only the last becomes the results, and all the history.
    run_dir.write_event("epoch", 2, epoch_frame(label_score=[0.0, 0.0, 0.0, 0.0]))
    run_dir.write_event("epoch", 4, epoch_frame(label_score=[0.5, None, 0.25, 0.75]))
    run_dir.write_event("epoch", 3, epoch_frame(label_score=[0.0, 0.0, 0.0, 0.0]))
    assert num_waiting(store, run_dir) == 3
    assert ingest_run(store, run_dir) == 3
    assert results(store) == [
        (4, 2, 0, "train", 0.25), (4, 0, 0, "train", 0.5), (4, 3, 0, "train", 0.75), (4, 1, 0, "train", None)
    ]  # fmt: skip
    assert stored_epochs(store, "r") == (1, 2, 3, 4)
    assert trajectories(store, "r", [2])["epoch"].tolist() == [1, 2, 3, 4]
    assert num_waiting(store, run_dir) == 0
    assert_rows_equal_ledger(store)


def test_an_epoch_of_several_batches_comes_whole_and_in_order(store: Store, tmp_path: Path) -> None:
    size = 2 * BATCH_ROWS + 1
    add_dataset_and_run(store, size, "big")
    run_dir = RunDir(tmp_path / "runs" / "big")
    score = np.linspace(1, 0, size, dtype=np.float32)
    run_dir.write_event("epoch", 1, epoch_frame(size, label_score=score))
    assert ingest_run(store, run_dir) == 1
    assert num_rows(store, "example_results") == num_rows(store, "example_epochs") == size
    assert results(store)[0][1] == size - 1

    # A row out of order in the last batch is noticed there, and nothing of the file stays.
    frame = epoch_frame(size)
    frame.loc[size - 1, "index"] = 0
    run_dir.write_event("epoch", 2, frame)
    assert ingest_run(store, run_dir) == 0
    assert num_rows(store, "example_epochs") == size
    assert results(store)[0][0] == 1


def test_the_ingester_follows_runs_as_they_write(store: Store, tmp_path: Path, run_dir: RunDir) -> None:
    ingester = Ingester(store, tmp_path / "runs", poll_s=0.01)
    run_dir.write_event("epoch", 1, epoch_frame())
    ingester.start()
    try:
        wait_until(lambda: last_epoch(store, "r") == 1)
        run_dir.write_event("epoch", 2, epoch_frame())
        wait_until(lambda: last_epoch(store, "r") == 2)

        # A run that comes later, and a damaged file that is mended, need no restart.
        add_dataset_and_run(store, 2, "later")
        later = RunDir(tmp_path / "runs" / "later")
        later.events.mkdir(parents=True)
        torn = later.events / "metrics-0001.parquet"
        torn.write_bytes(b"torn")
        later.write_event("epoch", 1, epoch_frame(2))
        wait_until(lambda: last_epoch(store, "later") == 1 and len(rejected_files(store, "later")) == 1)
        torn.unlink()
        later.write_event("metrics", 1, metrics_frame())
        wait_until(lambda: len(epoch_metrics(store, "later")) == 1)
    finally:
        ingester.stop()

    run_dir.write_event("epoch", 3, epoch_frame())
    time.sleep(0.1)
    assert last_epoch(store, "r") == 2
    assert_rows_equal_ledger(store)


def test_the_ingester_outlives_an_error(
    store: Store,
    tmp_path: Path,
    run_dir: RunDir,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = iter([OSError("disk full"), OSError("disk full")])
    whole = RunDir.event_files

    def failing(self: RunDir) -> list:
        for failure in failures:
            raise failure
        return whole(self)

    monkeypatch.setattr(RunDir, "event_files", failing)
    run_dir.write_event("epoch", 1, epoch_frame())
    ingester = Ingester(store, tmp_path / "runs", poll_s=0.01)
    ingester.start()
    try:
        wait_until(lambda: last_epoch(store, "r") == 1)
    finally:
        ingester.stop()
    assert "run r could not be stored" in caplog.text


def test_an_ingester_that_never_started_can_be_stopped(store: Store, tmp_path: Path) -> None:
    Ingester(store, tmp_path / "runs").stop()
