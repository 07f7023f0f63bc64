"""The classes of a data set: what defines each, and putting one in the place of another over all labels.

A class that was replaced is not rewritten anywhere: whatever has it counts as the class in its place (view
``current_labels``, ``COUNTED_CLASSES``), so that bringing it back is exact, and nothing looks reviewed that is not.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pandas as pd

from lane_core.errors import StoreError
from lane_core.store.frames import fetch_frame, now_utc
from lane_core.store.lookups import class_names, counted_names, listed
from lane_core.store.standing import count_dataset_anew
from lane_core.store.store import Store


def class_table(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return the classes of a data set.

    Returns:
        code, name, guideline, num_given (examples of the file), num_now (after the decisions, without excluded ones),
        replaced_by (name of the class in its place; missing if it is in use); in order of code, without those
        that a change made and that nothing has any more.

    Raises:
        StoreError: If there is no such data set.

    Tables: reads label_classes, examples, current_decisions; and what ``replaced_classes`` reads.
    """
    query = """
        with now as (
            select label as code, count(*) as number from current_labels
            where dataset_id = $dataset_id and status <> 'exclude' group by label
        ), given as (
            select given_label as code, count(*) as number from examples where dataset_id = $dataset_id group by 1
        )
        select c.code, c.name, coalesce(c.guideline, '') as guideline, coalesce(given.number, 0) as num_given,
            coalesce(now.number, 0) as num_now, other.name as replaced_by
        from label_classes c
        left join given on given.code = c.code
        left join now on now.code = c.code
        left join label_classes other on other.dataset_id = c.dataset_id and other.code = c.replaced_by
        where c.dataset_id = $dataset_id
        order by c.code
    """
    with store.cursor() as cursor:
        class_names(cursor, dataset_id)
        table = fetch_frame(cursor, query, {"dataset_id": dataset_id})
        return table[~table["code"].isin(_left_over(cursor, dataset_id))].reset_index(drop=True)


def guidelines(store: Store, dataset_id: str) -> dict[str, str]:
    """Return what defines each class, for those that somebody has described."""
    query = "select name, guideline from label_classes where dataset_id = ? and guideline <> '' order by code"
    with store.cursor() as cursor:
        return dict(cursor.execute(query, [dataset_id]).fetchall())


def counted_classes(store: Store, dataset_id: str) -> list[str]:
    """Return, by code, what each class counts as: its own name, or that of the class in its place.

    Raises:
        StoreError: If there is no such data set.
    """
    with store.cursor() as cursor:
        return counted_names(cursor, dataset_id)


def replaced_classes(store: Store, dataset_id: str) -> list[str]:
    """Return the classes that nobody should choose, in order of code; none for an unknown data set.

    That is those that others have taken the place of, and those that a change made and that nothing has any more.

    Tables: reads label_classes, class_changes; where classes were made, also examples, annotations, own_decisions,
    run_examples.
    """
    query = "select code, name, replaced_by from label_classes where dataset_id = ? order by code"
    with store.cursor() as cursor:
        left_over = _left_over(cursor, dataset_id)
        found = cursor.execute(query, [dataset_id]).fetchall()
    return [name for code, name, other in found if other is not None or code in left_over]


def set_guideline(store: Store, dataset_id: str, label: str, guideline: str) -> None:
    """Store what defines a class; "" takes the text away. Errors as for ``set_guidelines``."""
    set_guidelines(store, dataset_id, {label: guideline})


def set_guidelines(store: Store, dataset_id: str, guidelines: Mapping[str, str]) -> None:
    """Store what defines each of some classes, all or nothing; "" takes a text away.

    Raises:
        StoreError: If there is no such data set, a class is unknown, or a text cannot be stored.

    Tables: writes label_classes. One transaction.
    """
    query = "update label_classes set guideline = ? where dataset_id = ? and code = ?"
    with store.deciding, store.transaction() as cursor:
        codes = _codes(cursor, dataset_id)
        for label, guideline in guidelines.items():
            cursor.execute(query, [_readable(guideline), dataset_id, _code(codes, label)])


