"""The backups that are there, making one, and the way back."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.components.ask_once import ask_once
from app.components.export_files import moment
from app.components.outcome import do, draw_outcome
from app.components.plain_text import plain
from app.services import backups
from app.services.backups import Backup
from app.services.storage import folder_bytes
from lane_core import wording

BACKUPS_SHOWN = 8
_PLACE = "backups"
_NAME_WIDTH = 240
"""Pixels; three buttons fit beside it in a window of 1024."""


def draw_backups(*, is_empty: bool) -> None:
    """Draw the button that makes a backup, and the newest backups, each with what can be done with it.

    Args:
        is_empty: There is nothing to back up yet.
    """
    found = backups.backups()
    if is_empty and not found:
        return
    st.subheader("Backups", anchor=False)
    if not is_empty:
        _draw_back_up()
    draw_outcome(_PLACE)
    if not found:
        st.caption(f"No backup in `{backups.folder()}` yet.")
        return
    for backup in found[:BACKUPS_SHOWN]:
        _draw_backup(backup)
    for aside in backups.moved_aside():
        _draw_moved_aside(aside)
    if len(found) > BACKUPS_SHOWN:
        st.caption(f"And {len(found) - BACKUPS_SHOWN:,} older.")
    st.caption(
        f"Kept in `{backups.folder()}`. `python -m lane_core backup --output FOLDER` makes one on another disk; "
        "`python -m lane_core restore FILE` puts one back while the app is closed, or on another machine."
    )


def _draw_back_up() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        is_wanted = st.button("Back up now", icon=":material/save:", key="back_up")
        st.caption("A copy of all data sets, decisions and runs in one file, made while everybody works on.")
    if is_wanted:
        do(_back_up, busy="Copying everything", place=_PLACE)


def _draw_backup(backup: Backup) -> None:
    key = backup.path.name
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{moment(backup.made_at)}** · {wording.size(backup.num_bytes)}  \n:gray[:small[{plain(key)}]]",
            width=_NAME_WIDTH,
        )
        if backup.can_be_downloaded:
            st.download_button(
                "Download", backup.read, file_name=key, icon=":material/download:", on_click="ignore",
                key=f"download_{key}",
            )  # fmt: skip
        if ask_once(
            "Restore",
            f"Put everything back as it was on {moment(backup.made_at)}? From then on everybody works with that. "
            "What is there now is not deleted: it is moved aside into a folder of its own.",
            "Restore it",
            key=f"restore_{key}",
            icon=":material/settings_backup_restore:",
        ):
            do(lambda: _restore(backup), busy="Checking the backup and putting it back", place=_PLACE)
        if ask_once(
            "Delete",
            f"Delete the backup of {moment(backup.made_at)}? That gives back {wording.size(backup.num_bytes)}.",
            "Delete the backup",
            key=f"delete_{key}",
            icon=":material/delete:",
        ):
            do(lambda: _delete(backup), busy="Deleting", place=_PLACE)
    if not backup.can_be_downloaded:
        st.caption(f"Too large to download from here; copy it from `{backup.path}`.")


def _draw_moved_aside(aside: Path) -> None:
    size = wording.size(folder_bytes(aside))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**Moved aside by restoring** · {size}  \n:gray[:small[{plain(aside.name)}]]", width=_NAME_WIDTH
        )
        if ask_once(
            "Delete",
            "Delete what was there before restoring? Do it when nothing is missing: "
            f"nothing else holds what was decided since the backup. That gives back {size}.",
            "Delete what was moved aside",
            key=f"delete_{aside.name}",
            icon=":material/delete:",
        ):
            do(lambda: _delete_moved_aside(aside), busy="Deleting", place=_PLACE)


def _back_up() -> str:
    made = backups.back_up()
    return f"Backed up into `{made.path}`: {wording.size(made.num_bytes)}."


def _restore(backup: Backup) -> str:
    aside = backups.restore(backup.path)
    before = f" What was there before is in `{aside}`." if aside else ""
    return f"Everything is as it was on {moment(backup.made_at)}.{before}"


def _delete(backup: Backup) -> str:
    return f"The backup was deleted: {wording.size(backups.delete(backup.path))} given back."


def _delete_moved_aside(aside: Path) -> str:
    given_back = folder_bytes(aside)
    backups.delete_moved_aside(aside)
    return f"What was moved aside was deleted: {wording.size(given_back - folder_bytes(aside))} given back."
