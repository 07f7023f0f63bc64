"""For the tools around AUM: the file that the package ``aum`` writes."""

from __future__ import annotations

from pathlib import Path

from lane_core.data.presets.preset import Audited
from lane_core.data.writing.writers import write_rows


def write_aum(audited: Audited, folder: Path, stem: str) -> Path:
    """Write sample_id and aum of the training examples as CSV, highest first: the shape of ``aum_values.csv``.

    Ref:
        Pleiss et al., Identifying Mislabeled Data using the Area Under the Margin Ranking, NeurIPS 2020.

    Raises:
        DataError: If the place cannot be written to.
    """
    frame = audited.frame
    rows = frame.loc[(frame["split"] == "train") & frame["aum"].notna(), ["row_id", "aum"]]
    rows = rows.set_axis(["sample_id", "aum"], axis=1)
    path = folder / f"{stem}.aum_values.csv"
    write_rows(rows.sort_values("aum", ascending=False, kind="stable"), path, "csv")
    return path
