"""Questions before and after a class is put in the place of another: what it would change, and who did it when."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pandas as pd

from lane_core.errors import StoreError
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import counted_names, listed
from lane_core.store.store import Store

_HAS_CLASS = """
from current_labels l
join examples e on e.dataset_id = l.dataset_id and e.index = l.index
join label_classes given on given.dataset_id = e.dataset_id and given.code = e.given_label
where l.dataset_id = $dataset_id and e.dataset_id = $dataset_id and l.label = $code and l.status <> 'exclude'
"""


@dataclass(frozen=True)
class ClassUse:
    """Who has a class: all that another class in its place would change."""

    num_given: int
    """Examples that have it, and had it in the file."""
    num_decided: int
    """Examples that have it, and had another in the file."""
    texts: pd.DataFrame
    """example_id, text of the first of them."""
    runs: tuple[str, ...]
    """Names of the runs that learned it, newest first."""

    @property
    def total(self) -> int:
        """Examples that have it now, without excluded ones."""
        return self.num_given + self.num_decided


def class_use(store: Store, dataset_id: str, label: str, num_texts: int) -> ClassUse:
    """Return who has a class now; classes that it took the place of count as it.

    Raises:
        StoreError: If there is no such data set or class.

    Tables: reads current_labels, examples, label_classes, run_examples, runs.
    """
    with store.cursor() as cursor:
        names = counted_names(cursor, dataset_id)
        if label not in names:
            raise StoreError(f"There is no class {label!r} in use. The classes are: {listed(names)}.")
        codes = [code for code, name in enumerate(names) if name == label]
        own = _own_code(cursor, dataset_id, label)
        values = {"dataset_id": dataset_id, "code": own}
        is_given = "coalesce(given.counts_as, given.code) = $code"
        query = f"select count(*) filter ({is_given}), count(*) filter (not {is_given}) {_HAS_CLASS}"
        num_given, num_decided = cursor.execute(query, values).fetchall()[0]
        query = f"select e.example_id, e.text {_HAS_CLASS} order by e.index limit {int(num_texts)}"
        texts = fetch_frame(cursor, query, values)
        query = f"""
            select name from runs where dataset_id = ? and run_id in (
                select run_id from run_examples where label in ({", ".join(map(str, codes))})
            ) order by created_at desc, run_id
        """
        runs = tuple(row[0] for row in cursor.execute(query, [dataset_id]).fetchall())
    return ClassUse(num_given, num_decided, texts, runs)


def class_changes(store: Store, dataset_id: str, limit: int) -> pd.DataFrame:
    """Return who put which class in the place of which, and who brought which back.

    Returns:
        old, new (missing where the old class was brought back), annotator, created_at; newest first, at most ``limit``.
    """
    query = """
        select old.name as old, new.name as new, c.annotator, c.created_at
        from class_changes c
        join label_classes old on old.dataset_id = c.dataset_id and old.code = c.old
        left join label_classes new on new.dataset_id = c.dataset_id and new.code = c.new
        where c.dataset_id = $dataset_id
        order by c.seq desc
        limit $limit
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id, "limit": limit})


def _own_code(cursor: duckdb.DuckDBPyConnection, dataset_id: str, label: str) -> int:
    query = "select code from label_classes where dataset_id = ? and name = ?"
    return int(cursor.execute(query, [dataset_id, label]).fetchall()[0][0])
