"""Who gets a device next, and changing it; and a look every two seconds whether a run has gone on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.outcome import keep_problem
from app.components.plain_text import plain
from app.components.redrawn import redrawn
from app.services import device_queues, workspaces
from app.services.device_queues import WaitingRun
from lane_core.errors import LaneError
from lane_core.records import ENDED_STATES

REFRESH = "2s"


def draw_queues(run_ids: Sequence[str]) -> None:
    """Draw the runs that wait for a device, where several do; the page is drawn anew when one of its runs goes on.

    Args:
        run_ids: The runs of the page.
    """
    moment = _moment(run_ids)
    is_going = any(state not in ENDED_STATES for state, _ in moment)
    redrawn(_draw_moving_part, run_every=REFRESH if is_going else None)(run_ids, moment)


def _draw_moving_part(run_ids: Sequence[str], drawn_moment: Sequence[tuple[str, int]]) -> None:
    if _moment(run_ids) != drawn_moment:
        st.rerun()
    for device, waiting in device_queues.queues().items():
        st.markdown(f"**Waiting for {device}**")
        with_project = len({run.project for run in waiting}) > 1
        with st.container(gap="xxsmall"):
            for place, run in enumerate(waiting):
                _draw_place(run, place, len(waiting), with_project=with_project)


def _draw_place(run: WaitingRun, place: int, number: int, *, with_project: bool) -> None:
    moves = (
        ("Next", ":material/vertical_align_top:", 0, place == 0),
        ("Up", ":material/arrow_upward:", place - 1, place == 0),
        ("Down", ":material/arrow_downward:", place + 1, place == number - 1),
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        project = f" :gray[· {plain(run.project)}]" if with_project and run.project else ""
        st.markdown(f"{place + 1}\\. {plain(run.name)}{project}", width=320)
        for label, icon, target, is_idle in moves:
            key = f"{label}_{run.run_id}"
            if st.button(label, key=key, icon=icon, type="tertiary", disabled=is_idle):
                _move(run, target)


def _move(run: WaitingRun, place: int) -> None:
    try:
        device_queues.move(run.run_id, place)
    except LaneError as error:
        keep_problem(str(error))
    st.rerun()


def _moment(run_ids: Sequence[str]) -> list[tuple[str, int]]:
    """Return what has to differ before the page is worth drawing again."""
    statuses = [workspaces.run_status(run_id) for run_id in run_ids]
    return [(status.state, status.epoch) for status in statuses]
