"""The figures and the class pairs of the Overview page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import navigation
from app.components.live_run import draw_label_pair
from app.services.overview import F1, Figures
from lane_core.records import QueueFilter
from lane_core.reporting.noise import NoiseEstimate
from lane_core.wording import counted, percent


def draw_figures(figures: Figures) -> None:
    """Draw the five figures in one row, each with a link to what it counts."""
    has_queue = figures.suspects is not None
    examples, wrong, reviewed, corrected, f1 = st.columns(5)
    with examples:
        _metric("Examples", f"{figures.examples:,}", f"in {figures.classes:,} classes")
        if has_queue:
            _queue_link("All examples", QueueFilter(status="all", suspects_only=False))
    with wrong:
        _draw_wrong(figures.noise)
        if figures.suspects:
            _queue_link("All suspects", QueueFilter(status="all"))
    with reviewed:
        of_suspects = counted(figures.suspects_reviewed, "suspect") if has_queue else ""
        _metric("Reviewed", f"{figures.reviewed:,}", of_suspects)
        if has_queue and figures.reviewed:
            _queue_link("All reviewed", QueueFilter(status="reviewed", suspects_only=False))
    with corrected:
        _metric(
            "Corrected", f"{figures.corrected:,}", f"and {figures.excluded:,} excluded" if has_queue else ""
        )
        if has_queue and figures.corrected:
            _page_link("All changes", "export")
    with f1:
        _draw_f1(figures.f1)


def draw_pairs(pairs: pd.DataFrame) -> None:
    """Draw the most confused class pairs; each row's button opens the queue of that pair."""
    if pairs.empty:
        return
    st.markdown("**Where labels disagree most** · suspects to review by given → suggested label")
    most = int(pairs["count"].max())
    for place, row in enumerate(pairs.itertuples(index=False)):
        label, bar, button = st.columns([3, 5, 2], vertical_alignment="center")
        with label:
            draw_label_pair(row.given_label, row.suggested_label)
        bar.progress(row.count / most)
        if button.button(f"Review {row.count:,}", key=f"pair_{place}", width="stretch"):
            navigation.open_queue(
                QueueFilter(given_labels=(row.given_label,), suggested_labels=(row.suggested_label,))
            )


def _draw_wrong(noise: NoiseEstimate | None) -> None:
    if noise is None:
        st.metric("Wrong labels", "–", help="Estimated after the first epoch of a run.")
        return
    if not noise.is_known:
        st.metric(
            "Wrong labels", "–", help="A run of an earlier version has no label scores. Train a run anew."
        )
        return
    by = (
        f"a control sample of {counted(noise.sampled, 'example')} for the labels that are not flagged, "
        "and the model for the others"
        if noise.is_sampled
        else "the label scores of the run; a reviewed control sample makes it narrower"
    )
    least = (
        " Labels were corrected before this run: what is still wrong are mostly errors that the runs believe, so "
        "this is the least there can be."
        if noise.is_least
        else ""
    )
    known = (
        f"{noise.known_wrong:,} of them {'is' if noise.known_wrong == 1 else 'are'} found by review. "
        if noise.known_wrong
        else ""
    )
    _metric(
        "Wrong labels",
        f"{percent(noise.rate.value)}",
        "or more" if noise.is_least else f"{percent(noise.rate.low)} to {percent(noise.rate.high)}",
        f"About {noise.wrong.value:,.0f} of the labels that the run was given are wrong; in 95 of 100 cases "
        f"{noise.wrong.low:,.0f} to {noise.wrong.high:,.0f} ({percent(noise.rate.low)} to {percent(noise.rate.high)}). "
        f"{known}Estimated by {by}.{least}",
    )


def _draw_f1(f1: F1 | None) -> None:
    if f1 is None:
        st.metric("Test F1", "–", help="Known after the first epoch of a run.")
        return
    name = f"{f1.split.capitalize()} F1"
    about = f"Macro F1 of {f1.run_name} against the {f1.split} labels that it was given."
    if f1.before is None:
        _metric(name, f"{f1.value:.3f}", "macro mean", about)
    else:
        st.metric(
            name,
            f"{f1.value:.3f}",
            delta=f"{f1.value - f1.before:+.3f}",
            help=f"{about} {f1.before_name} had {f1.before:.3f}.",
        )
    _page_link("All runs", "runs")


def _metric(name: str, value: str, about: str, tooltip: str | None = None) -> None:
    """Draw a figure with a few words below it."""
    st.metric(name, value, delta=about or None, delta_color="off", delta_arrow="off", help=tooltip)


def _queue_link(label: str, filters: QueueFilter) -> None:
    if st.button(label, key=f"link_{label}", type="tertiary", icon=":material/chevron_right:"):
        navigation.open_queue(filters)


def _page_link(label: str, page: str) -> None:
    if st.button(label, key=f"link_{label}", type="tertiary", icon=":material/chevron_right:"):
        navigation.go_to(page)
