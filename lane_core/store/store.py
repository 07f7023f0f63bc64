"""The one database file: opening it, and a cursor or a transaction for whoever asks.

DuckDB lets one process write a file, and lets no other process even read it meanwhile. So the app process
opens it once; each thread works on a cursor of its own, because a connection shared by two threads fails.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from lane_core.errors import StoreError
from lane_core.store.fair_lock import FairLock
from lane_core.store.migrations import migrate

_CONFIG = {"autoinstall_known_extensions": "false"}
"""The same for every connection: DuckDB refuses a second one in the process whose configuration differs.
Extensions are never fetched from the network: without one the attempt costs seconds before it fails."""


class Store:
    """An open database. Share one among all threads of the process."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._turn = threading.Condition()
        self._num_out = 0
        self._own = threading.local()
        self._is_exclusive = False
        self.path = path
        self.ingesting = threading.Lock()
        """Held while one event file is stored, so that each is stored once however many threads scan."""
        self.deciding = FairLock()
        """Held while decisions are stored, so that they commit in the order of their numbers (a label version is one)
        and two undos at once cannot both find the same decision. Only this process writes the database."""
        self.waiting_decisions: deque[Any] = deque()
        """Calls of ``record_decisions`` that the next holder of ``deciding`` stores together."""

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a cursor that only reads, and sees the database as it is now until the block ends.

        So several statements of one question agree, whatever is stored meanwhile.
        """
        with self._begun("begin transaction read only") as cursor:
            yield cursor

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a cursor whose statements are stored together when the block ends, or not at all.

        Raises:
            duckdb.TransactionException: At the end of the block, if another thread has stored the same key.
        """
        with self._begun("begin") as cursor:
            yield cursor

    @contextmanager
    def exclusive(self) -> Iterator[Path]:
        """Close the database for as long as the block may replace its file; everybody else waits meanwhile.

        Raises:
            StoreError: At the end of the block, if the file that is there then cannot be opened.
        """
        if getattr(self._own, "depth", 0):
            raise RuntimeError("A thread that holds a cursor cannot wait until all cursors are given back.")
        with self._turn:
            self._turn.wait_for(lambda: not self._is_exclusive)
            self._is_exclusive = True
            self._turn.wait_for(lambda: self._num_out == 0)
        try:
            self._connection.close()
            try:
                yield self.path
            finally:
                self._connection = _connect(self.path)
        finally:
            with self._turn:
                self._is_exclusive = False
                self._turn.notify_all()

    def close(self) -> None:
        """Close the database and every cursor; stop the ingester first."""
        self._connection.close()

    @contextmanager
    def _begun(self, begin: str) -> Iterator[duckdb.DuckDBPyConnection]:
        self._take_turn()
        try:
            cursor = self._connection.cursor()
            try:
                cursor.execute(begin)
                try:
                    yield cursor
                    cursor.execute("commit")
                except BaseException:
                    # A commit that failed has ended the transaction already.
                    with suppress(duckdb.TransactionException):
                        cursor.execute("rollback")
                    raise
            finally:
                cursor.close()
        finally:
            self._give_turn_back()

    def _take_turn(self) -> None:
        depth = getattr(self._own, "depth", 0)
        with self._turn:
            # Who holds a cursor and needs another must get it, or both would wait for ever.
            self._turn.wait_for(lambda: depth > 0 or not self._is_exclusive)
            self._num_out += 1
        self._own.depth = depth + 1

    def _give_turn_back(self) -> None:
        self._own.depth -= 1
        with self._turn:
            self._num_out -= 1
            self._turn.notify_all()


def open_store(path: Path) -> Store:
    """Open the database file, make it if it is not there, and bring its tables up to date.

    Raises:
        StoreError: If another process holds the file, if it is no database of this program, or if a newer
            version of this program wrote it. The file is then left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return Store(_connect(path), path)


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(path), config=_CONFIG)  # type: ignore[arg-type]
    except duckdb.Error as error:
        raise StoreError(why_not_opened(path, str(error))) from error
    try:
        migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def why_not_opened(path: Path, message: str) -> str:
    """Return in words what DuckDB said when it did not open a file."""
    if "Could not set lock" in message:
        holder = re.search(r"\(PID (\d+)\)", message)
        process = f"Process {holder[1]}" if holder else "Another process"
        return (
            f"{process} has the database {path} open, and only one program at a time can use it. "
            "Stop that program (a running app, a notebook, the DuckDB command line) and try again."
        )
    first_line = message.splitlines()[0]
    return (
        f"The database {path} cannot be opened: {first_line} "
        "Check that it is the right file and that you may write it, or set another LANE_HOME."
    )
