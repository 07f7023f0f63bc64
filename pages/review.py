"""Review: decide on the examples whose label is most likely wrong, one key each.

Needs:   a selected project and a run with at least one epoch (otherwise points to Data or Train).
Reads:   services.review (queue, counts, history); the address (filters, since)
Writes:  services.review.store_events; the address
Session: project, run, annotator (read); annotator, <card>.outcome (read, write)
"""

from dataclasses import replace
from typing import Any

import streamlit as st

from app import navigation, state
from app.components.annotator_name import draw_annotator_name
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.plain_text import plain
from app.components.review_card import CardEvent, num_skipped, review_card
from app.components.review_filters import draw_review_filters, queue_since, show_queue
from app.components.review_history import draw_history
from app.components.review_waiting import draw_waiting
from app.services import review, review_words, workspaces
from lane_core.errors import LaneError
from lane_core.records import QueueFilter

NUM_CARDS = 20
REMEMBERED_IDS = 200


def main() -> None:
    st.title("Review", anchor=False)
    project_id, run_id = state.project_id(), state.run_id()
    if project_id is None:
        draw_next_step(*NO_PROJECT)
        return
    if run_id is None:
        draw_next_step("No run yet. Train one: it finds the labels worth a look.", "Go to Train", "train")
        return
    try:
        if review.last_epoch(run_id):
            _draw_review(project_id, run_id)
        else:
            draw_waiting(run_id)
    except LaneError as error:
        st.error(str(error), icon=":material/error:")


def _draw_review(project_id: str, run_id: str) -> None:
    classes, version = review.classes(project_id), review.label_version(project_id)
    filters = state.filter_from_address(classes)
    counts = review.counts(run_id, filters)
    with st.sidebar:
        has_name = draw_annotator_name()
        draw_review_filters(filters, counts, review.flag_levels(run_id), classes, version)
    run_name = next(run.name for run in workspaces.runs(project_id) if run.run_id == run_id)
    status = workspaces.run_status(run_id)
    st.caption(plain(review_words.headline(filters, counts["total"], run_name, status)))
    if has_name:
        reviewer = review.Reviewer(project_id, run_id, state.annotator())
        _draw_card(reviewer, filters, counts, classes, version)
    draw_history(project_id)


def _draw_card(
    reviewer: review.Reviewer,
    filters: QueueFilter,
    counts: dict[str, Any],
    classes: list[str],
    version: int,
) -> None:
    key = f"review:{reviewer.run_id}:{reviewer.annotator}"
    outcome_key = f"{key}.outcome"
    last: review.Outcome = st.session_state.setdefault(outcome_key, review.Outcome([]))
    since = queue_since(filters, version)
    num_cards = NUM_CARDS + num_skipped(key)
    view = review.queue_view(reviewer, filters, counts["by_status"], since, num_cards, last.focus)

    def on_events(events: list[CardEvent]) -> None:
        found = review.store_events(reviewer, events)
        known = st.session_state[outcome_key].stored
        st.session_state[outcome_key] = replace(found, stored=[*known, *found.stored][-REMEMBERED_IDS:])

    review_card(
        view.cards,
        classes,
        position=view.position,
        total=view.total,
        done=view.done,
        acknowledged=last.stored,
        focus=last.focus,
        error=last.notice,
        view=f"{filters} {since}",
        nothing_left=review_words.nothing_left(filters, counts["by_status"]),
        key=key,
        on_events=on_events,
    )
    if not view.cards:
        _draw_what_next(filters, counts["by_scope"], version)


def _draw_what_next(filters: QueueFilter, by_scope: dict[str, int], version: int) -> None:
    with st.container(horizontal=True, horizontal_alignment="center"):
        if replace(filters, suspects_only=True, strictness="balanced") != QueueFilter():
            st.button("Clear filters", type="primary", on_click=show_queue, args=(QueueFilter(), version))
            return
        if st.button("Export the corrected file", type="primary", icon=":material/download:"):
            navigation.go_to("export")
        wider = review_words.wider_queue(filters, by_scope)
        if wider:
            words, queue = wider
            st.button(words, icon=":material/list:", on_click=show_queue, args=(queue, version))


if __name__ == "__main__":
    main()
