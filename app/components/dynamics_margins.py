"""The distribution of ALM epoch by epoch: bars are doors, and the curve over them says who weighs less."""

from __future__ import annotations

import streamlit as st

from app.components.dynamics_parts import chart_config, draw_numbers_button, draw_queue_button
from app.components.epoch_player import draw_epoch_slider, epoch_to_show, next_tick
from app.components.redrawn import redrawn
from app.services import dynamics
from app.services.dynamics import History, Margins
from lane_core.charts.alm_fit import alm_fit
from lane_core.charts.alm_histogram import bars_in_words, members
from lane_core.charts.alm_statistics import alm_statistics, clipped_share
from lane_core.wording import counted

CHART_KEY = "margins_chart"


def draw_margins(run_id: str, history: History) -> None:
    """Draw the distribution with its slider, then mu, sigma and the clipped share by epoch."""
    st.markdown(
        "How sure the classifier is of the given labels. Left of 0 it prefers another class; left of μ the training "
        "listens less. Click a bar, or draw over several with the box tool, to review what they hold.",
        help="ALM is the mean of an example's label-aware margins over the epochs so far. μ and σ are mean and spread "
        "of the training examples with ALM below 0 (eq. 5 and 6). Below μ the weight falls as a Gaussian around μ "
        "(eq. 4); it counts in the next epoch. Only training examples are drawn.",
    )
    if not history.epochs:
        st.info("No margins of this run are stored yet.", icon=":material/info:")
    else:
        redrawn(_draw_epoch, run_every=next_tick())(run_id, history.epochs)
    _draw_by_epoch(run_id)


def _draw_epoch(run_id: str, epochs: tuple[int, ...]) -> None:
    shown = dynamics.margins(run_id, epoch_to_show(epochs))
    if shown.frame.empty:
        st.info("No training example of this epoch has an ALM.", icon=":material/info:")
    else:
        _draw_distribution(run_id, epochs, shown)
    draw_epoch_slider(epochs)


def _draw_distribution(run_id: str, epochs: tuple[int, ...], shown: Margins) -> None:
    alm = shown.frame["alm"].to_numpy()
    # A chart of its own an epoch: bars that are marked in one are other bars in the next.
    chosen = st.plotly_chart(
        alm_fit(alm, shown.mu, shown.sigma, shown.epoch, dynamics.alm_span(run_id, epochs)),
        key=f"{CHART_KEY}_{shown.epoch}",
        on_select="rerun",
        selection_mode=("points", "box"),
        config=chart_config(f"{run_id}.margins-epoch-{shown.epoch}") | {"displayModeBar": True},
        alt=f"Histogram of the label-aware margins of {len(alm):,} training examples after epoch {shown.epoch}, with "
        "the weight that each margin leads to.",
    )
    st.markdown(_in_words(shown))
    # Of the weight's curve, whose points carry nothing, no example can be marked.
    bars = {point["customdata"][1] for point in chosen.selection.points if point.get("customdata")}
    with st.container(horizontal=True):
        if bars:
            marked = shown.frame["index"].to_numpy()[members(alm, shown.mu, bars)]
            words = f"with {bars_in_words(alm, shown.mu, bars)} after epoch {shown.epoch}"
            draw_queue_button(run_id, marked, words, "review_bars", what="marked", kind="primary")
        if shown.mu is not None:
            words = f"that weigh less after epoch {shown.epoch}"
            draw_queue_button(run_id, shown.below, words, "review_below", what="that weigh less")
        draw_numbers_button(
            "Margins as CSV",
            lambda: dynamics.with_ids(run_id, shown.frame),
            f"{run_id}.margins-epoch-{shown.epoch}",
        )


def _in_words(shown: Margins) -> str:
    negative = int((shown.frame["alm"] < 0).sum())
    words = f"{negative:,} of {counted(len(shown.frame), 'training example')} have an ALM below 0"
    if shown.mu is not None and shown.sigma is not None:
        return (
            f"{words} (μ = {shown.mu:.2f}, σ = {shown.sigma:.2f}); {len(shown.below):,} of them weigh less."
        )
    if not shown.has_weights:
        return f"{words}. The method of this run listens to every label alike: all weights are 1."
    return f"{words}: too few for a μ, so nobody weighs less."


def _draw_by_epoch(run_id: str) -> None:
    metrics = dynamics.metrics(run_id)
    if metrics.empty:
        return
    left, right = st.columns(2, gap="large")
    statistics = alm_statistics(metrics)
    with left:
        if statistics is None:
            st.caption("No epoch has a μ or σ: too few training examples have an ALM below 0.")
        else:
            st.plotly_chart(
                statistics,
                key="alm_statistics",
                config=chart_config(f"{run_id}.mu-sigma"),
                alt="mu and sigma by epoch",
            )
            st.caption("Falling μ, growing σ: the classifier grows surer that these labels are wrong.")
    with right:
        st.plotly_chart(
            clipped_share(metrics),
            key="clipped_share",
            config=chart_config(f"{run_id}.clipped"),
            alt="Share of clipped similarities by epoch",
        )
        st.caption(
            "Of the margins below 0, the share whose two classes are so unlike that their factor was cut to its limit. "
            "Near 0 the limit does not matter."
        )
    draw_numbers_button(
        "These numbers as CSV",
        lambda: metrics[["epoch", "mu", "sigma", "clipped_share"]],
        f"{run_id}.statistics",
    )
