"""The nearest classes of each class, as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.components.csv_button import draw_csv_button
from app.components.table_height import table_height
from app.services import similarities

_RANKS = ("Nearest", "Second", "Third")
_ROWS_SHOWN = 8


def draw_nearest(matrix: pd.DataFrame, epoch: int) -> None:
    """Draw what each class is most readily taken for.

    Args:
        matrix: The similarity as shown, not a difference.
        epoch: For the name of the file.
    """
    found = similarities.nearest(matrix)
    num_ranks = (len(found.columns) - 1) // 2
    st.markdown("**Nearest classes** · what each label is most readily taken for, with the value of the cell")
    shown = pd.DataFrame({"Class": found["class"]})
    for rank, words in enumerate(_RANKS[:num_ranks], start=1):
        values = found[f"similarity_{rank}"].map("{:.2f}".format)
        shown[words] = found[f"nearest_{rank}"] + " · " + values
    st.dataframe(
        shown, hide_index=True, height=table_height(len(shown), most=_ROWS_SHOWN), key="nearest_classes"
    )
    draw_csv_button(
        "Nearest classes as CSV",
        lambda: found.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode(),
        f"nearest-classes-epoch-{epoch}.csv",
        "download_nearest",
    )
