"""Examples that somebody marked on a chart, and what a classifier predicts that has not seen the label."""

from __future__ import annotations

import duckdb


def m005_selections(connection: duckdb.DuckDBPyConnection) -> None:
    """Make room for kept selections of examples, and for predictions out of sample."""
    for statement in (_SELECTIONS, _OUT_OF_SAMPLE):
        connection.execute(statement)


_SELECTIONS = """
create table selections (
    selection_id text primary key,  -- made from the rest: the same examples under the same words are one selection
    dataset_id text not null,
    words text not null,
    indices integer[] not null,
    created_at timestamp not null
);
"""

_OUT_OF_SAMPLE = """
alter table example_results add column held_out_predicted smallint;
"""
