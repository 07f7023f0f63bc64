"""Storage: what takes the room, and what can go; and copies of everything.

Needs:   nothing; without a project it points to Data.
Reads:   services.storage.run_rooms, home_room, reading_in; services.backups.backups
Writes:  services.storage.drop_history, delete_run, give_back; services.backups.back_up, restore, delete
Session: run_of_storage (read, write)
"""

import streamlit as st

from app import state
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.outcome import draw_outcome
from app.components.plain_text import plain
from app.components.storage_backups import draw_backups
from app.components.storage_runs import draw_runs
from app.components.storage_state import draw_reading_in, draw_room
from app.services import storage
from lane_core.errors import LaneError


def main() -> None:
    st.title("Storage", anchor=False)
    st.caption("What takes the room, and what can go: all projects and runs.")
    try:
        rooms = storage.run_rooms()
        draw_room(storage.home_room(rooms))
        draw_reading_in()
        is_empty = state.project_id() is None
        if is_empty:
            draw_next_step(*NO_PROJECT)
        elif rooms:
            draw_runs(rooms)
        else:
            st.markdown("No run yet, so none takes any room.")
        draw_outcome()
        draw_backups(is_empty=is_empty)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")


if __name__ == "__main__":
    main()
