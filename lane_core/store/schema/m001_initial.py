"""The first tables and views."""

from __future__ import annotations

import duckdb


def m001_initial(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every table. Times are UTC without a zone; labels are class codes (label_classes).

    The large tables have no keys: one would cost memory and ingest time, and the ledger already sees to it
    that no row comes twice. They are stored in order of index, which lets DuckDB skip most of them.
    """
    for statement in (_DATASET_TABLES, _RUN_TABLES, _EVENT_TABLES, _DECISION_TABLES, _VIEWS):
        connection.execute(statement)


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
