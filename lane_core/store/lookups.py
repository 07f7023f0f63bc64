"""Small look-ups that several queries start with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np

from lane_core.errors import StoreError
from lane_core.records import STRICTNESSES, Strictness

RESULT_ROWS = """
from example_results p
left join (
    select index, action, final_label, seq, annotator, num_people, is_disputed
    from current_decisions where dataset_id = $dataset_id
) d on d.index = p.index
where p.run_id = $run_id
"""
"""One row an example of the newest epoch: p = what the run says and trained on, d = the decision that counts.

The decisions are cut down to their data set before the join: joining on the ids costs several times as much."""


COUNTED_CLASSES = """
select own.code, coalesce(other.name, own.name) as name
from (select * from label_classes where dataset_id = $dataset_id) own
left join (select * from label_classes where dataset_id = $dataset_id) other on other.code = own.counts_as
"""
"""The name of every class code; of a class that people put another in the place of, the name of that one."""


def counted_names(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> list[str]:
    """Return, by code, the class names as ``COUNTED_CLASSES`` gives them; StoreError if there is no such data set."""
    query = "select name, counts_as from label_classes where dataset_id = ? order by code"
    found = cursor.execute(query, [dataset_id]).fetchall()
    if not found:
        class_names(cursor, dataset_id)
    return [name if counts_as is None else found[counts_as][0] for name, counts_as in found]


def suspect_conditions(cursor: duckdb.DuckDBPyConnection, run_id: str) -> dict[Strictness, str]:
    """Return, by strictness, the SQL condition that a row p of example_results is flagged; never null.

    The lines stand in the condition as numbers of the column's type, so that rows far above them are not even read.
    A run without lines, made by an earlier version, has only its own flag.
    """
    columns = ", ".join(f"{strictness}_below" for strictness in STRICTNESSES)
    query = f"select {columns} from epoch_metrics where run_id = ? and epoch = ?"
    lines = cursor.execute(query, [run_id, newest_epoch(cursor, run_id)]).fetchone() or [None] * len(
        STRICTNESSES
    )
    return {
        strictness: "coalesce(p.is_label_issue, false)" if line is None else _is_below(line)
        for strictness, line in zip(STRICTNESSES, lines, strict=True)
    }


def _is_below(line: float) -> str:
    """Return the condition that a single-precision score is below a double-precision line."""
    nearest = np.float32(line)
    least = nearest if float(nearest) >= line else np.nextafter(nearest, np.float32(np.inf))
    return f"(p.label_score is not null and p.label_score < {float(least)!r}::float)"


def class_names(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> list[str]:
    """Return the class names of a data set; a name's position is its code.

    Raises:
        StoreError: If there is no such data set.
    """
    rows = cursor.execute(
        "select name from label_classes where dataset_id = ? order by code", [dataset_id]
    ).fetchall()
    if not rows:
        raise StoreError(f"There is no data set {dataset_id!r} in the database. Choose one from the list.")
    return [row[0] for row in rows]


def example_key(dataset_number: int, index: int) -> int:
    """Return examples.key of an example: the one number that DuckDB looks it up by."""
    return (dataset_number << 32) + index


def dataset_number(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> int:
    """Return the number of a data set that is there, for ``example_key``."""
    found = cursor.execute("select number from datasets where dataset_id = ?", [dataset_id]).fetchall()
    return int(found[0][0])


def examples_at(
    cursor: duckdb.DuckDBPyConnection, dataset_id: str, indices: Iterable[int]
) -> dict[int, tuple[str, str, int]]:
    """Return example_id, text and given label (class code, of the file) of some examples, by index.

    A query of its own, on the one indexed column, by numbers that stand in it: in any other shape DuckDB reads
    every text of the data set.
    """
    number = dataset_number(cursor, dataset_id)
    keys = ", ".join(str(example_key(number, int(index))) for index in indices) or "null"
    query = f"select index, example_id, text, given_label from examples where key in ({keys})"
    return {
        index: (example_id, text, label)
        for index, example_id, text, label in cursor.execute(query).fetchall()
    }


def labels_at(
    cursor: duckdb.DuckDBPyConnection, dataset_id: str, indices: Iterable[int]
) -> dict[int, tuple[str, int]]:
    """Return action and class code of the decision that counts on some examples, by index, where there is one."""
    number = dataset_number(cursor, dataset_id)
    keys = ", ".join(str(example_key(number, int(index))) for index in indices) or "null"
    query = f"select index, action, final_label from current_decisions where key in ({keys})"
    return {index: (action, label) for index, action, label in cursor.execute(query).fetchall()}


def run_dataset_id(cursor: duckdb.DuckDBPyConnection, run_id: str) -> str:
    """Return the data set that a run belongs to.

    Raises:
        StoreError: If there is no such run.
    """
    row = cursor.execute("select dataset_id from runs where run_id = ?", [run_id]).fetchone()
    if row is None:
        raise StoreError(f"There is no run {run_id!r} in the database. Choose one from the list.")
    return str(row[0])


def newest_epoch(cursor: duckdb.DuckDBPyConnection, run_id: str) -> int:
    """Return the epoch whose examples ``example_results`` holds, the last one stored; 0 if there is none."""
    row = cursor.execute(
        "select max(epoch) from ingested_files where run_id = ? and kind = 'epoch'", [run_id]
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def run_parameters(cursor: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, Any]:
    """Return the parameters of RESULT_ROWS; StoreError if there is no such run."""
    return {"dataset_id": run_dataset_id(cursor, run_id), "run_id": run_id}


def label_codes(codes: Mapping[str, int], labels: Iterable[str]) -> list[int]:
    """Return the codes of some class names.

    Args:
        codes: Code of each class name, in order of code.
        labels: Class names.

    Raises:
        StoreError: If a name is no class; the message lists the classes.
    """
    found = list(labels)
    for label in found:
        if label not in codes:
            raise StoreError(f"There is no class {label!r}. The classes are: {listed(list(codes))}.")
    return [codes[label] for label in found]


def listed(values: Sequence[object], limit: int = 20) -> str:
    """Return values as a readable list, cut after ``limit``."""
    shown = ", ".join(str(value) for value in values[:limit])
    return f"{shown} … ({len(values)} in all)" if len(values) > limit else shown
