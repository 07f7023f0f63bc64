"""The report of a run on the Export page: prepared on demand, then two downloads."""

from __future__ import annotations

import streamlit as st

from app.components.export_files import moment
from app.components.plain_text import plain
from app.services import reports
from app.services.exporting import PreparedExport
from lane_core.errors import LaneError
from lane_core.records import Strictness

_FORMATS = {
    "html": (
        "HTML",
        "One page with every figure in it, light, dark or printed; it opens in any browser, also offline.",
    ),
    "markdown": ("Markdown", "The same sentences and numbers as text; a figure is the table of its numbers."),
}


def draw_report(run_id: str, strictness: Strictness, has_results: bool) -> None:
    """Draw what the report is, the button that prepares it, and its downloads once there are any."""
    st.subheader("Report")
    st.markdown(
        "One file for who reads it without this app: where the labels are wrong, how sure that is, what was corrected "
        "and whether it helped."
    )
    prepared = reports.prepared(run_id, strictness) if has_results else None
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.button(
            "Prepare the report", icon=":material/summarize:", disabled=not has_results, key="prepare_report"
        )
        st.caption(_preparation(prepared, strictness, has_results))
    if prepared is not None and prepared.outdated:
        st.warning(f"**Out of date.** {prepared.outdated} Prepare it again.", icon=":material/history:")
    if wanted and _prepare(run_id, strictness):
        st.rerun()
    if prepared is not None:
        _draw_downloads(prepared)


def _prepare(run_id: str, strictness: Strictness) -> bool:
    """Prepare the report; show why and return False where that cannot be done."""
    try:
        with st.spinner("Writing the report"):
            reports.prepare(run_id, strictness)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return False
    return True


def _draw_downloads(prepared: PreparedExport) -> None:
    for kind, (title, meaning) in _FORMATS.items():
        words, button = st.columns([3, 1], vertical_alignment="center")
        file = prepared.files[kind]
        words.markdown(f"**{title}** · {meaning}  \n:gray[:small[{plain(file.name)} · {file.size}]]")
        button.download_button(
            title,
            file.read,
            file_name=file.name,
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
            key=f"download_report_{kind}",
        )


def _preparation(prepared: PreparedExport | None, strictness: Strictness, has_results: bool) -> str:
    if not has_results:
        return "The run has no complete epoch yet, so there is nothing to report."
    if prepared is None:
        return f"Not prepared yet. Flagged will mean the strictness chosen above, “{strictness}”."
    return f"Prepared {moment(prepared.prepared_at)}."
