"""A run as it goes on and as it ended: what it does, what it found so far, how to steer it.

Only the line and the bars move every second. The page is drawn anew when the state changes or an epoch comes in;
charts and numbers cannot change in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from app import navigation, state
from app.components.plain_text import plain
from app.components.redrawn import redrawn
from app.components.run_state import RESUMABLE_STATES, STATE_MARKS
from app.services import live_runs
from app.services.live_runs import Curves, LiveRun
from lane_core.charts.alm_histogram import alm_histogram
from lane_core.charts.losses import f1_curves, loss_curves
from lane_core.errors import LaneError
from lane_core.wording import counted, noise

REFRESH = "1s"
CHART_CONFIG = {"displayModeBar": False}
MOST_CHARACTERS = 160
"""Of a text in the list of first suspects."""


def draw_live_run(live: LiveRun) -> None:
    """Draw everything about one run: state, bars, buttons, figures, charts, first suspects, log."""
    _draw_heading(live)
    draw_progress(live)
    if live.status.state in ("failed", "interrupted"):
        _draw_failure(live)
    elif live.status.state == "cancelled":
        st.info(live_runs.what_to_try(live), icon=":material/info:")
    for problem in live_runs.unreadable_files(live.record.run_id):
        st.warning(f"Part of this run could not be read in. {problem}", icon=":material/warning:")
    curves = live_runs.curves(live)
    if curves is None:
        if live.is_going:
            st.caption("Curves, margins and the first suspects appear here after the first epoch.")
    else:
        _draw_findings(live, curves)
    _draw_log(live)


def draw_progress(live: LiveRun) -> None:
    """Draw the sentence and the bars; both move by themselves while the run goes on."""
    run_every = REFRESH if live.is_moving else None
    redrawn(_draw_moving_part, run_every=run_every)(live.record.run_id, live.moment)


def draw_strip(live: LiveRun, *, with_link: bool) -> None:
    """Draw a run under way in brief, for pages about something else; the link leads to its whole view."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            run_state = live.status.state
            st.markdown(f"{STATE_MARKS[run_state]} **{plain(live.record.name)}** · {run_state}")
            curves = live_runs.curves(live)
            if curves:
                st.markdown(f"{counted(curves.num_flagged, 'label')} flagged so far")
            if with_link and st.button("Watch the run", key="watch_run", icon=":material/monitoring:"):
                state.select(live.record.dataset_id, live.record.run_id)
                navigation.go_to("train")
        draw_progress(live)


def _draw_moving_part(run_id: str, drawn_moment: tuple[str, int, bool, bool]) -> None:
    live = live_runs.live_run(run_id)
    if live.moment != drawn_moment:
        st.rerun()
    st.markdown(plain(live_runs.state_in_words(live)))
    status = live.status
    if not live.is_going:
        return
    if status.total_steps == 0:
        st.progress(0.0, text=f"Epoch 0 of {status.epochs:,}")
        return
    steps_an_epoch = max(1, status.total_steps // max(1, status.epochs))
    in_epoch = min(max(0, status.step - steps_an_epoch * (status.epoch - 1)), steps_an_epoch)
    epoch_column, run_column = st.columns(2)
    epoch_column.progress(
        in_epoch / steps_an_epoch,
        text=f"Epoch {status.epoch:,} of {status.epochs:,}: step {in_epoch:,} of {steps_an_epoch:,}",
    )
    run_column.progress(
        min(1.0, status.step / status.total_steps),
        text=f"Whole run: step {status.step:,} of {status.total_steps:,}",
    )


def _draw_heading(live: LiveRun) -> None:
    run_id, run_state = live.record.run_id, live.status.state
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"{STATE_MARKS[run_state]} {plain(live.record.name)} · {run_state}", anchor=False)
        # What comes and goes stands last: an open popover is known by its place in the row.
        with st.popover(":material/edit:", help="Rename the run"):
            name = st.text_input("Name of the run", live.record.name, key=f"name_of_{run_id}")
            _button("Save the name", live_runs.rename, run_id, name, key="rename_run")
        if live.is_going and not live.is_stopping:
            with st.popover("Cancel", icon=":material/stop_circle:"):
                st.markdown(
                    "Stop this run? What it learned up to its last whole epoch stays; it can be resumed."
                )
                _button("Stop the run", live_runs.cancel, run_id, key="stop_run")
        if run_state in RESUMABLE_STATES:
            _button(
                "Resume", live_runs.resume, run_id,
                key="resume_run", icon=":material/resume:", type="primary",
            )  # fmt: skip
        _draw_review_button(live)


