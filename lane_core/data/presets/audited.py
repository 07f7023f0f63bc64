"""The examples of an export as presets take them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

_LABELS = ("given_label", "predicted_label", "suggested_label", "corrected_label", "final_label")


def audited_frame(
    audit: pd.DataFrame, examples: pd.DataFrame, left_out: set[int], counts_as: Mapping[str, str]
) -> pd.DataFrame:
    """Return the frame of ``Audited``: index, text, split and AUDIT_COLUMNS, a row an example, in order of the file.

    Args:
        audit: Columns of AUDIT_COLUMNS, a row a data row of the file.
        examples: index, row, text, split.
        left_out: Data rows (from 1) that are not exported.
        counts_as: Class name -> the name of the class in its place, or its own.
    """
    kept = examples[~examples["row"].isin(left_out)].sort_values("row")
    found = audit.iloc[kept["row"].to_numpy() - 1].reset_index(drop=True)
    found = found.assign(**{name: found[name].map(counts_as) for name in _LABELS})
    for place, name in enumerate(("index", "text", "split")):
        found.insert(place, name, kept[name].to_numpy())
    return found
