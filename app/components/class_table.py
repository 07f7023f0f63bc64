"""The classes of a project with their counts, and the words that define each."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.components.outcome import do, draw_outcome
from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services import classes
from lane_core.wording import counted

PLACE = "definitions"
_TURN_KEY = "definitions_from_files"
"""Numbers the boxes: all of them are made anew when a file was taken over."""


def draw_class_table(table: pd.DataFrame) -> None:
    """Draw the classes in use.

    Args:
        table: As ``services.classes.class_table`` returns it, without replaced ones.
    """
    st.dataframe(
        table.assign(guideline=table["guideline"].str.replace(r"\s+", " ", regex=True)),
        hide_index=True,
        column_order=("name", "num_given", "num_now", "guideline"),
        height=table_height(len(table), most=12),
        column_config={
            "name": st.column_config.TextColumn("Class", width="medium"),
            "num_given": st.column_config.NumberColumn(
                "In the file", format="localized", width="small", help="Examples that have it in the file."
            ),
            "num_now": st.column_config.NumberColumn(
                "Now",
                format="localized",
                width="small",
                help="After all decisions and replaced classes, without excluded examples.",
            ),
            "guideline": st.column_config.TextColumn("Definition", width="large"),
        },
    )


def draw_definitions(dataset_id: str, table: pd.DataFrame) -> None:
    """Draw the form that edits the definition of one class, and the way to bring all of them in at once."""
    st.subheader("Definitions", anchor=False)
    st.caption("Everybody who reviews sees them one key away from the card.")
    definitions = dict(zip(table["name"], table["guideline"], strict=True))
    turn = st.session_state.setdefault(_TURN_KEY, 0)
    label = st.selectbox("Class", list(definitions), key=f"defined_class_{dataset_id}", width=320)
    with st.form(f"definition_{dataset_id}", border=False):
        text = st.text_area(
            f"What {plain(label)} means, and what it does not",
            value=definitions[label],
            key=f"definition_{dataset_id}_{label}_{turn}",
            height=120,
        )
        is_saved = st.form_submit_button("Save the definition", icon=":material/save:")
    if is_saved:
        do(lambda: _save(dataset_id, label, text), place=PLACE)
    with st.popover("Definitions from a file", icon=":material/upload:"):
        _draw_upload(dataset_id, turn)
    draw_outcome(PLACE)


def _draw_upload(dataset_id: str, turn: int) -> None:
    st.markdown(
        "A table with the columns `class` and `definition`. Classes that it does not name keep theirs."
    )
    file = st.file_uploader(
        "Table of definitions", type=["csv", "tsv", "jsonl", "parquet"], key=f"definitions_file_{turn}"
    )
    if file is not None and st.button("Take them over", type="primary", key="take_definitions"):
        do(lambda: _take_over(dataset_id, file.name, file.getvalue()), place=PLACE)


def _save(dataset_id: str, label: str, text: str) -> str:
    classes.set_definition(dataset_id, label, text)
    return f"The definition of {plain(label)} is {'saved' if text.strip() else 'taken away'}."


def _take_over(dataset_id: str, name: str, data: bytes) -> str:
    number = classes.set_definitions(dataset_id, name, data)
    st.session_state[_TURN_KEY] += 1
    return f"{counted(number, 'definition')} taken over from {plain(name)}."
