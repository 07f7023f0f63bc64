"""Puts the events files of runs into the database, each exactly once.

The rows of a file and its row in the ledger (``ingested_files``) commit together, so after a crash at any moment
a file is either in whole or not at all. A file that cannot be used is noted in ``rejected_files`` and holds
nothing up; it is looked at again when its size or modification time has changed, as after being renamed into
place anew. One that the system would not let us read (permissions, too many open files) is tried every time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb
import pyarrow as pa

from lane_core.runs.run_dir import EventFile, RunDir
from lane_core.store.event_tables import UnusableEventFile, read_event_table
from lane_core.store.frames import insert_frame, now_utc
from lane_core.store.lookups import class_names, run_dataset_id
from lane_core.store.store import Store

_logger = logging.getLogger(__name__)

_TABLES = {
    "neighbours": ("neighbours", "index, rank"),
    "losses": ("step_losses", "step"),
    "similarity": ("class_similarity", "given, predicted"),
    "metrics": ("epoch_metrics", None),
    "epoch": ("example_epochs", "index"),
}
"""Where the rows of each kind of file go, and in which order."""

_Outcome = Literal["stored", "rejected", "unreadable", "skipped"]


class _Rejection(NamedTuple):
    reason: str
    size: int | None
    mtime_ns: int | None


@dataclass(frozen=True)
class _Run:
    """What a run's files are checked against, and what is known of them."""

    run_id: str
    num_examples: int
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
    for file in run_dir.event_files():
        if file.name not in run.ingested:
            yield _ingest_file(store, run, file)


def _known(store: Store, run_id: str) -> _Run:
    with store.cursor() as cursor:
        num_classes = len(class_names(cursor, run_dataset_id(cursor, run_id)))
        num_examples = cursor.execute(
            "select count(*) from run_examples where run_id = ?", [run_id]
        ).fetchall()[0][0]
        ingested = cursor.execute("select name from ingested_files where run_id = ?", [run_id]).fetchall()
        rejected = cursor.execute(
            "select name, reason, size, mtime_ns from rejected_files where run_id = ?", [run_id]
        ).fetchall()
    return _Run(
        run_id=run_id,
        num_examples=num_examples,
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
        content = file.path.read_bytes()
    except FileNotFoundError:
        return "skipped"
    except OSError as error:
        _reject(store, run, file, _Rejection(f"The system does not let it be read: {error}.", None, None))
        return "unreadable"
    try:
        rows = read_event_table(content, file.kind, file.epoch, run.num_examples, run.num_classes)
    except UnusableEventFile as error:
        _reject(store, run, file, _Rejection(str(error), found.st_size, found.st_mtime_ns))
        return "rejected"
    return "stored" if _store_rows(store, run.run_id, file, rows) else "skipped"


def _store_rows(store: Store, run_id: str, file: EventFile, rows: pa.Table) -> bool:
    """Store the rows and the ledger's row together; False if another thread was faster."""
    table, order = _TABLES[file.kind]
    constants = {"run_id": run_id} if file.kind == "neighbours" else {"run_id": run_id, "epoch": file.epoch}
    # The lock, not the ledger's key, decides between threads: DuckDB reports a key that another
    # transaction is just committing as a duplicate while a fresh cursor cannot see its row yet.
    with store.ingesting:
        if _is_stored(store, run_id, file.name):
            return False
        with store.transaction() as cursor:
            cursor.execute(
                "insert into ingested_files values (?, ?, ?, ?, ?, ?)",
                [run_id, file.name, file.kind, file.epoch, rows.num_rows, now_utc()],
            )
            insert_frame(cursor, table, rows, constants, order_by=order)
    return True


def _is_stored(store: Store, run_id: str, name: str) -> bool:
    with store.cursor() as cursor:
        found = cursor.execute("select 1 from ingested_files where run_id = ? and name = ?", [run_id, name])
        return found.fetchone() is not None


def _reject(store: Store, run: _Run, file: EventFile, rejection: _Rejection) -> None:
    if run.rejected.get(file.name) == rejection:
        return
    _logger.warning("The events file %s cannot be used: %s", file.path, rejection.reason)
    # If another thread notes the same file at the same moment, its note is as good.
    with suppress(duckdb.TransactionException, duckdb.ConstraintException), store.cursor() as cursor:
        cursor.execute(
            "insert or replace into rejected_files values (?, ?, ?, ?, ?, ?)",
            [run.run_id, file.name, *rejection, now_utc()],
        )
