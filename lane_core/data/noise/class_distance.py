"""How far two classes lie apart, (K, K): what semantic noise (eq. 10) draws wrong labels by."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from lane_core.errors import ConfigError, DataError

PLUTCHIK_RING = ("joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation")
"""The eight primary emotions in the order of the wheel; a root's position is its place here, from 0."""
PLUTCHIK_TABLE = Path(__file__).resolve().with_name("plutchik.csv")
"""Columns dataset, label, root, position. To place labels otherwise, edit a copy and hand it in."""


def ordinal_distance(ranks: Sequence[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how many ranks lie between classes that have an order: d(y, k) = abs(rank y - rank k).

    Args:
        ranks: (K,), the rank of each class code; ``range(5)`` for five grades in order of their codes.

    Returns:
        (K, K), symmetric, 0 on the diagonal.

    Raises:
        ConfigError: If the ranks are fewer than 2, or not finite.

    Example:
        >>> ordinal_distance(range(3)).tolist()
        [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]]

    References:
        LANE, appendix G. Differs: nothing.
    """
    places = np.asarray(ranks, dtype=np.float64)
    if places.ndim != 1 or len(places) < 2 or not np.isfinite(places).all():
        raise ConfigError(
            f"ranks is {ranks!r}; it must hold one finite number for each of at least 2 classes."
        )
    return np.abs(places[:, None] - places[None, :])


def plutchik_distance(
    classes: Sequence[str],
    dataset: str,
    *,
    position: Literal["root", "halfstep"] = "root",
    same_place_distance: float = 0.0,
    table: Path = PLUTCHIK_TABLE,
) -> npt.NDArray[np.float64]:
    """Return how many steps round Plutchik's wheel of eight emotions lie between classes.

    d(y, k) = min(abs(a - b), 8 - abs(a - b)) with a and b the classes' places: 0 to 4, joy to sadness 4.

    The wheel is no truth about likeness: it puts fear opposite anger, which people confuse. Use it to make noise,
    not to judge a model.

    Args:
        classes: Names in order of the class codes, in any case.
        dataset: Which rows of the table: goemotions, empathetic_dialogues, isear or plutchik (the eight themselves).
        position: ``root``: a class stands where its primary emotion stands. ``halfstep``: mixtures stand between two,
            love half-way from joy to trust.
        same_place_distance: Distance of two different classes that share a place. At 0 most flips stay among them;
            0.5 evens that out.
        table: A table in the form of plutchik.csv.

    Returns:
        (K, K), symmetric, 0 on the diagonal.

    Raises:
        ConfigError: If the data set or a class is not in the table, or an option cannot work.
        DataError: If the table cannot be read.

    Example:
        >>> plutchik_distance(["joy", "trust", "sadness"], "plutchik")[0].tolist()
        [0.0, 1.0, 4.0]

    References:
        LANE, appendix G. Differs: the paper prints no table of roots, so the mapping is ours; half steps are ours too.
    """
    if position not in ("root", "halfstep"):
        raise ConfigError(f"position is {position!r}; it must be root or halfstep.")
    if not 0 <= same_place_distance < np.inf:
        raise ConfigError(f"same_place_distance is {same_place_distance!r}; it must be finite, 0 or more.")
    places = _plutchik_places(dataset, position, table)
    missing = [name for name in classes if name.casefold() not in places]
    if missing:
        raise ConfigError(
            f"{table.name} has no place on the wheel for {', '.join(missing[:5])} (data set {dataset!r}, "
            f"{len(missing)} in all). Leave these rows out, or hand in a table that places them."
        )
    steps = ordinal_distance([places[name.casefold()] for name in classes])
    distance = np.minimum(steps, len(PLUTCHIK_RING) - steps)
    distance[distance == 0] = same_place_distance
    np.fill_diagonal(distance, 0.0)
    return distance


def centroid_distance(
    embeddings: npt.ArrayLike, labels: npt.ArrayLike, num_classes: int
) -> npt.NDArray[np.float64]:
    """Return 1 - cosine of the classes' mean embeddings: for classes that have neither an order nor a wheel.

    Sentence encoders spread these distances over little more than 0 to 1, so eq. 10 with gamma 1 is nearly uniform;
    gamma 8 to 20 makes near classes clearly likelier.

    Args:
        embeddings: (N, d), one row a text. Each row counts by its length: scale rows to length 1 first if they differ.
        labels: True class codes, (N,), in 0…K-1.
        num_classes: K.

    Returns:
        (K, K), symmetric, in [0, 2], 0 on the diagonal. A mean of length 0 is at 1 from all others.

    Raises:
        ConfigError: If the shapes do not fit or a class has no row.

    Example:
        >>> centroid_distance([[1, 0], [3, 0], [0, 2]], [0, 0, 1], num_classes=2).tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    rows, codes = np.asarray(embeddings, dtype=np.float64), np.asarray(labels)
    if rows.ndim != 2 or codes.shape != rows.shape[:1]:
        raise ConfigError(f"embeddings {rows.shape} and labels {codes.shape}; expected (N, d) and (N,).")
    is_in_class = codes[None, :] == np.arange(num_classes)[:, None]
    counts = is_in_class.sum(axis=1)
    if not counts.all():
        raise ConfigError(
            f"Class {int(counts.argmin())} has no row to take a mean of. Leave it out of the codes."
        )
    means = is_in_class @ rows / counts[:, None]
    unit = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    distance = np.clip(1 - unit @ unit.T, 0, 2)
    np.fill_diagonal(distance, 0.0)
    return np.asarray(distance)


def semantic_targets(distance: npt.NDArray[np.float64], gamma: float) -> npt.NDArray[np.float64]:
    r"""Return the distribution of a flipped label over the other classes: eq. 10 without its factor rho.

    .. math:: P_{yk} = \exp(-\gamma d_{yk}) / \sum_{j \ne y} \exp(-\gamma d_{yj}) \text{ for } k \ne y, \quad P_{yy} = 0

    Args:
        distance: (K, K), row = true class, 0 or more, need not be symmetric; the diagonal is not read.
        gamma: 0 or more; 0 is uniform.

    Returns:
        (K, K), rows sum to 1.

    Raises:
        ConfigError: If the distances or gamma cannot work.

    Example:
        >>> semantic_targets(ordinal_distance(range(5)), gamma=1.0)[0].round(3).tolist()
        [0.0, 0.644, 0.237, 0.087, 0.032]

    References:
        LANE eq. 10. Differs: nothing.
    """
    if not 0 <= gamma < np.inf:
        raise ConfigError(f"gamma is {gamma!r}; it must be finite, 0 or more.")
    if distance.ndim != 2 or distance.shape[0] != distance.shape[1] or len(distance) < 2:
        raise ConfigError(f"distance has shape {distance.shape}; it must be (K, K) with K >= 2.")
    off_diagonal = ~np.eye(len(distance), dtype=bool)
    is_bad = off_diagonal & ~((distance >= 0) & np.isfinite(distance))
    if is_bad.any():
        row, column = np.argwhere(is_bad)[0]
        raise ConfigError(
            f"distance[{row}, {column}] is {distance[row, column]}; distances must be finite, 0 or more."
        )
    exponents = np.where(off_diagonal, -gamma * distance, -np.inf)
    # Counted from the nearest class, so that a row of large distances does not underflow to nothing.
    weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _plutchik_places(dataset: str, position: str, table: Path) -> dict[str, float]:
    """Return the place of each label of a data set, 0 to below 8, by its name in lower case."""
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        datasets = sorted({row["dataset"] for row in rows})
        places = {
            row["label"].casefold(): float(PLUTCHIK_RING.index(row["root"]))
            if position == "root"
            else _on_the_ring(row["position"])
            for row in rows
            if row["dataset"] == dataset
        }
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"{table} is not a table of the wheel: {error}. It needs the columns dataset, label, root (one of "
            f"{', '.join(PLUTCHIK_RING)}) and position (0 to below 8)."
        ) from error
    if not places:
        raise ConfigError(f"{table.name} has no data set {dataset!r}. It has: {', '.join(datasets)}.")
    return places


def _on_the_ring(position: str) -> float:
    place = float(position)
    if not 0 <= place < len(PLUTCHIK_RING):
        raise ValueError(f"position {position!r} is not on the wheel")
    return place
