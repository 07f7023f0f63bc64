"""Overview: what should I do next?

Needs:   nothing; without a project it points to Data, without a run to Train.
Reads:   services.overview (next step, figures, pairs), services.overview_findings (what stands out, classes, changes),
         services.live_runs (chosen run, run under way)
Writes:  services.overview_findings.queue_of keeps the examples behind a finding
Session: project, run (read; the strip's button writes run)
"""

import streamlit as st

from app import navigation, state
from app.components.live_run import draw_strip
from app.components.overview import draw_figures, draw_pairs
from app.components.overview_findings import draw_changes, draw_findings, draw_health
from app.components.plain_text import plain
from app.services import live_runs, overview, overview_findings
from app.services.live_runs import LiveRun
from lane_core.errors import LaneError


def main() -> None:
    st.title("Overview", anchor=False)
    project_id, run_id = state.project_id(), state.run_id()
    if project_id is None:
        _draw_next_step(
            overview.NextStep(
                "No project yet. Import a file of labelled texts to begin.", "Import a file", "data"
            )
        )
        return
    try:
        live = _draw_first_screen(project_id, run_id)
        if live and live.stored_epoch:
            _draw_below(live)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _draw_first_screen(project_id: str, run_id: str | None) -> LiveRun | None:
    live = live_runs.live_run(run_id) if run_id else None
    step = overview.next_step(project_id, live)
    _draw_next_step(step)
    going = live_runs.going_run(project_id)
    if going:
        is_the_next_step = step.page == "train" and going.record.run_id == run_id
        draw_strip(going, with_link=not is_the_next_step)
    draw_figures(overview.figures(project_id, live))
    if live and live.stored_epoch:
        draw_pairs(overview.confused_pairs(live))
    return live


def _draw_below(live: LiveRun) -> None:
    """Draw what is worth scrolling for."""
    found = overview_findings.run_findings(live)
    draw_findings(found.findings, live.record.dataset_id)
    draw_health(found.health, live.record.run_id, live.record.name)
    draw_changes(overview_findings.run_changes(live))


def _draw_next_step(step: overview.NextStep) -> None:
    st.subheader(plain(step.sentence), anchor=False)
    if st.button(step.button, type="primary", icon=":material/arrow_forward:", key="next_step"):
        if step.queue:
            navigation.open_queue(step.queue)
        navigation.go_to(step.page)
    if step.note:
        st.caption(plain(step.note))


if __name__ == "__main__":
    main()
