"""What counts on each example after all decisions, kept in two tables so that no screen goes through the log.

``own_decisions`` holds the newest live decision of each person on each example, ``current_decisions`` the newest of
those, how many people there are, and whether they disagree. Both follow from ``decisions`` alone; the transaction that
appends there keeps them true, and the doctor compares.

People disagree when they have chosen different labels, an exclusion counting as a label and a class that was replaced
as the one in its place; who asked for a second
opinion has chosen none. Whoever settles a disagreement ends it, until somebody decides anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from lane_core.store.frames import registered
from lane_core.store.lookups import dataset_number, example_key

_OWN_COLUMNS = """key, annotator, dataset_id, index, decision_id, seq, action, final_label, is_settling, note,
    lead_time_s, created_at"""
OWN_DECISIONS = f"""
select {_OWN_COLUMNS} from live_decisions join examples using (dataset_id, index)
qualify row_number() over (partition by key, annotator order by seq desc) = 1
"""
"""What own_decisions should hold: of a decision on an unknown example no page can say anything."""

_CURRENT = """
select key, dataset_id, index, decision_id, seq, action, final_label, annotator, note, lead_time_s, created_at,
    num_people::smallint as num_people, not is_settling and num_labels > 1 as is_disputed
from (
    select *, count(*) over same as num_people, count(distinct chosen) over same as num_labels
    from (
        select own.*, case action when 'flag' then null when 'exclude' then -1
            else coalesce(class.counts_as, final_label) end as chosen
        from own_decisions own
        left join label_classes class on class.dataset_id = own.dataset_id and class.code = own.final_label
        {where}
    )
    window same as (partition by key)
)
qualify row_number() over (partition by key order by seq desc) = 1
"""
CURRENT_DECISIONS = _CURRENT.format(where="")
"""What current_decisions should hold, if own_decisions is right."""
_MOST_LISTED = 500


def count_in(cursor: duckdb.DuckDBPyConnection, rows: pa.Table) -> None:
    """Let new decisions count, and give back what those who took them held.

    Args:
        cursor: In the transaction that appends them.
        rows: With the columns of the table decisions, and key; in order of seq.
    """
    pairs = zip(rows["key"].to_pylist(), rows["annotator"].to_pylist(), strict=True)
    newest = {pair: place for place, pair in enumerate(pairs)}
    keys_of: dict[str, list[int]] = {}
    for key, annotator in newest:
        keys_of.setdefault(annotator, []).append(key)
    for annotator, keys in keys_of.items():
        with _among(cursor, "key", keys) as is_theirs:
            for table in ("own_decisions", "leases"):
                cursor.execute(f"delete from {table} where annotator = ? and {is_theirs}", [annotator])
    with registered(cursor, rows.take(list(newest.values()))) as name:
        cursor.execute(f"insert into own_decisions by name select {_OWN_COLUMNS} from {name}")
    _count(cursor, list({key for key, _ in newest}))


def count_anew(
    cursor: duckdb.DuckDBPyConnection, dataset_id: str, annotator: str, indices: Sequence[int]
) -> None:
    """Let count what counts after an undo or redo.

    Args:
        cursor: In the transaction that appends it.
        dataset_id: The data set.
        annotator: Whose.
        indices: The examples that it is about.
    """
    first_key = example_key(dataset_number(cursor, dataset_id), 0)
    keys = list({first_key + index for index in indices})
    with _among(cursor, "key", keys) as is_wanted:
        cursor.execute(f"delete from own_decisions where annotator = ? and {is_wanted}", [annotator])
    with _among(cursor, "index", list(set(indices))) as is_wanted:
        # Not from the view of live decisions: it would go through those on all examples.
        query = f"""
            insert into own_decisions by name
            with own as (
                select *, {first_key} + index as key from decisions
                where dataset_id = $dataset_id and annotator = $annotator and {is_wanted}
            ), marks as (
                select target, arg_max(kind, seq) as newest_kind from own where target is not null group by target
            )
            select {_OWN_COLUMNS} from own left join marks on marks.target = own.decision_id
            where kind = 'decision' and newest_kind is distinct from 'undo'
            qualify row_number() over (partition by key order by seq desc) = 1
        """
        cursor.execute(query, {"dataset_id": dataset_id, "annotator": annotator})
    _count(cursor, keys)


def count_dataset_anew(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> None:
    """Find out anew where people disagree, after a class was put in the place of another or brought back."""
    query = "select key from current_decisions where dataset_id = ?"
    _count(cursor, [key for (key,) in cursor.execute(query, [dataset_id]).fetchall()])


def _count(cursor: duckdb.DuckDBPyConnection, keys: Sequence[int]) -> None:
    # To delete and insert takes half as long as to replace.
    with _among(cursor, "key", keys) as is_wanted:
        cursor.execute(f"delete from current_decisions where {is_wanted}")
        counting = _CURRENT.format(where=f"where {is_wanted}")
        cursor.execute(f"insert into current_decisions by name {counting}")


@contextmanager
def _among(cursor: duckdb.DuckDBPyConnection, column: str, numbers: Sequence[int]) -> Iterator[str]:
    """Yield the condition that a column holds one of these. Few stand in it: DuckDB then uses its index."""
    if 0 < len(numbers) <= _MOST_LISTED:
        yield f"{column} in ({', '.join(map(str, numbers))})"
        return
    with registered(cursor, pa.table({"wanted": pa.array(numbers, pa.int64())}), "wanted_numbers"):
        yield f"{column} in (select wanted from wanted_numbers)"
