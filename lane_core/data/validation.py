"""Set a validation share aside where a file has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lane_core.data.checking.checks_labels import SMALL_CLASS
from lane_core.data.examples import Examples


def with_validation(examples: Examples, fraction: float = 0.1, seed: int = 0) -> Examples:
    """Return the examples with a share of the training rows as validation, the same for the same seed.

    Examples that have validation rows are returned as they are. The share is taken class by class, rounded, at least
    one row and never all of them; classes with fewer than 5 training rows give none.

    Args:
        examples: What was read.
        fraction: Share of each class, above 0 and below 1.
        seed: Fixes which rows are taken.

    Raises:
        ValueError: If the fraction is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction is {fraction}; it must be above 0 and below 1.")
    if (examples.frame["split"] == "validation").any():
        return examples
    rng = np.random.default_rng(seed)
    splits = examples.frame["split"].to_numpy(dtype=object, copy=True)
    train = np.flatnonzero(splits == "train")
    codes = pd.Categorical(examples.frame["given_label"], categories=list(examples.classes)).codes[train]
    by_class = train[np.argsort(codes, kind="stable")]
    sizes = np.bincount(codes, minlength=len(examples.classes))
    for members, size in zip(
        np.split(by_class, np.cumsum(sizes)[:-1]), validation_sizes(sizes, fraction), strict=True
    ):
        if size:
            splits[rng.choice(members, size=size, replace=False)] = "validation"
    return replace(examples, frame=examples.frame.assign(split=pd.Series(splits, dtype="str")))


def validation_sizes(sizes: NDArray[np.int64], fraction: float = 0.1) -> list[int]:
    """Return how many of the training rows of each class are set aside.

    Example:
        >>> validation_sizes(np.array([40, 5, 4]))
        [4, 1, 0]
    """
    return [
        min(max(1, round(fraction * size)), size - 1) if size >= SMALL_CLASS else 0 for size in sizes.tolist()
    ]
