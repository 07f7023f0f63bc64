"""Two runs class by class, each class a door to its held-out examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app import navigation, state
from app.components.addressed_choice import keep, settle
from app.components.csv_button import draw_csv_button
from app.components.table_height import table_height
from app.services import comparing_scores
from app.services.comparing_scores import SPLITS, SplitScores
from lane_core.records import RunRecord, Split
from lane_core.wording import counted

_SPLIT_KEY = "by_class_of"
_TITLES = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
_MEANINGS = {
    "precision": "Of the examples that the run predicts as this class, the share that is.",
    "recall": "Of the examples of this class, the share that the run predicts as it.",
    "f1": "Harmonic mean of precision and recall.",
}


def draw_classes(after: RunRecord, scores: Mapping[Split, SplitScores]) -> None:
    """Draw precision, recall and F1 of each class by both runs; nothing without held-out examples."""
    if not scores:
        return
    st.markdown(
        "**By class** · those whose F1 fell most come first, 0 to 1. Choose a row to see its examples."
    )
    split = _choose_split(list(scores))
    table = scores[split].by_class
    chosen = st.dataframe(
        table,
        key=f"by_class_{split}",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        placeholder="–",
        height=table_height(len(table), most=8),
        column_order=[name for name in table.columns if name != "code"],
        column_config=_config(),
    )
    with st.container(horizontal=True):
        draw_csv_button("Table as CSV", lambda: _csv(table), f"classes_{split}.csv", "download_by_class")
        rows = [row for row in chosen["selection"]["rows"] if row < len(table)]
        if rows:
            _draw_review_button(after, split, table.iloc[rows[0]])


def _choose_split(splits: list[Split]) -> Split:
    default = next(split for split in reversed(SPLITS) if split in splits)
    if len(splits) == 1:
        return default
    settle(_SPLIT_KEY, splits, default)
    chosen: Split = st.radio(
        "Held-out examples", splits, format_func=str.capitalize, horizontal=True, key=_SPLIT_KEY
    )
    keep(_SPLIT_KEY, default)
    return chosen


def _draw_review_button(after: RunRecord, split: Split, row: pd.Series[Any]) -> None:
    number = int(row["examples"])
    if not number:
        st.markdown("No held-out example has this label.")
        return
    words = f"Review {counted(number, 'example')} of this class"
    if st.button(words, key="review_class", type="primary", icon=":material/rate_review:"):
        filters = comparing_scores.class_queue(after.dataset_id, split, int(row["code"]))
        state.select(after.dataset_id, after.run_id)
        navigation.open_queue(filters)


def _csv(table: pd.DataFrame) -> bytes:
    return table.drop(columns="code").to_csv(index=False, lineterminator="\n").encode("utf-8")


def _config() -> dict[str, Any]:
    config: dict[str, Any] = {
        "name": st.column_config.TextColumn("Class", pinned=True),
        "examples": st.column_config.NumberColumn(
            "Examples", format="localized", help="Held out, by the label as it stands now."
        ),
        "change": st.column_config.NumberColumn("Change of F1", format="%+.3f"),
    }
    for measure, title in _TITLES.items():
        for when in ("before", "after"):
            config[f"{measure}_{when}"] = st.column_config.NumberColumn(
                f"{title} {when}", format="%.3f", help=_MEANINGS[measure]
            )
    return config
