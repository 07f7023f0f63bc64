"""The figures and the class pairs of the Overview page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import navigation
from app.components.live_run import draw_label_pair
from app.services.overview import F1, Figures
from lane_core.records import QueueFilter
from lane_core.wording import percent


def draw_figures(figures: Figures) -> None:
    """Draw the five figures in one row, each with a link to what it counts."""
    has_queue = figures.suspects is not None
    examples, suspects, reviewed, corrected, f1 = st.columns(5)
    with examples:
        st.metric("Examples", f"{figures.examples:,}")
        if has_queue:
            _queue_link("All examples", QueueFilter(status="all", suspects_only=False))
    with suspects:
        _draw_suspects(figures)
    with reviewed:
        st.metric("Reviewed", f"{figures.reviewed:,}")
        if has_queue and figures.reviewed:
            _queue_link("All reviewed", QueueFilter(status="reviewed", suspects_only=False))
    with corrected:
        st.metric("Corrected", f"{figures.corrected:,}")
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


def _draw_suspects(figures: Figures) -> None:
    if figures.suspects is None:
        st.metric("Suspects", "–", help="Known after the first epoch of a run.")
        return
    share = figures.suspects / max(1, figures.examples)
    st.metric(f"Suspects, {percent(share)}", f"{figures.suspects:,}")
    if figures.suspects:
        _queue_link("All suspects", QueueFilter(status="all"))


def _draw_f1(f1: F1 | None) -> None:
    if f1 is None:
        st.metric("Test F1", "–", help="Known after the first epoch of a run.")
        return
    name = f"{f1.split.capitalize()} F1"
    about = f"Macro F1 of {f1.run_name} against the {f1.split} labels that it was given."
    if f1.before is None:
        st.metric(name, f"{f1.value:.3f}", help=about)
    else:
        st.metric(
            name,
            f"{f1.value:.3f}",
            delta=f"{f1.value - f1.before:+.3f}",
            delta_description=f"from {f1.before:.3f}",
            help=f"{about} {f1.before_name} had {f1.before:.3f}.",
        )
    _page_link("All runs", "runs")


def _queue_link(label: str, filters: QueueFilter) -> None:
    if st.button(label, key=f"link_{label}", type="tertiary", icon=":material/chevron_right:"):
        navigation.open_queue(filters)


def _page_link(label: str, page: str) -> None:
    if st.button(label, key=f"link_{label}", type="tertiary", icon=":material/chevron_right:"):
        navigation.go_to(page)
