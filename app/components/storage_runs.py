"""What each run takes, and the two ways of making it take less."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.components.ask_once import ask_once
from app.components.outcome import do
from app.components.plain_text import plain
from app.components.run_actions import choose_run, draw_delete
from app.components.run_names import distinct_names
from app.components.run_state import STATE_MARKS
from app.components.table_height import table_height
from app.services import storage
from app.services.storage import RunRoom
from lane_core import wording

_SIZES = {
    "total": ("In all", "What the run takes in its folder and in the database."),
    "events": ("Events files", "What the run wrote, epoch by epoch. The database holds the same."),
    "history": ("History", "Rows of all epochs in the database, the curves of single examples: an estimate."),
    "checkpoint": ("Checkpoint", "With it the run can be resumed; a finished run has none."),
    "classifier": ("Classifier", "The trained network, its embeddings and every score."),
}
"""Field of RunRoom -> title, tooltip."""


def draw_runs(rooms: Sequence[RunRoom]) -> None:
    """Draw the table, largest first, and what can be done with the run that is chosen below it."""
    unit, size, digits = ("GB", 1e9, 2) if rooms[0].total >= 1e9 else ("MB", 1e6, 1)
    st.caption(f"What each run takes, in {unit}, the largest first.")
    projects = {room.record.dataset_id: room.project for room in rooms}
    rows = [
        {
            "project": room.project,
            "run": room.record.name,
            "state": f"{STATE_MARKS[room.state]} {room.state}",
            # Nothing at all is a dash; a little is 0.0.
            **{
                field: round(found / size, digits) if (found := getattr(room, field)) else None
                for field in _SIZES
            },
        }
        for room in rooms
    ]
    st.dataframe(
        pd.DataFrame(rows).astype(dict.fromkeys(_SIZES, "float")),
        hide_index=True,
        placeholder="–",
        column_order=("project", "run", "state", *_SIZES)[0 if len(projects) > 1 else 1 :],
        height=table_height(len(rows), most=8),
        column_config={
            "project": "Project",
            "run": "Run",
            "state": "State",
            **{
                field: st.column_config.NumberColumn(title, format=f"%.{digits}f", help=meaning)
                for field, (title, meaning) in _SIZES.items()
            },
        },
    )
    by_id = {room.record.run_id: room for room in rooms}
    names = distinct_names([room.record for room in rooms], projects if len(projects) > 1 else None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        room = by_id[choose_run("run_of_storage", names, None, width=320)]
        _draw_drop(room)
        draw_delete(room)


def _draw_drop(room: RunRoom) -> None:
    name = plain(room.record.name)
    obstacle = None
    if room.state != "finished":
        obstacle = "Only a finished run can do without its history: a resumed one needs it."
    elif not room.old_history:
        obstacle = "It keeps nothing but its newest epoch already."
    is_wanted = ask_once(
        "Drop its history",
        f"Drop the history of **{name}** of {plain(room.project)}? That gives back about "
        f"{wording.size(room.old_history)}, and everybody waits for the seconds that writing the database anew "
        "takes. Queues, class matrices, metrics and exports stay; the curves of single examples shrink to one point.",
        "Drop the history",
        key=f"drop_{room.record.run_id}",
        icon=":material/history_toggle_off:",
        disabled=obstacle is not None,
        help_text=obstacle,
    )
    if is_wanted:
        do(lambda: _drop(room), busy=f"Dropping the history of {name}")


def _drop(room: RunRoom) -> str:
    given_back = storage.drop_history(room.record.run_id)
    return f"The history of {plain(room.record.name)} was dropped: {wording.size(given_back)} given back."
