"""How strict the flag is: below which label score a person should look, and what share of those is expected wrong."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lane_core.records import Strictness

SMALLEST_PRECISION: dict[Strictness, float] = {"sure": 0.9, "balanced": 0.5, "thorough": 0.25}
"""Share of the flagged labels that must be expected to be wrong: in clean data next to nothing is flagged."""
THOROUGH_RECALL = 0.9
"""What "thorough" is after: of the wrong labels this share is expected to be flagged."""


@dataclass(frozen=True)
class FlagLimit:
    """Where one strictness draws its line."""

    below: float
    """Examples with a label score below this are flagged."""
    num_flagged: int
    expected_precision: float
    """Mean probability that a flagged label is wrong; 0 where nothing is flagged."""


def flag_limits(label_score: Tensor) -> dict[Strictness, FlagLimit]:
    r"""Return the line of each strictness.

    With p = 1 - label score sorted downwards and P their sum, the k worst hold :math:`c_k = \sum_{i \le k} p_i` wrong
    labels by expectation: expected precision c_k / k, recall c_k / P, and F1 2 c_k / (k + P).

    sure: the largest k. balanced: the k of highest expected F1. thorough: the smallest k of expected recall at least
    ``THOROUGH_RECALL``. Each as far as the expected precision stays at least its ``SMALLEST_PRECISION``, and no
    stricter line is ever the wider one.

    Args:
        label_score: Calibrated probability that each given label is right, (N,).

    Example:
        >>> limits = flag_limits(torch.tensor([0.1, 0.05, 0.9, 0.5]))
        >>> limits["sure"].num_flagged, limits["balanced"].num_flagged, round(limits["balanced"].below, 2)
        (2, 3, 0.9)
    """
    lowest_first = label_score.double().sort().values
    found = (1 - lowest_first).cumsum(dim=0)
    flagged = torch.arange(1, len(found) + 1)
    most = {name: int((found / flagged >= precision).sum()) for name, precision in SMALLEST_PRECISION.items()}
    best_f1 = int((2 * found / (flagged + found[-1])).argmax()) + 1
    enough = int((found < THOROUGH_RECALL * found[-1]).sum()) + 1
    balanced = min(best_f1, most["balanced"])
    thorough = max(min(enough, most["thorough"]), balanced)
    return {
        "sure": _limit(lowest_first, found, min(most["sure"], balanced)),
        "balanced": _limit(lowest_first, found, balanced),
        "thorough": _limit(lowest_first, found, thorough),
    }


def _limit(lowest_first: Tensor, found: Tensor, wanted: int) -> FlagLimit:
    """The line stands at the first score that is not flagged; equal scores are on the same side of it."""
    below = float(lowest_first[wanted]) if wanted < len(lowest_first) else 1.0
    count = int((lowest_first < below).sum())
    return FlagLimit(below, count, float(found[count - 1]) / count if count else 0.0)
