"""How much the training listens to flagged and to other labels (the paper's figure 1)."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import navigation
from app.components.dynamics_parts import chart_config, draw_numbers_button, draw_queue_button
from app.services import dynamics
from app.services.dynamics import DISTRUSTED_BELOW, FLAGGED_IN_TRAINING, History
from lane_core.charts.weights import weight_curves


def draw_weights(run_id: str, history: History) -> None:
    """Draw both curves with their bands, and the queues behind them."""
    st.markdown(
        "How much the training listens to each label. The further the two lines part, the less the labels that look "
        "wrong are learned.",
        help="Training examples only, parted by whether the run flags them at the strictness “balanced” after its "
        f"newest epoch ({history.newest}). A line is the mean, its band goes from the 10th to the 90th percentile. "
        "The weight after an epoch counts in the next one.",
    )
    bands = dynamics.weight_bands(run_id, history.epochs)
    if bands.empty:
        st.info("No weights of this run are stored.", icon=":material/info:")
        return
    st.plotly_chart(
        weight_curves(bands),
        key="weight_curves",
        config=chart_config(f"{run_id}.weights"),
        alt="Mean training weight of flagged and of other labels by epoch.",
    )
    st.markdown(_in_words(bands))
    with st.container(horizontal=True):
        flagged = dynamics.num_flagged_in_training(run_id)
        if st.button(
            f"Review {flagged:,} flagged",
            key="review_flagged",
            icon=":material/rate_review:",
            type="primary",
            disabled=not flagged,
        ):
            navigation.open_queue(FLAGGED_IN_TRAINING)
        distrusted = dynamics.distrusted(run_id)
        if len(distrusted):
            what = f"not flagged, weight below {DISTRUSTED_BELOW}"
            draw_queue_button(run_id, distrusted, what, "review_distrusted", what=what)
        draw_numbers_button("Weights as CSV", lambda: bands, f"{run_id}.weights")


def _in_words(bands: pd.DataFrame) -> str:
    newest = bands[bands["epoch"] == bands["epoch"].max()].set_index("is_flagged")["mean"]
    if True not in newest.index:
        return "No training example is flagged."
    if (bands["mean"] == 1).all():
        return "All weights are 1: the method of this run listens to every label alike, or found nobody to doubt."
    kept = f" and of the others {newest[False]:.2f}" if False in newest.index else ""
    return f"After epoch {bands['epoch'].max()} the mean weight of the flagged labels is {newest[True]:.2f}{kept}."
