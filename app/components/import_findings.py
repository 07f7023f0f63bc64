"""How an incoming file was understood: its first rows, its classes, its problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import pandas as pd
import streamlit as st

from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services.importing import PREVIEW_ROWS, Reading
from lane_core.data import Fixes
from lane_core.records import ColumnChoice, Problem

_VISIBLE_ROWS = 8
_ROWS_IN_MESSAGE = 3
_LEAVE_OUT = "Leave out"
_FIXES = {
    "drop_multi_label": _LEAVE_OUT,
    "join_spellings": "Read as one",
    "drop_unlabelled": _LEAVE_OUT,
    "drop_empty": _LEAVE_OUT,
    "drop_junk": _LEAVE_OUT,
    "drop_other_language": _LEAVE_OUT,
    "drop_leaks": _LEAVE_OUT,
    "drop_duplicates": "Keep first",
}
_DONE = {**dict.fromkeys(_FIXES, "Left out"), "join_spellings": "Read as one", "min_class_size": "Left out"}
_CLASS_SIZES = {0: "Keep all", 2: "Leave out < 2", 5: "Leave out < 5"}


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


def chosen_fixes(key: str) -> Fixes:
    """Return what is ticked beside the findings of a file: their widgets are drawn once it is known what they do."""
    values = {field.name: st.session_state.get(_fix_key(field.name, key)) for field in fields(Fixes)}
    return Fixes(**{name: value for name, value in values.items() if value is not None})


def draw_problems(problems: Sequence[Problem], key: str) -> None:
    """Draw every problem, the blocking ones first, each marked in words and with its row numbers, beside its fix."""
    for problem in problems:
        message, fix = (
            st.columns([3, 1], vertical_alignment="center") if problem.fix else (st.container(), None)
        )
        if problem.blocking:
            message.error(f"**Blocks the import.** {_in_words(problem)}", icon=":material/block:")
        elif problem.is_fixed:
            message.info(
                f"**{_DONE[str(problem.fix)]}.** {_in_words(problem)}", icon=":material/playlist_remove:"
            )
        else:
            message.warning(f"**Worth knowing.** {_in_words(problem)}", icon=":material/info:")
        if fix is not None:
            with fix:
                _draw_fix(str(problem.fix), key)


def _draw_fix(name: str, key: str) -> None:
    if name == "min_class_size":
        st.selectbox(
            "Small classes",
            list(_CLASS_SIZES),
            format_func=_CLASS_SIZES.__getitem__,
            label_visibility="collapsed",
            key=_fix_key(name, key),
        )
        return
    st.toggle(_FIXES[name], key=_fix_key(name, key))


def _fix_key(name: str, key: str) -> str:
    return f"import_fix_{name}_{key}"


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
