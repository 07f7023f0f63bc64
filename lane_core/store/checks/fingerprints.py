"""Whether a column holds exactly the numbers 0 to N-1, once each, without sorting or remembering them."""

from __future__ import annotations

import duckdb

FINGERPRINT = "sum(hash(index))"
"""Aggregate that tells sets of indices apart: 64 random bits an index, added without overflow."""


def fingerprint(cursor: duckdb.DuckDBPyConnection, num_examples: int) -> int | None:
    """Return the FINGERPRINT of the indices 0 to N-1; None for N = 0, as the aggregate says of no rows."""
    query = f"select {FINGERPRINT} from (select range::integer as index from range(?))"
    row = cursor.execute(query, [num_examples]).fetchall()[0]
    return None if row[0] is None else int(row[0])


def index_faults(
    cursor: duckdb.DuckDBPyConnection, table: str, run_id: str, epoch: int, num_examples: int
) -> tuple[int, int]:
    """Return how many rows of an epoch repeat an index, and how many have one that is not 0 to N-1.

    It remembers every index of the epoch: ask it only where the fingerprint is another.
    """
    query = f"""
        select count(*) - count(distinct index), count(*) filter (index < 0 or index >= $num_examples)
        from {table} where run_id = $run_id and epoch = $epoch
    """
    values = {"run_id": run_id, "epoch": epoch, "num_examples": num_examples}
    doubled, outside = cursor.execute(query, values).fetchall()[0]
    return int(doubled), int(outside)
