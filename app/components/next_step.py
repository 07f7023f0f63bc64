"""What an empty page shows: what is missing, and the button that leads there."""

from __future__ import annotations

import streamlit as st

from app import navigation
from app.components.plain_text import plain

NO_PROJECT = ("No project yet. Import a file of labelled texts to begin.", "Import a file", "data")


def draw_next_step(sentence: str, button: str, page: str) -> None:
    """Say what is missing, with the button that leads there."""
    st.markdown(plain(sentence))
    if st.button(button, type="primary", icon=":material/arrow_forward:", key="next_step"):
        navigation.go_to(page)
