"""Checks the tables of the database against each other and against the events files they were read from.

Every question is an aggregate that needs the same memory however long the history is, and all of them see one
snapshot. Nothing is changed: what can be mended comes as a function beside what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from lane_core.errors import StoreError
from lane_core.store.checks.decisions import check_decisions
from lane_core.store.checks.finding import Finding
from lane_core.store.checks.fingerprints import FINGERPRINT, fingerprint
from lane_core.store.checks.imports import check_imports
from lane_core.store.checks.run_examples import check_run_examples
from lane_core.store.removal import delete_rows, run_tables
from lane_core.store.store import Store
from lane_core.wording import counted


def check_store(store: Store, runs_root: Path) -> list[Finding]:
    """Return what is wrong in the database, in the order in which it has to be mended.

    Args:
        store: The open store.
        runs_root: Folder that holds a directory a run, named by run id.

    Raises:
        StoreError: If the database file is damaged, so that a table cannot be read.

    Tables: reads all. One snapshot.
    """
    try:
        with store.cursor() as cursor:
            return [
                *_check_datasets(cursor),
                *_check_run_ids(cursor),
                *check_run_examples(cursor, runs_root),
                *check_imports(cursor, runs_root),
                *check_decisions(cursor),
            ]
    except duckdb.Error as error:
        raise StoreError(
            f"The database {store.path} is damaged, so it cannot be checked: {str(error).splitlines()[0]} "
            "Keep a copy of the file, then restore the last backup. The database was not changed."
        ) from error


def mend(store: Store, finding: Finding) -> None:
    """Do what a finding offers; nothing if it offers nothing.

    Raises:
        LaneError: If it cannot be done.
        OSError: If the system does not let a file be removed.
    """
    if finding.repair is None:
        return
    try:
        finding.repair(store)
    except duckdb.Error as error:
        raise StoreError(
            f"The database {store.path} did not let it be mended: {str(error).splitlines()[0]}"
        ) from error


def _check_datasets(cursor: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    query = f"""
        select d.dataset_id, d.name, d.num_examples, coalesce(e.num_rows, 0), e.print,
            coalesce(c.num_classes, 0),
            coalesce(c.highest = c.num_classes - 1 and c.lowest = 0, false),
            coalesce(e.lowest >= 0 and e.highest < c.num_classes, false), coalesce(e.num_odd_keys, 0)
        from datasets d
        left join (
            select dataset_id, count(*) as num_rows, {FINGERPRINT} as print, min(given_label) as lowest,
                max(given_label) as highest,
                count(*) filter (key is distinct from (number::bigint << 32) + index) as num_odd_keys
            from examples left join datasets using (dataset_id) group by dataset_id
        ) e on e.dataset_id = d.dataset_id
        left join (
            select dataset_id, count(*) as num_classes, min(code) as lowest, max(code) as highest
            from label_classes group by dataset_id
        ) c on c.dataset_id = d.dataset_id
        order by d.dataset_id
    """
    for (
        dataset_id,
        name,
        size,
        found,
        seen,
        num_classes,
        has_all_classes,
        fits,
        num_odd_keys,
    ) in cursor.execute(query).fetchall():
        problems = []
        if found != size or seen != fingerprint(cursor, size):
            problems.append(
                f"{counted(found, 'row')} in examples, which are not the examples 0 to {size - 1:,} once each"
            )
        if not has_all_classes:
            problems.append(f"{num_classes} names of classes whose codes are not 0, 1, 2 and so on")
        elif found and not fits:
            problems.append(f"labels that are none of its {num_classes} classes")
        if num_odd_keys:
            problems.append(f"{counted(num_odd_keys, 'row')} in examples under a wrong key")
        if problems:
            yield Finding(
                "broken_dataset",
                f"The data set {name!r} ({dataset_id}) should have {size:,} examples. "
                f"It has {' and '.join(problems)}.",
                "Restore the last backup, or import its file again as a new project: decisions point at examples "
                "by number, so nothing can be put back without knowing which ones are lost.",
            )


def _check_run_ids(cursor: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Find rows of runs that the table of runs does not have."""
    counts = " union all ".join(
        f"select run_id, '{table}' as name, count(*) as num_rows from {table} group by run_id"
        for table in run_tables(cursor)
    )
    query = f"""
        select run_id, string_agg(printf('%d in %s', num_rows, name), ', ' order by name)
        from ({counts}) where run_id not in (select run_id from runs)
        group by run_id order by run_id
    """
    for run_id, places in cursor.execute(query).fetchall():
        yield Finding(
            "rows_of_unknown_run",
            f"There are rows of the run {run_id!r}, which is not in the table of runs: {places}.",
            "--repair deletes these rows, which no page can show. Files in the run's directory stay.",
            partial(_delete_rows, run_id=run_id),
        )


def _delete_rows(store: Store, run_id: str) -> None:
    with store.transaction() as cursor:
        delete_rows(cursor, run_id)
