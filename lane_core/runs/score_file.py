"""Every score of a run beside its label score, in one file: made when the run ends, from what it wrote on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lane_core.errors import RunError
from lane_core.evidence.scores import RunHistory, score_table
from lane_core.files import replace_file
from lane_core.runs.run_dir import RunDir


def write_scores(
    run_dir: RunDir,
    given_labels: npt.NDArray[np.int64],
    fold_probabilities: npt.NDArray[np.float32],
    embeddings: npt.NDArray[np.float32],
) -> None:
    """Write result/scores.parquet: the columns of ``score_table``, and label_score.

    Args:
        run_dir: A run whose epochs are all written.
        given_labels: Class codes, (N,).
        fold_probabilities: Of the out-of-fold classifiers, averaged, (N, K).
        embeddings: Pretrained, (N, H).
    """
    config = run_dir.config()
    history = RunHistory(
        given_labels,
        margins=_by_epoch(run_dir, "margin"),
        label_aware_margins=_by_epoch(run_dir, "label_aware_margin"),
        log_given=_by_epoch(run_dir, "given_log_probability"),
        is_predicted=_by_epoch(run_dir, "is_given_predicted"),
        start_epoch=config.alm_start_epoch,
    )
    table = score_table(history, fold_probabilities, embeddings)
    last = run_dir.read_event("epoch", run_dir.last_epoch(), ["label_score"])
    table.insert(1, "label_score", last["label_score"])
    run_dir.result.mkdir(exist_ok=True)
    replace_file(run_dir.scores_file, lambda path: table.to_parquet(path, index=False))


def read_scores(run_dir: RunDir) -> pd.DataFrame:
    """Return what ``write_scores`` wrote; high = likely right in every column.

    Raises:
        RunError: If the run has not ended, or is of a version that wrote no such file.
    """
    if not run_dir.scores_file.exists():
        raise RunError(f"Run {run_dir.run_id} has no scores yet. They are written when it has finished.")
    return pd.read_parquet(run_dir.scores_file)


def _by_epoch(run_dir: RunDir, column: str) -> npt.NDArray[Any]:
    # One column at a time: all columns of all epochs would be four times as much as is needed.
    epochs = range(1, run_dir.last_epoch() + 1)
    return np.stack([run_dir.read_event("epoch", epoch, [column])[column].to_numpy() for epoch in epochs])
