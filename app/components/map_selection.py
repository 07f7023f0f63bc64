"""What is marked on the map: how much, which labels, the worst texts, and the way into the review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app import navigation
from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services import embedding_map
from app.services.embedding_map import EmbeddingMap, Region, Selected
from lane_core.records import QueueFilter
from lane_core.wording import counted

MARKED, SUSPECTS_MARKED = "marked on the map", "suspects marked on the map"
TEXT_CHARACTERS = 160
_MOST_LABELS = 6


def draw_selection(found: EmbeddingMap, region: Region, clear: Callable[[], None]) -> None:
    """Draw what is marked, or how to mark.

    Args:
        found: The map.
        region: What is marked.
        clear: Takes the mark away.
    """
    if not region.outlines and not region.indices:
        st.markdown("**Nothing is marked**")
        st.markdown("Draw around points, with the lasso or the box, to see what they are and to review them.")
        return
    selected = embedding_map.select(found, region)
    num_selected = len(selected.indices)
    st.markdown(f"**{counted(num_selected, 'example')} marked**")
    if not num_selected:
        st.markdown("No point lies inside the mark.")
    else:
        st.caption(
            f"{counted(len(selected.suspects), 'suspect')}, {selected.num_reviewed:,} reviewed already"
        )
        _draw_doors(found, selected)
    st.button("Clear the mark", key="clear_map", on_click=clear, width="stretch")
    if num_selected:
        _draw_labels(selected)
        _draw_texts(selected)


def _draw_doors(found: EmbeddingMap, selected: Selected) -> None:
    num_selected, num_suspects = len(selected.indices), len(selected.suspects)
    if st.button(f"Review {num_selected:,} selected", key="review_marked", type="primary", width="stretch"):
        _open(embedding_map.keep(found, selected.indices, MARKED))
    # Where all are suspects, or none is, it would be the same queue, or an empty one.
    if 0 < num_suspects < num_selected and st.button(
        f"Only the {counted(num_suspects, 'suspect')}",
        key="review_marked_suspects",
        width="stretch",
    ):
        _open(embedding_map.keep(found, selected.suspects, SUSPECTS_MARKED))


def _open(selection_id: str) -> None:
    navigation.open_queue(QueueFilter(selection=selection_id, status="all", suspects_only=False))


def _draw_labels(selected: Selected) -> None:
    st.dataframe(
        selected.by_label,
        hide_index=True,
        height=table_height(len(selected.by_label), most=_MOST_LABELS),
        column_config={
            "label": st.column_config.TextColumn("Given label"),
            "selected": st.column_config.NumberColumn("Marked", format="localized", width=70),
            "suspects": st.column_config.NumberColumn("Suspects", format="localized", width=80),
        },
    )


def _draw_texts(selected: Selected) -> None:
    if len(selected.indices) > len(selected.first):
        st.caption(f"The {len(selected.first)} most suspicious:")
    for row in selected.first.itertuples(index=False):
        with st.container(gap=None):
            st.text(_shortened(str(row.text)))
            st.caption(plain(_about(row)))


def _about(row: Any) -> str:
    parts = [row.example_id, row.given_label]
    if row.is_label_issue:
        parts.append(f"suspect, {row.suggested_label} suggested")
    if row.status:
        parts.append("reviewed")
    return " · ".join(parts)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    if len(line) <= TEXT_CHARACTERS:
        return line or "(empty text)"
    return f"{line[:TEXT_CHARACTERS].rstrip()}…"
