"""Weights for training on all labels as they stand, instead of on the corrected ones alone."""

from __future__ import annotations

import pandas as pd


def weights_frame(audit: pd.DataFrame) -> pd.DataFrame:
    """Return row_id, label and sample_weight of some examples.

    The label is the one that counts now. The weight is 1 where a person kept or chose it, else the run's: 0 to 1, low
    for labels that the run doubts. An example that the run gave no weight, such as one that it did not train on, has 1.

    Args:
        audit: Columns of AUDIT_COLUMNS, a row an example.

    Example:
        >>> audit = pd.DataFrame({"row_id": ["a", "b"], "final_label": ["joy", "fear"],
        ...                       "decision": ["", "relabel"], "sample_weight": [0.25, 0.5]})
        >>> weights_frame(audit)
          row_id label  sample_weight
        0      a   joy           0.25
        1      b  fear           1.00
    """
    is_settled = audit["decision"].isin(["keep", "relabel"])
    return pd.DataFrame(
        {
            "row_id": audit["row_id"],
            "label": audit["final_label"],
            "sample_weight": audit["sample_weight"].mask(is_settled, 1.0).fillna(1.0),
        }
    )
