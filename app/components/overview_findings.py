"""The lower part of the Overview: what stands out, how each class stands, what changed since the run before."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import navigation
from app.components.csv_button import draw_csv_button
from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services.overview_findings import queue_of
from lane_core.records import QueueFilter
from lane_core.reporting.advice import Finding
from lane_core.reporting.changes import RunChanges
from lane_core.wording import counted

_VISIBLE_ROWS = 12
_SHOWN = (
    "label", "examples", "flagged", "share", "wrong", "range", "reviewed", "corrected", "excluded", "arrived",
    "suggested",
)  # fmt: skip


def draw_findings(findings: list[Finding], dataset_id: str) -> None:
    """Draw each finding with its advice and the button to what is behind it."""
    st.subheader("What stands out", anchor=False)
    if not findings:
        st.caption(
            "No class, pair or split is much worse than the others. Review the suspects; the worst ones come first."
        )
    for place, finding in enumerate(findings):
        words, button = st.columns([8, 2], vertical_alignment="center")
        words.markdown(f"{plain(finding.observation)}  \n:gray[{plain(finding.advice)}]")
        if button.button(finding.button, key=f"finding_{place}", width="stretch"):
            queue = queue_of(finding, dataset_id)
            if queue:
                navigation.open_queue(queue)
            navigation.go_to(finding.page)


def draw_health(health: pd.DataFrame, run_id: str, run_name: str) -> None:
    """Draw how each class stands; a chosen row shows the buttons to its queues."""
    st.subheader("Classes", anchor=False)
    st.caption(
        "How many labels of each class are wrong, as far as the run and the review tell. Choose a row to see its "
        "examples; a heading sorts."
    )
    shown = health.assign(
        share=100 * health["share"],
        range=[_range(low, high) for low, high in zip(health["low"], health["high"], strict=True)],
    )
    table = st.dataframe(
        shown[list(_SHOWN)],
        hide_index=True,
        height=table_height(len(shown), _VISIBLE_ROWS),
        on_select="rerun",
        selection_mode="single-row",
        key=f"health_{run_id}",
        column_config={
            "label": st.column_config.TextColumn("Class", pinned=True),
            "examples": st.column_config.NumberColumn("Examples", format="localized"),
            "flagged": st.column_config.NumberColumn(
                "Suspects", format="localized", help="Flagged at the balanced strictness."
            ),
            "share": st.column_config.ProgressColumn(
                "Wrong, share", format="%.1f %%", min_value=0, max_value=_top(health), color="primary",
                help="Expected share of wrong labels among those of the class.",
            ),
            "wrong": st.column_config.NumberColumn("Wrong", format="%.0f", help="Labels expected to be wrong."),
            "range": st.column_config.TextColumn("From, to", help="95 % interval of the wrong labels."),
            "reviewed": st.column_config.NumberColumn("Reviewed", format="localized"),
            "corrected": st.column_config.NumberColumn(
                "Corrected away", format="localized", help="Had this label; people gave them another."
            ),
            "excluded": st.column_config.NumberColumn("Excluded", format="localized"),
            "arrived": st.column_config.NumberColumn(
                "Corrected to it", format="localized", help="Had another label; people gave them this one."
            ),
            "suggested": st.column_config.TextColumn(
                "Mostly suggested", help="What its suspects are most often suggested to be."
            ),
        },
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        # A choice outlives the table: after a class was renamed there may be fewer rows.
        for row in [health.iloc[place] for place in table.selection.rows if place < len(health)]:
            _draw_class_links(row)
        draw_csv_button(
            "Classes as CSV",
            lambda: health.to_csv(index=False).encode("utf-8-sig"),
            f"{run_name}.classes.csv",
            "download_health",
        )


def draw_changes(found: RunChanges | None) -> None:
    """Draw what changed since the run before."""
    st.subheader("Since the run before", anchor=False)
    if found is None:
        st.caption(
            "No finished run comes before this one. Correct labels and train again: "
            "what that changed stands here."
        )
        return
    st.markdown("  \n".join(_change_words(found)))
    if st.button("Compare the runs", key="open_runs", type="tertiary", icon=":material/chevron_right:"):
        navigation.go_to("runs")


def _change_words(found: RunChanges) -> list[str]:
    before = plain(found.before.name)
    lines = [
        f"**Suspects:** {found.flagged_after:,}, {before} had {found.flagged_before:,}; {found.gained:,} new, "
        f"{found.lost:,} flagged no more."
    ]
    if found.relabelled:
        lines.append(
            f"**Labels:** {counted(found.relabelled, 'label')} differ from those that {before} was given; it flagged "
            f"{found.relabelled_flagged_before:,} of these, this run {found.relabelled_flagged_after:,}."
        )
    else:
        lines.append(f"**Labels:** the same that {before} was given.")
    if found.f1:
        f1 = found.f1
        lines.append(
            f"**Macro F1:** {f1.after:.3f}, {before} {f1.before:.3f} ({f1.after - f1.before:+.3f}), both on the "
            f"{counted(f1.examples, f'{f1.split} label')} as they stand today."
        )
    return lines


def _draw_class_links(row: pd.Series) -> None:
    label = str(row["label"])
    st.markdown(f"**{plain(label)}**")
    if row["to_review"] and st.button(f"Review {counted(row['to_review'], 'suspect')}", key="class_suspects"):
        navigation.open_queue(QueueFilter(given_labels=(label,)))
    if row["examples"] and st.button(f"All {counted(row['examples'], 'example')}", key="class_examples"):
        navigation.open_queue(QueueFilter(given_labels=(label,), status="all", suspects_only=False))


def _range(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"{low:,.0f} to {high:,.0f}"


def _top(health: pd.DataFrame) -> float:
    """Return the percentage that fills a bar: the highest one, so that classes can be told apart."""
    top = health["share"].max()
    return float(100 * top) if top > 0 else 100.0
