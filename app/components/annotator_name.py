"""Whose decisions these are: a name box whose content the browser remembers.

The name is no part of the address: a link passed on would make another person decide under it.
"""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.plain_text import storable

_KEY = "annotator"  # the one that state.annotator() reads
_LAST_KEY = "annotator_last"
"""The name of the last time that the box was drawn."""
_MEMORY_KEY = "annotator_memory"
_LONGEST_NAME = 60

# Storage can be forbidden; the answer then is that no name is known.
_memory = st.components.v2.component(
    "lane_annotator_memory",
    js="""
    const PLACE = "lane-annotator";
    export default function ({ data, setTriggerValue }) {
      let name = "";
      try {
        if (data.is_known) localStorage.setItem(PLACE, data.name);
        else name = localStorage.getItem(PLACE) ?? "";
      } catch { /* nothing is remembered */ }
      if (!data.is_known) setTriggerValue("name", { name });
    }
    """,
)


def draw_annotator_name() -> bool:
    """Draw the name box.

    Returns:
        False in the moment before the browser has said which name it remembers: nothing can be decided then.
    """
    is_known = _KEY in st.session_state
    with st.container(key="annotator_memory_place", height=1, border=False):
        _memory(
            key=_MEMORY_KEY,
            data={"is_known": is_known, "name": state.annotator()},
            height=1,
            on_name_change=_recall,
        )
    if is_known:
        st.session_state[_LAST_KEY] = state.annotator()
        st.text_input(
            "Your name",
            key=_KEY,
            max_chars=_LONGEST_NAME,
            persist_state="session",
            on_change=_tidy,
            help="Your decisions are stored under this name, and undo takes back only yours.",
        )
    return is_known


def _recall() -> None:
    answer = st.session_state[_MEMORY_KEY].get("name")
    name = answer.get("name") if isinstance(answer, dict) else None
    st.session_state[_KEY] = (_tidied(name) if isinstance(name, str) else "") or state.annotator()


def _tidy() -> None:
    # A blank name is no name, and a browser that was cut off sends one that nobody typed: the box starts anew.
    st.session_state[_KEY] = _tidied(st.session_state[_KEY]) or st.session_state[_LAST_KEY]


def _tidied(name: str) -> str:
    return " ".join(storable(name).split())[:_LONGEST_NAME]
