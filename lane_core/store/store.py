"""The one database file: opening it, and a cursor or a transaction for whoever asks.

DuckDB lets one process write a file, and lets no other process even read it meanwhile. So the app process
opens it once; each thread works on a cursor of its own, because a connection shared by two threads fails.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from lane_core.errors import StoreError
from lane_core.store.migrations import migrate

_CONFIG = {"autoinstall_known_extensions": "false"}
"""The same for every connection: DuckDB refuses a second one in the process whose configuration differs.
Extensions are never fetched from the network: without one the attempt costs seconds before it fails."""


class Store:
    """An open database. Share one among all threads of the process."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self.path = path
        self.ingesting = threading.Lock()
        """Held while one event file is stored, so that each is stored once however many threads scan."""

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a cursor for this thread; each statement on it is a transaction of its own."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a cursor whose statements are stored together when the block ends, or not at all.

        Raises:
            duckdb.TransactionException: At the end of the block, if another thread has stored the same key.
        """
        with self.cursor() as cursor:
            cursor.execute("begin")
            try:
                yield cursor
                cursor.execute("commit")
            except BaseException:
                # A commit that failed has ended the transaction already.
                with suppress(duckdb.TransactionException):
                    cursor.execute("rollback")
                raise

    def close(self) -> None:
        """Close the database and every cursor; stop the ingester first."""
        self._connection.close()


def open_store(path: Path) -> Store:
    """Open the database file, make it if it is not there, and bring its tables up to date.

    Raises:
        StoreError: If another process holds the file, if it is no database of this program, or if a newer
            version of this program wrote it. The file is then left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(path), config=_CONFIG)  # type: ignore[arg-type]
    except duckdb.Error as error:
        raise StoreError(_why_not_opened(path, str(error))) from error
    try:
        migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return Store(connection, path)


def _why_not_opened(path: Path, message: str) -> str:
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
