"""Checks the ledger against the rows that it stands for, and against the events files on disk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from lane_core.runs.run_dir import RunDir
from lane_core.store.checks.finding import Finding
from lane_core.store.checks.fingerprints import index_faults
from lane_core.store.checks.import_counts import Import, Rows, RunImports, count_imports
from lane_core.store.event_tables import UnusableEventFile, read_event_batches
from lane_core.store.ingest import TABLES, ingest_run
from lane_core.store.lookups import listed
from lane_core.store.store import Store
from lane_core.wording import counted


def check_imports(cursor: duckdb.DuckDBPyConnection, runs_root: Path) -> Iterator[Finding]:
    """Yield what is wrong between the ledger, the rows and the files, run by run; files that wait are notes.

    Args:
        cursor: That reads.
        runs_root: Folder that holds a directory a run, named by run id.
    """
    for run in count_imports(cursor, runs_root):
        for found in run.imports:
            problem = _problem(cursor, run, found)
            if problem:
                yield _broken_import(run, found, problem)
        if run.newest_epoch == 0 and run.results:
            yield _results_of_nothing(run)
        yield from _check_files(cursor, run)


def _problem(cursor: duckdb.DuckDBPyConnection, run: RunImports, found: Import) -> str:
    """Return what is wrong with the rows of a file, as the end of a sentence; empty if nothing is."""
    table = TABLES[found.kind]
    if not found.names:
        there = counted(found.rows.number, "row")
        return f"the ledger does not say that it was read in, but {table} holds {there} of it"
    if len(found.names) > 1:
        return (
            f"the ledger has it under several names ({listed(found.names)}), so its rows are there repeatedly"
        )
    if found.kind != "epoch":
        return _count_problem(table, found, found.rows)
    problems = []
    if found.epoch >= run.first_kept_epoch:
        problems.append(_epoch_problem(cursor, run, table, found, found.rows))
    if found.epoch == run.newest_epoch:
        problems.append(_results_problem(cursor, run, found))
    return "; ".join(problem for problem in problems if problem)


def _count_problem(table: str, found: Import, rows: Rows) -> str:
    if rows.number == found.num_rows:
        return ""
    return f"it has {counted(found.num_rows, 'row')}, and {table} holds {rows.number:,} of them"


def _epoch_problem(
    cursor: duckdb.DuckDBPyConnection, run: RunImports, table: str, found: Import, rows: Rows
) -> str:
    problems = [_count_problem(table, found, rows)]
    if rows.fingerprint != run.fingerprint:
        run_id = run.run_dir.run_id
        doubled, outside = index_faults(cursor, table, run_id, found.epoch, run.num_examples)
        if doubled:
            problems.append(f"{table} has {counted(doubled, 'row')} of it for examples that have one already")
        if outside:
            problems.append(
                f"{table} has {counted(outside, 'row')} of it for examples that the run does not have"
            )
    return "; ".join(problem for problem in problems if problem)


def _results_problem(cursor: duckdb.DuckDBPyConnection, run: RunImports, newest: Import) -> str:
    other = sorted(run.results.keys() - {newest.epoch})
    if other:
        return (
            f"example_results holds rows of epoch {listed(other)} and should hold epoch {newest.epoch} alone"
        )
    rows = run.results.get(newest.epoch, Rows(0, None))
    return _epoch_problem(cursor, run, "example_results", newest, rows)


def _broken_import(run: RunImports, found: Import, problem: str) -> Finding:
    what = f"The events file {found.file_name} of the run {run.run_dir.run_id!r}: {problem}."
    obstacle = _why_not_read(run, found)
    if obstacle:
        return Finding(
            "broken_import",
            what,
            f"Its rows cannot be read in again: {obstacle} Put the file back or restore the last backup; "
            "otherwise what is missing is lost. The other files of the run are not affected.",
        )
    return Finding(
        "broken_import",
        what,
        "--repair deletes these rows and reads the file in again.",
        partial(_read_again, run_dir=run.run_dir, kind=found.kind, epoch=found.epoch),
    )


def _why_not_read(run: RunImports, found: Import) -> str:
    path = run.run_dir.events / found.file_name
    try:
        with path.open("rb") as stream:
            for _ in read_event_batches(
                stream, run.run_dir.run_id, found.kind, found.epoch, run.num_examples, run.num_classes
            ):
                pass
    except FileNotFoundError:
        return f"{path} is not there any more."
    except UnusableEventFile as error:
        return f"{path}: {error}"
    except OSError as error:
        return f"{path}: {error.strerror or error}."
    return ""


def _read_again(store: Store, run_dir: RunDir, kind: str, epoch: int) -> None:
    of_epoch = "" if kind == "neighbours" else f"and epoch = {epoch:d}"
    with store.transaction() as cursor:
        cursor.execute(f"delete from {TABLES[kind]} where run_id = ? {of_epoch}", [run_dir.run_id])
        cursor.execute(
            "delete from ingested_files where run_id = ? and kind = ? and epoch = ?",
            [run_dir.run_id, kind, epoch],
        )
    # The newest epoch also takes the place of whatever example_results holds of the run.
    ingest_run(store, run_dir)


def _results_of_nothing(run: RunImports) -> Finding:
    total = counted(sum(rows.number for rows in run.results.values()), "row")
    return Finding(
        "results_without_epoch",
        f"example_results holds {total} of the run {run.run_dir.run_id!r}, but no epoch of it was read in.",
        "--repair deletes these rows; an epoch that waits in the run's directory brings them back.",
        partial(_delete_results, run_id=run.run_dir.run_id),
    )


def _delete_results(store: Store, run_id: str) -> None:
    with store.transaction() as cursor:
        cursor.execute("delete from example_results where run_id = ?", [run_id])


def _check_files(cursor: duckdb.DuckDBPyConnection, run: RunImports) -> Iterator[Finding]:
    run_id, folder = run.run_dir.run_id, run.run_dir.events
    on_disk = {file.name for file in run.run_dir.event_files()}
    # A file whose row in the ledger is lost does not wait: its rows are there, and are told of above.
    stored = {name for found in run.imports for name in (*found.names, found.file_name)}
    query = "select name, reason from rejected_files where run_id = ?"
    rejected = dict(cursor.execute(query, [run_id]).fetchall())
    for name in sorted((rejected.keys() & on_disk) - stored):
        yield Finding(
            "rejected_file",
            f"The events file {name} of the run {run_id!r} was set aside: {rejected[name]}",
            f"Put the right file in its place in {folder}, or remove it and do without its numbers.",
        )
    waiting = sorted(on_disk - stored - rejected.keys())
    if waiting:
        yield Finding(
            "waiting_files",
            f"The run {run_id!r} has {counted(len(waiting), 'events file')} not read in yet: {listed(waiting, 4)}.",
            "Open the app: it reads them in by itself.",
            is_fault=False,
        )
    gone = sorted(run.needed_files - on_disk)
    if gone and run.run_dir.path.exists():
        yield Finding(
            "gone_files",
            f"The run {run_id!r} has {counted(len(gone), 'events file')} in the database but not in {folder} any "
            f"more: {listed(gone, 4)}.",
            "The pages need none of them. An export needs the files of the last epoch; put them back if you have "
            "them.",
            is_fault=False,
        )
