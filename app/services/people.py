"""How the review of a project is shared among people, what they must settle, and who did how much."""

from __future__ import annotations

import pandas as pd

from app.services.workspaces import workspace
from lane_core.records import ReviewPlan
from lane_core.store import datasets, review_plans, shared_review
from lane_core.store import people as people_store
from lane_core.store.shared_review import ToSettle
from lane_core.wording import counted

DAYS = 14
"""Of the small chart of each person."""


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
    """Return who did how much, and how it stood the test of others.

    Returns:
        annotator, num_decisions, num_today (since midnight UTC), by_day (list of decisions a day of the last ``DAYS``,
        today last), median_seconds (a decision; missing if none was timed), num_answers, overturned (share of the
        answers that are not what counts now), num_shared, same_as_others (share of the comparisons with another
        person's answer that are alike), num_settled, upheld (share of the answers on settled examples that are what
        was settled); shares 0 to 1, missing where there is nothing to count; most decisions first.
    """
    store = workspace().store
    found = people_store.annotators(store, dataset_id).drop(columns="newest_at")
    found["by_day"] = found["annotator"].map(_by_day(people_store.decisions_by_day(store, dataset_id, DAYS)))
    found["by_day"] = [days if isinstance(days, list) else [0] * DAYS for days in found["by_day"]]
    found = found.merge(shared_review.overturned_answers(store, dataset_id), on="annotator", how="left")
    found = found.merge(people_store.answers_beside_others(store, dataset_id), on="annotator", how="left")
    for share, part, whole in (
        ("overturned", "num_overturned", "num_answers"),
        ("same_as_others", "num_same", "num_shared"),
        ("upheld", "num_upheld", "num_settled"),
    ):
        counts = found[whole].astype("float")
        found[share] = found[part].astype("float") / counts.where(counts > 0)
        found[whole] = counts.fillna(0).astype("int64")
    return found.drop(columns=["num_overturned", "num_same", "num_upheld"])


def work_csv(found: pd.DataFrame, *, has_speed: bool) -> bytes:
    """Return ``work`` as a CSV file; without how fast people are unless that is wanted."""
    hidden = ["by_day"] if has_speed else ["by_day", "median_seconds"]
    return found.drop(columns=hidden).to_csv(index=False, lineterminator="\n").encode("utf-8")


def median_seconds(dataset_id: str, annotator: str) -> float | None:
    """Return the median seconds that a person takes for a decision; None if none was timed."""
    found = people_store.annotators(workspace().store, dataset_id)
    seconds = found.loc[found["annotator"] == annotator, "median_seconds"].dropna()
    return None if seconds.empty else float(seconds.iloc[0])


def _by_day(found: pd.DataFrame) -> dict[str, list[int]]:
    days: dict[str, list[int]] = {}
    for annotator, days_ago, number in found.itertuples(index=False):
        days.setdefault(annotator, [0] * DAYS)[DAYS - 1 - days_ago] = number
    return days
