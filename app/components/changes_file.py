"""The way in for a changes file: what it would do in the project, and the button that does it."""

from __future__ import annotations

import streamlit as st

from app import navigation, state
from app.components.import_choices import is_cancelled
from app.components.import_progress import read_shown
from app.components.later_file import choose_later_file, empty_boxes, forget_later_file
from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services import changes_files, versions
from app.services.changes_files import ChangesPreview
from app.services.importing import IncomingFile, Reading
from app.services.selected_queue import selected_queue
from app.services.shown_rows import ROWS_SHOWN
from lane_core.data import ReadOptions
from lane_core.errors import LaneError
from lane_core.wording import counted

_KIND = "changes"
_PREVIEW_KEY = "changes_preview"
_DONE_KEY = "changes_done"
_VISIBLE_ROWS = 6
_COLUMNS = {
    "row_id": "Id",
    "text": st.column_config.TextColumn("Text", width="medium"),
    "current_label": "Label now",
    "given_label": "Corrected from",
    "corrected_label": "Corrected to",
    "annotator": "By",
    "updated_at": st.column_config.DatetimeColumn("At (UTC)", format="YYYY-MM-DD HH:mm"),
}


def draw_changes_file(dataset_id: str) -> None:
    """Draw the way in for a changes file of a project, and what was done with the one before."""
    st.caption(
        "A changes file, or an audit file, as Export writes it. Its labels become decisions, also those of a colleague "
        "or of another copy of this project. Nothing is stored before you confirm."
    )
    done = st.container()
    try:
        incoming = choose_later_file(_KIND, dataset_id, "The changes file", "/data/changes.csv")
        if incoming is None:
            with done:
                _draw_done(dataset_id)
            return
        st.session_state.pop(_DONE_KEY, None)
        if is_cancelled(incoming):
            return
        reading = read_shown(incoming, ReadOptions())
        preview = _previewed(dataset_id, incoming, reading)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.markdown(f"**{plain(incoming.name)}** · {plain(reading.description)}")
    _draw_preview(preview)
    if preview.obstacle:
        st.info(plain(preview.obstacle), icon=":material/info:")
        return
    words = f"Apply {counted(preview.num_fitting, 'change')}"
    if st.button(words, type="primary", icon=":material/check:", key="apply_changes"):
        _apply(dataset_id, reading)


def forget_changes_file() -> None:
    """Let go of the file, and of what was done with the one before."""
    forget_later_file(_KIND)
    for key in (_PREVIEW_KEY, _DONE_KEY):
        st.session_state.pop(key, None)


def _draw_preview(preview: ChangesPreview) -> None:
    with st.container(horizontal=True):
        for words, number in preview.counts.items():
            st.metric(words, f"{number:,}", border=True)
    if not preview.kinds:
        return
    for tab, kind in zip(st.tabs([kind.title for kind in preview.kinds]), preview.kinds, strict=True):
        with tab:
            first = f" The first {ROWS_SHOWN}:" if kind.count > ROWS_SHOWN else ""
            st.caption(f"{counted(kind.count, 'change')}. {kind.meaning}{first}")
            st.dataframe(
                kind.rows,
                hide_index=True,
                column_config=_COLUMNS,
                height=table_height(len(kind.rows), _VISIBLE_ROWS),
            )


def _previewed(dataset_id: str, incoming: IncomingFile, reading: Reading) -> ChangesPreview:
    """Compare once, until the file or a decision changes."""
    asked = (dataset_id, incoming.key, versions.state_of(dataset_id))
    kept = st.session_state.get(_PREVIEW_KEY)
    if kept is None or kept[0] != asked:
        with st.spinner("Comparing with the project"):
            kept = (asked, changes_files.preview_changes(dataset_id, reading))
        st.session_state[_PREVIEW_KEY] = kept
    preview: ChangesPreview = kept[1]
    return preview


def _apply(dataset_id: str, reading: Reading) -> None:
    try:
        with st.spinner("Storing the decisions"):
            words, indices = changes_files.apply_changes(dataset_id, reading)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    empty_boxes(_KIND)
    st.session_state[_DONE_KEY] = (dataset_id, words, indices)
    st.rerun()


def _draw_done(dataset_id: str) -> None:
    done_id, words, indices = st.session_state.get(_DONE_KEY, ("", "", []))
    if done_id != dataset_id:
        return
    st.success(words, icon=":material/check_circle:")
    if not indices:
        return
    if state.run_id() is None:
        st.caption("They can be reviewed here once a run was trained on this version.")
    elif st.button(
        f"Review {counted(len(indices), 'example')}", icon=":material/rate_review:", key="review_applied"
    ):
        navigation.open_queue(selected_queue(dataset_id, indices, "of a changes file"))
