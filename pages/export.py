"""Export: the corrected file at once, and folded away beneath it everything else.

Needs:   a project with a run (otherwise points to Data or Train)
Reads:   exporting.summary(run_id), exporting.corrected_file(dataset_id) on download, exporting.prepared(run_id,
         options), reports.prepared(run_id, strictness); the address (strictness)
Writes:  exporting.prepare(run_id, options), reports.prepare(run_id, strictness); the address
Session: project, run (read); strictness (read, write)
"""

import streamlit as st

from app import navigation, state
from app.components.export_choices import draw_choices
from app.components.export_files import draw_changes, draw_corrected, draw_counts, draw_files, moment
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.plain_text import plain
from app.components.report_section import draw_report
from app.services import exporting
from app.services.exporting import ExportOptions, ExportSummary, PreparedExport
from lane_core.errors import LaneError
from lane_core.records import QueueFilter


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
    _draw_outcome(summary)
    draw_corrected(summary)
    draw_counts(summary)
    _draw_way_to_review(summary)
    with st.expander("More files, formats and tools", expanded=exporting.is_prepared(run_id)):
        options = _draw_more(run_id, summary)
    draw_report(run_id, options.strictness, has_results=summary.epochs_done > 0)
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


def _draw_way_to_review(summary: ExportSummary) -> None:
    if summary.reviewed:
        if st.button("Show the reviewed examples", type="tertiary", icon=":material/rate_review:"):
            navigation.open_queue(QueueFilter(status="reviewed", suspects_only=False))
    elif st.button("Review suspects", icon=":material/rate_review:"):
        navigation.go_to("review")


def _draw_more(run_id: str, summary: ExportSummary) -> ExportOptions:
    """Draw what else can be had: the choices, the button that prepares the files, and their downloads."""
    options = draw_choices(summary)
    prepared = exporting.prepared(run_id, options)
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.button(
            "Prepare files",
            icon=":material/inventory_2:",
            disabled=not summary.epochs_done,
        )
        st.caption(_preparation(summary, prepared))
    if prepared is not None and prepared.outdated:
        st.warning(f"**Out of date.** {prepared.outdated} Prepare them again.", icon=":material/history:")
    if wanted and _prepare(run_id, options):
        st.rerun()
    if prepared is not None:
        draw_files(prepared)
    return options


def _prepare(run_id: str, options: ExportOptions) -> bool:
    """Prepare the files; show why and return False where that cannot be done."""
    try:
        with st.spinner("Writing the files"):
            exporting.prepare(run_id, options)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return False
    return True


def _preparation(summary: ExportSummary, prepared: PreparedExport | None) -> str:
    if not summary.epochs_done:
        return f"{plain(summary.run_name)} has no complete epoch yet, so there is nothing to export."
    if prepared is None:
        return "Audit file, changes, manifest and what is chosen above. Not prepared yet."
    return f"Prepared {moment(prepared.prepared_at)}."


if __name__ == "__main__":
    main()
