"""Copies of the whole database: one to keep while others go on working, and one to take the file's own place.

DuckDB gives the room of deleted rows back to the disk only in a file that is written anew.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from lane_core.errors import StoreError
from lane_core.files import flush_folder
from lane_core.store.store import Store, open_store, why_not_opened


def write_snapshot(store: Store, path: Path) -> None:
    """Write the database as it is at one moment into a file of its own, while others read and write.

    Tables, keys, checks, views and the sequence come over; a number that the sequence of the copy gives out
    later is above every number in the copy.

    Args:
        store: The open store.
        path: The new file, whole or not at all; a file of this name is replaced. ``path`` with ``.part`` after it
            is used meanwhile, and may be there from an attempt that was killed. One thread a path at a time.

    Raises:
        StoreError: If the copy cannot be written, as on a full disk; the database is as it was.
    """
    part = path.with_name(f"{path.name}.part")
    _remove_database(part)
    try:
        _copy(store, part)
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(path)
        flush_folder(path.parent)
    except (duckdb.Error, OSError) as error:
        raise StoreError(
            f"A copy of the database cannot be written to {path}: {str(error).splitlines()[0]} "
            f"It takes as much room as {store.path} has. The database is as it was."
        ) from error
    finally:
        _remove_database(part)


def compact(store: Store) -> None:
    """Write the database anew, so that the room of deleted rows goes back to the disk; everybody else waits meanwhile.

    Killed at any moment, it leaves the old file or the new one, each with everything in it.

    Raises:
        StoreError: If there is no room for a second file beside the first; the database is as it was.
    """
    with store.exclusive() as path:
        copy = path.with_name(f"{path.name}.compact")
        try:
            # Read with everybody shut out: a decision stored between the copy and the swap would be lost.
            alone = open_store(path)
            try:
                write_snapshot(alone, copy)
            finally:
                alone.close()
            if len(database_files(path)) > 1:
                # A log that stayed behind would be played into the new file.
                raise StoreError(
                    f"The log of {path} cannot be written into it; is the disk full? Nothing was lost."
                )
            copy.replace(path)
            flush_folder(path.parent)
        except OSError as error:
            raise StoreError(f"{path} cannot be replaced: {error}. Nothing was lost.") from error
        finally:
            copy.unlink(missing_ok=True)


def database_files(path: Path) -> list[Path]:
    """Return the files that make up the database: ``path`` first, then its logs, as far as they are there."""
    return [found for found in (path, *sorted(path.parent.glob(f"{path.name}.wal*"))) if found.exists()]


@contextmanager
def kept_closed(path: Path) -> Iterator[None]:
    """Keep every program from opening the database while the block lasts; its file is not changed by this.

    A database that is damaged, or not there, is nobody's: the block goes ahead.

    Raises:
        StoreError: If a program has it open, this one included.
    """
    try:
        connection = duckdb.connect(str(path), read_only=True) if path.exists() else None
    except duckdb.ConnectionException as error:
        raise StoreError(f"This program has the database {path} open itself. Close it first.") from error
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            raise StoreError(why_not_opened(path, str(error))) from error
        connection = None
    try:
        yield
    finally:
        if connection is not None:
            connection.close()


def _copy(store: Store, path: Path) -> None:
    """Copy into a file that is not there, and let go of it with nothing left in its log."""
    copy = f"copy_{threading.get_ident()}"
    # The outer cursor keeps the store from being closed before the copy is detached.
    with store.cursor() as outer:
        with store.transaction() as cursor:
            name = _quoted(cursor.execute("select current_database()").fetchall()[0][0])
            file_name = str(path).replace("'", "''")
            # Rolled back with the transaction, so a copy that fails is not attached either.
            cursor.execute(f"attach '{file_name}' as {copy} (type duckdb)")
            cursor.execute(f"copy from database {name} to {copy}")
            _check_counts(cursor, name, copy)
        try:
            outer.execute(f"checkpoint {copy}")
        finally:
            outer.execute(f"detach {copy}")


def _check_counts(cursor: duckdb.DuckDBPyConnection, original: str, copy: str) -> None:
    """Raise StoreError unless each table has as many rows in the copy: it may be all that is left one day."""
    query = "select table_name from duckdb_tables() where database_name = current_database()"
    for (table,) in cursor.execute(query).fetchall():
        counts = [
            cursor.execute(f"select count(*) from {database}.{_quoted(table)}").fetchall()[0][0]
            for database in (original, copy)
        ]
        if counts[0] != counts[1]:
            raise StoreError(
                f"The copy of the table {table} has {counts[1]:,} rows and not {counts[0]:,}. It was thrown away; "
                "the database is as it was. Please report this."
            )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _remove_database(path: Path) -> None:
    for found in database_files(path):
        found.unlink(missing_ok=True)
