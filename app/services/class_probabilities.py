"""How likely a run holds each class for some examples, by the classes as they count now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services.workspaces import workspace
from lane_core.errors import RunError
from lane_core.store import classes


def class_probabilities(
    dataset_id: str, run_id: str, indices: Sequence[int] | npt.NDArray[np.int64]
) -> pd.DataFrame | None:
    """Return one row an example (its index) and one column a class that the run knows; None where the run has none.

    A class that was replaced adds to the one in its place.
    """
    try:
        found = workspace().run_dir(run_id).read_probabilities(indices)
    except RunError:
        return None
    names = classes.counted_classes(workspace().store, dataset_id)[: found.shape[1]]
    place = {name: column for column, name in enumerate(dict.fromkeys(names))}
    gathered = np.zeros((len(found), len(place)), dtype=np.float32)
    for name, probability in zip(names, found.T, strict=True):
        gathered[:, place[name]] += probability
    return pd.DataFrame(gathered, index=indices, columns=list(place))
