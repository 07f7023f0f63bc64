"""Review: decide on the examples whose label is most likely wrong, one key each.

Needs:   a selected project and a run with at least one epoch (otherwise points to Data or Train).
Reads:   services.review, review_queue, review_progress; the address (filters, since, view)
Writes:  services.review_events.store_events, review_table; leases (services.review_queue); the address
Session: project, run, annotator (read); annotator, <card>.outcome, review_held (read, write)
"""

from dataclasses import replace
from typing import Any

import streamlit as st

from app import navigation, state
from app.components.annotator_name import draw_annotator_name
from app.components.next_step import chosen_run
from app.components.plain_text import plain
from app.components.redrawn import redrawn
from app.components.review_card import num_skipped, review_card
from app.components.review_card_records import CardEvent
from app.components.review_filters import draw_review_filters, queue_since, show_queue
from app.components.review_history import draw_history
from app.components.review_progress import draw_review_progress
from app.components.review_table import draw_review_table
from app.components.review_waiting import draw_waiting
from app.services import review, review_events, review_queue, review_words, workspaces
from lane_core.errors import LaneError
from lane_core.records import QueueFilter

NUM_CARDS = 20
REMEMBERED_IDS = 200
LOOK_AGAIN_S = 3


def main() -> None:
    st.title("Review", anchor=False)
    chosen = chosen_run("it finds the labels worth a look.")
    if chosen is None:
        return
    project_id, run_id = chosen
    try:
        if review.last_epoch(run_id):
            _draw_review(project_id, run_id)
        else:
            draw_waiting(run_id)
    except LaneError as error:
        st.error(str(error), icon=":material/error:")


def _draw_review(project_id: str, run_id: str) -> None:
    classes, version = review.class_list(project_id), review.label_version(project_id)
    in_use = [name for name in classes.names if name not in classes.replaced]
    filters = state.filter_from_address(in_use)
    with st.sidebar:
        has_name = draw_annotator_name()
    counts = review.counts(run_id, filters, state.annotator())
    run_name = next(run.name for run in workspaces.runs(project_id) if run.run_id == run_id)
    status = workspaces.run_status(run_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        marked = review.selection(project_id, filters)
        words = marked.words if marked else ""
        st.caption(plain(review_words.headline(filters, counts["total"], run_name, status, words)))
        _draw_view_switch()
    if has_name:
        reviewer = review.Reviewer(project_id, run_id, state.annotator())
        if state.shows_table():
            draw_review_table(reviewer, filters, in_use)
        else:
            _draw_card(reviewer, filters, counts, classes, version)
    # After the card: it waits to hear that its decisions are stored.
    with st.sidebar:
        draw_review_filters(filters, counts, review.flag_levels(run_id), in_use, version, marked)
    draw_review_progress(run_id, filters.strictness)
    draw_history(project_id)


def _draw_view_switch() -> None:
    key = "review_view"
    st.session_state[key] = "Table" if state.shows_table() else "Cards"
    st.segmented_control(
        "View",
        ["Cards", "Table"],
        key=key,
        required=True,
        label_visibility="collapsed",
        help="One example at a time, or many at once",
        on_change=_switch_view,
    )


def _switch_view() -> None:
    if st.session_state["review_view"] == "Table":
        st.query_params["view"] = "table"
    else:
        st.query_params.pop("view", None)


def _draw_card(
    reviewer: review.Reviewer,
    filters: QueueFilter,
    counts: dict[str, Any],
    classes: review.ClassList,
    version: int,
) -> None:
    key = f"review:{reviewer.run_id}:{reviewer.annotator}"
    outcome_key = f"{key}.outcome"
    _give_back_other_queue(reviewer, filters)
    last: review_events.Outcome = st.session_state.setdefault(outcome_key, review_events.Outcome([]))
    since = queue_since(filters, version)
    num_cards = NUM_CARDS + num_skipped(key)
    view = review_queue.queue_view(reviewer, filters, counts["by_status"], since, num_cards, last.focus)
    num_today, median_seconds = review.pace(reviewer)

    def on_events(events: list[CardEvent]) -> None:
        found = review_events.store_events(reviewer, events)
        known = st.session_state[outcome_key].stored
        st.session_state[outcome_key] = replace(found, stored=[*known, *found.stored][-REMEMBERED_IDS:])

    review_card(
        view.cards,
        classes.names,
        position=view.position,
        total=view.total,
        done=view.done,
        acknowledged=last.stored,
        focus=last.focus,
        error=last.notice,
        view=f"{filters} {since}",
        nothing_left=(
            review_words.elsewhere(view.num_elsewhere)
            if view.num_elsewhere
            else review_words.nothing_left(filters, counts["by_status"])
        ),
        key=key,
        on_events=on_events,
        guidelines=classes.guidelines,
        hidden=classes.replaced,
        is_settling=filters.status == "to_settle",
        is_blind=filters.status == "to_review" and review.plan(reviewer.dataset_id).is_blind,
        reviewed_today=num_today,
        median_seconds=median_seconds,
    )
    if last.together:
        st.caption(last.together)
    if view.num_elsewhere:
        redrawn(_look_again, run_every=LOOK_AGAIN_S)()
    elif not view.cards:
        _draw_what_next(filters, counts["by_scope"], version)


def _look_again() -> None:
    """Draw the page anew after a while: what is on the screens of others may have come back."""
    key = "review_looked"
    if st.session_state.get(key):
        st.session_state[key] = False
        st.rerun()
    st.session_state[key] = True
    st.caption("More appear here as soon as others give them back.", text_alignment="center")


def _give_back_other_queue(reviewer: review.Reviewer, filters: QueueFilter) -> None:
    """Let others have what this window held before the queue, or the name of who reviews, was changed."""
    held = st.session_state.setdefault("review_held", (reviewer, filters))
    if held != (reviewer, filters):
        review_queue.give_back(held[0])
        st.session_state["review_held"] = (reviewer, filters)


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
