"""The data map of a run: from its scores when it has finished, from its epoch files while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lane_core.evidence.scores import confidence, correctness, variability
from lane_core.runs.run_dir import RunDir
from lane_core.runs.tables import read_frame

_SOURCE = ("given_log_probability", "is_given_predicted")
_SCORES = ("confidence", "variability", "correctness")


@dataclass(frozen=True, eq=False)
class Cartography:
    """Where every example stands, each (N,) by index; what the three are: ``lane_core.evidence.scores``."""

    epochs: tuple[int, ...]
    """That the numbers come from."""
    confidence: npt.NDArray[np.float64]
    variability: npt.NDArray[np.float64]
    correctness: npt.NDArray[np.float64]


def read_cartography(run_dir: RunDir, epochs: Sequence[int]) -> Cartography | None:
    """Return where every example stands on the data map.

    The scores of a finished run know all of its epochs, also those whose files were dropped to save room.

    Args:
        run_dir: The run.
        epochs: Those whose files may be read, for a run without scores.

    Returns:
        None where there are neither scores nor files of these epochs, or a version wrote them that did not keep the
        probability of the given label.
    """
    if run_dir.scores_file.exists():
        scores = read_frame(run_dir.scores_file, list(_SCORES))
        if set(_SCORES) <= set(scores.columns):
            whole = tuple(range(1, run_dir.last_epoch() + 1))
            return Cartography(whole, *(scores[name].to_numpy(dtype=np.float64) for name in _SCORES))
    on_disk = {file.epoch for file in run_dir.event_files() if file.kind == "epoch"}
    there = tuple(epoch for epoch in epochs if epoch in on_disk)
    frames = [run_dir.read_event("epoch", epoch, list(_SOURCE)) for epoch in there]
    if not frames or any(len(frame.columns) < len(_SOURCE) for frame in frames):
        return None
    log_given = np.stack([frame["given_log_probability"].to_numpy(dtype=np.float32) for frame in frames])
    is_predicted = np.stack([frame["is_given_predicted"].to_numpy(dtype=bool) for frame in frames])
    return Cartography(there, confidence(log_given), variability(log_given), correctness(is_predicted))
