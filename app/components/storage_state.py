"""What LANE_HOME takes, whether the disk may soon be full, and what waits to be read in."""

from __future__ import annotations

import streamlit as st

from app.components.outcome import do, draw_outcome
from app.components.plain_text import plain
from app.components.redrawn import redrawn
from app.components.table_height import table_height
from app.services import storage
from app.services.storage import HomeRoom, ReadingIn
from lane_core import wording
from lane_core.wording import counted

REFRESH = "1s"
_PLACE = "database"
WORTH_GIVING_BACK = 20_000_000
"""Bytes; below, new rows soon take them anyway."""


def draw_room(home: HomeRoom) -> None:
    """Draw the line of state, a warning if the disk may soon be full, and what the room is taken by."""
    st.markdown(
        f"**{wording.size(home.total)}** in `{home.path}` · **{wording.size(home.free)}** free on this disk"
    )
    st.caption(
        " · ".join(f"{what} {wording.size(size)}" for what, size in home.parts.items() if size >= 1000)
    )
    draw_outcome(_PLACE)
    if home.is_short:
        st.warning(
            f"Only {wording.size(home.free)} free; {wording.size(home.wanted)} should be. A full disk stops runs "
            "and decisions cannot be saved. Drop histories, or delete runs and old backups.",
            icon=":material/warning:",
        )
    if home.reusable >= WORTH_GIVING_BACK:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"{wording.size(home.reusable)} of the database are left from deleted rows and free for new ones."
            )
            if st.button("Give them back to the disk", type="tertiary", icon=":material/compress:"):
                do(_give_back, busy="Writing the database anew", place=_PLACE)


def draw_reading_in() -> None:
    """Draw how many files wait to be read in, moving while they do, and those that were set aside."""
    found = storage.reading_in()
    if found.num_files:
        redrawn(_draw_waiting, run_every=REFRESH)()
    if not found.set_aside.empty:
        _draw_set_aside(found)


def _give_back() -> str:
    return f"The database was written anew: {wording.size(storage.give_back())} given back."


def _draw_waiting() -> None:
    found = storage.reading_in()
    if not found.num_files:
        st.rerun()
    runs = f" of {counted(found.num_runs, 'run')}" if found.num_runs > 1 else ""
    st.markdown(f":material/sync: Reading in: {counted(found.num_files, 'file')}{runs} left.")


def _draw_set_aside(found: ReadingIn) -> None:
    files = found.set_aside
    were, hold = ("file was", "it holds") if len(files) == 1 else ("files were", "they hold")
    st.warning(
        f"{len(files):,} {were} set aside: what {hold} is missing from the charts and queues. All else was read in.",
        icon=":material/warning:",
    )
    with st.expander("Which, and why", type="compact"):
        st.dataframe(
            files,
            hide_index=True,
            height=table_height(len(files), most=5),
            column_order=("run", "file", "reason", "project"),
            column_config={
                "project": "Project",
                "run": "Run",
                "file": "File",
                "reason": st.column_config.TextColumn("Reason", width="large"),
            },
        )
        st.caption(
            f"They lie in {plain(str(storage.runs_folder()))}, in the events folder of their run. "
            "A file that is put there anew is read in by itself."
        )
