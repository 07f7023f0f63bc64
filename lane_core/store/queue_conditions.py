"""A queue as SQL: which examples it holds, in which order, and who may be given them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from lane_core.records import STRICTNESSES, QueueFilter, QueueStatus, ReviewPlan, Strictness
from lane_core.store.frames import now_utc, readable, registered
from lane_core.store.lookups import (
    RESULT_ROWS,
    counted_names,
    dataset_number,
    example_key,
    label_codes,
    run_parameters,
    suspect_conditions,
)
from lane_core.store.review_plans import drawn, people_wanted, plan_of
from lane_core.wording import NEAR_FROM, SOME_WAY_FROM

QUEUE_SCOPES = (*STRICTNESSES, "all", "control")
"""What a queue can be drawn from: the suspects of each strictness, every example, or a control sample."""

SEVERITY = f"""case when coalesce(p.similarity, 1) >= {NEAR_FROM} then 'near'
    when coalesce(p.similarity, 1) >= {SOME_WAY_FROM} then 'some way' else 'far' end"""
"""How far the given and the suggested label of a row p are apart, as ``wording.severity`` says it."""

_TEXT_HITS = "text_hits"
_DECIDERS = "(select unnest($deciders::text[]))"
_SELECTED = (
    "(select unnest(indices) from selections where selection_id = $selection and dataset_id = $dataset_id)"
)


def queue_scope(filters: QueueFilter) -> str:
    """Return which of QUEUE_SCOPES a queue is drawn from."""
    if filters.is_control:
        return "control"
    return filters.strictness if filters.suspects_only else "all"


@dataclass(frozen=True)
class QueueConditions:
    """What the SQL of one question about a queue is made of. Rows are p and d of RESULT_ROWS."""

    parameters: dict[str, Any]
    """For RESULT_ROWS and every condition."""
    names: list[str]
    """Class names by code; a class that was replaced goes by the name of the one in its place."""
    suspects: dict[Strictness, str]
    """Whether a row is flagged."""
    plan: ReviewPlan
    annotator: str | None
    held: Mapping[int, int]
    """How many others have an example on screen, by index; those that nobody has are left out."""

    def where(self, filters: QueueFilter) -> str:
        """Return the condition that a row is in the queue, whoever else has it on screen.

        Raises:
            StoreError: If a filter names an unknown class.
        """
        conditions = self.parts(filters).values()
        return " and ".join(condition for condition in conditions if condition != "true") or "true"

    def parts(self, filters: QueueFilter) -> dict[str, str]:
        """Return the condition of each filter, never null; StoreError if one names an unknown class.

        "scope", "labels", "severity", "split", "annotator" and "status" are those that ``queue_counts`` counts for.
        """
        return {
            "scope": self.scopes(filters.strictness)[queue_scope(filters)],
            "labels": self._labels(filters),
            "severity": _among(f"({SEVERITY})", filters.severities),
            "split": _among("p.split", filters.splits),
            "annotator": f"coalesce(d.annotator in {_DECIDERS}, false)" if filters.annotators else "true",
            "status": self.statuses()[filters.status],
            "predicted": _among("p.predicted", self._codes(filters.predicted_labels)),
            "text": f"p.index in (select index from {_TEXT_HITS})" if filters.text else "true",
            "selection": f"p.index in {_SELECTED}" if filters.selection else "true",
        }

    def scopes(self, strictness: Strictness) -> dict[str, str]:
        """Return, by scope, the condition that a row is in it; the control sample is of one strictness."""
        found = {str(name): f"({condition}{self._not_moot()})" for name, condition in self.suspects.items()}
        return {**found, "all": "true", "control": f"(not {self.suspects[strictness]})"}

    def counted(self, column: str) -> str:
        """Return the code that a column of class codes counts as: the first one of those with its name."""
        codes = [self.names.index(name) for name in self.names]
        return column if codes == list(range(len(codes))) else f"({codes})[{column} + 1]"

    def statuses(self) -> dict[QueueStatus, str]:
        """Return, by status, the condition that a row has it."""
        wanted = people_wanted(self.plan, "p.index")
        more = "" if wanted == "1" else f" or d.num_people < {wanted}"
        to_review = f"(d.action is null{more})"
        if wanted != "1" and self.annotator is not None:
            own = "select index from own_decisions where dataset_id = $dataset_id and annotator = $annotator"
            to_review = f"({to_review} and p.index not in ({own}))"
        return {
            "to_review": to_review,
            "to_settle": "coalesce(d.is_disputed or d.action = 'flag', false)",
            "reviewed": "(d.action is not null)",
            "keep": "coalesce(d.action = 'keep', false)",
            "relabel": "coalesce(d.action = 'relabel', false)",
            "exclude": "coalesce(d.action = 'exclude', false)",
            "flag": "coalesce(d.action = 'flag', false)",
            "all": "true",
        }

    def free(self, filters: QueueFilter) -> str:
        """Return the condition that a row can be given to the annotator: not too many others have it on screen."""
        if not self.held:
            return "true"
        wanted = "1" if filters.status == "to_settle" else people_wanted(self.plan, "p.index")
        decided = "0" if filters.status == "to_settle" or wanted == "1" else "coalesce(d.num_people, 0)"
        by_number: dict[int, list[int]] = {}
        for index, number in self.held.items():
            by_number.setdefault(number, []).append(index)
        cases = " ".join(
            f"when {_among('p.index', those)} then {times}" for times, those in by_number.items()
        )
        return f"(not {_among('p.index', list(self.held))} or {decided} + case {cases} end < {wanted})"

    def order(self, filters: QueueFilter, run_id: str) -> str:
        """Return what the queue is sorted by."""
        if filters.is_control:
            return f"{drawn('p.index', zlib.crc32(run_id.encode()))}, p.index"
        # A run of an earlier version has no severity: all its pairs count as equally far apart.
        first = {
            "suspicion": "p.label_score nulls last",
            "harm": "(1 - p.label_score) * coalesce(p.severity, 1) desc nulls last",
            "margin": "p.aum nulls last",
            "self_confidence": "p.self_confidence nulls last",
        }[filters.order]
        return f"{first}, p.index"

    def used(self, query: str) -> dict[str, Any]:
        """Return the parameters that a query names: DuckDB takes no others."""
        return {name: value for name, value in self.parameters.items() if f"${name}" in query}

    def _not_moot(self) -> str:
        """Leave out what a replaced class has settled: given and suggested label are one class now."""
        shared = [code for code, name in enumerate(self.names) if self.names.index(name) != code]
        alike: dict[str, list[int]] = {self.names[code]: [] for code in shared}
        for code, name in enumerate(self.names):
            if name in alike:
                alike[name].append(code)
        moot = [
            f"({one}, {other})"
            for codes in alike.values()
            for one in codes
            for other in codes
            if one != other
        ]
        return f" and (p.label, p.suggested) not in ({', '.join(moot)})" if moot else ""

    def _labels(self, filters: QueueFilter) -> str:
        given, suggested = self._codes(filters.given_labels), self._codes(filters.suggested_labels)
        one_way = f"({_among('p.label', given)} and {_among('p.suggested', suggested)})"
        if not given and not suggested:
            return "true"
        if not filters.both_ways:
            return one_way
        return f"({one_way} or ({_among('p.label', suggested)} and {_among('p.suggested', given)}))"

    def label_marks(self, filters: QueueFilter) -> dict[str, str]:
        """Return the conditions that each label of a row is one of those wanted of it, and of the other; never null."""
        given, suggested = self._codes(filters.given_labels), self._codes(filters.suggested_labels)
        return {
            "given_fits": _among("p.label", given),
            "suggested_fits": _among("p.suggested", suggested),
            "given_fits_suggested": _among("p.label", suggested),
            "suggested_fits_given": _among("p.suggested", given),
        }

    def _codes(self, labels: Sequence[str]) -> list[int]:
        label_codes({name: code for code, name in enumerate(self.names)}, labels)
        return [code for code, name in enumerate(self.names) if name in labels]


@contextmanager
def queue_conditions(
    cursor: duckdb.DuckDBPyConnection, run_id: str, filters: QueueFilter, annotator: str | None = None
) -> Iterator[QueueConditions]:
    """Yield what questions about a queue are made of; a text filter is looked up once for all of them.

    Args:
        cursor: Of one moment.
        run_id: The run under review.
        filters: Their text, people and selection are the ones that every condition made in the block can use.
        annotator: Whose queue; None = nobody's: what still lacks people, whoever they are.

    Raises:
        StoreError: If there is no such run.
    """
    parameters = run_parameters(cursor, run_id)
    dataset_id = parameters["dataset_id"]
    is_shared = annotator is not None and filters.status in ("to_review", "to_settle")
    conditions = QueueConditions(
        {
            **parameters,
            "annotator": annotator,
            "deciders": [readable(name) for name in filters.annotators],
            "selection": filters.selection,
        },
        counted_names(cursor, dataset_id),
        suspect_conditions(cursor, run_id),
        plan_of(cursor, dataset_id),
        annotator,
        _held_by_others(cursor, dataset_id, str(annotator)) if is_shared else {},
    )
    with ExitStack() as stack:
        if filters.text:
            stack.enter_context(registered(cursor, _text_hits(cursor, dataset_id, filters.text), _TEXT_HITS))
        yield conditions


def ask(
    cursor: duckdb.DuckDBPyConnection, conditions: QueueConditions, columns: str, where: str, rest: str = ""
) -> duckdb.DuckDBPyConnection:
    """Run ``select columns`` over the rows of a queue."""
    query = f"select {columns} {RESULT_ROWS} and {where} {rest}"
    return cursor.execute(query, conditions.used(query))


def _held_by_others(cursor: duckdb.DuckDBPyConnection, dataset_id: str, annotator: str) -> dict[int, int]:
    first_key = example_key(dataset_number(cursor, dataset_id), 0)
    query = """
        select (key - $first)::integer, count(*) from leases
        where until > $now and annotator <> $annotator and key between $first and $last
        group by key
    """
    values = {"first": first_key, "last": first_key + 2**32 - 1, "now": now_utc(), "annotator": annotator}
    return dict(cursor.execute(query, values).fetchall())


def _text_hits(cursor: duckdb.DuckDBPyConnection, dataset_id: str, text: str) -> pa.Table:
    query = (
        "select index from examples where dataset_id = $dataset_id and contains(lower(text), lower($text))"
    )
    return cursor.execute(query, {"dataset_id": dataset_id, "text": readable(text)}).to_arrow_table()


def _among(column: str, values: Sequence[int] | Sequence[str]) -> str:
    if not values:
        return "true"
    listed = ", ".join(
        str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'" for value in values
    )
    return f"coalesce({column} in ({listed}), false)"
