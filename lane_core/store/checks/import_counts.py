"""What the ledger says of each run, and how many rows the tables hold of it: a few numbers a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb

from lane_core.runs.run_dir import RunDir
from lane_core.store.checks.fingerprints import FINGERPRINT, fingerprint
from lane_core.store.ingest import TABLES


class Rows(NamedTuple):
    """The rows of one epoch in one table."""

    number: int
    fingerprint: int | None
    """Of their indices; None where they have none, or where there are no rows."""


@dataclass(frozen=True)
class Import:
    """One kind and epoch of a run: what the ledger says, and what its table holds."""

    kind: str
    epoch: int
    names: tuple[str, ...]
    """Files that the ledger names; empty if it names none."""
    num_rows: int
    """By the ledger."""
    rows: Rows

    @property
    def file_name(self) -> str:
        """Return the one name under which it is read in, whatever the ledger says."""
        return f"{self.kind}-{self.epoch:04d}.parquet"


@dataclass(frozen=True)
class RunImports:
    """Everything that was read in of one run."""

    run_dir: RunDir
    num_examples: int
    num_classes: int
    fingerprint: int | None
    """Of the indices that a whole epoch has."""
    imports: list[Import]
    results: dict[int, Rows]
    """Epoch -> rows of example_results; whole if it is the newest epoch alone."""

    @property
    def newest_epoch(self) -> int:
        """Return the newest epoch by the ledger; 0 if there is none."""
        return max(
            (found.epoch for found in self.imports if found.kind == "epoch" and found.names), default=0
        )

    @property
    def first_kept_epoch(self) -> int:
        """Return the first epoch whose history is there: those before it were dropped."""
        kept = [found.epoch for found in self.imports if found.kind == "epoch" and found.rows.number]
        return min([*kept, self.newest_epoch])

    @property
    def needed_files(self) -> set[str]:
        """Return the files that the ledger names, without those whose history was dropped."""
        return {
            name
            for found in self.imports
            for name in found.names
            if found.kind != "epoch" or found.epoch >= self.first_kept_epoch
        }


def count_imports(cursor: duckdb.DuckDBPyConnection, runs_root: Path) -> Iterator[RunImports]:
    """Yield the numbers of each known run of a known data set, by run id."""
    imports = _imports(cursor)
    results: dict[str, dict[int, Rows]] = {}
    query = f"select run_id, epoch, count(*), {FINGERPRINT} from example_results group by run_id, epoch"
    for run_id, epoch, *values in cursor.execute(query).fetchall():
        results.setdefault(run_id, {})[epoch] = Rows(*values)
    query = """
        select r.run_id, d.num_examples, (select count(*) from label_classes c where c.dataset_id = d.dataset_id)
        from runs r join datasets d on d.dataset_id = r.dataset_id order by r.run_id
    """
    for run_id, num_examples, num_classes in cursor.execute(query).fetchall():
        yield RunImports(
            RunDir(runs_root / run_id),
            num_examples,
            num_classes,
            fingerprint(cursor, num_examples),
            imports.get(run_id, []),
            results.get(run_id, {}),
        )


def _imports(cursor: duckdb.DuckDBPyConnection) -> dict[str, list[Import]]:
    counts = " union all ".join(
        f"""
        select run_id, '{kind}' as kind, {"0" if kind == "neighbours" else "epoch"} as epoch,
            count(*) as num_rows, {FINGERPRINT if kind == "epoch" else "null"} as print
        from {table} group by all
        """
        for kind, table in TABLES.items()
    )
    query = f"""
        select run_id, kind, epoch, coalesce(l.names, []), coalesce(l.num_rows, 0), coalesce(t.num_rows, 0), t.print
        from (
            select run_id, kind, epoch, list(name order by name) as names, sum(num_rows)::bigint as num_rows
            from ingested_files group by run_id, kind, epoch
        ) l
        full join ({counts}) t using (run_id, kind, epoch)
        order by run_id, epoch, kind
    """
    found: dict[str, list[Import]] = {}
    for run_id, kind, epoch, names, num_rows, *rows in cursor.execute(query).fetchall():
        found.setdefault(run_id, []).append(Import(kind, epoch, tuple(names), num_rows, Rows(*rows)))
    return found
