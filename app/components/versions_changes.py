"""What a newer file changes: the rows, and the decisions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import navigation, state
from app.components.csv_button import draw_csv_button
from app.components.table_height import table_height
from app.services import versions
from app.services.selected_queue import selected_queue
from app.services.shown_rows import ROWS_SHOWN
from app.services.versions import Changes
from lane_core.versions import decision_words
from lane_core.wording import counted

_VISIBLE_ROWS = 6
_ROWS = {
    "row_id": "Id",
    "row": "Row",
    "text": st.column_config.TextColumn("Text", width="large"),
    "label": "Label",
    "old_row": None,
    "new_row": None,
    "old_text": st.column_config.TextColumn("Text before", width="large"),
    "new_text": st.column_config.TextColumn("Text now", width="large"),
    "old_label": "Label before",
    "new_label": "Label now",
}
_DECISIONS = {
    "row_id": "Id",
    "text": st.column_config.TextColumn("Text", width="medium"),
    "annotator": "By",
    "action": "Decision",
    "label": "Decided label",
    "file_label": "Label in the file",
}


def draw_changes(changes: Changes, dataset_id: str | None = None) -> None:
    """Draw what is new, gone and changed, and what becomes of the decisions.

    Args:
        changes: What to draw.
        dataset_id: The version that made them; None = a file that is not stored yet.
    """
    with st.container(horizontal=True):
        for words, number in changes.counts.items():
            st.metric(words, f"{number:,}", border=True)
    st.caption(f"Rows are matched by their {changes.matched_by}.")
    _draw_tables(changes)
    if dataset_id is not None and changes.tables:
        draw_csv_button(
            "These changes as CSV",
            lambda: versions.changes_csv(dataset_id),
            "version-changes.csv",
            "download_version_changes",
        )
    _draw_decisions(changes, dataset_id)


def _draw_tables(changes: Changes) -> None:
    if not changes.tables:
        st.markdown("Nothing is new, gone or changed.")
        return
    for tab, (words, rows) in zip(st.tabs(list(changes.tables)), changes.tables.items(), strict=True):
        with tab:
            if changes.counts[words] > ROWS_SHOWN:
                st.caption(f"The first {ROWS_SHOWN} of {changes.counts[words]:,}")
            st.dataframe(
                rows,
                hide_index=True,
                column_config=_ROWS,
                height=table_height(len(rows), _VISIBLE_ROWS),
            )


def _draw_decisions(changes: Changes, dataset_id: str | None) -> None:
    st.markdown(decision_words(changes.decisions))
    for words, rows in changes.listed.items():
        _draw_listed(words, rows, changes.to_look_at[words], dataset_id)
    if changes.listed and dataset_id is not None and state.run_id() is None:
        st.caption("They can be reviewed here once a run was trained on this version.")


def _draw_listed(words: str, rows: pd.DataFrame, indices: list[int], dataset_id: str | None) -> None:
    st.markdown(f"**{words}** · {counted(len(indices), 'example')}")
    st.dataframe(
        rows, hide_index=True, column_config=_DECISIONS, height=table_height(len(rows), _VISIBLE_ROWS)
    )
    if dataset_id is None or state.run_id() is None:
        return
    if st.button(f"Review {counted(len(indices), 'example')}", key=f"review_{words}"):
        navigation.open_queue(selected_queue(dataset_id, indices, words.lower()))
