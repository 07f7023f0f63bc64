"""Taking a run, or its long history, out of the database. What people decided stays on record."""

from __future__ import annotations

from lane_core.store.lookups import newest_epoch, run_dataset_id
from lane_core.store.store import Store

_RUN_TABLES = (
    "example_epochs",
    "example_results",
    "class_similarity",
    "epoch_metrics",
    "step_losses",
    "neighbours",
    "ingested_files",
    "rejected_files",
    "run_examples",
    "runs",
)


def delete_run(store: Store, run_id: str) -> None:
    """Delete every row of a run but the decisions taken in it: labels stay as they stand.

    Raises:
        StoreError: If there is no such run.

    Tables: writes those of the run. One transaction.
    """
    # The lock: a file that is just being read in would leave rows of a run that is gone.
    with store.ingesting, store.transaction() as cursor:
        run_dataset_id(cursor, run_id)
        for table in _RUN_TABLES:
            cursor.execute(f"delete from {table} where run_id = ?", [run_id])


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
