"""The tables and views, one step after the other.

A step is a function named m<number>_<what>, and is never edited once released.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb


def m001_initial(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every table. Times are UTC without a zone; labels are class codes (label_classes).

    The large tables have no keys: one would cost memory and ingest time, and the ledger already sees to it
    that no row comes twice. They are stored in order of index, which lets DuckDB skip most of them.
    """
    for statement in (_DATASET_TABLES, _RUN_TABLES, _EVENT_TABLES, _DECISION_TABLES, _VIEWS):
        connection.execute(statement)


def m002_strictness(connection: duckdb.DuckDBPyConnection) -> None:
    """Add what the noise model of a run says. Null in the rows of runs that had none."""
    connection.execute(_STRICTNESS_COLUMNS)


def m003_results(connection: duckdb.DuckDBPyConnection) -> None:
    """Part the epochs in a long history for curves and one wide row an example for queues.

    The history keeps what is drawn over epochs, with the label and split that the run trained on, so that no
    question about it needs a join. ``example_results`` holds the newest epoch of each run alone.
    """
    for statement in (_HISTORY, _RESULTS, _EXAMPLE_KEYS, _CURRENT_DECISIONS, _NOTES):
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

_HISTORY = """
alter table example_epochs rename to whole_epochs;
create table example_epochs (
    run_id text not null,
    epoch integer not null,
    index integer not null,
    label smallint not null,  -- that the run trained on
    is_train boolean not null,
    margin float,
    label_aware_margin float,
    alm float,
    weight float,
    predicted smallint
);
insert into example_epochs
select p.run_id, p.epoch, p.index, r.label, r.split = 'train', p.margin, p.label_aware_margin, p.alm, p.weight,
    p.predicted
from whole_epochs p join run_examples r on r.run_id = p.run_id and r.index = p.index
order by p.run_id, p.epoch, p.index;
"""

_RESULTS = """
create table example_results (
    run_id text not null,
    epoch integer not null,  -- the newest one that is stored
    index integer not null,
    label smallint not null,  -- that the run trained on
    split text not null,
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
    given_log_probability float,
    is_given_predicted boolean,
    similarity float,
    severity float,
    label_score float,
    is_label_issue boolean
);
insert into example_results by name
select p.*, r.label, r.split
from whole_epochs p
join run_examples r on r.run_id = p.run_id and r.index = p.index
join (select run_id, max(epoch) as epoch from ingested_files where kind = 'epoch' group by run_id) newest
    on newest.run_id = p.run_id and newest.epoch = p.epoch
order by p.run_id, p.label_score nulls last, p.index;
drop table whole_epochs;
"""

_EXAMPLE_KEYS = """
alter table datasets add column number integer;  -- 1, 2, ... in the order in which they came
update datasets set number = n.number
from (select dataset_id, row_number() over (order by created_at, dataset_id) as number from datasets) n
where n.dataset_id = datasets.dataset_id;

alter table examples rename to plain_examples;
create table examples (
    dataset_id text not null,
    index integer not null,
    row integer not null,  -- 1-based data row of the file
    example_id text not null,
    text text not null,
    given_label smallint not null,
    split text not null,
    key bigint not null unique  -- number of the data set * 2^32 + index
);
insert into examples
select e.*, (d.number::bigint << 32) + e.index
from plain_examples e join datasets d on d.dataset_id = e.dataset_id
order by d.number, e.index;
drop table plain_examples;
"""
"""One number for each example: DuckDB looks a row up by an index of one column, and scans for two. Texts are long, and
a screen wants fifty of them."""

_CURRENT_DECISIONS = """
create table current_decisions (  -- what newest_decisions says, kept: one row an example that somebody decided
    key bigint primary key,  -- examples.key
    dataset_id text not null,
    index integer not null,
    decision_id text not null,
    seq bigint not null,
    action text not null,
    final_label smallint not null,
    annotator text not null,
    note text not null,
    lead_time_s double,
    created_at timestamp not null
);
insert into current_decisions by name
select e.key, n.dataset_id, n.index, n.decision_id, n.seq, n.action, n.final_label, n.annotator, n.note, n.lead_time_s,
    n.created_at
from newest_decisions n join examples e on e.dataset_id = n.dataset_id and e.index = n.index;

create or replace view current_labels as
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
left join current_decisions newest
    on newest.dataset_id = examples.dataset_id and newest.index = examples.index;
"""

_NOTES = """
alter table runs add column note text default '';
alter table decisions add column seen_version bigint;  -- seq of the decision that was on screen; 0 = none
alter table decisions add column unseen_decision text;  -- the one that counted then, where it was another
"""

Migration = Callable[[duckdb.DuckDBPyConnection], None]

MIGRATIONS: list[Migration] = [m001_initial, m002_strictness, m003_results]
"""In the order in which they are applied."""
