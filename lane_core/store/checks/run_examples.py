"""Checks that each run has its data set, and a label and a split for every example of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from lane_core.errors import StoreError
from lane_core.runs.run_dir import RunDir
from lane_core.store.checks.finding import Finding
from lane_core.store.checks.fingerprints import FINGERPRINT, fingerprint
from lane_core.store.datasets import check_positions
from lane_core.store.frames import insert_frame
from lane_core.store.lookups import class_names, label_codes, run_dataset_id
from lane_core.store.store import Store
from lane_core.wording import counted

_QUERY = f"""
select r.run_id, r.dataset_id, d.num_examples, coalesce(x.num_rows, 0), x.print,
    coalesce(x.lowest >= 0 and x.highest < k.size, false)
from runs r
left join datasets d on d.dataset_id = r.dataset_id
left join (
    select run_id, count(*) as num_rows, {FINGERPRINT} as print, min(label) as lowest, max(label) as highest
    from run_examples group by run_id
) x on x.run_id = r.run_id
left join (select dataset_id, count(*) as size from label_classes group by dataset_id) k
    on k.dataset_id = r.dataset_id
order by r.run_id
"""


def check_run_examples(cursor: duckdb.DuckDBPyConnection, runs_root: Path) -> Iterator[Finding]:
    """Yield the runs whose data set is unknown, or whose labels are not those of its examples, once each.

    Args:
        cursor: That reads.
        runs_root: Folder that holds a directory a run, named by run id.
    """
    for run_id, dataset_id, num_examples, num_rows, seen, is_known in cursor.execute(_QUERY).fetchall():
        if num_examples is None:
            yield Finding(
                "run_of_unknown_dataset",
                f"The run {run_id!r} belongs to the data set {dataset_id!r}, which is not in the database.",
                "Restore the last backup, or delete the run on the page Runs.",
            )
        elif num_rows != num_examples or seen != fingerprint(cursor, num_examples) or not is_known:
            yield _broken_run_examples(RunDir(runs_root / run_id), num_examples, num_rows)


def _broken_run_examples(run_dir: RunDir, num_examples: int, num_rows: int) -> Finding:
    what = (
        f"The labels that the run {run_dir.run_id!r} trained on are damaged: run_examples holds "
        f"{counted(num_rows, 'row')} of it, which are not the examples 0 to "
        f"{num_examples - 1:,} once each with a known class."
    )
    source = run_dir.path / "examples.parquet"
    if not source.exists():
        return Finding(
            "broken_run_examples",
            what,
            f"They cannot be read in again: {source} is not there any more. Restore the last backup, "
            "or delete the run on the page Runs.",
        )
    return Finding(
        "broken_run_examples",
        what,
        f"--repair reads them in again from {source}.",
        partial(_read_again, run_dir=run_dir, num_examples=num_examples),
    )


def _read_again(store: Store, run_dir: RunDir, num_examples: int) -> None:
    try:
        examples = run_dir.examples()
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{run_dir.path / 'examples.parquet'} cannot be read: {error}") from error
    with store.transaction() as cursor:
        names = class_names(cursor, run_dataset_id(cursor, run_dir.run_id))
        check_positions(examples["index"], num_examples)
        codes = {name: code for code, name in enumerate(names)}
        rows = pa.table(
            {
                "index": pa.array(examples["index"], pa.int32()),
                "label": pa.array(label_codes(codes, examples["given_label"]), pa.int16()),
                "split": pa.array(examples["split"], pa.string()),
            }
        )
        cursor.execute("delete from run_examples where run_id = ?", [run_dir.run_id])
        insert_frame(cursor, "run_examples", rows, {"run_id": run_dir.run_id}, order_by="index")
