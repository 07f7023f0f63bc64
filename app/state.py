"""Session state and the address bar: which project, which run, which filters.

The address holds everything that a reload or a shared link needs; session state only carries it between pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import streamlit as st

from lane_core.records import STRICTNESSES, DatasetRecord, QueueFilter, RunRecord, Strictness
from lane_core.store.review_queries import queue_scope

PROJECT_KEY = "project"
RUN_KEY = "run"
_FILTER_NAMES = ("given", "suggested", "predicted", "status", "scope")


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
    for name in _FILTER_NAMES:
        if page != "review" and name in st.query_params:
            del st.query_params[name]
    for name in (PROJECT_KEY, RUN_KEY):
        value = st.session_state.get(name)
        if value and st.query_params.get(name) != value:
            st.query_params[name] = value


def filter_to_address(filters: QueueFilter) -> dict[str, str | list[str]]:
    """Return the address parameters of a review filter; defaults are left out."""
    labels = {
        "given": list(filters.given_labels),
        "suggested": list(filters.suggested_labels),
        "predicted": list(filters.predicted_labels),
    }
    found: dict[str, str | list[str]] = {name: values for name, values in labels.items() if values}
    if filters.status != "to_review":
        found["status"] = filters.status
    scope = queue_scope(filters)
    if scope != "balanced":
        found["scope"] = scope
    return found


def filter_from_address(classes: Sequence[str]) -> QueueFilter:
    """Return the review filter that the address holds; what it does not know is passed over.

    That holds for labels of another project, and for scope=suspects in addresses of an earlier version.
    """

    def labels(name: str) -> tuple[str, ...]:
        return tuple(label for label in st.query_params.get_all(name) if label in classes)

    status = st.query_params.get("status", "to_review")
    scope = st.query_params.get("scope")
    return QueueFilter(
        given_labels=labels("given"),
        suggested_labels=labels("suggested"),
        predicted_labels=labels("predicted"),
        status=cast(
            Literal["to_review", "reviewed", "all"],
            status if status in ("to_review", "reviewed", "all") else "to_review",
        ),
        suspects_only=scope != "all",
        strictness=cast(Strictness, scope if scope in STRICTNESSES else "balanced"),
    )


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
