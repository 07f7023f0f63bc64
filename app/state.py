"""Session state and the address bar: which project, which run, which filters.

The address holds everything that a reload or a shared link needs; session state only carries it between pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from lane_core.records import (
    QUEUE_ORDERS,
    QUEUE_STATUSES,
    SEVERITIES,
    SPLITS,
    STRICTNESSES,
    DatasetRecord,
    QueueFilter,
    RunRecord,
)
from lane_core.store.queue_conditions import queue_scope

PROJECT_KEY = "project"
RUN_KEY = "run"
_FILTER_NAMES = (
    "given", "suggested", "predicted", "severity", "split", "by", "both", "text", "status", "scope", "order",
    "selection",
)  # fmt: skip
_Word = TypeVar("_Word", bound=str)


def choose_project(projects: Sequence[DatasetRecord]) -> None:
    """Settle the project: the session's, else the address's, else the newest."""
    _settle(PROJECT_KEY, [record.dataset_id for record in projects])


def choose_run(runs: Sequence[RunRecord]) -> None:
    """Settle the run: the session's, else the address's, else the newest; none if the project has none."""
    _settle(RUN_KEY, [record.run_id for record in runs])


def forget_run() -> None:
    """Leave the choice of the run to the project that was just chosen."""
    st.session_state.pop(RUN_KEY, None)
    st.query_params.pop(RUN_KEY, None)


def select(dataset_id: str, run_id: str | None = None) -> None:
    """Make this project, and run, the chosen ones from the next page on."""
    st.session_state["_next"] = {PROJECT_KEY: dataset_id, RUN_KEY: run_id}


def project_id() -> str | None:
    """Return the chosen project; None if there is no project yet."""
    return st.session_state.get(PROJECT_KEY)


def run_id() -> str | None:
    """Return the chosen run; None if the project has none yet."""
    return st.session_state.get(RUN_KEY)


def address() -> dict[str, str]:
    """Return the address parameters of project and run."""
    chosen = {PROJECT_KEY: project_id(), RUN_KEY: run_id(), **st.session_state.get("_next", {})}
    return {name: value for name, value in chosen.items() if value}


def write_address(page: str) -> None:
    """Put project and run into the address bar; filters stay only on the review page."""
    for name in (*_FILTER_NAMES, "view"):
        if page != "review" and name in st.query_params:
            del st.query_params[name]
    for name in (PROJECT_KEY, RUN_KEY):
        value = st.session_state.get(name)
        if value and st.query_params.get(name) != value:
            st.query_params[name] = value


def filter_to_address(filters: QueueFilter) -> dict[str, str | list[str]]:
    """Return the address parameters of a review filter; defaults are left out."""
    several = {
        "given": list(filters.given_labels),
        "suggested": list(filters.suggested_labels),
        "predicted": list(filters.predicted_labels),
        "severity": list(filters.severities),
        "split": list(filters.splits),
        "by": list(filters.annotators),
    }
    single = {
        "both": "1" if filters.both_ways else "",
        "text": filters.text,
        "status": filters.status if filters.status != "to_review" else "",
        "scope": scope if (scope := queue_scope(filters)) != "balanced" else "",
        "order": filters.order if filters.order != "suspicion" else "",
        "selection": filters.selection,
    }
    return {name: value for name, value in {**several, **single}.items() if value}


def filter_from_address(classes: Sequence[str]) -> QueueFilter:
    """Return the review filter that the address holds; what it does not know is passed over.

    That holds for labels of another project, and for scope=suspects in addresses of an earlier version.
    """

    def several(name: str, known: Sequence[_Word]) -> tuple[_Word, ...]:
        asked = st.query_params.get_all(name)
        return tuple(word for word in known if word in asked)

    def one(name: str, known: Sequence[_Word], otherwise: _Word) -> _Word:
        return next((word for word in known if word == st.query_params.get(name)), otherwise)

    scope = st.query_params.get("scope")
    return QueueFilter(
        given_labels=several("given", classes),
        suggested_labels=several("suggested", classes),
        predicted_labels=several("predicted", classes),
        both_ways=st.query_params.get("both") == "1",
        severities=several("severity", SEVERITIES),
        splits=several("split", SPLITS),
        text=st.query_params.get("text", ""),
        annotators=tuple(st.query_params.get_all("by")),
        status=one("status", QUEUE_STATUSES, "to_review"),
        suspects_only=scope != "all",
        strictness=one("scope", STRICTNESSES, "balanced"),
        is_control=scope == "control",
        order=one("order", QUEUE_ORDERS, "suspicion"),
        selection=st.query_params.get("selection", ""),
    )


def shows_table() -> bool:
    """Return whether the review page shows the queue as a table; the address holds it."""
    return st.query_params.get("view") == "table"


def annotator() -> str:
    """Return the name under which decisions are stored."""
    return str(st.session_state.get("annotator") or "annotator")


def _settle(key: str, known: Sequence[str]) -> None:
    wanted = (
        st.session_state.get("_next", {}).pop(key, None),
        st.session_state.get(key),
        st.query_params.get(key),
        *known[:1],
    )
    st.session_state[key] = next((value for value in wanted if value in known), None)
