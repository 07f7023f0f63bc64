"""Taking a run, or its long history, out of the database. What people decided stays on record."""

from __future__ import annotations

import duckdb

from lane_core.store.lookups import newest_epoch, run_dataset_id
from lane_core.store.store import Store


def delete_run(store: Store, run_id: str) -> None:
    """Delete every row of a run but the decisions taken in it: labels stay as they stand.

    Raises:
        StoreError: If there is no such run.

    Tables: writes those of the run. One transaction.
    """
    # The lock: a file that is just being read in would leave rows of a run that is gone.
    with store.ingesting, store.transaction() as cursor:
        run_dataset_id(cursor, run_id)
        delete_rows(cursor, run_id)


def delete_rows(cursor: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """Delete the rows of a run, known or not, from ``run_tables``."""
    for table in run_tables(cursor):
        cursor.execute(f"delete from {table} where run_id = ?", [run_id])


def run_tables(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the tables whose rows go with their run, by name; a decision outlives its run."""
    query = """
        select distinct table_name from duckdb_columns() join duckdb_tables() using (database_name, table_name)
        where column_name = 'run_id' and database_name = current_database() and table_name <> 'decisions'
        order by table_name
    """
    return [row[0] for row in cursor.execute(query).fetchall()]


def drop_history(store: Store, run_id: str) -> int:
    """Delete the examples' history before the newest epoch: queues, counts, class matrices and metrics stay.

    The room is free for new rows at once; ``compact`` gives it back to the disk.

    Returns:
        Number of rows deleted.

    Raises:
        StoreError: If there is no such run.

    Tables: reads ingested_files; writes example_epochs.
    """
    with store.ingesting, store.transaction() as cursor:
        run_dataset_id(cursor, run_id)
        kept = newest_epoch(cursor, run_id)
        deleted = cursor.execute(
            "delete from example_epochs where run_id = ? and epoch < ?", [run_id, kept]
        ).fetchall()
    return int(deleted[0][0])
