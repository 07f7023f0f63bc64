"""What the review page shows while there is nothing to review yet."""

from __future__ import annotations

import streamlit as st

from app.components.next_step import draw_next_step
from app.components.redrawn import redrawn
from app.services import review, workspaces
from lane_core import wording
from lane_core.records import ENDED_STATES, RunStatus

_LOOK_AGAIN_S = 2


def draw_waiting(run_id: str) -> None:
    """Wait for the first epoch of a run; the page comes by itself when it is there."""
    is_over = workspaces.run_status(run_id).state in ENDED_STATES
    redrawn(_draw_waiting, run_every=None if is_over else _LOOK_AGAIN_S)(run_id)


def _draw_waiting(run_id: str) -> None:
    if review.last_epoch(run_id):
        st.rerun()
    status = workspaces.run_status(run_id)
    if status.state in ENDED_STATES:
        sentence = f"The run ended before its first epoch ({status.state}). Resume it, or train another."
        draw_next_step(sentence, "Go to Train", "train")
    else:
        draw_next_step(_what_it_does(status), "Watch it in Train", "train")


def _what_it_does(status: RunStatus) -> str:
    left = wording.time_left(status.seconds_left)
    now = status.phase or status.state
    doing = f"{now}, {left} in all" if left else now
    return f"The first suspects appear here by themselves after the first epoch. Now: {doing}."
