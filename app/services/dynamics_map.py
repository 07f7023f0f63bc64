"""The data map of a run: where its training examples stand, which are drawn, and what a drawn region holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services.workspaces import workspace
from lane_core.charts.data_map import Borders
from lane_core.evidence.cartography import Regions, regions
from lane_core.evidence.regions import inside
from lane_core.runs.cartography import read_cartography
from lane_core.store import dynamics_queries, run_queries
from lane_core.store.store import Store

MOST_DRAWN = 20_000

Indices = npt.NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class DataMap:
    """The training examples of a run on the data map."""

    frame: pd.DataFrame
    """index, confidence, variability, correctness, is_flagged; by index."""
    drawn: pd.DataFrame
    """The rows that the browser gets: all flagged first, then a sample that is always the same."""
    epochs: tuple[int, ...]
    """That the numbers come from."""
    regions: Regions
    """By rows of ``frame``."""
    borders: Borders

    def indices(self, is_in: npt.NDArray[np.bool_]) -> Indices:
        """Return the examples of some rows."""
        return self.frame["index"].to_numpy()[is_in]

    def num_flagged(self, is_in: npt.NDArray[np.bool_]) -> int:
        """Return how many of some rows are flagged."""
        return int((self.frame["is_flagged"].to_numpy() & is_in).sum())

    def marked(self, selection: Mapping[str, Sequence[Mapping[str, Any]]]) -> npt.NDArray[np.bool_]:
        """Return which rows lie in any lasso or box of a chart's selection, drawn in the browser or not."""
        points = self.frame[["variability", "confidence"]].to_numpy()
        found = np.zeros(len(points), dtype=bool)
        for polygon in _polygons(selection):
            found |= inside(points, polygon)
        return found


def data_map(run_id: str) -> DataMap | None:
    """Return the data map, kept until an epoch comes in; None where the run has no probabilities of single epochs.

    Raises:
        StoreError: If there is no such run.
    """
    store = workspace().store
    epochs = run_queries.stored_epochs(store, run_id)
    has_scores = workspace().run_dir(run_id).scores_file.exists()
    return _data_map(store, run_id, epochs, has_scores)


def forget() -> None:
    """Read everything anew: the database is another one."""
    _data_map.cache_clear()


# A row takes 29 bytes, so four maps of a million examples 120 MB.
@lru_cache(maxsize=4)
def _data_map(store: Store, run_id: str, epochs: tuple[int, ...], has_scores: bool) -> DataMap | None:
    found = read_cartography(workspace().run_dir(run_id), epochs)
    results = dynamics_queries.training_results(store, run_id)
    if found is None or results.empty:
        return None
    at = results["index"].to_numpy()
    frame = pd.DataFrame(
        {
            "index": at,
            "confidence": found.confidence[at],
            "variability": found.variability[at],
            "correctness": found.correctness[at],
            "is_flagged": results["is_flagged"].to_numpy(dtype=bool),
        }
    )
    thirds = regions(frame["confidence"].to_numpy(), frame["variability"].to_numpy())
    borders = Borders.of(frame, thirds.hard, thirds.ambiguous, thirds.easy)
    return DataMap(frame, _drawn(frame), found.epochs, thirds, borders)


def _drawn(frame: pd.DataFrame) -> pd.DataFrame:
    if len(frame) <= MOST_DRAWN:
        return frame
    # By lot, and always the same: the picture does not change from look to look.
    lot = np.random.default_rng(0).permutation(len(frame))
    flagged_first = np.argsort(~frame["is_flagged"].to_numpy()[lot], kind="stable")
    return frame.iloc[np.sort(lot[flagged_first][:MOST_DRAWN])]


def _polygons(selection: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[npt.NDArray[np.float64]]:
    """Return the corners of each lasso and box, (V, 2), in units of the axes."""
    lassos = [np.column_stack([lasso["x"], lasso["y"]]) for lasso in selection.get("lasso", ())]
    boxes = [
        np.column_stack([np.repeat(box["x"], 2), np.concatenate([box["y"], box["y"][::-1]])])
        for box in selection.get("box", ())
    ]
    return [polygon.astype(np.float64) for polygon in (*lassos, *boxes)]