def replace_class(store: Store, dataset_id: str, old: str, new: str, annotator: str) -> None:
    """Put a class in the place of another: every label, decided or not, and every later one counts as the new class.

    A name that is no class yet makes one behind the others, with the same definition: the order of the rest, and so
    their keys, never moves.

    Args:
        store: The open store.
        dataset_id: The data set.
        old: The class that goes.
        new: The class in its place, or a new name.
        annotator: Who wants it so.

    Raises:
        StoreError: If there is no such data set or class, the new name is blank or the old one, or one of the two was
            replaced already.

    Tables: writes label_classes, class_changes, current_decisions. One transaction.
    """
    new = _readable(new)
    with store.deciding, store.transaction() as cursor:
        codes = _codes(cursor, dataset_id)
        old_code = _code(codes, old)
        if not new or new == old:
            raise StoreError(
                f"{old!r} cannot be replaced by {new!r}. Choose another class, or type another name."
            )
        if new not in codes:
            codes[new] = len(codes)
            cursor.execute(
                """insert into label_classes (dataset_id, code, name, guideline)
                select dataset_id, ?, ?, guideline from label_classes where dataset_id = ? and code = ?""",
                [codes[new], new, dataset_id, old_code],
            )
        links = _replacements(cursor, dataset_id)
        for name in (old, new):
            if codes[name] in links:
                raise StoreError(f"{name!r} was replaced already. Bring it back first.")
        _change(cursor, dataset_id, old_code, codes[new], annotator)


def bring_back(store: Store, dataset_id: str, label: str, annotator: str) -> None:
    """Undo ``replace_class``: every label is again what it was, or was decided to be.

    Raises:
        StoreError: If there is no such data set or class, or it is in use.

    Tables: writes label_classes, class_changes, current_decisions. One transaction.
    """
    with store.deciding, store.transaction() as cursor:
        code = _code(_codes(cursor, dataset_id), label)
        if code not in _replacements(cursor, dataset_id):
            raise StoreError(f"{label!r} is in use: there is nothing to bring back.")
        _change(cursor, dataset_id, code, None, annotator)


def _change(
    cursor: duckdb.DuckDBPyConnection, dataset_id: str, old: int, new: int | None, annotator: str
) -> None:
    cursor.execute(
        "insert into class_changes select nextval('decision_seq'), ?, ?, ?, ?, ?",
        [dataset_id, old, new, annotator, now_utc()],
    )
    query = "update label_classes set replaced_by = ? where dataset_id = ? and code = ?"
    cursor.execute(query, [new, dataset_id, old])
    links = _replacements(cursor, dataset_id)
    for code in {old, *links}:
        query = "update label_classes set counts_as = ? where dataset_id = ? and code = ?"
        cursor.execute(query, [_end(links, code) if code in links else None, dataset_id, code])
    count_dataset_anew(cursor, dataset_id)


def _left_over(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> set[int]:
    """Return the classes that changes have made and that no label of anybody or any run has any more.

    A new name whose class was brought back: it cannot go, because numbers of classes are never used again.
    """
    made = "select new from class_changes where dataset_id = $dataset_id and new is not null"
    if cursor.execute(f"{made} limit 1", {"dataset_id": dataset_id}).fetchone() is None:
        return set()
    query = f"""
        select distinct new from ({made}) where new not in (
            select given_label from examples where dataset_id = $dataset_id
            union all select label from annotations where dataset_id = $dataset_id
            union all select final_label from own_decisions where dataset_id = $dataset_id
            union all select unnest([replaced_by, counts_as]) from label_classes
                where dataset_id = $dataset_id and replaced_by is not null
            union all select label from run_examples
                where run_id in (select run_id from runs where dataset_id = $dataset_id)
        )
    """
    return {row[0] for row in cursor.execute(query, {"dataset_id": dataset_id}).fetchall()}


def _replacements(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> dict[int, int]:
    query = "select code, replaced_by from label_classes where dataset_id = ? and replaced_by is not null"
    return dict(cursor.execute(query, [dataset_id]).fetchall())


def _end(links: Mapping[int, int], code: int) -> int:
    while code in links:
        code = links[code]
    return code


def _codes(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> dict[str, int]:
    return {name: code for code, name in enumerate(class_names(cursor, dataset_id))}


def _code(codes: Mapping[str, int], label: str) -> int:
    if label not in codes:
        raise StoreError(f"There is no class {label!r}. The classes are: {listed(list(codes))}.")
    return codes[label]


def _readable(text: str) -> str:
    """Return a text that somebody wrote, without blanks around it; StoreError if no database can hold it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StoreError(f"{text!r} holds something that is no character. Type the text anew.") from None
    return text.strip()
