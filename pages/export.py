"""Export: the corrected file, with everything that explains it.

Needs:   a project with a run (otherwise points to Data or Train)
Reads:   exporting.summary(run_id), exporting.prepared(run_id, strictness), reports.prepared(run_id, strictness);
         the address (strictness)
Writes:  exporting.prepare(run_id, strictness), reports.prepare(run_id, strictness); the address
Session: project, run (read); strictness (read, write)
"""

import streamlit as st

from app import navigation, state
from app.components.export_files import draw_changes, draw_counts, draw_files, draw_strictness, moment
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.plain_text import plain
from app.components.report_section import draw_report
from app.services import exporting
from app.services.exporting import ExportSummary, PreparedExport
from lane_core.errors import LaneError
from lane_core.records import QueueFilter, Strictness


def main() -> None:
    st.title("Export")
    run_id = state.run_id()
    if state.project_id() is None:
        draw_next_step(*NO_PROJECT)
        return
    if run_id is None:
        draw_next_step(
            "No run yet. Train one; the files for export hold what it finds.", "Go to Train", "train"
        )
        return
    try:
        summary = exporting.summary(run_id)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.caption(
        f"What comes out for {plain(summary.dataset.source_name)}: the labels as they stand now, "
        f"and the scores of {plain(summary.run_name)}."
    )
    draw_counts(summary)
    _draw_outcome(summary)
    st.subheader("Files")
    strictness = draw_strictness(summary)
    prepared = exporting.prepared(run_id, strictness)
    _draw_prepare(run_id, summary, prepared, strictness)
    draw_files(prepared)
    draw_report(run_id, strictness, has_results=summary.epochs_done > 0)
    if summary.num_changed:
        draw_changes(summary)


def _draw_outcome(summary: ExportSummary) -> None:
    source = plain(summary.dataset.source_name)
    rows = f"{summary.dataset.num_rows:,} rows go in, {summary.rows_out:,} come out"
    if summary.changes_nothing:
        why = "no decision changes a label" if summary.reviewed else "nobody has decided anything yet"
        st.info(f"The corrected file equals {source}: {why}. {rows}.", icon=":material/drag_handle:")
    else:
        left_out = f": {summary.excluded:,} excluded" if summary.excluded else ""
        labels = "1 label differs" if summary.num_changed == 1 else f"{summary.num_changed:,} labels differ"
        st.markdown(f"{rows}{left_out}. {labels} from {source}.")
    if summary.reviewed:
        if st.button("Show the reviewed examples", type="tertiary", icon=":material/rate_review:"):
            navigation.open_queue(QueueFilter(status="reviewed", suspects_only=False))
    elif st.button("Review suspects", icon=":material/rate_review:"):
        navigation.go_to("review")


def _draw_prepare(
    run_id: str, summary: ExportSummary, prepared: PreparedExport | None, strictness: Strictness
) -> None:
    is_current = prepared is not None and not prepared.outdated
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.button(
            "Prepare files",
            type="secondary" if is_current else "primary",
            icon=":material/inventory_2:",
            disabled=not summary.epochs_done,
        )
        st.caption(_preparation(summary, prepared))
    if prepared is not None and prepared.outdated:
        st.warning(f"**Out of date.** {prepared.outdated} Prepare them again.", icon=":material/history:")
    if not wanted:
        return
    try:
        with st.spinner("Writing the files"):
            exporting.prepare(run_id, strictness)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.rerun()


def _preparation(summary: ExportSummary, prepared: PreparedExport | None) -> str:
    if not summary.epochs_done:
        return f"{plain(summary.run_name)} has no complete epoch yet, so there is nothing to export."
    if prepared is None:
        return "Not prepared yet."
    return f"Prepared {moment(prepared.prepared_at)}."


if __name__ == "__main__":
    main()
