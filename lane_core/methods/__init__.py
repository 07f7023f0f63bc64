"""The mathematics, in PyTorch alone. ``METHODS`` names what a run can use."""

from lane_core.methods.aum import Aum
from lane_core.methods.base import Base
from lane_core.methods.lane import Lane
from lane_core.methods.lane_alm import LaneAlm
from lane_core.methods.lane_sim import LaneSim

METHODS: dict[str, type[Base]] = {
    "lane": Lane,
    "lane-sim": LaneSim,
    "lane-alm": LaneAlm,
    "base": Base,
    "aum": Aum,
}
"""Method classes by the name that RunConfig.method and ``--method`` take."""
