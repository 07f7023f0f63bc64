"""What takes the room in the database."""

from __future__ import annotations

from dataclasses import dataclass

from lane_core.store.store import Store


@dataclass(frozen=True)
class DatabaseSize:
    """Room that the database takes on disk."""

    num_bytes: int
    """Of its file, without what waits in the write-ahead log."""
    free_bytes: int
    """Of these, what deleted rows left: new rows use it, and ``compact`` gives it back."""


def database_size(store: Store) -> DatabaseSize:
    """Return what the database takes now."""
    with store.cursor() as cursor:
        block, total, free = cursor.execute(
            # While a backup is made its copy is attached, and has a row of its own.
            "select block_size, total_blocks, free_blocks from pragma_database_size() "
            "where database_name = current_database()"
        ).fetchall()[0]
    return DatabaseSize(block * total, block * free)


def history_rows(store: Store) -> dict[str, int]:
    """Return run -> rows of its history, those of all epochs together; runs without any are left out."""
    with store.cursor() as cursor:
        return dict(cursor.execute("select run_id, count(*) from example_epochs group by run_id").fetchall())
