"""Confident learning: scores and flags from class probabilities of a model that has not seen the example."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-6
"""A probability this little below its class's threshold counts as reaching it: the mean of equal numbers may round."""

Probabilities = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]


def self_confidence(pred_probs: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    """Return P_y: the probability of the given label, (N,), in [0, 1], high = likely right.

    The robust choice where wrong labels are random. Needs out-of-fold probabilities.

    Args:
        pred_probs: Out-of-sample class probabilities, (N, K).
        labels: Given class codes, (N,).

    Raises:
        ValueError: If the shapes do not fit; the message holds the shapes seen.

    References:
        Northcutt et al., Confident Learning, JAIR 2021. Differs: nothing.
    """
    return _given_and_others(pred_probs, labels)[0]


def normalised_margin(pred_probs: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    r"""Return how far the given label's probability stands above the strongest other one, (N,), in [0, 1].

    .. math:: (P_y - \max_{k \ne y} P_k + 1) / 2

    High = likely right; 0.5 = as likely as its rival. Good where classes are confused with each other. Needs
    out-of-fold probabilities; arguments, errors and source as ``self_confidence``.
    """
    given, others = _given_and_others(pred_probs, labels)
    return np.asarray((given - others.max(axis=1) + 1) / 2)


def adjusted_self_confidence(pred_probs: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    r"""Return the self-confidence after each class's threshold is taken off, (N,), in [0, 1], high = likely right.

    With t the thresholds of ``class_thresholds``:

    .. math:: \tilde P_k = (P_k - t_k + \max_l t_l) / \sum_m (P_m - t_m + \max_l t_l)

    For unbalanced labels, where a rare class never gets a high probability. A class without a given label is taken
    at the highest threshold of the others. Needs out-of-fold probabilities; arguments and errors as
    ``self_confidence``.

    References:
        cleanlab, ``get_label_quality_scores(adjust_pred_probs=True)``. Differs: theirs gives absent classes the
        threshold 2, which pulls all scores together.
    """
    given, _ = _given_and_others(pred_probs, labels)
    thresholds = class_thresholds(pred_probs, labels)
    present = np.isfinite(thresholds)
    if not present.any():
        return given
    highest = thresholds[present].max()
    shift = np.where(present, highest - thresholds, 0.0)
    total = np.asarray(pred_probs, dtype=np.float64).sum(axis=1) + shift.sum()
    return np.asarray((given + shift[labels]) / total)


def class_thresholds(pred_probs: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    """Return t_k, the mean of P_k over the examples labelled k, (K,); infinite for a class that none is labelled."""
    given, _ = _given_and_others(pred_probs, labels)
    num_classes = pred_probs.shape[1]
    counts = np.bincount(labels, minlength=num_classes)
    sums = np.bincount(labels, weights=given, minlength=num_classes)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


@dataclass(frozen=True, eq=False)
class ConfidentJoint:
    """How many examples of each given label are confidently of each class."""

    counts: npt.NDArray[np.int64]
    """(K, K), row = given, column = guessed class; only confident examples, the diagonal at least 1."""
    joint: npt.NDArray[np.int64]
    """``counts`` rescaled: each row sums to the examples of that given label, all together to N."""
    guesses: npt.NDArray[np.int64]
    """(N,), the class that an example is confidently of; -1 where it reaches no threshold."""

    @property
    def noise_rate(self) -> float:
        """Share of ``joint`` off the diagonal: an estimate of the share of wrong labels, in [0, 1]; 0 if empty."""
        total = self.joint.sum()
        return float((total - np.trace(self.joint)) / max(total, 1))


def confident_joint(pred_probs: Probabilities, labels: Labels) -> ConfidentJoint:
    """Count confident examples by given and guessed class.

    An example's guess is the likeliest class among those whose probability reaches the class's threshold
    (``class_thresholds``). Rescaled counts are rounded by the largest remainder, a tie going to the diagonal.

    Args:
        pred_probs: Out-of-sample class probabilities, (N, K); of a model that was trained on these labels the
            estimate is far too low.
        labels: Given class codes, (N,).

    Raises:
        ValueError: If the shapes do not fit; the message holds the shapes seen.

    References:
        Northcutt et al., Confident Learning, JAIR 2021, eq. 1 and 2. Differs: nothing. cleanlab 2.9, where several
        classes reach their thresholds, takes the likeliest of all classes, though it may not reach its own.
    """
    thresholds = class_thresholds(pred_probs, labels)
    reached = np.where(pred_probs >= thresholds - TOLERANCE, pred_probs, -1.0)
    guesses = np.where(reached.max(axis=1, initial=-1.0) >= 0, reached.argmax(axis=1), -1)
    is_confident = guesses >= 0
    num_classes = pred_probs.shape[1]
    counts = np.zeros((num_classes, num_classes), dtype=np.int64)
    np.add.at(counts, (labels[is_confident], guesses[is_confident]), 1)
    np.fill_diagonal(counts, np.maximum(counts.diagonal(), 1))
    totals = np.bincount(labels, minlength=num_classes)
    joint = _rounded_rows(counts * (totals / counts.sum(axis=1))[:, None], totals)
    return ConfidentJoint(counts, joint, guesses)


def flag_by_confident_joint(pred_probs: Probabilities, labels: Labels) -> npt.NDArray[np.bool_]:
    """Flag the examples that are confidently of another class than the given one, bool, (N,).

    An example whose given label is the likeliest of all is never flagged. Needs out-of-fold probabilities;
    arguments, errors and source as ``confident_joint``.
    """
    guesses = confident_joint(pred_probs, labels).guesses
    return np.asarray((guesses >= 0) & (guesses != labels) & ~_is_predicted(pred_probs, labels))


def flag_by_noise_rate(pred_probs: Probabilities, labels: Labels) -> npt.NDArray[np.bool_]:
    """Flag, of each given class y and other class g, the joint[y, g] examples with the largest P_g - P_y, bool, (N,).

    An example whose given label is the likeliest of all is never flagged; ties in order of index. Needs out-of-fold
    probabilities; arguments and errors as ``confident_joint``.

    References:
        Northcutt et al., Confident Learning, JAIR 2021, "prune by noise rate", which is cleanlab's default flag.
        Differs: where all examples of a class would be flagged, cleanlab keeps one.
    """
    joint = confident_joint(pred_probs, labels).joint
    flagged = np.zeros(len(labels), dtype=bool)
    for given, other in np.argwhere(joint > 0):
        if given != other:
            rows = np.flatnonzero(labels == given)
            excess = pred_probs[rows, other] - pred_probs[rows, given]
            flagged[rows[np.argsort(-excess, kind="stable")[: joint[given, other]]]] = True
    return flagged & ~_is_predicted(pred_probs, labels)


def _is_predicted(pred_probs: Probabilities, labels: Labels) -> npt.NDArray[np.bool_]:
    given, others = _given_and_others(pred_probs, labels)
    return np.asarray(given >= others.max(axis=1))


def _given_and_others(
    pred_probs: Probabilities, labels: Labels
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return P_y, (N,), and the probabilities with P_y masked by -inf, (N, K)."""
    if pred_probs.ndim != 2 or pred_probs.shape[1] < 2 or labels.shape != pred_probs.shape[:1]:
        raise ValueError(
            f"pred_probs must be (N, K) with K >= 2 and labels (N,), not {pred_probs.shape} and {labels.shape}."
        )
    rows = np.arange(len(labels))
    others = pred_probs.astype(np.float64)
    given = others[rows, labels]
    others[rows, labels] = -np.inf
    return given, others


def _rounded_rows(rows: npt.NDArray[np.float64], totals: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Round a (K, K) matrix to whole numbers whose rows sum to ``totals``, (K,)."""
    rounded = np.floor(rows + 1e-9).astype(np.int64)
    for row, (exact, total) in enumerate(zip(rows, totals, strict=True)):
        missing = total - rounded[row].sum()
        remainders = np.round(exact - rounded[row], 9)
        is_elsewhere = np.arange(len(exact)) != row
        rounded[row, np.lexsort((is_elsewhere, -remainders))[:missing]] += 1
    return rounded
