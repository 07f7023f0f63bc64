"""The newest decisions on a project, under the review card."""

from __future__ import annotations

import streamlit as st

from app.components.plain_text import plain
from app.services import review, review_words

_NUM_ROWS = 20


def draw_history(dataset_id: str) -> None:
    """Draw a folded table; it is read only while it is open, because every decision draws the page again."""
    box = st.expander("History", icon=":material/history:", key="review_history", on_change="rerun")
    if not box.open:
        return
    table = review_words.history_table(review.history(dataset_id, _NUM_ROWS), st.context.timezone or "UTC")
    if table.empty:
        box.markdown("No decision yet.")
    else:
        box.table(table.map(plain), hide_index=True, border="horizontal")
