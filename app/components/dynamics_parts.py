"""What every view of the training dynamics has: pictures and numbers to take away, and the queue behind it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from app import navigation
from app.components.chart_pictures import picture_options
from app.components.csv_button import draw_csv_button
from app.services import dynamics
from lane_core.wording import counted

_LEFT_OUT = ["zoomIn2d", "zoomOut2d", "autoScale2d"]


def chart_config(name: str) -> dict[str, Any]:
    """Return the settings of a chart that can be taken away as a picture of this file name."""
    return {
        "displaylogo": False,
        "modeBarButtonsToRemove": _LEFT_OUT,
        "toImageButtonOptions": picture_options(name),
    }


def draw_numbers_button(label: str, make: Callable[[], pd.DataFrame], name: str) -> None:
    """Draw a button that hands out a table; it is made when somebody asks for it."""
    draw_csv_button(label, lambda: dynamics.as_csv(make()), f"{name}.csv", f"csv_{name}")


def draw_queue_button(
    run_id: str,
    indices: Collection[int] | npt.NDArray[np.integer],
    words: str,
    key: str,
    *,
    what: str = "",
    kind: Literal["primary", "secondary"] = "secondary",
) -> None:
    """Draw the button that opens the queue of exactly these examples.

    Args:
        run_id: The run under review.
        indices: The examples.
        words: Where they come from, for the headline of the queue.
        key: Of the button.
        what: What stands after the number: "Review 312 selected".
        kind: Look of the button.
    """
    if not len(indices):
        st.button("Nothing to review", key=key, disabled=True)
        return
    label = f"Review {len(indices):,} {what}".rstrip()
    if st.button(
        label, key=key, icon=":material/rate_review:", type=kind, help=counted(len(indices), "example")
    ):
        navigation.open_queue(dynamics.queue_of(run_id, indices, words))
