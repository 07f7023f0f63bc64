"""Puts the events files of runs into the database, each exactly once.

The rows of a file and its row in the ledger (``ingested_files``) commit together, so after a crash at any moment
a file is either in whole or not at all. Of several files that wait, as after the app was closed, the newest epoch
comes first: it is the one that people work on, and the only one whose rows go into ``example_results``.

A file that cannot be used is noted in ``rejected_files`` and holds nothing up; it is looked at again when its size
or modification time has changed, as after being renamed into place anew. One that the system would not let us read
(permissions, too many open files) is tried every time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from lane_core.runs.run_dir import EventFile, RunDir
from lane_core.store.event_tables import UnusableEventFile, read_event_batches
from lane_core.store.frames import insert_frame, now_utc
from lane_core.store.lookups import class_names, newest_epoch, run_dataset_id
from lane_core.store.store import Store

_logger = logging.getLogger(__name__)

TABLES = {
    "neighbours": "neighbours",
    "losses": "step_losses",
    "similarity": "class_similarity",
    "metrics": "epoch_metrics",
    "epoch": "example_epochs",
}
"""Where the rows of each kind of file go; those of the newest epoch also go into example_results."""

_HISTORY_COLUMNS = ["index", "margin", "label_aware_margin", "alm", "weight", "predicted"]

_Outcome = Literal["stored", "rejected", "unreadable", "skipped"]


class _Rejection(NamedTuple):
    reason: str
    size: int | None
    mtime_ns: int | None


@dataclass(frozen=True)
class _Run:
    """What a run's files are checked against, and what is known of them."""

    run_id: str
    labels: pa.Table
    """label (class code), split: those that it trained on, by index."""
    num_classes: int
    ingested: frozenset[str]
    rejected: dict[str, _Rejection]


def ingest_run(store: Store, run_dir: RunDir) -> int:
    """Store every events file of a run that is not stored yet.

    Safe to call from several threads at once, and again at any time.

    Returns:
        Number of files that this call stored.

    Raises:
        StoreError: If the store does not know the run.

    Tables: reads runs, run_examples, label_classes; writes the tables of the events, ingested_files,
    rejected_files. One transaction a file.
    """
    return sum(outcome == "stored" for outcome in _ingest(store, run_dir))


