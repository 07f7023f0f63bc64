"""What an empty page shows: what is missing, and the button that leads there."""

from __future__ import annotations

import streamlit as st

from app import navigation, state
from app.components.plain_text import plain

NO_PROJECT = ("No project yet. Import a file of labelled texts to begin.", "Import a file", "data")


def draw_next_step(sentence: str, button: str, page: str) -> None:
    """Say what is missing, with the button that leads there."""
    st.markdown(plain(sentence))
    if st.button(button, type="primary", icon=":material/arrow_forward:", key="next_step"):
        navigation.go_to(page)


def chosen_run(purpose: str) -> tuple[str, str] | None:
    """Return the chosen project and run; None, with what is missing drawn, where there is none.

    Args:
        purpose: What a run would do for the page, after "Train one: ".
    """
    project_id, run_id = state.project_id(), state.run_id()
    if project_id is None:
        draw_next_step(*NO_PROJECT)
        return None
    if run_id is None:
        draw_next_step(f"No run yet. Train one: {purpose}", "Go to Train", "train")
        return None
    return project_id, run_id
