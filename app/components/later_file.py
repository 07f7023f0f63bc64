"""The way in for a file that belongs to a project that is there: a newer version of it, or a changes file."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.components.plain_text import plain
from app.roles import is_lead
from app.services.importing import IncomingFile


def choose_later_file(
    kind: str, dataset_id: str, label: str, example: str, more: str = ""
) -> IncomingFile | None:
    """Draw the ways in; return the file, the same object from run to run, None if there is none yet.

    Args:
        kind: Which way in this is; begins its keys.
        dataset_id: The project.
        label: Of the box for an upload.
        example: A path as somebody may type it.
        more: What else can be named, for the help of that box.

    Raises:
        DataError: If there is nothing at the place that was named, or it cannot be fetched.
    """
    turn = f"{dataset_id}_{st.session_state.setdefault(_turn_key(kind), 0)}"
    upload_box, place_box = st.columns(2, vertical_alignment="bottom")
    upload = upload_box.file_uploader(label, key=f"{kind}_upload_{turn}")
    place = ""
    # Who names a path reads whatever the server may read.
    if is_lead():
        place = place_box.text_input(
            "Or where it is",
            placeholder=example,
            help=f"On the machine that LANE Audit runs on.{more}",
            key=f"{kind}_place_{turn}",
        ).strip()
    if upload is not None:
        return _remembered(kind, upload.file_id, lambda key: IncomingFile.uploaded(key, upload.name, upload))
    if place:
        with st.spinner(f"Fetching {plain(place)}"):
            return _remembered(kind, f"{kind}:{place}", lambda key: IncomingFile.fetched(key, place))
    forget_later_file(kind)
    return None


def forget_later_file(kind: str) -> None:
    """Let go of the file, and of the temporary copy with it; the boxes stay as they are."""
    incoming = st.session_state.pop(_incoming_key(kind), None)
    if incoming is not None:
        incoming.discard()


def empty_boxes(kind: str) -> None:
    """Let go of the file, and draw the boxes empty in the next run of the page."""
    forget_later_file(kind)
    st.session_state[_turn_key(kind)] += 1


def _remembered(kind: str, key: str, make: Callable[[str], IncomingFile]) -> IncomingFile:
    incoming: IncomingFile | None = st.session_state.get(_incoming_key(kind))
    if incoming is None or incoming.key != key:
        forget_later_file(kind)
        incoming = make(key)
        st.session_state[_incoming_key(kind)] = incoming
    return incoming


def _incoming_key(kind: str) -> str:
    return f"{kind}_incoming"


def _turn_key(kind: str) -> str:
    return f"{kind}_turn"
