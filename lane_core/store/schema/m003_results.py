"""A slim history, one wide row an example, and decisions that are looked up by one number."""

from __future__ import annotations

import duckdb


def m003_results(connection: duckdb.DuckDBPyConnection) -> None:
    """Part the epochs in a long history for curves and one wide row an example for queues.

    The history keeps what is drawn over epochs, with the label and split that the run trained on, so that no
    question about it needs a join. ``example_results`` holds the newest epoch of each run alone.
    """
    for statement in (_HISTORY, _RESULTS, _EXAMPLE_KEYS, _CURRENT_DECISIONS, _NOTES):
        connection.execute(statement)


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
