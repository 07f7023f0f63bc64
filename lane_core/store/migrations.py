"""How a new database gets its tables, and one of an older version what it lacks.

``schema_migrations`` holds the names of the steps of ``schema`` that were applied; a step and its row commit
together. A database that names a step unknown to this code was written by a newer version and is refused.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from lane_core.errors import StoreError
from lane_core.store.frames import now_utc
from lane_core.store.schema import MIGRATIONS, Migration


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Apply what is missing, each step whole or not at all. Nothing else may use the database meanwhile.

    Args:
        connection: The only open connection to the database.
        path: Where the database is, for messages.

    Raises:
        StoreError: If the database is newer than this code, or belongs to another program; nothing is changed.
    """
    applied = _applied(connection, path)
    unknown = sorted(applied - {step.__name__ for step in MIGRATIONS})
    if unknown:
        raise StoreError(
            f"The database {path} was written by a newer version of LANE Audit (it has {unknown[-1]}). "
            "Update LANE Audit, or set another LANE_HOME. The database was not changed."
        )
    for step in MIGRATIONS:
        if step.__name__ not in applied:
            _apply(connection, step)


def _applied(connection: duckdb.DuckDBPyConnection, path: Path) -> set[str]:
    tables = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
    if not tables:
        return set()
    if "schema_migrations" not in tables:
        raise StoreError(
            f"{path} is a database of another program (it has a table {min(tables)!r}). "
            "Set another LANE_HOME. The database was not changed."
        )
    return {row[0] for row in connection.execute("select name from schema_migrations").fetchall()}


def _apply(connection: duckdb.DuckDBPyConnection, step: Migration) -> None:
    connection.execute("begin")
    try:
        connection.execute(
            "create table if not exists schema_migrations (name text primary key, applied_at timestamp not null)"
        )
        step(connection)
        connection.execute("insert into schema_migrations values (?, ?)", [step.__name__, now_utc()])
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
