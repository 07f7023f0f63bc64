"""What the labels of several people come to together: what that would change, and where it is least certain."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import navigation
from app.components.csv_button import draw_csv_button
from app.components.people_words import percents
from app.components.table_height import table_height
from app.services import people_consensus
from app.services.people_consensus import ConsensusFindings
from lane_core.records import QueueFilter
from lane_core.wording import counted, percent

_WIDE = 180
"""Pixels of the columns with long texts, so that the certainty still fits a window of 1024."""


def draw_consensus(dataset_id: str, run_id: str | None) -> None:
    """Draw the consensus; nothing where no example has labels of two people."""
    found = people_consensus.consensus(dataset_id, run_id)
    if not found.num_shared:
        return
    st.subheader("Consensus", anchor=False)
    st.markdown(_in_words(found))
    st.caption(_how(found))
    draw_csv_button(
        "Consensus as CSV",
        lambda: people_consensus.consensus_csv(dataset_id, run_id),
        people_consensus.csv_name(dataset_id),
        "download_consensus",
    )
    _draw_people(found)
    _draw_least_certain(found, has_run=run_id is not None)


def _in_words(found: ConsensusFindings) -> str:
    words = (
        f"On **{found.num_different:,}** of {counted(found.num_labelled, 'example')} with a label of somebody the "
        f"consensus is not the label as it stands."
    )
    if found.num_undecided:
        words += f" {found.num_undecided:,} {'has' if found.num_undecided == 1 else 'have'} no majority."
    return words


def _how(found: ConsensusFindings) -> str:
    left_out = "Exclusions and wishes for a second opinion take no part."
    if not found.has_model:
        return f"The majority counts: the chosen run has no class probabilities to weigh in. {left_out}"
    return (
        "CROWDLAB: each person weighs as much as the others agree with them, and the model of the chosen run is one "
        f"more voice. It has learned from the labels that it was given, so it leans to those. {left_out}"
    )


def _draw_people(found: ConsensusFindings) -> None:
    people = found.people
    names = people["annotator"]
    if people["is_from_file"].nunique() > 1:
        names = names.where(~people["is_from_file"], names + " (file)")
    st.markdown("**Quality of each person's labels** · how far consensus and model bear them out")
    st.dataframe(
        pd.DataFrame(
            {
                "name": names,
                "num_labels": people["num_labels"],
                "quality": percents(people["quality"].astype("float")),
            }
        ),
        hide_index=True,
        placeholder="–",
        height=table_height(len(people), most=8),
        column_config={
            "name": "Person",
            "num_labels": st.column_config.NumberColumn("Labels", format="localized"),
            "quality": st.column_config.NumberColumn(
                "Quality", format="%g %%", help="Of the examples that others labelled too."
            ),
        },
    )


def _draw_least_certain(found: ConsensusFindings, *, has_run: bool) -> None:
    least = found.least_certain
    st.markdown("**The least certain** · look at these again first")
    st.dataframe(
        least.assign(quality=[None if pd.isna(share) else percent(share) for share in least["quality"]]),
        hide_index=True,
        placeholder="–",
        height=table_height(len(least), most=people_consensus.LEAST_CERTAIN_SHOWN),
        column_order=("text", "labels", "consensus_label", "quality", "current_label", "example_id"),
        column_config={
            "text": st.column_config.TextColumn("Text", width=_WIDE),
            "labels": st.column_config.TextColumn("People chose", width=_WIDE),
            "consensus_label": "Consensus",
            "quality": st.column_config.TextColumn("Certainty", help="Probability of the consensus."),
            "current_label": st.column_config.TextColumn("As it stands", help="The label that counts now."),
            "example_id": "Id",
        },
    )
    searches = dict(zip(least["example_id"], least["found_by"], strict=True))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Example", list(searches), key="least_certain", width=320)
        if st.button(
            "Look at it in Review",
            icon=":material/rate_review:",
            disabled=not has_run,
            help=None if has_run else "The queue is that of a run. Train one first.",
        ):
            navigation.open_queue(QueueFilter(text=searches[chosen], status="all", suspects_only=False))
