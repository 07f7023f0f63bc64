"""How well a method finds the flipped labels of a cell: one dictionary of numbers a method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.noise_cells import NoisyCell

BUDGETS = (1, 5, 10, 20)
"""Shares of all rows, in per cent, that a person might look at."""
CALIBRATION_BINS = 15


@dataclass(frozen=True, eq=False)
class Findings:
    """What one method says about every row of a cell. All arrays (N,); None where a method says nothing."""

    method: str
    score: npt.NDArray[np.floating]
    """High = the given label is right. Only its order counts."""
    wall_s: float
    cpu_s: float
    probability: npt.NDArray[np.floating] | None = None
    """Probability that the given label is right, in [0, 1]."""
    flagged: npt.NDArray[np.bool_] | None = None
    suggested: npt.NDArray[np.integer] | None = None
    """Class that the label should be if it is wrong."""
    noise_rate: float | None = None
    """Estimated share of wrong labels; None = the mean of 1 - probability."""
    at_strictness: Mapping[str, tuple[npt.NDArray[np.bool_], float]] = field(default_factory=dict)
    """Strictness -> (what it flags, (N,); the precision that it promises)."""
    note: str = ""


def detection_metrics(cell: NoisyCell, found: Findings) -> dict[str, float]:
    """Return every figure of the results file that depends on the findings; NaN where one does not exist.

    Average precision counts every unflipped row as right, so errors that the set came with count as false alarms.
    """
    wrong = cell.is_flipped
    suspicion = -np.asarray(found.score, dtype=np.float64)
    return {
        "ap": average_precision(wrong, suspicion),
        "auroc": float(roc_auc_score(wrong, suspicion)) if 0 < wrong.sum() < len(wrong) else np.nan,
        "ap_near": _average_precision_of(wrong, cell.is_near, suspicion),
        "ap_far": _average_precision_of(wrong, wrong & ~cell.is_near, suspicion),
        "near_share": float(cell.is_near.sum() / max(wrong.sum(), 1)),
        **_at_budgets(wrong, suspicion),
        **_flag_metrics(wrong, found.flagged),
        **_strictness_metrics(wrong, found),
        "suggestion_accuracy": _suggestion_accuracy(cell, found.suggested),
        **_probability_metrics(wrong, found),
        "true_noise_rate": float(wrong.mean()),
        "wall_s": found.wall_s,
        "cpu_s": found.cpu_s,
    }


def average_precision(wrong: npt.NDArray[np.bool_], suspicion: npt.NDArray[np.float64]) -> float:
    """Return the average precision of ranking the wrong rows first; NaN if no row is wrong."""
    return float(average_precision_score(wrong, suspicion)) if wrong.any() else np.nan


def calibration_error(right: npt.NDArray[np.bool_], probability: npt.NDArray[np.floating]) -> float:
    """Return the expected calibration error: mean |share right - mean probability| of 15 bins of equal size."""
    order = np.argsort(probability, kind="stable")
    bins = [rows for rows in np.array_split(order, CALIBRATION_BINS) if len(rows)]
    gaps = [abs(right[rows].mean() - probability[rows].mean()) * len(rows) for rows in bins]
    return float(sum(gaps) / len(right))


def _average_precision_of(
    wrong: npt.NDArray[np.bool_], kind: npt.NDArray[np.bool_], suspicion: npt.NDArray[np.float64]
) -> float:
    """Average precision for one kind of errors, the errors of the other kind left out of the rows."""
    rows = ~wrong | kind
    return average_precision(kind[rows], suspicion[rows])


def _at_budgets(wrong: npt.NDArray[np.bool_], suspicion: npt.NDArray[np.float64]) -> dict[str, float]:
    """Precision and recall of the most suspect rows; of rows that tie at the edge, what a random choice would find."""
    descending = np.sort(suspicion)[::-1]
    figures: dict[str, float] = {}
    for percent in BUDGETS:
        looked_at = max(1, round(len(wrong) * percent / 100))
        edge = descending[looked_at - 1]
        above, tied = suspicion > edge, suspicion == edge
        hits = wrong[above].sum() + (looked_at - above.sum()) * wrong[tied].mean()
        figures[f"precision_at_{percent}"] = float(hits / looked_at)
        figures[f"recall_at_{percent}"] = float(hits / max(wrong.sum(), 1))
    return figures


def _flag_metrics(wrong: npt.NDArray[np.bool_], flagged: npt.NDArray[np.bool_] | None) -> dict[str, float]:
    if flagged is None:
        return dict.fromkeys(("num_flagged", "flag_precision", "flag_recall", "flag_f1"), np.nan)
    found, count, total = float((wrong & flagged).sum()), float(flagged.sum()), float(wrong.sum())
    return {
        "num_flagged": count,
        "flag_precision": found / count if count else np.nan,
        "flag_recall": found / total if total else np.nan,
        "flag_f1": 2 * found / (count + total) if count + total else np.nan,
    }


def _strictness_metrics(wrong: npt.NDArray[np.bool_], found: Findings) -> dict[str, float]:
    figures: dict[str, float] = {}
    for strictness, (flagged, expected_precision) in found.at_strictness.items():
        figures[f"{strictness}_expected_precision"] = expected_precision
        measured = _flag_metrics(wrong, flagged)
        figures |= {f"{strictness}_{name.removeprefix('flag_')}": value for name, value in measured.items()}
    return figures


def _suggestion_accuracy(cell: NoisyCell, suggested: npt.NDArray[np.integer] | None) -> float:
    if suggested is None or not cell.is_flipped.any():
        return np.nan
    return float((suggested == cell.text_set.true)[cell.is_flipped].mean())


def _probability_metrics(wrong: npt.NDArray[np.bool_], found: Findings) -> dict[str, float]:
    rate = np.nan if found.noise_rate is None else found.noise_rate
    if found.probability is None:
        return {"calibration_error": np.nan, "brier": np.nan, "estimated_noise_rate": rate}
    probability = np.asarray(found.probability, dtype=np.float64)
    return {
        "calibration_error": calibration_error(~wrong, probability),
        "brier": float(np.mean((probability - ~wrong) ** 2)),
        "estimated_noise_rate": float(np.mean(1 - probability)) if found.noise_rate is None else rate,
    }
