"""Which labels the suspects of a run have, and which are suggested instead."""

from __future__ import annotations

import pandas as pd

from app.services import matrices
from app.services.workspaces import workspace
from lane_core.records import QueueFilter
from lane_core.store import review_queries


def flows(run_id: str) -> pd.DataFrame:
    """Return given_label, suggested_label and count of the suspects, reviewed ones too; the largest first.

    Raises:
        StoreError: If there is no such run.
    """
    most = len(matrices.class_names(run_id)) ** 2
    return review_queries.label_pairs(workspace().store, run_id, QueueFilter(status="all"), most)


def flow_filters(given: str, suggested: str) -> QueueFilter:
    """Return the filters whose queue holds exactly the suspects that a flow counts."""
    return QueueFilter(given_labels=(given,), suggested_labels=(suggested,), status="all")