class Ingester:
    """A thread that keeps the database up to date with the run directories of all known runs."""

    def __init__(self, store: Store, runs_root: Path, poll_s: float = 0.5) -> None:
        """Make it; nothing runs before ``start``.

        Args:
            store: The open store.
            runs_root: Folder that holds a directory a run, named by run id.
            poll_s: Seconds between two looks.
        """
        self._store = store
        self._runs_root = runs_root
        self._poll_s = poll_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="ingester", daemon=True)
        self._finished: dict[str, frozenset[tuple[str, int, int]]] = {}
        """Listing of each run when nothing was left to do: the same listing needs no look at the database."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let the file under way finish, and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look_at_all()
            except Exception:
                # A thread that died would leave every page silently out of date.
                _logger.exception("Looking for new events files failed; trying again")
            self._stopping.wait(self._poll_s)

    def _look_at_all(self) -> None:
        with self._store.cursor() as cursor:
            run_ids = [row[0] for row in cursor.execute("select run_id from runs").fetchall()]
        for run_id in run_ids:
            if self._stopping.is_set():
                return
            try:
                self._look_at(RunDir(self._runs_root / run_id))
            except Exception:
                _logger.exception("The events files of run %s could not be stored; trying again", run_id)

    def _look_at(self, run_dir: RunDir) -> None:
        # Listed before ingesting: a file that comes in between makes the next listing differ.
        listing = frozenset(_listing(run_dir))
        if listing == self._finished.get(run_dir.run_id, frozenset()):
            return
        is_done = True
        for outcome in _ingest(self._store, run_dir):
            is_done = is_done and outcome != "unreadable"
            if self._stopping.is_set():
                return
        if is_done:
            self._finished[run_dir.run_id] = listing


def _listing(run_dir: RunDir) -> Iterator[tuple[str, int, int]]:
    for file in run_dir.event_files():
        with suppress(FileNotFoundError):
            found = file.path.stat()
            yield file.name, found.st_size, found.st_mtime_ns


def _ingest(store: Store, run_dir: RunDir) -> Iterator[_Outcome]:
    """Store the files that are not stored yet, and yield what became of each."""
    run = _known(store, run_dir.run_id)
    waiting = [file for file in run_dir.event_files() if file.name not in run.ingested]
    for file in sorted(waiting, key=lambda file: (file.kind != "neighbours", -file.epoch)):
        yield _ingest_file(store, run, file)


def num_waiting(store: Store, run_dir: RunDir) -> int:
    """Return how many events files of a run are neither stored nor set aside."""
    query = """
        select name from ingested_files where run_id = $run_id
        union all select name from rejected_files where run_id = $run_id
    """
    files = run_dir.event_files()  # before the ledger: what is stored in between does not wait
    with store.cursor() as cursor:
        known = {row[0] for row in cursor.execute(query, {"run_id": run_dir.run_id}).fetchall()}
    return sum(file.name not in known for file in files)


def _known(store: Store, run_id: str) -> _Run:
    with store.cursor() as cursor:
        num_classes = len(class_names(cursor, run_dataset_id(cursor, run_id)))
        labels = cursor.execute(
            "select label, split from run_examples where run_id = ? order by index", [run_id]
        ).to_arrow_table()
        ingested = cursor.execute("select name from ingested_files where run_id = ?", [run_id]).fetchall()
        rejected = cursor.execute(
            "select name, reason, size, mtime_ns from rejected_files where run_id = ?", [run_id]
        ).fetchall()
    return _Run(
        run_id=run_id,
        labels=labels.combine_chunks(),
        num_classes=num_classes,
        ingested=frozenset(row[0] for row in ingested),
        rejected={row[0]: _Rejection(*row[1:]) for row in rejected},
    )


def _ingest_file(store: Store, run: _Run, file: EventFile) -> _Outcome:
    known = run.rejected.get(file.name)
    try:
        found = file.path.stat()
        if known and (known.size, known.mtime_ns) == (found.st_size, found.st_mtime_ns):
            return "skipped"
        with file.path.open("rb") as stream:
            return "stored" if _store_file(store, run, file, stream) else "skipped"
    except UnusableEventFile as error:
        _reject(store, run, file, _Rejection(str(error), found.st_size, found.st_mtime_ns))
        return "rejected"
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not file.path.is_symlink():
            return "skipped"  # deleted since it was listed; a link to nothing stays
        _reject(store, run, file, _Rejection(f"The system does not let it be read: {error}.", None, None))
        return "unreadable"


def _store_file(store: Store, run: _Run, file: EventFile, stream: BinaryIO) -> bool:
    """Store the rows and the ledger's row together; False if another thread was faster.

    Raises:
        UnusableEventFile: If the file cannot be used; nothing of it is stored.
    """
    # The lock, not the ledger's key, decides between threads: DuckDB reports a key that another
    # transaction is just committing as a duplicate while a fresh cursor cannot see its row yet.
    with store.ingesting, store.transaction() as cursor:
        run_dataset_id(cursor, run.run_id)  # StoreError if the run was deleted meanwhile
        if _is_stored(cursor, run.run_id, file.name):
            return False
        store_rows = _store_epoch if file.kind == "epoch" else _store_plain
        num_rows = store_rows(cursor, run, file, stream)
        cursor.execute(
            "insert into ingested_files values (?, ?, ?, ?, ?, ?)",
            [run.run_id, file.name, file.kind, file.epoch, num_rows, now_utc()],
        )
    return True


def _store_plain(cursor: duckdb.DuckDBPyConnection, run: _Run, file: EventFile, stream: BinaryIO) -> int:
    constants = {"run_id": run.run_id} | ({} if file.kind == "neighbours" else {"epoch": file.epoch})
    num_rows = 0
    for rows in _batches(run, file, stream):
        insert_frame(cursor, TABLES[file.kind], rows, constants)
        num_rows += rows.num_rows
    return num_rows


def _store_epoch(cursor: duckdb.DuckDBPyConnection, run: _Run, file: EventFile, stream: BinaryIO) -> int:
    """Store the history, and the results too if there is no newer epoch of the run."""
    is_newest = file.epoch > newest_epoch(cursor, run.run_id)
    if is_newest:
        cursor.execute("create or replace temp table incoming_results as from example_results limit 0")
    constants = {"run_id": run.run_id, "epoch": file.epoch}
    num_rows = 0
    for rows in _batches(run, file, stream, None if is_newest else _HISTORY_COLUMNS):
        own = run.labels.take(rows["index"])
        labelled = rows.append_column("label", own["label"])
        is_train = pc.equal(own["split"], "train")
        history = labelled.select([*_HISTORY_COLUMNS, "label"]).append_column("is_train", is_train)
        insert_frame(cursor, TABLES["epoch"], history, constants)
        if is_newest:
            insert_frame(cursor, "incoming_results", labelled.append_column("split", own["split"]), constants)
        num_rows += rows.num_rows
    if is_newest:
        cursor.execute("delete from example_results where run_id = ?", [run.run_id])
        # Worst first on disk too: the head of a queue is then read from one place.
        cursor.execute(
            "insert into example_results from incoming_results order by label_score nulls last, index"
        )
        cursor.execute("drop table incoming_results")
    return num_rows


def _batches(
    run: _Run, file: EventFile, stream: BinaryIO, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    return read_event_batches(
        stream, run.run_id, file.kind, file.epoch, run.labels.num_rows, run.num_classes, columns
    )


def _is_stored(cursor: duckdb.DuckDBPyConnection, run_id: str, name: str) -> bool:
    found = cursor.execute("select 1 from ingested_files where run_id = ? and name = ?", [run_id, name])
    return found.fetchone() is not None


def _reject(store: Store, run: _Run, file: EventFile, rejection: _Rejection) -> None:
    if run.rejected.get(file.name) == rejection:
        return
    _logger.warning("The events file %s cannot be used: %s", file.path, rejection.reason)
    # If another thread notes the same file at the same moment, its note is as good.
    with suppress(duckdb.TransactionException, duckdb.ConstraintException), store.transaction() as cursor:
        cursor.execute(
            "insert or replace into rejected_files values (?, ?, ?, ?, ?, ?)",
            [run.run_id, file.name, *rejection, now_utc()],
        )
