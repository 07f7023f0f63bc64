"""How an incoming file was understood: its first rows, its classes, its problems."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services.importing import PREVIEW_ROWS, Reading
from lane_core.records import ColumnChoice, Problem

_VISIBLE_ROWS = 8
_ROWS_IN_MESSAGE = 3


def draw_preview(reading: Reading, columns: ColumnChoice | None) -> None:
    """Draw the first rows, with room for the texts."""
    rows = reading.table.num_rows
    st.markdown(
        f"**First {PREVIEW_ROWS} of {rows:,} rows**" if rows > PREVIEW_ROWS else f"**All {rows} rows**"
    )
    wide = {columns.text: st.column_config.TextColumn(width="medium")} if columns else {}
    st.dataframe(
        reading.preview, column_config=wide, height=table_height(len(reading.preview), _VISIBLE_ROWS)
    )


def draw_class_counts(class_counts: pd.DataFrame) -> None:
    """Draw how many examples each class has, as bars; the largest classes only, if there are many."""
    if class_counts.empty:
        return
    shown = class_counts.head(PREVIEW_ROWS)
    more = f", {len(shown)} largest" if len(class_counts) > len(shown) else ""
    st.markdown(f"**{len(class_counts):,} {'class' if len(class_counts) == 1 else 'classes'}{more}**")
    st.dataframe(
        shown,
        hide_index=True,
        height=table_height(len(shown), _VISIBLE_ROWS),
        column_config={
            "label": st.column_config.TextColumn("Class"),
            "examples": st.column_config.ProgressColumn(
                "Examples",
                width="small",
                format="localized",
                min_value=0,
                max_value=int(shown["examples"].max()),
            ),
        },
    )


def draw_problems(problems: Sequence[Problem], *, drop_unlabelled: bool) -> None:
    """Draw every problem, the blocking ones first, each marked in words and with its row numbers."""
    for problem in problems:
        if problem.blocking:
            st.error(f"**Blocks the import.** {_in_words(problem)}", icon=":material/block:")
        elif problem.kind == "missing_label" and drop_unlabelled:
            st.info(f"**Left out.** {_rows(problem)}: no label.", icon=":material/playlist_remove:")
        else:
            st.warning(f"**Worth knowing.** {_in_words(problem)}", icon=":material/info:")


def _in_words(problem: Problem) -> str:
    # A message names the first rows itself, except that of rare classes, which names the classes.
    names_all = problem.count <= _ROWS_IN_MESSAGE and problem.kind != "rare_class"
    if names_all or not problem.rows:
        return plain(problem.message)
    return f"{plain(problem.message)} {_rows(problem)}."


def _rows(problem: Problem) -> str:
    rows = ", ".join(f"{row:,}" for row in problem.rows)
    more = f" and {problem.count - len(problem.rows):,} more" if problem.count > len(problem.rows) else ""
    return f"Row{'s' * (problem.count > 1)} {rows}{more}"
