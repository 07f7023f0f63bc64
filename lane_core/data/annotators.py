"""The labels of several people that came with a file, beside the label that is audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd


def annotation_frame(
    labels_of: Mapping[str, Sequence[str | None]] | None = None, rows: Sequence[int] = ()
) -> pd.DataFrame:
    """Return one row for each label that somebody gave, by index, then in the order of the people.

    Args:
        labels_of: Annotator -> class name of every data row of the file, None where there is none.
        rows: Data row (from 1) of each example, in order of index.

    Returns:
        index, annotator, label (class name); empty if nobody gave a label.

    Example:
        >>> annotation_frame({"ann": ["joy", None, "fear"], "bob": ["joy", "joy", None]}, [1, 3])
           index annotator label
        0      0       ann   joy
        1      0       bob   joy
        2      1       ann  fear
    """
    labels = pd.DataFrame(dict(labels_of or {}), dtype=object)
    cells = labels.to_numpy()[np.asarray(rows if labels_of else (), dtype=np.int64) - 1]
    index, person = np.nonzero(pd.notna(cells))
    return pd.DataFrame(
        {
            "index": index,
            "annotator": pd.Series(labels.columns.to_numpy(dtype=object)[person], dtype="str"),
            "label": pd.Series(cells[index, person], dtype="str"),
        }
    )
