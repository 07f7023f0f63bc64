"""Review: decide on the examples whose label is most likely wrong, one key each.

Needs:   a selected project and a run with at least one epoch (otherwise points to Data or Train).
Reads:   services.review (queue, counts, history); the address (filters, since)
Writes:  services.review.store_events; the address
Session: project, run, annotator (read); annotator, <card>.outcome (read, write)
"""

from dataclasses import replace

import streamlit as st

from app import navigation, state
from app.components.annotator_name import draw_annotator_name
from app.components.plain_text import plain
from app.components.review_card import CardEvent, num_skipped, review_card
from app.components.review_filters import draw_review_filters, queue_since, show_queue
from app.services import review, review_words, workspaces
from lane_core import wording
from lane_core.errors import LaneError
from lane_core.records import ENDED_STATES, QueueFilter

NUM_CARDS = 20
REMEMBERED_IDS = 200
HISTORY_ROWS = 20


def main() -> None:
    st.title("Review", anchor=False)
    project_id, run_id = state.project_id(), state.run_id()
    if project_id is None:
        _draw_empty("No project yet. Import a file of labelled texts to begin.", "Import a file", "data")
        return
    if run_id is None:
        _draw_empty("No run yet. Train one: it finds the labels worth a look.", "Go to Train", "train")
        return
    try:
        if review.last_epoch(run_id):
            _draw_review(project_id, run_id)
        else:
            is_over = workspaces.run_status(run_id).state in ENDED_STATES
            st.fragment(_draw_waiting, run_every=None if is_over else 2)(run_id)
    except LaneError as error:
        st.error(str(error), icon=":material/error:")


def _draw_review(project_id: str, run_id: str) -> None:
    classes, version = review.classes(project_id), review.label_version(project_id)
    filters = state.filter_from_address(classes)
    counts = review.counts(run_id, filters)
    with st.sidebar:
        st.space("small")
        has_name = draw_annotator_name()
        draw_review_filters(filters, counts, classes, version)
    run_name = next(run.name for run in workspaces.runs(project_id) if run.run_id == run_id)
    st.caption(plain(review_words.headline(filters, counts["total"], run_name)) + _still_running(run_id))
    if has_name:
        reviewer = review.Reviewer(project_id, run_id, state.annotator())
        _draw_card(reviewer, filters, counts["by_status"], classes, version)
    with st.expander("History", icon=":material/history:"):
        table = review_words.history_table(
            review.history(project_id, HISTORY_ROWS), st.context.timezone or "UTC"
        )
        if table.empty:
            st.markdown("No decision yet.")
        else:
            st.dataframe(table, hide_index=True)


def _draw_card(
    reviewer: review.Reviewer,
    filters: QueueFilter,
    by_status: dict[str, int],
    classes: list[str],
    version: int,
) -> None:
    key = f"review:{reviewer.run_id}:{reviewer.annotator}"
    outcome_key = f"{key}.outcome"
    last: review.Outcome = st.session_state.setdefault(outcome_key, review.Outcome([]))
    since = queue_since(filters, version)
    num_cards = NUM_CARDS + num_skipped(key)
    view = review.queue_view(reviewer, filters, by_status, since, num_cards, last.focus)

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
        nothing_left=review_words.nothing_left(filters, by_status),
        key=key,
        on_events=on_events,
    )
    if not view.cards:
        _draw_what_next(filters, version)


def _draw_what_next(filters: QueueFilter, version: int) -> None:
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Export the corrected file", type="primary", icon=":material/download:"):
            navigation.go_to("export")
        if filters.suspects_only:
            everything = QueueFilter(suspects_only=False)
            st.button(
                "Show all examples", icon=":material/list:", on_click=show_queue, args=(everything, version)
            )


def _still_running(run_id: str) -> str:
    status = workspaces.run_status(run_id)
    if status.state in ENDED_STATES:
        return ""
    return f" The run is still in epoch {status.epoch} of {status.epochs}: the order can change."


def _draw_waiting(run_id: str) -> None:
    if review.last_epoch(run_id):
        st.rerun()
    status = workspaces.run_status(run_id)
    if status.state in ENDED_STATES:
        _draw_empty(
            f"This run ended before its first epoch ({status.state}). Resume it, or train another.",
            "Go to Train",
            "train",
        )
        return
    left = wording.time_left(status.seconds_left)
    doing = ", ".join(word for word in (status.state, status.phase, left and f"{left} in all") if word)
    _draw_empty(
        f"The first suspects appear here by themselves after the first epoch. The run is {doing}.",
        "Watch it in Train",
        "train",
    )


def _draw_empty(sentence: str, button: str, page: str) -> None:
    st.markdown(plain(sentence))
    if st.button(button, type="primary", icon=":material/arrow_forward:", key="next_step"):
        navigation.go_to(page)


if __name__ == "__main__":
    main()
