"""How many examples each choice of each filter of a queue would show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pandas as pd

from lane_core.records import QUEUE_STATUSES, QueueFilter
from lane_core.store.lookups import RESULT_ROWS
from lane_core.store.queue_conditions import QUEUE_SCOPES, SEVERITY, QueueConditions, ask

_FACETS = ("labels", "severity", "split", "annotator", "status")


def facet_counts(
    cursor: duckdb.DuckDBPyConnection, queue: QueueConditions, filters: QueueFilter
) -> dict[str, dict[Any, int]]:
    """Return, by "given", "suggested", "severity", "split", "annotator", "status", the count of each choice.

    Classes are codes, of a replaced class that of the one in its place. One query goes through the rows of the scope
    once and marks which filters each fails: one that fails two counts nowhere. Only the scopes themselves
    (``scope_counts``) need all rows: the suspects lie together.
    """
    parts = queue.parts(filters)
    always = " and ".join(condition for name, condition in parts.items() if name not in _FACETS)
    failed = " + ".join(f"if({parts[facet]}, 0, {2**place})" for place, facet in enumerate(_FACETS))
    statuses = queue.statuses()
    has = " + ".join(f"if({statuses[status]}, {2**place}, 0)" for place, status in enumerate(QUEUE_STATUSES))
    marks = ", ".join(f"{condition} as {name}" for name, condition in queue.label_marks(filters).items())
    nothing = "null as severity, null as split, null as annotator, null as has, null as failed"
    labels = [
        f"select '{name}' as facet, code, {nothing}, count(*) from "
        f"{_choices(name, other, filters.both_ways)} where code is not null group by code"
        for name, other in (("given", "suggested"), ("suggested", "given"))
    ]
    query = f"""
        with found as materialized (
            select * from (
                select {queue.counted("p.label")} as given, {queue.counted("p.suggested")} as suggested,
                    {SEVERITY} as severity, p.split, d.annotator, {has} as has, {failed} as failed, {marks}
                {RESULT_ROWS} and {always}
            ) where bit_count(failed) <= 1
        )
        {" union all ".join(labels)}
        union all select '', null, severity, split, annotator, has, failed, count(*) from found group by all
    """
    counts: dict[str, dict[Any, int]] = {
        "given": {}, "suggested": {}, "status": dict.fromkeys(QUEUE_STATUSES, 0),
        **{name: defaultdict(int) for name in ("severity", "split", "annotator")},
    }  # fmt: skip
    rows = cursor.execute(query, queue.used(query)).fetchall()
    for label, code, severity, split, annotator, has, failed, number in rows:
        if label:
            counts[label][code] = number
        else:
            chosen = {"severity": severity, "split": split, "annotator": annotator}
            _add(counts, chosen, has, failed, number)
    return counts


def _add(
    counts: dict[str, dict[Any, int]], chosen: Mapping[str, str | None], has: int, failed: int, number: int
) -> None:
    """Count rows that are alike in all but their labels; ``has`` are the bits of their statuses."""
    for name, value in chosen.items():
        if value is not None and failed in (0, _bit(name)):
            counts[name][value] += number
    if failed in (0, _bit("status")):
        for place, status in enumerate(QUEUE_STATUSES):
            if has & 2**place:
                counts["status"][status] += number


def _bit(facet: str) -> int:
    return int(2 ** _FACETS.index(facet))


def _choices(column: str, other: str, both_ways: bool) -> str:
    """Return as SQL a row for each class that would show a row as its given (or suggested) label, once each."""
    allowed = f"failed in (0, {_bit('labels')})"
    choices = f"select {column} as code from found where {allowed} and {other}_fits"
    if both_ways:
        is_counted = f"({column} = {other} and {other}_fits) is true"
        choices += f" union all select {other} from found where {allowed} and {column}_fits_{other}"
        choices += f" and not ({is_counted})"
    return f"({choices})"


def scope_counts(
    cursor: duckdb.DuckDBPyConnection, queue: QueueConditions, filters: QueueFilter
) -> dict[str, int]:
    """Return the number of rows of each scope under all other filters."""
    scopes = queue.scopes(filters.strictness)
    columns = ", ".join(f"count(*) filter ({scopes[scope]})" for scope in QUEUE_SCOPES)
    parts = queue.parts(filters)
    where = " and ".join(condition for name, condition in parts.items() if name != "scope")
    return dict(zip(QUEUE_SCOPES, ask(cursor, queue, columns, where).fetchall()[0], strict=True))


def label_frame(counts: Mapping[int, int], names: Sequence[str]) -> pd.DataFrame:
    """Return counts by class code as label, count; highest count first, ties in class order."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame({
        "label": pd.Series([names[code] for code, _ in ordered], dtype="str"),
        "count": pd.Series([count for _, count in ordered], dtype="int64"),
    })  # fmt: skip
