"""A home for the check-up to look at, what may be done to it, and what must be found."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lane_core.home import Home
from lane_core.records import Decision
from lane_core.store import decisions
from lane_core.store.checks.finding import Finding
from lane_core.store.store import Store, open_store
from lane_core.upkeep.doctor import examine, repair
from lane_core.workspace import Workspace
from tests.small_project import add_finished_run, make_small_project


def make_healthy_home(home: Home) -> None:
    """Fill a home with one project, two finished runs of two epochs and a few decisions, and close it."""
    workspace = Workspace(home)
    project = make_small_project(workspace)
    decide(workspace.store, project.dataset.dataset_id)
    add_finished_run(workspace, project.dataset, "Run 2")
    workspace.close()


def decide(store: Store, dataset_id: str) -> None:
    """Keep 3, relabel 7, flag 11; undo the last and redo it, undo it again."""
    choices = {3: ("keep", None, "anger"), 7: ("relabel", "joy", "fear"), 11: ("flag", None, "joy")}
    decisions.record_decisions(
        store,
        [
            Decision(f"d{index}", dataset_id, index, action, label, seen, "run-1", "Ada")
            for index, (action, label, seen) in choices.items()
        ],
    )
    decisions.undo(store, dataset_id, "Ada", "u1")
    decisions.redo(store, dataset_id, "Ada", "r1")
    decisions.undo(store, dataset_id, "Ada", "u2")


def change(home: Home, *statements: str) -> None:
    store = open_store(home.database)
    for statement in statements:
        with store.transaction() as cursor:
            cursor.execute(statement)
    store.close()


def asked(home: Home, query: str) -> list[tuple[object, ...]]:
    store = open_store(home.database)
    try:
        with store.cursor() as cursor:
            return cursor.execute(query).fetchall()
    finally:
        store.close()


def asked_of(store: Store, query: str) -> list[tuple[object, ...]]:
    with store.cursor() as cursor:
        return cursor.execute(query).fetchall()


def tables(home: Home) -> dict[str, list[str] | None]:
    """Every row of every table, without the moments at which files were read in."""
    with duckdb.connect(str(home.database), read_only=True) as connection:
        wanted = {"ingested_files": "* exclude (ingested_at)"}
        names = [row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        query = " union all ".join(
            f"select '{name}', list(t::text order by t::text) from (select {wanted.get(name, '*')} from {name}) t"
            for name in names
        )
        return dict(connection.execute(query).fetchall())


def everything(home: Home) -> dict[str, bytes]:
    """Every file, the database among them, byte by byte."""
    found = home.path.rglob("*")
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in found}


def examined(home: Home) -> list[Finding]:
    """Examine, and see to it that this changes nothing."""
    before = everything(home)
    findings = examine(home)
    assert everything(home) == before, "examining changed a file"
    return findings


def assert_found(findings: list[Finding], kind: str, *words: str) -> Finding:
    assert [finding.kind for finding in findings] == [kind], findings
    said = f"{findings[0].what} {findings[0].mend}"
    assert [word for word in words if word not in said] == [], said
    return findings[0]


def assert_only_told(home: Home, kind: str, *words: str) -> Finding:
    """The finding is there, nothing offers to mend it, and the repair leaves everything alone."""
    finding = assert_found(examined(home), kind, *words)
    assert not finding.is_repairable, finding
    before = everything(home)
    assert repair(home, [finding]) == []
    assert everything(home) == before, "the repair changed a file"
    return finding


def source_of(home: Home) -> Path:
    [path] = home.datasets.glob("*/source.csv")
    return path
