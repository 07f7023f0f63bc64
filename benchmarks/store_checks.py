"""What must hold in every database, whatever was killed and however many people decided at once.

Written from the promises and not from the program: decisions are replayed one by one in Python. Each check returns
what is wrong in words, nothing if all is well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lane_core.store.checks.integrity import check_store
from lane_core.store.store import Store

_KEYS = {
    "example_epochs": "run_id, epoch, index",
    "example_results": "run_id, index",
    "epoch_metrics": "run_id, epoch",
    "step_losses": "run_id, epoch, step",
    "decisions": "decision_id",
    "own_decisions": "dataset_id, index, annotator",
    "current_decisions": "dataset_id, index",
    "leases": "key, annotator",
}
"""Columns that no two rows of a table share."""

_LEDGER = """
with held as (
    select run_id, 'epoch' as kind, epoch, count(*) as num_rows from example_epochs group by all
    union all select run_id, 'metrics', epoch, count(*) from epoch_metrics group by all
    union all select run_id, 'losses', epoch, count(*) from step_losses group by all
)
select run_id, kind, epoch, held.num_rows, ledger.num_rows
from held full join ingested_files ledger using (run_id, kind, epoch)
where held.num_rows is distinct from ledger.num_rows
"""
_SHARED = "run_id, epoch, index, label, margin, label_aware_margin, alm, weight, predicted"
_NEWEST = f"""
select {_SHARED} from example_epochs
where (run_id, epoch) in (select (run_id, max(epoch)) from ingested_files where kind = 'epoch' group by run_id)
"""
_CURRENT = (
    "dataset_id, index, decision_id, seq, action, final_label, annotator, note, lead_time_s, created_at"
)


@dataclass(frozen=True)
class Said:
    """What somebody was told that the store had taken: a decision, undo or redo."""

    decision_id: str
    """"<name of who decided>/<number>", numbered from 0."""
    kind: str
    index: int | None
    target: str | None
    """The decision that an undo or redo was said to be about."""


def store_findings(store: Store, runs_root: Path) -> list[str]:
    """Compare the tables with each other, and the decisions that count with a replay of all."""
    found = []
    for table, keys in _KEYS.items():
        doubled = _ask(store, f"select {keys} from {table} group by all having count(*) > 1 limit 3")
        found += [f"{table} has a row twice: {row}" for row in doubled]
    found += [f"rows and ledger differ: {row}" for row in _ask(store, _LEDGER)]
    found += _differences(store, f"select {_SHARED} from example_results", _NEWEST)
    kept = f"select {_CURRENT} from current_decisions"
    found += _differences(store, kept, f"select {_CURRENT} from newest_decisions")
    found += _replay_findings(store)
    found += [finding.what for finding in check_store(store, runs_root) if finding.is_fault]
    return found


def decision_findings(store: Store, said: Iterable[Sequence[Said]], may_be_unsaid: int) -> list[str]:
    """Compare what is stored with what was said to be stored.

    Args:
        store: The open store.
        said: For each who decided, what they were told, in order.
        may_be_unsaid: So many decisions of each may be stored without their being told: 1 if they were killed.
    """
    stored: dict[str, list[Said]] = defaultdict(list)
    for row in _ask(store, "select decision_id, kind, index, target from decisions order by seq"):
        stored[_name(row[0])].append(Said(*row))
    found = []
    for told in said:
        name = _name(told[0].decision_id)
        mine = stored.pop(name, [])
        if mine[: len(told)] != list(told):
            lost = [one for one in told if one not in mine]
            found.append(f"{name} was told of {len(told)} decisions; lost or out of order: {lost[:2]}")
        if len(mine) > len(told) + may_be_unsaid:
            found.append(f"{name} was told of {len(told)} decisions, and {len(mine)} are stored")
    found += [
        f"nobody was told of {len(rest)} decisions of {name}"
        for name, rest in stored.items()
        if len(rest) > may_be_unsaid
    ]
    return found


def contents(store: Store) -> dict[str, Any]:
    """Return for each table the number of rows and a sum over their hashes, which tells contents apart."""
    tables = [row[0] for row in _ask(store, "select table_name from duckdb_tables() order by all")]
    return {
        table: _ask(store, f"select count(*), sum(hash({table})) from {table}")[0]
        for table in tables
        if table != "schema_migrations"  # it says when
    }


@dataclass
class _Replay:
    """Decisions that count after some steps, each as its row, by number."""

    on_example: dict[Any, dict[int, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    by_annotator: dict[Any, dict[int, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    undone: dict[Any, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def current(self, dataset_id: str, index: int) -> dict[str, Any] | None:
        """Return the decision that counts on an example."""
        there = self.on_example[dataset_id, index]
        return there[max(there)] if there else None

    def standing(self) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
        """Return each person's newest decision on each example; and which counts, of how many, in dispute or not.

        No class is put in the place of another here.
        """
        own, counting = set(), set()
        for key, there in self.on_example.items():
            newest = {there[seq]["annotator"]: there[seq] for seq in sorted(there)}
            own |= {(*key, row["decision_id"]) for row in newest.values()}
            if there:
                last = there[max(there)]
                said = [row for row in newest.values() if row["action"] != "flag"]
                labels = {-1 if row["action"] == "exclude" else row["final_label"] for row in said}
                is_disputed = len(labels) > 1 and not last["is_settling"]
                counting.add((*key, last["decision_id"], len(newest), is_disputed))
        return own, counting

    def decide(self, row: dict[str, Any]) -> None:
        """Let a decision count, and leave its annotator nothing to redo."""
        self.undone[row["annotator"]].clear()
        self._add(row)

    def undo(self, annotator: str) -> dict[str, Any] | None:
        """Take back the annotator's newest decision that counts and return it."""
        mine = self.by_annotator[annotator]
        if not mine:
            return None
        row = mine.pop(max(mine))
        del self.on_example[row["dataset_id"], row["index"]][row["seq"]]
        self.undone[annotator].append(row)
        return row

    def redo(self, annotator: str) -> dict[str, Any] | None:
        """Let the decision count again that the annotator took back last, and return it."""
        if not self.undone[annotator]:
            return None
        row = self.undone[annotator].pop()
        self._add(row)
        return row

    def _add(self, row: dict[str, Any]) -> None:
        self.on_example[row["dataset_id"], row["index"]][row["seq"]] = row
        self.by_annotator[row["annotator"]][row["seq"]] = row


