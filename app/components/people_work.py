"""What waits to be settled, and who did how much."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import navigation
from app.components.csv_button import draw_csv_button
from app.components.people_words import percents
from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services import people
from lane_core.records import QueueFilter
from lane_core.wording import counted

_COLUMNS = (
    "annotator", "num_decisions", "by_day", "num_today", "median_seconds", "same_as_others", "num_shared", "upheld",
    "num_settled", "overturned", "num_answers",
)  # fmt: skip


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


def draw_work(dataset_id: str, annotator: str, *, has_speed: bool) -> None:
    """Draw who decided how much, and how it stood the test of others.

    Args:
        dataset_id: The project.
        annotator: Who looks.
        has_speed: Whether to show how fast each person is; if not, only that person is told.
    """
    st.subheader("Who did how much", anchor=False)
    found = people.work(dataset_id)
    if found.empty:
        st.markdown("Nobody has decided on anything yet.")
        return
    columns = [name for name in _COLUMNS if has_speed or name != "median_seconds"]
    st.dataframe(
        found.assign(**{name: percents(found[name]) for name in ("overturned", "same_as_others", "upheld")}),
        hide_index=True,
        placeholder="–",
        height=table_height(len(found), most=8),
        column_order=columns,
        column_config=_config(int(max(max(days) for days in found["by_day"]))),
    )
    st.caption("Shares of few answers say little: look at the count beside them.")
    draw_csv_button(
        "Table as CSV", lambda: people.work_csv(found, has_speed=has_speed), "people.csv", "download_work"
    )
    seconds = people.median_seconds(dataset_id, annotator)
    if seconds is not None and not has_speed:
        st.caption(
            f"You, {plain(annotator)}, take {seconds:.1f} s for a decision (median). Only you are shown this number."
        )


def _config(most_a_day: int) -> dict[str, Any]:
    def number(title: str, meaning: str, number_format: Any = "localized") -> Any:
        return st.column_config.NumberColumn(title, format=number_format, help=meaning)

    return {
        "annotator": st.column_config.TextColumn("Person", pinned=True),
        "num_decisions": number("Decisions", "Examples decided on; what was undone does not count."),
        "by_day": st.column_config.BarChartColumn(
            f"Last {people.DAYS} days",
            y_min=0,
            y_max=max(1, most_a_day),
            width="small",
            help="Decisions a day, today on the right (Coordinated Universal Time); one scale for all people.",
        ),
        "num_today": number("Today", "Since midnight, Coordinated Universal Time."),
        "median_seconds": number("Seconds", "For a decision (median).", "%.1f"),
        "same_as_others": number(
            "As others", "Share of the comparisons with another person's answer that are alike.", "%g %%"
        ),
        "num_shared": number("Compared", "With how many answers of others, on the same examples."),
        "upheld": number("As settled", "Share of the answers that are what was settled later.", "%g %%"),
        "num_settled": number("Settled", "Answers on examples that somebody has settled since."),
        "overturned": number(
            "Overturned",
            "Share of the person's answers that are not what counts now: somebody decided otherwise later.",
            "%g %%",
        ),
        "num_answers": number(
            "Answers", "Decisions that choose a label or exclude: the whole of Overturned."
        ),
    }
