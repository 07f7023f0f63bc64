"""One row of what can be done with one run: name and note, cancel, resume, delete."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.components.ask_once import ask_once, close_popover
from app.components.outcome import do, keep_problem
from app.components.plain_text import plain
from app.components.run_state import RESUMABLE_STATES
from app.services import live_runs, storage
from app.services.storage import RunRoom
from lane_core import wording
from lane_core.errors import LaneError


def choose_run(key: str, names: Mapping[str, str], default: str | None, width: int) -> str:
    """Draw the box that chooses a run, and return its id.

    The choice is remembered under ``key`` and not under the box's own key: Streamlit forgets a box when a name in it
    changes.

    Args:
        key: Where the session remembers the choice.
        names: Run id -> what people call it.
        default: What is chosen at first; the first run if it is none of them.
        width: Of the box, pixels.
    """
    run_ids = list(names)
    wanted = (st.session_state.get(key), default, run_ids[0])
    chosen = next(run_id for run_id in wanted if run_id in names)
    st.session_state[key] = st.selectbox(
        "Run", run_ids, index=run_ids.index(chosen), format_func=names.__getitem__, width=width
    )
    return str(st.session_state[key])


def draw_actions(room: RunRoom) -> None:
    """Draw the buttons for a run; ``choose_run`` stands before them in the same row."""
    run_id = room.record.run_id
    _draw_name_and_note(room)
    if not room.is_ended:
        kept = "What it learned up to its last whole epoch stays; it can be resumed."
        is_wanted = ask_once(
            "Cancel",
            "Take this run out of the queue? It can be resumed."
            if room.state == "queued"
            else f"Stop this run? {kept}",
            "Stop the run",
            key=f"cancel_{run_id}",
            icon=":material/stop_circle:",
        )
        if is_wanted:
            do(lambda: _cancel(room))
    if room.state in RESUMABLE_STATES and st.button("Resume", icon=":material/resume:"):
        do(lambda: _resume(room))
    draw_delete(room)


def draw_delete(room: RunRoom) -> None:
    """Draw the button that deletes a run, once a person has read what goes and what stays."""
    name = plain(room.record.name)
    is_wanted = ask_once(
        "Delete",
        f"Delete **{name}** of {plain(room.project)}? Its curves, matrices and scores go for good, and so do its "
        f"checkpoint and classifier: about {wording.size(room.total)}. "
        "What people decided stays, and so do the labels.",
        "Delete the run",
        key=f"delete_{room.record.run_id}",
        icon=":material/delete:",
        disabled=not room.is_ended,
        help_text=None if room.is_ended else "It has not ended. Cancel it first.",
    )
    if is_wanted:
        do(lambda: _delete(room), busy=f"Deleting {name}")


def _draw_name_and_note(room: RunRoom) -> None:
    record = room.record
    key = f"name_and_note_{record.run_id}"
    popover = st.popover("Name and note", icon=":material/edit:", key=key, on_change="rerun")
    with popover, st.form(f"{key}_form", border=False):
        st.text_input("Name", record.name, max_chars=80, key=f"{key}_name")
        st.text_area(
            "Note",
            record.note,
            max_chars=500,
            placeholder="What was tried, what came of it",
            key=f"{key}_note",
        )
        st.form_submit_button("Save", type="primary", on_click=_save, args=(record.run_id, key))


def _cancel(room: RunRoom) -> str:
    live_runs.cancel(room.record.run_id)
    what = "leaves the queue" if room.state == "queued" else "stops at its next step"
    return f"{plain(room.record.name)} {what}."


def _resume(room: RunRoom) -> str:
    live_runs.resume(room.record.run_id)
    return f"{plain(room.record.name)} goes on."


def _delete(room: RunRoom) -> str:
    given_back = storage.delete_run(room.record.run_id)
    return f"{plain(room.record.name)} was deleted: {wording.size(given_back)} given back."


def _save(run_id: str, key: str) -> None:
    name = st.session_state[f"{key}_name"]
    if not name.strip():
        keep_problem("A run needs a name; it keeps the one it has.")
        return
    try:
        live_runs.rename(run_id, name)
        live_runs.note(run_id, st.session_state[f"{key}_note"])
    except LaneError as error:
        keep_problem(str(error))
    close_popover(key)
