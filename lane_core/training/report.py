"""What an epoch comes to, as arrays and numbers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, f1_score

from lane_core.methods.dynamics import Dynamics
from lane_core.methods.method import EpochSummary, StepLosses
from lane_core.methods.similarity import severity
from lane_core.training.label_scores import LabelScores
from lane_core.training.progress import EpochReport

CURVE_POINTS = 25
"""Points of the loss curve an epoch: enough to see its shape, few enough to keep."""


def build_report(
    epoch: int,
    dynamics: Dynamics,
    summary: EpochSummary,
    scores: LabelScores,
    splits: npt.NDArray[np.str_],
    losses: dict[str, list[float]],
    train_seconds: float,
    used_classes: npt.NDArray[np.int64],
    num_classes: int,
) -> EpochReport:
    """Return the report of one epoch.

    ``dynamics``, ``summary`` and ``scores`` know only the classes that have an example; the report is in the codes of
    all ``num_classes`` classes, of which ``used_classes``, ascending, have one.
    """
    labels = dynamics.labels.numpy()
    rows = np.arange(len(labels))
    probabilities = dynamics.mean_probabilities.numpy()
    predicted = probabilities.argmax(axis=1)
    others = probabilities.copy()
    others[rows, labels] = -1
    suggested = others.argmax(axis=1)
    relative = summary.relative_similarity.numpy()
    flagged = summary.is_label_issue
    if flagged is None:
        flagged = scores.label_score < scores.limits["balanced"].below
    examples: dict[str, npt.NDArray[np.generic]] = {
        "index": rows.astype(np.int32),
        "margin": dynamics.margin.numpy(),
        "label_aware_margin": dynamics.label_aware_margin.numpy(),
        "aum": dynamics.aum.numpy(),
        "alm": dynamics.alm.numpy(),
        "weight": summary.weights.numpy(),
        "predicted": used_classes[predicted].astype(np.int16),
        "predicted_probability": probabilities[rows, predicted],
        "suggested": used_classes[suggested].astype(np.int16),
        "suggested_probability": probabilities[rows, suggested],
        "given_probability": probabilities[rows, labels],
        "given_log_probability": dynamics.log_given.numpy(),
        "is_given_predicted": dynamics.is_given_predicted.numpy(),
        "similarity": relative[labels, suggested].astype(np.float32),
        "severity": severity(summary.relative_similarity).numpy()[labels, suggested].astype(np.float32),
        "label_score": scores.label_score.numpy(),
        "is_label_issue": flagged.numpy(),
        "self_confidence": scores.self_confidence.numpy(),
        "held_out_predicted": used_classes[scores.held_out_predicted.numpy()].astype(np.int16),
    }
    statistics = summary.statistics
    metrics: dict[str, float | int | None] = {
        **{name: _mean(losses[name]) for name in ("theta_loss", "pi_loss", "contrastive_loss")},
        **_agreement("validation", labels, predicted, splits),
        **_agreement("test", labels, predicted, splits),
        "mu": statistics.mu if statistics else None,
        "sigma": statistics.sigma if statistics else None,
        "num_flagged": int(flagged.sum()),
        "noise_rate": scores.noise_rate,
        **{f"{name}_below": limit.below for name, limit in scores.limits.items()},
        **{f"{name}_precision": limit.expected_precision for name, limit in scores.limits.items()},
        "clipped_share": summary.clipped_share,
        "train_seconds": train_seconds,
    }
    return EpochReport(
        epoch,
        examples,
        _for_all_classes(probabilities, used_classes, num_classes),
        _similarity_of_all(summary.class_similarity.numpy(), used_classes, num_classes),
        metrics,
        losses,
    )


def loss_curve(losses: list[StepLosses], first_step: int) -> dict[str, list[float]]:
    """Return each term averaged over at most CURVE_POINTS equal stretches; ``step`` is a stretch's last step."""
    terms = np.array([[loss.theta.item(), loss.pi.item(), loss.contrastive.item()] for loss in losses])
    stretch = math.ceil(len(losses) / CURVE_POINTS)
    parts = [terms[start : start + stretch] for start in range(0, len(losses), stretch)]
    means = np.array([part.mean(axis=0) for part in parts])
    ends = np.cumsum([len(part) for part in parts]) + first_step - 1
    return {
        "step": ends.tolist(),
        "theta_loss": means[:, 0].tolist(),
        "pi_loss": means[:, 1].tolist(),
        "contrastive_loss": means[:, 2].tolist(),
    }


def _for_all_classes(
    probabilities: npt.NDArray[np.float32], used_classes: npt.NDArray[np.int64], num_classes: int
) -> npt.NDArray[np.float16]:
    """Return probabilities of the used classes, (N, U), as those of all, (N, K)."""
    if len(used_classes) == num_classes:
        return probabilities.astype(np.float16)
    everywhere = np.zeros((len(probabilities), num_classes), dtype=np.float16)
    everywhere[:, used_classes] = probabilities
    return everywhere


def _similarity_of_all(
    similarity: npt.NDArray[np.float32], used_classes: npt.NDArray[np.int64], num_classes: int
) -> npt.NDArray[np.float32]:
    everywhere = np.full((num_classes, num_classes), 1 / num_classes, dtype=np.float32)
    everywhere[used_classes] = 0
    everywhere[np.ix_(used_classes, used_classes)] = similarity
    return everywhere


def _agreement(
    split: str, labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], splits: npt.NDArray[np.str_]
) -> dict[str, float | None]:
    """Accuracy and macro F1 of the averaged prediction against the labels that the split came with."""
    rows = splits == split
    if not rows.any():
        return {f"{split}_accuracy": None, f"{split}_macro_f1": None}
    return {
        f"{split}_accuracy": float(accuracy_score(labels[rows], predicted[rows])),
        f"{split}_macro_f1": float(f1_score(labels[rows], predicted[rows], average="macro", zero_division=0)),
    }


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
