"""Which points lie inside a drawn region: a lasso or a box on a chart that shows only a part of the points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def inside(points: Floats, polygon: Floats) -> npt.NDArray[np.bool_]:
    """Return which points lie inside a polygon, (N,), by the even-odd rule.

    A point is inside where a line from it to the right crosses the outline an odd number of times, so the part of a
    lasso that crosses itself and is covered twice is outside. Of points exactly on the outline, those on a left or
    lower edge are inside and those on a right or upper one are not: two regions that share an edge share no point.

    Args:
        points: (N, 2) x and y, in the units of the chart. A point that is not finite is outside.
        polygon: (V, 2) corners in the order drawn; the last is joined to the first. Fewer than three hold nothing.

    Raises:
        ValueError: If either is not a table of two columns.

    Example:
        >>> inside(np.array([[0.5, 0.5], [2.0, 0.5]]), np.array([[0, 0], [1, 0], [1, 1], [0, 1]]))
        array([ True, False])
    """
    for name, array in (("points", points), ("polygon", polygon)):
        if array.ndim != 2 or array.shape[1] != 2:
            raise ValueError(f"{name} must be (N, 2), x and y; it is {array.shape}.")
    found = np.zeros(len(points), dtype=bool)
    if len(polygon) < 3:
        return found
    corners = np.asarray(polygon, dtype=np.float64)
    # What lies outside the box around the outline, mostly nearly all points, need not be compared with every edge.
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    found[near] = _odd_crossings(np.asarray(points[near], dtype=np.float64), corners)
    return found


def _odd_crossings(points: Floats, corners: Floats) -> npt.NDArray[np.bool_]:
    x, y = points[:, 0], points[:, 1]
    is_odd = np.zeros(len(points), dtype=bool)
    for (from_x, from_y), (to_x, to_y) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if from_y == to_y:
            continue
        # Half-open in y: a corner that two edges share is crossed once.
        spans = (from_y > y) != (to_y > y)
        crossing = from_x + (y[spans] - from_y) * (to_x - from_x) / (to_y - from_y)
        is_odd[spans] ^= x[spans] < crossing
    return is_odd
