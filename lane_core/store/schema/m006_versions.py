"""Newer files of a project: which data set follows which, and what became of the decisions."""

from __future__ import annotations

import duckdb


def m006_versions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make room for the versions of a project."""
    connection.execute(_VERSIONS)


_VERSIONS = """
create table dataset_versions (
    dataset_id text primary key,
    follows text not null unique,  -- the data set of the older file: one line, no branches
    matched_by text not null,  -- id or text
    num_new integer not null,  -- examples, as the five that follow
    num_gone integer not null,
    num_changed_text integer not null,
    num_changed_label integer not null,
    num_unchanged integer not null,
    created_at timestamp not null
);
create table version_decisions (  -- what became of each person's newest decision on each example of the older file
    dataset_id text not null,  -- the newer
    old_decision text not null,
    outcome text not null,  -- carried, adopted, conflict, look_again or gone
    index integer,  -- of the example in the newer; null = it is gone
    decision_id text  -- the decision that repeats it; null = none does
);
"""
