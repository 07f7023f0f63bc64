"""Sentence embeddings as points of a plane: texts that mean much the same lie together."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

MAX_FITTED = 20_000
"""Examples that shape the map. The others are placed among them, at about 2,000 a second."""
BATCH_ROWS = 4_000
"""Examples placed at a time: bounds the memory, and each batch is a step of the progress."""
NUM_NEIGHBOURS = 15
"""UMAP's own default; fewer different texts than this make no neighbourhoods."""
_SEED = 0

Report = Callable[[str, float], None]
"""Gets what is done now, in words, and the share of the whole work that is done, 0 to 1."""
Points = npt.NDArray[np.float32]


def layout(embeddings: npt.NDArray[np.floating], report: Report = lambda phase, share: None) -> Points:
    """Return a point of the plane for each embedding, (N, 2), by UMAP under the cosine distance.

    The same embeddings give the same points on the same machine. The unit means nothing, and neither do the axes or
    the distance between two far points; that two points are near means that their texts are alike. Of more than
    20,000 examples a fixed random sample is laid out and the others are placed among it. Where there are fewer than
    15 different embeddings their two principal components are returned instead.

    Args:
        embeddings: (N, H), any length; a value that is not finite counts as 0.
        report: Told how far it is. Finding the neighbours goes on for up to a minute without a word.

    Raises:
        ValueError: If it is not a table.

    References:
        McInnes, Healy, Melville: UMAP, 2018, arXiv:1802.03426.
    """
    if embeddings.ndim != 2:
        raise ValueError(f"embeddings must be (N, H); they are {embeddings.shape}.")
    unit = _unit_rows(embeddings)
    if _num_different(unit, NUM_NEIGHBOURS) < NUM_NEIGHBOURS:
        return _principal_plane(unit)
    steps = _Steps(len(unit), report)
    steps.begin("starting")
    from umap import UMAP  # takes from 4 s to 20 s, and nothing else here needs it

    sample = _sample(len(unit))
    steps.begin("finding neighbours")
    mapper = UMAP(
        metric="cosine",
        n_neighbors=NUM_NEIGHBOURS,
        random_state=_SEED,
        n_jobs=1,  # what a seed asks for anyway, without a warning
        tqdm_kwds={"disable": False, "file": _Rounds(steps), "bar_format": "{n}/{total}", "mininterval": 0.5},
    )
    points = np.empty((len(unit), 2), dtype=np.float32)
    points[sample] = mapper.fit_transform(unit[sample])
    others = np.setdiff1d(np.arange(len(unit)), sample)
    if len(others):
        steps.begin("placing the others")
        for first in range(0, len(others), BATCH_ROWS):
            rows = others[first : first + BATCH_ROWS]
            points[rows] = mapper.transform(unit[rows])
            steps.at((first + len(rows)) / len(others))
    report("done", 1.0)
    return _finite(points)


class _Steps:
    """Turns the parts of the work into shares of the whole, by what they cost on two cores."""

    def __init__(self, num_rows: int, report: Report) -> None:
        fitted = min(num_rows, MAX_FITTED)
        rounds = 500 if fitted <= 10_000 else 200  # as many as UMAP makes
        self._report = report
        self._seconds = {
            "starting": 8.0,
            "finding neighbours": 20.0 + 6e-4 * fitted,
            "arranging": 2.5e-6 * fitted * rounds,
            "placing the others": (5.0 + 5e-4 * (num_rows - fitted)) if num_rows > fitted else 0.0,
        }
        self.phase = "starting"

    def begin(self, phase: str) -> None:
        self.phase = phase
        self.at(0.0)

    def at(self, share: float) -> None:
        """Report how much of this phase is done."""
        phases = list(self._seconds)
        before = sum(self._seconds[phase] for phase in phases[: phases.index(self.phase)])
        done = before + share * self._seconds[self.phase]
        self._report(self.phase, done / sum(self._seconds.values()))


class _Rounds(io.TextIOBase):
    """The file that UMAP's progress bar is written to; every line says how many rounds of how many are done."""

    def __init__(self, steps: _Steps) -> None:
        super().__init__()
        self._steps = steps

    def write(self, text: str) -> int:
        done, _, total = text.strip().partition("/")
        # Placing makes rounds too, a few for each batch; the batches are what counts there.
        if total.isdigit() and self._steps.phase != "placing the others":
            self._steps.phase = "arranging"
            self._steps.at(int(done) / int(total))
        return len(text)


def _sample(num_rows: int) -> npt.NDArray[np.int64]:
    if num_rows <= MAX_FITTED:
        return np.arange(num_rows)
    return np.sort(np.random.default_rng(_SEED).choice(num_rows, MAX_FITTED, replace=False))


def _unit_rows(embeddings: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    known = np.nan_to_num(np.asarray(embeddings, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(known, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = known / np.maximum(lengths, np.float32(1e-12))
    return unit


def _num_different(rows: npt.NDArray[np.float32], enough: int) -> int:
    """Count the different rows, up to ``enough``: that many are mostly found among the first."""
    seen: set[bytes] = set()
    for row in rows:
        seen.add(row.tobytes())
        if len(seen) >= enough:
            break
    return len(seen)


def _principal_plane(unit: npt.NDArray[np.float32]) -> Points:
    """Return the two principal components, (N, 2); zeros where there are none."""
    points = np.zeros((len(unit), 2), dtype=np.float32)
    if len(unit) > 1 and unit.shape[1]:
        left, lengths, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
        known = min(2, len(lengths))
        points[:, :known] = left[:, :known] * lengths[:known]
    return points


def _finite(points: Points) -> Points:
    """Put what UMAP could connect to nothing into the middle: it leaves such points without a place."""
    lost = ~np.isfinite(points).all(axis=1)
    if lost.any():
        points[lost] = points[~lost].mean(axis=0) if not lost.all() else 0.0
    return points
