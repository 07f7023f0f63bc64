"""The files of an export: the corrected one at once, the others by kind with their downloads."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services import exporting
from app.services.exporting import CHANGES_SHOWN, TOOLS, ExportSummary, PreparedExport

_MEANINGS = {
    "corrected": ("Corrected file", "Your rows in their order, with the corrected labels."),
    "audit": (
        "Audit file",
        "Every row and column of your file, with what the run found and people decided.",
    ),
    "changes": ("Changes", "One row for each changed label: given, corrected, by whom and when."),
    "weights": ("Sample weights", "Id, label and weight of each example, for training with weights."),
    "manifest": ("Manifest", "What went in, the settings of the run, and the counts above."),
}
_VISIBLE_ROWS = 8


def draw_counts(summary: ExportSummary) -> None:
    """Draw how many examples were reviewed, and with what outcome."""
    counts = {
        "Reviewed": summary.reviewed,
        "Corrected": summary.corrected,
        "Kept": summary.kept,
        "Excluded": summary.excluded,
        "Second opinion": summary.second_opinion,
    }
    with st.container(horizontal=True, gap="medium"):
        for name, count in counts.items():
            st.metric(name, f"{count:,}", width="content")


def draw_corrected(summary: ExportSummary) -> None:
    """Draw the one button that most people come for: the corrected file in the shape that came in."""
    if summary.source is None:
        st.error(
            f"The imported file {plain(summary.dataset.source_name)} is not in LANE_HOME any more. "
            "Put it back, or import it again.",
            icon=":material/error:",
        )
        return
    st.download_button(
        "Download the corrected file",
        partial(exporting.corrected_file, summary.dataset.dataset_id),
        file_name=summary.corrected_name,
        type="primary",
        icon=":material/download:",
        on_click="ignore",
        key="download_now",
    )
    st.caption(
        f"{plain(summary.corrected_name)}: the labels as they stand now; all else is as in your file, "
        "which stays as it is."
    )


def draw_files(prepared: PreparedExport) -> None:
    """Draw a line for each file, with its download."""
    meanings = {**_MEANINGS, **TOOLS}
    for kind, file in prepared.files.items():
        title, meaning = meanings[kind]
        words, button = st.columns([3, 1], vertical_alignment="center")
        words.markdown(f"**{title}** · {meaning}  \n:gray[:small[{plain(file.name)} · {file.size}]]")
        button.download_button(
            title,
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
    st.dataframe(
        summary.changes,
        hide_index=True,
        height=table_height(len(summary.changes), _VISIBLE_ROWS),
        column_config={
            "row_id": "Row id",
            "text": st.column_config.TextColumn("Text", width="medium"),
            "change": "Given → corrected",
            "annotator": "Annotator",
            "updated_at": st.column_config.DatetimeColumn(
                "When", format="D MMM YYYY, HH:mm", timezone=st.context.timezone
            ),
        },
    )


def moment(when: datetime) -> str:
    """Return a time as the person's own clock shows it."""
    zone = st.context.timezone
    local = when.astimezone(ZoneInfo(zone) if zone else None)
    return f"{local.day} {local:%b %Y, %H:%M}"
