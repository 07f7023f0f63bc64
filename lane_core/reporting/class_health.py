"""How each class stands: how many of its labels are wrong, what was done about it, and what it is mistaken for."""

from __future__ import annotations

import pandas as pd

from lane_core.records import QueueFilter
from lane_core.reporting.noise import NoiseEstimate
from lane_core.store import report_queries, review_queries
from lane_core.store.store import Store

HEALTH_COLUMNS = (
    "label", "examples", "flagged", "to_review", "wrong", "low", "high", "share", "reviewed", "corrected", "excluded",
    "arrived", "predicted", "suggested", "suggested_count",
)  # fmt: skip
_COUNTS = ["examples", "flagged", "to_review", "reviewed", "corrected", "excluded"]


def class_health(store: Store, run_id: str, noise: NoiseEstimate) -> pd.DataFrame:
    """Return a row for each class that counts; the highest expected share of wrong labels first.

    Args:
        store: The open store.
        run_id: The run.
        noise: Of ``noise_estimate`` for the same run.

    Returns:
        label; examples (that the run trained on with it, all splits); flagged (balanced strictness); to_review (of
        these, waiting for more people to decide); wrong, low, high (examples expected wrong, 95 % interval; NaN where
        unknown); share (wrong / examples; NaN without examples); reviewed (with a decision, a wish for a second
        opinion included); corrected (away from it); excluded; arrived (corrected to it); predicted (examples of any
        label that the run predicts to be it); suggested (what its flagged examples are most often suggested to be, ""
        if none is); suggested_count. Ties in order of the names.

    Raises:
        StoreError: If there is no such run.
    """
    counts = report_queries.class_counts(store, run_id).groupby("label")[_COUNTS].sum().reset_index()
    health = report_queries.class_arrivals(store, run_id).merge(counts, on="label", how="left")
    expected = noise.by_class[["label", "wrong", "low", "high"]]
    health = health.merge(expected, on="label", how="left")
    health = health.merge(_most_suggested(store, run_id), on="label", how="left")
    for column in (*_COUNTS, "suggested_count"):
        health[column] = health[column].fillna(0).astype("int64")
    health["suggested"] = health["suggested"].fillna("").astype("str")
    health["share"] = health["wrong"] / health["examples"].where(health["examples"] > 0)
    health = health.sort_values(["share", "label"], ascending=[False, True], na_position="last")
    return health[list(HEALTH_COLUMNS)].reset_index(drop=True)


def _most_suggested(store: Store, run_id: str) -> pd.DataFrame:
    """Return label, suggested, suggested_count of the classes with a flagged example."""
    flagged = QueueFilter(status="all")
    pairs = review_queries.label_pairs(store, run_id, flagged, report_queries.ALL_PAIRS)
    # The most frequent pair of a class comes first.
    first = pairs.drop_duplicates("given_label")
    return first.set_axis(["label", "suggested", "suggested_count"], axis="columns")