def _draw_review_button(live: LiveRun) -> None:
    waiting = live_runs.num_to_review(live.record.run_id) if live.stored_epoch else 0
    if waiting == 0:
        return
    label = f"Review {counted(waiting, 'suspect')}"
    kind: Literal["primary", "secondary"] = "primary" if live.status.state == "finished" else "secondary"
    if st.button(label, type=kind, icon=":material/rate_review:", key="review_suspects"):
        navigation.go_to("review")


def _button(label: str, action: Callable[..., None], *arguments: str, **look: str) -> None:
    """Draw a button that does something to the run and draws the page anew; a refusal is shown below it."""
    if st.button(label, **look):
        try:
            action(*arguments)
        except LaneError as error:
            st.error(str(error), icon=":material/error:")
        else:
            st.rerun()


def _draw_failure(live: LiveRun) -> None:
    st.error(plain(live.status.message or "The run ended without a message."), icon=":material/error:")
    st.markdown(f"**What to try.** {live_runs.what_to_try(live)}")
    tail = live_runs.log_tail(live.record.run_id)
    if tail:
        st.caption("The last lines of the log")
        st.code(tail, language=None, wrap_lines=True)


def _draw_findings(live: LiveRun, curves: Curves) -> None:
    _draw_figures(live, curves)
    left, right = st.columns(2, gap="large")
    with left:
        figure = alm_histogram(curves.alm, curves.mu, live.stored_epoch)
        st.plotly_chart(figure, key="alm_histogram", config=CHART_CONFIG)
        _draw_first_suspects(live)
    with right:
        st.plotly_chart(loss_curves(curves.step_losses), key="loss_curves", config=CHART_CONFIG)
        f1_figure = f1_curves(curves.metrics)
        if f1_figure is not None:
            st.plotly_chart(f1_figure, key="f1_curves", config=CHART_CONFIG)


def _draw_figures(live: LiveRun, curves: Curves) -> None:
    columns = st.columns(4)
    columns[0].metric("Suspects so far" if live.is_going else "Suspects", f"{curves.num_flagged:,}")
    columns[1].metric("Epochs done", f"{live.stored_epoch:,} of {live.status.epochs:,}")
    for column, name, value in (
        (columns[2], "Validation F1", curves.validation_f1),
        (columns[3], "Test F1", curves.test_f1),
    ):
        if value is not None:
            column.metric(name, f"{value:.3f}", help="Macro F1 against the labels that the run was given.")
    if curves.noise_rate is not None:
        st.caption(noise(curves.noise_rate))


def _draw_first_suspects(live: LiveRun) -> None:
    suspects = live_runs.first_suspects(live.record.run_id)
    if suspects.empty:
        st.caption("No suspect waits for a decision.")
        return
    st.markdown("**First suspects**" if live.is_going else "**The worst suspects**")
    for row in suspects.itertuples(index=False):
        with st.container(gap="xsmall"):
            draw_label_pair(row.given_label, row.suggested_label)
            st.text(_shortened(row.text))


def draw_label_pair(given: str, suggested: str) -> None:
    """Draw a given and a suggested label as two chips."""
    st.markdown(f":gray-badge[{plain(given)}] → :orange-badge[{plain(suggested)}]")


def _draw_log(live: LiveRun) -> None:
    if live.status.state in ("failed", "interrupted"):
        return
    with st.expander("Log"):
        run_every = REFRESH if live.is_moving else None
        redrawn(_draw_log_lines, run_every=run_every)(live.record.run_id)


def _draw_log_lines(run_id: str) -> None:
    st.code(live_runs.log_tail(run_id) or "Nothing yet.", language=None, wrap_lines=True, height=200)


def _shortened(text: str) -> str:
    """Return the beginning of a text on one line, cut between words."""
    line = " ".join(text.split())
    if len(line) <= MOST_CHARACTERS:
        return line
    return line[: MOST_CHARACTERS + 1].rsplit(" ", 1)[0][:MOST_CHARACTERS] + " …"
