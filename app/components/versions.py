"""The versions of a project, and the ways in for a newer file of it and for a changes file."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import navigation, state
from app.components.changes_file import draw_changes_file, forget_changes_file
from app.components.export_files import moment
from app.components.import_choices import choose_columns, choose_part, choose_reading, is_cancelled
from app.components.import_findings import chosen_fixes, draw_problems
from app.components.import_progress import check_shown, read_shown, shown_progress
from app.components.later_file import choose_later_file, empty_boxes, forget_later_file
from app.components.notice import announce
from app.components.plain_text import plain
from app.components.versions_changes import draw_changes
from app.services import versions
from app.services.importing import IncomingFile, Reading
from app.services.versions import Changes, VersionPlace
from lane_core.data import Fixes
from lane_core.errors import LaneError
from lane_core.records import ColumnChoice, DatasetRecord

_KIND = "version"
_COMPARED_KEY = "version_compared"


def draw_versions(dataset_id: str | None) -> None:
    """Draw which version of the project this is and what it changed, and the ways in for later files.

    Args:
        dataset_id: The chosen project; nothing is drawn where there is none.
    """
    if dataset_id is None:
        return
    place = versions.place_of(dataset_id)
    name = plain(place.records[-1].name)
    if len(place.records) > 1:
        _draw_place(place)
    if not place.is_newest:
        return
    with st.container(horizontal=True):
        has_newer = st.toggle(
            f"I have a newer file of **{name}**",
            help="See what is new, gone and changed, and whether the decisions are kept, before anything is stored.",
            key=f"version_wanted_{dataset_id}",
        )
        has_changes = st.toggle(
            "I have a changes file",
            help="See which of its corrected labels fit this project before they are stored as decisions.",
            key=f"changes_wanted_{dataset_id}",
        )
    if has_newer:
        _draw_newer(place)
    else:
        _forget_file()
    if has_changes:
        draw_changes_file(dataset_id)
    else:
        forget_changes_file()


def _draw_place(place: VersionPlace) -> None:
    record = place.records[place.number - 1]
    total = len(place.records)
    title, choice = st.columns([3, 2], vertical_alignment="bottom")
    title.subheader(f"{plain(record.name)}: version {place.number} of {total}", anchor=False)
    numbers = {one.dataset_id: number for number, one in enumerate(place.records, start=1)}
    by_id = {one.dataset_id: one for one in place.records}
    key = f"version_choice_{record.dataset_id}_{total}"
    choice.selectbox(
        "Version",
        list(reversed(numbers)),
        index=total - place.number,
        format_func=lambda one: (
            f"{numbers[one]} · {by_id[one].source_name} · {moment(by_id[one].created_at)}"
        ),
        label_visibility="collapsed",
        key=key,
        on_change=lambda: state.select(st.session_state[key]),
    )
    if not place.is_newest:
        st.info(
            "An older version: its runs and decisions are as they were. New decisions here do not reach the newer "
            "versions.",
            icon=":material/history:",
        )
    elif state.run_id() is None:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Go to Train", icon=":material/model_training:", key="train_version"):
                navigation.go_to("train")
            st.caption("No run on this version yet: the runs so far belong to the older ones.")
    if place.number == 1:
        return
    with st.expander(f"What changed since version {place.number - 1}", icon=":material/difference:"):
        draw_changes(versions.changes_after(record.dataset_id), record.dataset_id)


def _draw_newer(place: VersionPlace) -> None:
    record = place.records[-1]
    st.caption("Nothing is stored before you confirm. This version stays as it is, with its runs.")
    try:
        incoming = choose_later_file(
            _KIND,
            record.dataset_id,
            "The newer file",
            "/data/reviews.csv, or hf:owner/name",
            " A file, a folder, or a data set of the Hugging Face hub.",
        )
        if incoming is None or is_cancelled(incoming):
            return
        line, more = st.columns([6, 1], vertical_alignment="center")
        with more:
            options = choose_reading(incoming)
        reading = read_shown(incoming, options)
        line.markdown(f"**{plain(incoming.name)}** · {plain(reading.description)}")
        choose_part(incoming, reading)
        columns = _columns(incoming, reading, record)
        if columns is None:
            return
        fixes = _fixes(incoming, reading, columns, record.dataset_id)
        if fixes is None:
            return
        with st.spinner("Comparing with the project"):
            changes = _compared(record.dataset_id, incoming, reading, columns, fixes)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    draw_changes(changes)
    number = len(place.records) + 1
    if st.button(f"Make it version {number}", type="primary", icon=":material/add:", key="add_version"):
        _add(record.dataset_id, incoming, reading, columns, fixes)


def _fixes(incoming: IncomingFile, reading: Reading, columns: ColumnChoice, dataset_id: str) -> Fixes | None:
    """Deal with faults as with those of the project's file; draw what blocks all the same, with its fix.

    Returns:
        None while something blocks the version.
    """
    chosen = chosen_fixes(incoming.key)
    fixes = versions.fixes_of_newer(dataset_id, chosen)
    problems = check_shown(incoming, reading, columns, fixes).problems
    shown = [one for one in problems if one.blocking or (one.fix and getattr(chosen, one.fix))]
    draw_problems(shown, incoming.key)
    return None if any(one.blocking for one in problems) else fixes


def _columns(incoming: IncomingFile, reading: Reading, older: DatasetRecord) -> ColumnChoice | None:
    """Take the project's columns; where the file lacks one that is needed, let the person choose."""
    guess = versions.columns_of_newer(reading, older)
    theirs = older.columns
    if (guess.text, guess.label, guess.example_id) == (theirs.text, theirs.label, theirs.example_id):
        return guess
    st.info(
        "The file has not all columns of the project. Check which of its columns hold what.",
        icon=":material/help:",
    )
    return choose_columns(incoming, replace(reading, guess=guess))


def _compared(
    dataset_id: str, incoming: IncomingFile, reading: Reading, columns: ColumnChoice, fixes: Fixes
) -> Changes:
    """Compare once, until the file, its columns or a decision changes."""
    asked = (dataset_id, incoming.key, reading.options, columns, fixes, versions.state_of(dataset_id))
    kept = st.session_state.get(_COMPARED_KEY)
    if kept is None or kept[0] != asked:
        kept = (asked, versions.changes_of_newer(dataset_id, reading, columns, fixes))
        st.session_state[_COMPARED_KEY] = kept
    return kept[1]


def _add(
    dataset_id: str, incoming: IncomingFile, reading: Reading, columns: ColumnChoice, fixes: Fixes
) -> None:
    working = st.empty()
    try:
        with shown_progress(working, "version_cancel_storing", lambda: None) as say:
            newer_id, words = versions.add(dataset_id, incoming, reading, columns, fixes, say)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.session_state.pop(_COMPARED_KEY, None)
    empty_boxes(_KIND)
    announce(plain(words))
    state.select(newer_id)
    navigation.go_to("data")


def _forget_file() -> None:
    st.session_state.pop(_COMPARED_KEY, None)
    forget_later_file(_KIND)
