"""Several people on one queue, what defines a class, and texts that come twice."""

from __future__ import annotations

import duckdb


def m004_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Make room for several people on one queue, for what defines a class, and for texts that come twice."""
    for statement in (_PEOPLE, _CLASS_CHANGES, _DUPLICATES, _OWN_DECISIONS, _OUT_OF_SAMPLE):
        connection.execute(statement)


_PEOPLE = """
create table review_plans (
    dataset_id text primary key,
    overlap smallint not null,
    overlap_share double not null,
    is_blind boolean not null,
    lease_minutes integer not null
);
create table leases (  -- examples on somebody's screen
    key bigint not null,  -- examples.key
    annotator text not null,
    until timestamp not null,
    primary key (key, annotator)
);
create table annotations (  -- labels of several people that came with the file
    dataset_id text not null,
    index integer not null,
    annotator text not null,
    label smallint not null
);
alter table decisions add column batch_id text;  -- of decisions that are undone together, and of such an undo or redo
alter table decisions add column is_settling boolean default false;
"""

_CLASS_CHANGES = """
alter table label_classes add column guideline text default '';
alter table label_classes add column replaced_by smallint;  -- the class that people put in its place; null = in use
alter table label_classes add column counts_as smallint;  -- where that leads to in the end; null = it counts as itself
create table class_changes (  -- appended, never changed
    seq bigint not null unique,  -- from decision_seq: a label version is the newest number of both
    dataset_id text not null,
    old smallint not null,
    new smallint,  -- null = the old class was brought back
    annotator text not null,
    created_at timestamp not null
);
create or replace view current_labels as
select
    examples.dataset_id,
    examples.index,
    coalesce(class.counts_as, newest.final_label, examples.given_label) as label,
    coalesce(newest.action, '') as status,
    newest.annotator,
    newest.note,
    newest.created_at,
    newest.lead_time_s,
    newest.decision_id,
    newest.seq
from examples
left join current_decisions newest
    on newest.dataset_id = examples.dataset_id and newest.index = examples.index
left join label_classes class
    on class.dataset_id = examples.dataset_id and class.code = coalesce(newest.final_label, examples.given_label);
"""

_DUPLICATES = """
create table duplicate_texts (  -- examples whose text another example has too
    key bigint primary key,  -- examples.key
    first_key bigint not null  -- of the first example with that text
);
insert into duplicate_texts
select key, first_key
from (select key, min(key) over same as first_key, count(*) over same as times from examples
      window same as (partition by dataset_id, trim(text)))
where times > 1
order by key;
"""

_OWN_DECISIONS = """
create table own_decisions (  -- the newest live decision of each person on each example
    key bigint not null,  -- examples.key
    annotator text not null,
    dataset_id text not null,
    index integer not null,
    decision_id text not null,
    seq bigint not null,
    action text not null,
    final_label smallint not null,
    is_settling boolean not null,
    note text not null,
    lead_time_s double,
    created_at timestamp not null,
    primary key (key, annotator)
);
insert into own_decisions by name
select e.key, n.annotator, n.dataset_id, n.index, n.decision_id, n.seq, n.action, n.final_label, n.is_settling,
    n.note, n.lead_time_s, n.created_at
from (select * from live_decisions
      qualify row_number() over (partition by dataset_id, index, annotator order by seq desc) = 1) n
join examples e on e.dataset_id = n.dataset_id and e.index = n.index;

alter table current_decisions add column num_people smallint default 1;
alter table current_decisions add column is_disputed boolean default false;
update current_decisions set num_people = p.num_people, is_disputed = p.num_outcomes > 1
from (
    select key, count(*) as num_people,
        count(distinct if(action = 'exclude', -1, final_label)) filter (action <> 'flag') as num_outcomes
    from own_decisions group by key
) p
where p.key = current_decisions.key;
"""

_OUT_OF_SAMPLE = """
alter table example_results add column self_confidence float;
"""
