"""Doing something and saying at the same place of the page what became of it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.components.plain_text import plain
from lane_core.errors import LaneError

RUN = "run"
"""The place of outcomes of what is done with a run."""
_OUTCOME_KEY = "outcome_of_action"


def do(action: Callable[[], str], busy: str = "One moment", place: str = RUN) -> None:
    """Do something, keep its outcome for ``draw_outcome``, and draw the page anew.

    Args:
        action: Does it, and returns what to say afterwards, in Markdown.
        busy: What to say meanwhile, in Markdown.
        place: Which ``draw_outcome`` of the page says it.
    """
    try:
        with st.spinner(busy, show_time=True):
            done = action()
    except LaneError as error:
        keep_problem(str(error), place)
    else:
        st.session_state[_OUTCOME_KEY] = (place, "", done)
    st.rerun()


def keep_problem(problem: str, place: str = RUN) -> None:
    """Keep why something could not be done for the next ``draw_outcome``."""
    st.session_state[_OUTCOME_KEY] = (place, problem, "")


def draw_outcome(place: str = RUN) -> None:
    """Draw what became of the last action of this place, once."""
    if st.session_state.get(_OUTCOME_KEY, ("",))[0] != place:
        return
    _, problem, done = st.session_state.pop(_OUTCOME_KEY)
    if problem:
        st.error(plain(problem), icon=":material/error:")
    else:
        st.success(done, icon=":material/check_circle:")