def _replay_findings(store: Store) -> list[str]:
    names = (
        "seq", "decision_id", "kind", "dataset_id", "index", "annotator", "target", "seen_version", "unseen_decision",
        "action", "final_label", "is_settling",
    )  # fmt: skip
    replay, found = _Replay(), []
    for values in _ask(store, f"select {', '.join(names)} from decisions order by seq"):
        row = dict(zip(names, values, strict=True))
        if row["kind"] == "decision":
            expected, seen = _overlooked(replay, row), row["unseen_decision"]
            replay.decide(row)
        else:
            step = replay.undo if row["kind"] == "undo" else replay.redo
            target = step(row["annotator"])
            expected, seen = target and target["decision_id"], row["target"]
        if seen != expected:
            found.append(f"{row['kind']} {row['decision_id']} points at {seen}, and should at {expected}")
    own, counting = replay.standing()
    for table, columns, expected in (
        ("own_decisions", "decision_id", own),
        ("current_decisions", "decision_id, num_people, is_disputed", counting),
    ):
        kept = set(_ask(store, f"select dataset_id, index, {columns} from {table}"))
        if kept != expected:
            found.append(f"{table} is not what a replay gives: {sorted(kept ^ expected, key=str)[:3]}")
    return found


def _overlooked(replay: _Replay, row: dict[str, Any]) -> str | None:
    """Return the decision of somebody else that counted and that the annotator of this one had not seen."""
    there = replay.current(row["dataset_id"], row["index"])
    if there is None or row["seen_version"] in (None, there["seq"]) or there["annotator"] == row["annotator"]:
        return None
    return str(there["decision_id"])


def _differences(store: Store, one: str, other: str) -> list[str]:
    table = one.rpartition(" ")[2]
    return [
        f"{table} {words} {row}"
        for words, query in (
            ("wrongly has", f"{one} except all {other}"),
            ("lacks", f"{other} except all {one}"),
        )
        for row in _ask(store, f"select * from ({query}) limit 2")
    ]


def _ask(store: Store, query: str) -> list[tuple[Any, ...]]:
    with store.cursor() as cursor:
        return cursor.execute(query).fetchall()


def _name(decision_id: str) -> str:
    return decision_id.rpartition("/")[0]
