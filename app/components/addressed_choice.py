"""Choices that the address holds: a reload, a shared link and coming back to the page show the same view.

Streamlit's own binding of widgets to the address forgets the choice when the widget is not drawn: on another tab or
page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st


def settle(key: str, options: Sequence[Any], default: Any) -> None:
    """Settle what the widget with this key shows; call it before the widget is drawn.

    That is what the session has chosen, else what it chose before it left the page, else what the address says, else
    the default. What is no option, or no longer, is passed over.
    """
    addressed = [option for option in options if str(option) == st.query_params.get(key)]
    wanted = (st.session_state.get(key), st.session_state.get(_kept(key)), *addressed, default)
    st.session_state[key] = next(value for value in wanted if value in options)


def keep(key: str, default: Any) -> None:
    """Put the widget's choice into the address, and remember it for the session; a default needs neither."""
    value = st.session_state[key]
    st.session_state[_kept(key)] = None if value == default else value
    if value == default:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != str(value):
        st.query_params[key] = str(value)


def _kept(key: str) -> str:
    return f"{key}.kept"
