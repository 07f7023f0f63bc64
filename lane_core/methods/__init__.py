"""The mathematics, in PyTorch alone. ``METHODS`` names what a run can use."""

from lane_core.methods.lane import Lane

METHODS = {"lane": Lane}
"""Method classes by the name that RunConfig.method and ``--method`` take."""
