"""Checks that every decision can be understood, and that the kept truth is the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import duckdb

from lane_core.store.checks.finding import Finding
from lane_core.store.lookups import listed
from lane_core.store.standing import CURRENT_DECISIONS, OWN_DECISIONS
from lane_core.store.store import Store
from lane_core.wording import counted

_NOT_MENDABLE = (
    "Restore the last backup, or leave it: no other decision is affected. Decisions are never deleted."
)


class _Rule(NamedTuple):
    kind: str
    condition: str
    """What a row d of decisions must not be; s = its data set, k = number of its classes."""
    words: str


_RULES = (
    _Rule("decision_of_unknown_dataset", "s.dataset_id is null", "on data sets that do not exist"),
    _Rule(
        "decision_of_unknown_example",
        "d.index < 0 or d.index >= s.num_examples or (d.kind = 'decision' and d.index is null)",
        "on examples that do not exist",
    ),
    _Rule(
        "decision_of_unknown_class",
        " or ".join(f"d.{name} < 0 or d.{name} >= k.size" for name in ("label", "seen_label", "final_label"))
        + " or (d.kind = 'decision' and d.final_label is null)",
        "with labels that are no class of their data set",
    ),
    _Rule(
        "missing_undo_target",
        "d.target is not null and d.target not in (select decision_id from decisions)",
        "that undo or redo a decision which is not there",
    ),
    _Rule(
        "repeated_decision_number",
        "d.seq in (select seq from decisions group by seq having count(*) > 1)",
        "that share their number (seq) with another, so that nobody can tell which came last",
    ),
)


def check_decisions(cursor: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Yield what is wrong with the decisions and with what is derived from them."""
    for rule in _RULES:
        yield from _check_rule(cursor, rule)
    yield from _check_sequence(cursor)
    yield from _check_kept(cursor)


def _check_rule(cursor: duckdb.DuckDBPyConnection, rule: _Rule) -> Iterator[Finding]:
    query = f"""
        select count(*), min(d.seq), max(d.seq), (list(d.decision_id order by d.seq))[:5],
            list_sort(list(distinct d.dataset_id))
        from decisions d
        left join datasets s on s.dataset_id = d.dataset_id
        left join (select dataset_id, count(*) as size from label_classes group by dataset_id) k
            on k.dataset_id = d.dataset_id
        where {rule.condition}
    """
    number, first, last, ids, dataset_ids = cursor.execute(query).fetchall()[0]
    if number:
        yield Finding(
            rule.kind,
            f"There {'is' if number == 1 else 'are'} {counted(number, 'decision')} {rule.words}: in the data set "
            f"{listed(dataset_ids, 5)}, "
            f"numbers {first} to {last}: {listed(ids)}{' …' if number > len(ids) else ''}.",
            _NOT_MENDABLE,
        )


def _check_sequence(cursor: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    # Its last_value is null, the last or the next number, depending on what happened since the file was opened; the
    # statement that would make it anew always starts with the next one.
    query = """
        select regexp_extract(sql, 'START (\\d+)', 1)::bigint, (select coalesce(max(seq), 0) from decisions)
        from duckdb_sequences() where sequence_name = 'decision_seq'
    """
    following, highest = cursor.execute(query).fetchall()[0]
    if highest >= following:
        yield Finding(
            "decision_numbers_too_low",
            f"The next decision would get the number {following}, but there are decisions up to number "
            f"{highest}: it could not be stored.",
            f"--repair lets the numbers go on after {highest}.",
            _raise_sequence,
        )


def _raise_sequence(store: Store) -> None:
    with store.transaction() as cursor:
        highest = cursor.execute("select coalesce(max(seq), 0) from decisions").fetchall()[0][0]
        cursor.execute(f"create or replace sequence decision_seq start with {int(highest) + 1}")


def _check_kept(cursor: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    yield from _compare(cursor, "own_decisions", OWN_DECISIONS, "the decisions of each person")
    yield from _compare(cursor, "current_decisions", CURRENT_DECISIONS, "the decisions that count")


def _compare(cursor: duckdb.DuckDBPyConnection, table: str, truth: str, what: str) -> Iterator[Finding]:
    described = cursor.execute(f"select * from ({truth}) limit 0").description or []
    columns = ", ".join(column[0] for column in described)
    query = f"""
        with truth as ({truth})
        select
            (select count(*) from truth),
            (select count(*) from (from truth except all select {columns} from {table})),
            (select count(*) from (select {columns} from {table} except all from truth))
    """
    total, lacking, foreign = cursor.execute(query).fetchall()[0]
    if lacking or foreign:
        yield Finding(
            f"wrong_{table}",
            f"The table {table} lacks {lacking:,} of {what} ({total:,}), and holds {foreign:,} that are not: "
            "queues and labels show them wrongly.",
            "--repair makes it anew from the decisions, which are all there.",
            _keep_anew,
        )


def _keep_anew(store: Store) -> None:
    with store.transaction() as cursor:
        for table, truth in (("own_decisions", OWN_DECISIONS), ("current_decisions", CURRENT_DECISIONS)):
            cursor.execute(f"delete from {table}")
            cursor.execute(f"insert into {table} by name from ({truth}) order by key")
