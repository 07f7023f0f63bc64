"""How the review of a project is shared among people, what they must settle, and who did how much."""

from __future__ import annotations

import pandas as pd

from app.services.workspaces import workspace
from lane_core.records import ReviewPlan
from lane_core.store import datasets, review_plans, shared_review
from lane_core.store import people as people_store
from lane_core.store.shared_review import ToSettle
from lane_core.wording import counted


def plan(dataset_id: str) -> ReviewPlan:
    """Return how the review of a project is shared."""
    return review_plans.review_plan(workspace().store, dataset_id)


def save_plan(dataset_id: str, wanted: ReviewPlan) -> None:
    """Share the review of a project in another way from now on; decisions that are there stay."""
    review_plans.set_review_plan(workspace().store, dataset_id, wanted)


def plan_in_words(dataset_id: str, wanted: ReviewPlan) -> str:
    """Say what a plan comes to for a project, whether it is saved or not."""
    num_examples = datasets.get_dataset(workspace().store, dataset_id).num_examples
    num_shared = shared_review.num_shared(workspace().store, dataset_id, wanted) if wanted.overlap > 1 else 0
    decisions = num_examples + num_shared * (wanted.overlap - 1)
    in_all = f"{counted(decisions, 'decision')} in all."
    if num_shared in (0, num_examples):
        people = "1 person" if num_shared == 0 else f"{wanted.overlap} people"
        return f"Each of the {counted(num_examples, 'example')} is decided by {people}: {in_all}"
    are = "is" if num_shared == 1 else "are"
    return (
        f"{num_shared:,} of {counted(num_examples, 'example')} {are} decided by {wanted.overlap} people, the others "
        f"by 1: {in_all}"
    )


def to_settle(dataset_id: str) -> ToSettle:
    """Return how many examples of a project wait for somebody to say what counts."""
    return shared_review.to_settle(workspace().store, dataset_id)


def work(dataset_id: str) -> pd.DataFrame:
    """Return who did how much; how fast somebody is stands in ``median_seconds`` alone.

    Returns:
        annotator, num_decisions, num_today (since midnight UTC), overturned (share of the person's answers, 0 to 1,
        that are not what counts now; missing if there is none); most decisions first.
    """
    found = people_store.annotators(workspace().store, dataset_id)
    answers = shared_review.overturned_answers(workspace().store, dataset_id)
    joined = found.merge(answers, on="annotator", how="left")
    overturned = joined["num_overturned"].astype("float") / joined["num_answers"].astype("float")
    return joined[["annotator", "num_decisions", "num_today"]].assign(overturned=overturned)


def median_seconds(dataset_id: str, annotator: str) -> float | None:
    """Return the median seconds that a person takes for a decision; None if none was timed."""
    found = people_store.annotators(workspace().store, dataset_id)
    seconds = found.loc[found["annotator"] == annotator, "median_seconds"].dropna()
    return None if seconds.empty else float(seconds.iloc[0])
