"""The files of an export: what each holds, and its download."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from app.components.table_height import table_height
from app.services.exporting import CHANGES_SHOWN, ExportSummary, PreparedExport

_MEANINGS = {
    "corrected": ("Corrected file", "Your file in its own format and order, with the corrected labels."),
    "audit": (
        "Audit file",
        "Every row and column of your file, then what the run found and what people decided about the row.",
    ),
    "changes": ("Changes", "One row for each changed label: given, corrected, by whom and when."),
    "manifest": ("Manifest", "What went in, the settings of the run, and the counts above."),
}
_VISIBLE_ROWS = 8


def draw_counts(summary: ExportSummary) -> None:
    """Draw how many examples were reviewed, with what outcome, and the rows in and out."""
    counts = {
        "Reviewed": summary.reviewed,
        "Corrected": summary.corrected,
        "Kept": summary.kept,
        "Excluded": summary.excluded,
        "Second opinion": summary.second_opinion,
        "Rows in": summary.dataset.num_rows,
        "Rows out": summary.rows_out,
    }
    for place, (name, count) in zip(st.columns(len(counts)), counts.items(), strict=True):
        place.metric(name, f"{count:,}")


def draw_files(prepared: PreparedExport | None) -> None:
    """Draw a line per file, with its download once it is prepared."""
    for kind, (title, meaning) in _MEANINGS.items():
        words, size, button = st.columns([6, 1, 2], vertical_alignment="center")
        words.markdown(f"**{title}** · {meaning}")
        if prepared is None:
            continue
        file = prepared.files[kind]
        size.caption(file.size)
        button.download_button(
            file.name,
            file.read,
            file_name=file.name,
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
            key=f"download_{kind}",
        )


def draw_changes(summary: ExportSummary) -> None:
    """Draw the first changed labels."""
    st.subheader("Changed labels")
    if summary.num_changed > CHANGES_SHOWN:
        st.caption(f"The first {CHANGES_SHOWN} of {summary.num_changed:,}; the changes file holds all.")
    _draw_table(summary.changes)


def moment(when: datetime) -> str:
    """Return a time as the person's own clock shows it."""
    zone = st.context.timezone
    return f"{when.astimezone(ZoneInfo(zone) if zone else None):%-d %b %Y, %H:%M}"


def _draw_table(changes: pd.DataFrame) -> None:
    st.dataframe(
        changes,
        hide_index=True,
        height=table_height(len(changes), _VISIBLE_ROWS),
        column_config={
            "row_id": "Row id",
            "text": st.column_config.TextColumn("Text", width="large"),
            "change": "Given → corrected",
            "annotator": "Annotator",
            "updated_at": st.column_config.DatetimeColumn(
                "When", format="D MMM YYYY, HH:mm", timezone=st.context.timezone
            ),
        },
    )
