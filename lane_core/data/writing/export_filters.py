"""Which rows an export holds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lane_core.data.writing.export_choices import RowChoice
from lane_core.errors import DataError

_NONE = {
    "all": "Every example is excluded, so no row is left. Keep the excluded ones in.",
    "reviewed": "Nobody has decided on an example that would be exported. Review some first, or choose all rows.",
    "changed": "No label that would be exported is another than in the file. Correct some first, or choose all rows.",
}


def rows_left_out(
    current: pd.DataFrame, num_rows: int, rows: RowChoice = "all", *, keep_excluded: bool = False
) -> set[int]:
    """Return the data rows (from 1) of the file that an export leaves out.

    Rows without an example, that is without a label, belong to ``all`` only.

    Args:
        current: Labels after review, a row an example: row, given_label, current_label, status.
        num_rows: Data rows of the file.
        rows: Which rows are wanted.
        keep_excluded: Whether those that people excluded are wanted too.

    Raises:
        DataError: If no row would be left.
    """
    is_left_out = np.full(num_rows + 1, rows != "all")
    if rows == "reviewed":
        is_left_out[current.loc[current["status"] != "", "row"]] = False
    elif rows == "changed":
        is_left_out[current.loc[current["current_label"] != current["given_label"], "row"]] = False
    if not keep_excluded:
        is_left_out[current.loc[current["status"] == "exclude", "row"]] = True
    if is_left_out[1:].all():
        raise DataError(_NONE[rows])
    return {int(row) for row in np.flatnonzero(is_left_out) if row}
