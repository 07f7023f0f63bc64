"""What the review has found so far, under the review card."""

from __future__ import annotations

import streamlit as st

from app.services.review_progress import ADVICE_WORDS, found_words, left_words, review_progress
from lane_core.records import Strictness


def draw_review_progress(run_id: str, strictness: Strictness) -> None:
    """Draw a folded box; it is counted only while it is open, because every decision draws the page again."""
    box = st.expander("Progress", icon=":material/flag:", key="review_progress", on_change="rerun")
    if not box.open:
        return
    progress = review_progress(run_id, strictness)
    found = progress.outcome
    with box:
        st.progress(
            found.suspects_decided / found.suspects if found.suspects else 1.0, text=found_words(progress)
        )
        st.markdown(left_words(progress))
        st.markdown(f"**{ADVICE_WORDS[progress.advice]}**")
        st.caption(
            "Ranges are 95 % intervals. Wrong means corrected or excluded; second opinions that are still asked for do "
            "not count as decided."
        )
