"""Losses step by step and F1 epoch by epoch, with the held-out labels that the run does not agree with."""

from __future__ import annotations

import streamlit as st

from app.components.dynamics_parts import chart_config, draw_numbers_button, draw_queue_button
from app.services import dynamics
from lane_core.charts.losses import f1_curves, loss_curves
from lane_core.wording import counted


def draw_losses(run_id: str) -> None:
    """Draw both charts side by side."""
    st.markdown(
        "Whether the networks still learn. A loss that has come to rest needs no more epochs; an F1 that falls while "
        "the loss goes on falling means that wrong labels are being learned by heart."
    )
    metrics, steps = dynamics.metrics(run_id), dynamics.step_losses(run_id)
    left, right = st.columns(2, gap="large")
    with left:
        if steps.empty:
            st.caption("No losses of this run are stored.")
        else:
            st.plotly_chart(
                loss_curves(steps, height=360),
                key="loss_curves",
                config=chart_config(f"{run_id}.losses"),
                alt="Loss of both networks and of the contrastive term by step.",
            )
            draw_numbers_button("Losses as CSV", lambda: steps, f"{run_id}.losses")
    with right:
        f1_figure = f1_curves(metrics, height=360)
        if f1_figure is None:
            st.caption("The project has no validation or test split, so there is no F1 to draw.")
        else:
            st.plotly_chart(
                f1_figure, key="f1_curves", config=chart_config(f"{run_id}.f1"), alt="Macro F1 by epoch."
            )
            draw_numbers_button(
                "F1 as CSV",
                lambda: metrics[["epoch", "validation_macro_f1", "test_macro_f1"]],
                f"{run_id}.f1",
            )
            _draw_against(run_id)


def _draw_against(run_id: str) -> None:
    against = dynamics.held_out_against(run_id)
    st.markdown(
        f"On {counted(len(against), 'held-out example')} the run does not agree with the label in the end."
    )
    draw_queue_button(
        run_id, against, "held out, with another label predicted", "review_against", what="held-out examples"
    )
