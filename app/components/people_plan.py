"""How many people decide on an example, and what each of them sees: the controls, and what they come to."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app.components.outcome import do, draw_outcome
from app.services import people
from lane_core.records import ReviewPlan
from lane_core.wording import percent

_PLACE = "plan"
_FIRST_OVERLAP = 2
_FIRST_SHARE = 0.3
"""Enough examples for an interval that says something, at less than a third more work."""
_LONGEST_LEASE = 24 * 60


def draw_plan(dataset_id: str) -> None:
    """Draw the controls with the plan as it is saved, and what their choice comes to before it is saved."""
    st.subheader("How the review is shared", anchor=False)
    saved = people.plan(dataset_id)
    wanted = _choose(dataset_id, saved)
    with st.container(horizontal=True, vertical_alignment="center"):
        is_wanted = st.button(
            "Save", type="primary", disabled=wanted == saved, key="save_plan", icon=":material/save:"
        )
        st.markdown(people.plan_in_words(dataset_id, wanted), width="content")
    if is_wanted:
        do(lambda: _save(dataset_id, wanted), place=_PLACE)
    draw_outcome(_PLACE)


def draw_begin_sharing(dataset_id: str) -> None:
    """Draw the button that lets people share examples, if they do not yet; else say what is still missing."""
    saved = people.plan(dataset_id)
    if saved.overlap > 1:
        st.markdown(
            f"{saved.overlap} people are to decide on {percent(saved.overlap_share)} of the examples, so this fills by "
            "itself once a second person reviews. Each types their own name in the sidebar of Review."
        )
        return
    wanted = replace(saved, overlap=_FIRST_OVERLAP, overlap_share=_FIRST_SHARE)
    words = f"Let {_FIRST_OVERLAP} people decide on {percent(_FIRST_SHARE)} of the examples"
    if st.button(words, type="primary", icon=":material/group_add:", key="begin_sharing"):
        do(lambda: _save(dataset_id, wanted), place=_PLACE)


def _choose(dataset_id: str, saved: ReviewPlan) -> ReviewPlan:
    # What is saved is part of the keys: a box whose plan somebody else replaced begins anew with the new one.
    key = f"{dataset_id}:{saved}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        overlap = st.radio(
            "People who decide on an example",
            range(1, 6),
            index=saved.overlap - 1,
            horizontal=True,
            key=f"overlap:{key}",
            width="content",
        )
        shown_share = max(1, round(100 * saved.overlap_share))
        share = st.slider(
            "Share of the examples",
            1,
            100,
            shown_share,
            format="%d %%",
            disabled=overlap == 1,
            help="So many of the examples are decided by several people, drawn by lot; the others by one.",
            key=f"share:{key}",
            width=220,
        )
        lease = st.number_input(
            "Minutes an example is held",
            1,
            _LONGEST_LEASE,
            saved.lease_minutes,
            help="What is on somebody's screen is given to nobody else for so long.",
            key=f"lease:{key}",
            width=200,
        )
        is_blind = st.toggle(
            "Hide the suggestion at first",
            saved.is_blind,
            help="The suggested label appears after the first choice, so that it cannot sway it.",
            key=f"blind:{key}",
        )
    return ReviewPlan(
        overlap=overlap,
        overlap_share=saved.overlap_share if share == shown_share else share / 100,
        is_blind=is_blind,
        lease_minutes=lease,
    )


def _save(dataset_id: str, wanted: ReviewPlan) -> str:
    people.save_plan(dataset_id, wanted)
    return "Saved. It holds from the next example on; decisions that were taken stay."
