"""What waits to be settled, and who did how much."""

from __future__ import annotations

import streamlit as st

from app import navigation
from app.components.people_words import percents
from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services import people
from lane_core.records import QueueFilter
from lane_core.wording import counted


def draw_to_settle(dataset_id: str, run_id: str | None) -> None:
    """Draw how much waits for somebody to say what counts, and the button that opens it."""
    st.subheader("To settle", anchor=False)
    found = people.to_settle(dataset_id)
    if not found.num_examples:
        st.markdown("Nothing: nobody disagrees, and nobody asks for a second opinion.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        is_wanted = st.button(
            f"Settle {counted(found.num_examples, 'example')}",
            type="primary",
            icon=":material/gavel:",
            disabled=run_id is None,
            help="The queue is that of a run. Train one first." if run_id is None else None,
            key="settle",
        )
        st.markdown(
            f"**{found.num_disputed:,}** disputed, **{found.num_second_opinions:,}** with a wish for a second opinion",
            width="content",
        )
    if is_wanted:
        navigation.open_queue(QueueFilter(status="to_settle", suspects_only=False))


def draw_work(dataset_id: str, annotator: str) -> None:
    """Draw who decided how much. How fast somebody is, only that person is told.

    Args:
        dataset_id: The project.
        annotator: Who looks.
    """
    st.subheader("Who did how much", anchor=False)
    found = people.work(dataset_id)
    if found.empty:
        st.markdown("Nobody has decided on anything yet.")
        return
    st.dataframe(
        found.assign(overturned=percents(found["overturned"])),
        hide_index=True,
        placeholder="–",
        height=table_height(len(found), most=8),
        column_config={
            "annotator": "Person",
            "num_decisions": st.column_config.NumberColumn(
                "Decisions", format="localized", help="Examples decided on; what was undone does not count."
            ),
            "num_today": st.column_config.NumberColumn(
                "Today", format="localized", help="Since midnight, Coordinated Universal Time."
            ),
            "overturned": st.column_config.NumberColumn(
                "Overturned",
                format="%g %%",
                help="Share of the person's answers that are not what counts now: somebody decided otherwise later.",
            ),
        },
    )
    seconds = people.median_seconds(dataset_id, annotator)
    if seconds is not None:
        st.caption(
            f"You, {plain(annotator)}, take {seconds:.1f} s for a decision (median). Only you are shown this number."
        )
