"""LANE-sim, the paper's ablation of label-awareness: the plain margin is averaged instead of the scaled one."""

from __future__ import annotations

from torch import Tensor

from lane_core.methods.lane import Lane
from lane_core.methods.margins import margin


class LaneSim(Lane):
    """LANE with LM replaced by M in ALM (Table 4); losses and weighting are kept. So ALM equals AUM."""

    def _label_aware_margins(self, logits: Tensor, labels: Tensor, pi_probabilities: Tensor) -> Tensor:
        del pi_probabilities
        return margin(logits, labels)
