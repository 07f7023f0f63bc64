"""The tables, and how a database of an older version gets them.

Each change of the tables is a function here, named m<number>_<what>, and is never edited once released.
``schema_migrations`` holds the names of those applied; a migration and its row commit together. A database
that names a migration unknown to this code was written by a newer version and is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from lane_core.errors import StoreError
from lane_core.store.frames import now_utc

Migration = Callable[[duckdb.DuckDBPyConnection], None]

MIGRATIONS: list[Migration] = []
"""In the order in which they are applied."""


def migration(function: Migration) -> Migration:
    """Add a function to MIGRATIONS."""
    MIGRATIONS.append(function)
    return function


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


@migration
def m001_initial(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every table. Times are UTC without a zone; labels are class codes (label_classes).

    The large tables have no keys: one would cost memory and ingest time, and the ledger already sees to it
    that no row comes twice. They are stored in order of index, which lets DuckDB skip most of them.
    """
    for statement in (_DATASET_TABLES, _RUN_TABLES, _EVENT_TABLES, _DECISION_TABLES, _VIEWS):
        connection.execute(statement)


@migration
def m002_strictness(connection: duckdb.DuckDBPyConnection) -> None:
    """Add what the noise model of a run says. Null in the rows of runs that had none."""
    connection.execute(_STRICTNESS_COLUMNS)


_DATASET_TABLES = """
create table datasets (
    dataset_id text primary key,
    name text not null,
    source_name text not null,
    source_sha256 text not null,
    columns_json text not null,
    num_examples integer not null,
    num_rows integer not null,
    created_at timestamp not null
);
create table label_classes (
    dataset_id text not null,
    code smallint not null,
    name text not null,
    primary key (dataset_id, code)
);
create table examples (
    dataset_id text not null,
    index integer not null,
    row integer not null,  -- 1-based data row of the file
    example_id text not null,
    text text not null,
    given_label smallint not null,
    split text not null
);
"""

_RUN_TABLES = """
create table runs (
    run_id text primary key,
    dataset_id text not null,
    name text not null,
    config_json text not null,
    label_version bigint not null,
    created_at timestamp not null
);
create table run_examples (  -- the labels and splits that the run trained on
    run_id text not null,
    index integer not null,
    label smallint not null,
    split text not null
);
"""

_EVENT_TABLES = """
create table example_epochs (
    run_id text not null,
    epoch integer not null,
    index integer not null,
    margin float,
    label_aware_margin float,
    aum float,
    alm float,
    weight float,
    predicted smallint,
    predicted_probability float,
    suggested smallint,
    suggested_probability float,
    given_probability float,
    similarity float,
    label_score float,
    is_label_issue boolean
);
create table class_similarity (
    run_id text not null,
    epoch integer not null,
    given smallint not null,
    predicted smallint not null,
    value float not null
);
create table epoch_metrics (
    run_id text not null,
    epoch integer not null,
    theta_loss double,
    pi_loss double,
    contrastive_loss double,
    validation_accuracy double,
    validation_macro_f1 double,
    test_accuracy double,
    test_macro_f1 double,
    mu double,
    sigma double,
    num_flagged bigint,
    clipped_share double,
    train_seconds double
);
create table step_losses (
    run_id text not null,
    epoch integer not null,
    step bigint not null,
    theta_loss double,
    pi_loss double,
    contrastive_loss double
);
create table neighbours (
    run_id text not null,
    index integer not null,
    rank smallint not null,
    neighbour integer not null,
    cosine float not null
);
create table ingested_files (  -- the ledger: a row here and the rows of its file commit together
    run_id text not null,
    name text not null,
    kind text not null,
    epoch integer not null,
    num_rows bigint not null,
    ingested_at timestamp not null,
    primary key (run_id, name)
);
create table rejected_files (
    run_id text not null,
    name text not null,
    reason text not null,
    size bigint,  -- size and mtime_ns of the file that was rejected; null = it could not be opened
    mtime_ns bigint,
    seen_at timestamp not null,
    primary key (run_id, name)
);
"""

_DECISION_TABLES = """
create sequence decision_seq;
create table decisions (
    seq bigint not null unique,
    decision_id text primary key,
    dataset_id text not null,
    index integer,  -- null in an undo or redo that found nothing to do
    kind text not null check (kind in ('decision', 'undo', 'redo')),
    action text,
    label smallint,  -- the new label of a relabel
    seen_label smallint,
    final_label smallint,  -- the label that the example has after this decision
    target text,  -- the decision that an undo or redo is about
    run_id text,
    annotator text not null,
    lead_time_s double,
    note text not null,
    created_at timestamp not null
);
"""

_VIEWS = """
create view live_decisions as
select decisions.*
from decisions
left join (
    select target, arg_max(kind, seq) as newest_kind
    from decisions
    where target is not null
    group by target
) marks on marks.target = decisions.decision_id
where decisions.kind = 'decision' and marks.newest_kind is distinct from 'undo';

create view newest_decisions as  -- the live decision that counts, one an example
select *
from live_decisions
qualify row_number() over (partition by dataset_id, index order by seq desc) = 1;

create view current_labels as
select
    examples.dataset_id,
    examples.index,
    coalesce(newest.final_label, examples.given_label) as label,
    coalesce(newest.action, '') as status,
    newest.annotator,
    newest.note,
    newest.created_at,
    newest.lead_time_s,
    newest.decision_id,
    newest.seq
from examples
left join newest_decisions newest
    on newest.dataset_id = examples.dataset_id and newest.index = examples.index;
"""

_STRICTNESS_COLUMNS = """
alter table example_epochs add column given_log_probability float;
alter table example_epochs add column is_given_predicted boolean;
alter table example_epochs add column severity float;
alter table epoch_metrics add column noise_rate double;
alter table epoch_metrics add column sure_below double;
alter table epoch_metrics add column balanced_below double;
alter table epoch_metrics add column thorough_below double;
alter table epoch_metrics add column sure_precision double;
alter table epoch_metrics add column balanced_precision double;
alter table epoch_metrics add column thorough_precision double;
"""
