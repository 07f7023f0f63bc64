"""A message that outlives a change of page: a toast would go down with the page that made it."""

from __future__ import annotations

import streamlit as st

_NOTICE_KEY = "notice"


def announce(message: str) -> None:
    """Keep a message, in Markdown, for the next page that is drawn."""
    st.session_state[_NOTICE_KEY] = message


def show_notice() -> None:
    """Show the message that was kept, once."""
    message = st.session_state.pop(_NOTICE_KEY, None)
    if message:
        st.toast(message, icon=":material/check_circle:", duration="long")
