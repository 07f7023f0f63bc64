"""For the tools around Dataset Cartography: the file that its training dynamics are kept in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lane_core.data.presets.preset import Audited
from lane_core.data.writing.writers import write_rows
from lane_core.errors import DataError


def write_cartography(audited: Audited, folder: Path, stem: str) -> Path:
    """Write guid, index, confidence, variability and correctness as JSON Lines: the shape of ``td_metrics.jsonl``.

    One line a training example. ``guid`` is the row id, ``index`` the place among all examples from 0, ``correctness``
    the number of epochs in which the given label was the likeliest class.

    Ref:
        Swayamdipta et al., Dataset Cartography, EMNLP 2020.

    Raises:
        DataError: If the run kept no training dynamics, or the place cannot be written to.
    """
    if audited.dynamics.empty:
        raise DataError(
            "There are no training dynamics to export: the run has kept none for these examples. "
            "Leave Cartography out, or choose more rows."
        )
    rows = audited.dynamics.merge(audited.frame[["index", "row_id"]], on="index", how="inner")
    lines = pd.DataFrame(
        {
            "guid": rows["row_id"],
            "index": rows["index"],
            "confidence": rows["confidence"],
            "variability": rows["variability"],
            "correctness": rows["correctness"].astype("int64"),
        }
    )
    path = folder / f"{stem}.td_metrics.jsonl"
    write_rows(lines, path, "jsonl")
    return path
