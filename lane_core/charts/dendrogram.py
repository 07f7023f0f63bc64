"""The tree of the classes, drawn beside the rows of their matrix."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

TREE_PX = 72
"""Width of the tree with the gap before it."""
_GAP_PX, _LINE = 8, {"color": "#7d8790", "width": 1}
_LEFT_OUT = 0.85
"""Share of the shortest distance before which nothing is drawn: distances begin far from 0, and the tree would be a
comb."""


class Branches(Protocol):
    """What a tree must tell, as ``lane_core.evidence.class_tree.ClassTree`` does."""

    @property
    def places(self) -> npt.NDArray[np.float64]:
        """(K - 1, 4): rows of the matrix, from 0, of the four corners of each bracket."""

    @property
    def distances(self) -> npt.NDArray[np.float64]:
        """(K - 1, 4): distance of each corner, 0 to 1."""


def tree_shapes(branches: Branches, inner_px: int) -> dict[str, Any]:
    """Return the part of a layout that draws the tree to the right of a matrix, in rows that follow its zoom.

    Args:
        branches: At least one join, or nothing is drawn.
        inner_px: Side of the square that the cells share.
    """
    if not len(branches.places):
        return {}
    first, last = float(branches.distances[:, 1].min()), float(branches.distances.max())
    start = min(_LEFT_OUT * first, last - 1e-6)
    width = (TREE_PX - _GAP_PX) / inner_px
    left = 1 + _GAP_PX / inner_px
    across = left + width * (branches.distances.clip(min=start) - start) / (last - start)
    path = "".join(
        "M" + "L".join(f"{x:.5g},{y:.6g}" for x, y in zip(xs, ys, strict=True))
        for xs, ys in zip(across.tolist(), branches.places.tolist(), strict=True)
    )
    # A shape, not a trace: it can be as wide as the margin, and its rows are those of the matrix at any zoom.
    shape = {"type": "path", "path": path, "xref": "paper", "yref": "y", "line": _LINE}
    words = {
        "text": f"1 − similarity<br>{start:.2f} … {last:.2f}",
        "xref": "paper",
        "yref": "paper",
        "x": left,
        "y": 0,
        "xanchor": "left",
        "yanchor": "top",
        "align": "left",
        "showarrow": False,
        "font": {"size": 10},
        "yshift": -4,
    }
    return {"shapes": [shape], "annotations": [words]}
