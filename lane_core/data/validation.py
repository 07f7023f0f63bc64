"""Set a validation share aside where a file has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lane_core.data.examples import Examples

_SMALLEST_CLASS = 5


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
    frame = examples.frame.copy()
    is_train = (frame["split"] == "train").to_numpy()
    labels = frame["given_label"].to_numpy()
    for name in examples.classes:
        members = np.flatnonzero(is_train & (labels == name))
        if len(members) >= _SMALLEST_CLASS:
            size = min(max(1, round(fraction * len(members))), len(members) - 1)
            taken = rng.choice(members, size=size, replace=False)
            frame.loc[taken, "split"] = "validation"
    return replace(examples, frame=frame)
