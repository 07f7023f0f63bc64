"""What the review page asks of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from app.services.workspaces import workspace
from lane_core.records import QueueFilter, ReviewPlan, Strictness
from lane_core.store import (
    classes as class_store,
)
from lane_core.store import (
    datasets,
    decision_queries,
    people,
    result_queries,
    review_plans,
    review_queries,
    run_queries,
)
from lane_core.store.result_queries import FlagLevel
from lane_core.store.selections import Selection, find_selection


@dataclass(frozen=True)
class Reviewer:
    """Who reviews what."""

    dataset_id: str
    run_id: str
    annotator: str


@dataclass(frozen=True)
class ClassList:
    """The classes of a project as a reviewer meets them."""

    names: list[str]
    """In the order of their keys, replaced ones included: the keys of the others stay."""
    replaced: list[str]
    guidelines: Mapping[str, str]
    """Class to definition, for those that have one."""


def classes(dataset_id: str) -> list[str]:
    """Return the labels of a project in the order of their keys."""
    return datasets.dataset_classes(workspace().store, dataset_id)


def class_list(dataset_id: str) -> ClassList:
    """Return the classes of a project with what defines them."""
    store = workspace().store
    return ClassList(
        classes(dataset_id),
        class_store.replaced_classes(store, dataset_id),
        class_store.guidelines(store, dataset_id),
    )


def plan(dataset_id: str) -> ReviewPlan:
    """Return how the review of a project is shared among people."""
    return review_plans.review_plan(workspace().store, dataset_id)


def last_epoch(run_id: str) -> int:
    """Return the last epoch that can be reviewed; 0 if there is none yet."""
    return run_queries.last_epoch(workspace().store, run_id)


def label_version(dataset_id: str) -> int:
    """Return a number that grows with every decision on a project."""
    return decision_queries.label_version(workspace().store, dataset_id)


def selection(dataset_id: str, filters: QueueFilter) -> Selection | None:
    """Return the selection that the filters keep to; None where they keep to none, or it is not kept any more."""
    return find_selection(workspace().store, dataset_id, filters.selection) if filters.selection else None


def counts(run_id: str, filters: QueueFilter, annotator: str) -> dict[str, Any]:
    """Return ``queue_counts`` of a filter for one person."""
    return review_queries.queue_counts(workspace().store, run_id, filters, annotator)


def flag_levels(run_id: str) -> dict[Strictness, FlagLevel]:
    """Return how much each strictness of the run flags, and how much of that is expected to be wrong."""
    return result_queries.flag_levels(workspace().store, run_id)


def pace(reviewer: Reviewer) -> tuple[int, float | None]:
    """Return how much a person decided today, and the median seconds of a decision; None if none was timed."""
    everybody = people.annotators(workspace().store, reviewer.dataset_id).set_index("annotator")
    if reviewer.annotator not in everybody.index:
        return 0, None
    own = everybody.loc[reviewer.annotator]
    return int(own["num_today"]), None if pd.isna(own["median_seconds"]) else float(own["median_seconds"])


def history(dataset_id: str, limit: int) -> pd.DataFrame:
    """Return the newest decisions, undos and redos on a project: see ``decision_history``."""
    return decision_queries.decision_history(workspace().store, dataset_id, limit)
