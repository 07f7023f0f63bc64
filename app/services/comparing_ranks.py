"""Where the suspects of one run stand in the queue of the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services.workspaces import workspace
from lane_core.store import classes, result_queries, run_queries
from lane_core.store import runs as run_store
from lane_core.store.store import Store

MOST_POINTS = 5000


@dataclass(frozen=True, eq=False)
class Movement:
    """How the queue of suspicion changed from one run to another. Places count from 1, the most suspicious."""

    points: pd.DataFrame
    """index, place_before, place_after, flagged_by ("both", "before" or "after") of the examples that either run flags;
    a sample where they are more than ``MOST_POINTS``, always the same one."""
    num_flagged: int
    """That either run flags."""
    num_examples: int
    """With a score of both."""
    median_of_before: float | None
    """Median over the suspects of the run before of place_after - place_before; None if it has none."""
    median_of_after: float | None
    """The same over the suspects of the run after."""
    rho: float | None
    """Spearman's rank correlation of the label scores over all examples, -1 to 1: over the suspects alone it would be
    too low, as they were chosen by their scores. None where it is undefined."""
    only_before: tuple[int, ...]
    """Flagged by the run before only, worst first."""
    only_after: tuple[int, ...]


def movement(run_before: str, run_after: str) -> Movement:
    """Return how the queue changed between two runs of a project; kept until an epoch or a class changes.

    Raises:
        StoreError: If there is no such run, or they belong to different projects.
    """
    store = workspace().store
    epochs = run_queries.last_epoch(store, run_before), run_queries.last_epoch(store, run_after)
    names = tuple(classes.counted_classes(store, run_store.get_run(store, run_after).dataset_id))
    return _movement(store, run_before, run_after, epochs, names)


def forget() -> None:
    """Work everything out anew: the database is another one."""
    _movement.cache_clear()


@lru_cache(maxsize=8)
def _movement(
    store: Store, run_before: str, run_after: str, epochs: tuple[int, int], names: tuple[str, ...]
) -> Movement:
    """Return ``movement``; the last two arguments only say when it is another one."""
    found = result_queries.paired_results(store, run_before, run_after)
    by_a, by_b = found["is_flagged_a"].to_numpy(bool), found["is_flagged_b"].to_numpy(bool)
    places = pd.DataFrame(
        {
            "index": found["index"],
            "place_before": _places(found["score_a"]),
            "place_after": _places(found["score_b"]),
            "flagged_by": np.select([by_a & by_b, by_a], ["both", "before"], "after"),
        }
    )
    moves = places["place_after"] - places["place_before"]
    flagged = places[by_a | by_b]
    points = flagged.sample(MOST_POINTS, random_state=0) if len(flagged) > MOST_POINTS else flagged
    both = found[["score_a", "score_b"]].astype("float64").dropna()
    return Movement(
        points.reset_index(drop=True),
        len(flagged),
        len(both),
        float(moves[by_a].median()) if by_a.any() else None,
        float(moves[by_b].median()) if by_b.any() else None,
        _rank_correlation(both),
        tuple(places[by_a & ~by_b].sort_values("place_before")["index"].tolist()),
        tuple(places[by_b & ~by_a].sort_values("place_after")["index"].tolist()),
    )


def _places(scores: pd.Series[float]) -> npt.NDArray[np.int64]:
    """Return the place of each example in the queue, from 1: lowest score first, ties in order, missing ones last."""
    order = np.argsort(scores.to_numpy(np.float64, na_value=np.nan), kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(1, len(order) + 1)
    return places


def _rank_correlation(scores: pd.DataFrame) -> float | None:
    ranks = scores.rank()
    if len(ranks) < 2 or (ranks.nunique() < 2).any():
        return None
    return float(ranks["score_a"].corr(ranks["score_b"]))
