"""The files of an export: what each holds, and its download."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from app.components.addressed_choice import keep, settle
from app.components.plain_text import plain
from app.components.strictness_words import STRICTNESS_OPTIONS
from app.components.table_height import table_height
from app.services.exporting import CHANGES_SHOWN, ExportSummary, PreparedExport
from lane_core.records import STRICTNESSES, Strictness
from lane_core.wording import flagged

_MEANINGS = {
    "corrected": ("Corrected file", "Your file in its own format and order, with the corrected labels."),
    "audit": (
        "Audit file",
        "Every row and column of your file, with what the run found and people decided.",
    ),
    "changes": ("Changes", "One row for each changed label: given, corrected, by whom and when."),
    "manifest": ("Manifest", "What went in, the settings of the run, and the counts above."),
}
_VISIBLE_ROWS = 8
_STRICTNESS_KEY = "strictness"


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


def draw_strictness(summary: ExportSummary) -> Strictness:
    """Draw the choice of what the audit file calls an issue, once there are scores, and return it."""
    if not summary.epochs_done:
        return summary.strictness
    settle(_STRICTNESS_KEY, STRICTNESSES, summary.strictness)
    chosen: Strictness = st.radio(
        "Which labels the audit file calls an issue",
        STRICTNESSES,
        format_func=STRICTNESS_OPTIONS.__getitem__,
        captions=[flagged(level.num_flagged, level.expected_precision) for level in summary.levels.values()],
        horizontal=True,
        help="Only these have a suggested label there. The corrected file is the same for each.",
        key=_STRICTNESS_KEY,
    )
    keep(_STRICTNESS_KEY, summary.strictness)
    return chosen


def draw_files(prepared: PreparedExport | None) -> None:
    """Draw a line per file, with its download once it is prepared."""
    for kind, (title, meaning) in _MEANINGS.items():
        words, button = st.columns([3, 1], vertical_alignment="center")
        line = f"**{title}** · {meaning}"
        if prepared is None:
            words.markdown(line)
            continue
        file = prepared.files[kind]
        words.markdown(f"{line}  \n:gray[:small[{plain(file.name)} · {file.size}]]")
        button.download_button(
            title,
            file.read,
            file_name=file.name,
            type="primary" if kind == "corrected" and not prepared.outdated else "secondary",
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
