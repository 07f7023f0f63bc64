"""LANE-alm, the paper's ablation of the weighting: every example counts in full."""

from __future__ import annotations

import torch
from torch import Tensor

from lane_core.methods.lane import Lane
from lane_core.methods.weighting import SuspectStatistics


class LaneAlm(Lane):
    """LANE with lambda = 1 everywhere (Table 4); ALM and the contrastive term are kept, and so are the flags."""

    def _weights(self, alm: Tensor, statistics: SuspectStatistics | None) -> Tensor:
        del statistics
        return torch.ones_like(alm)
