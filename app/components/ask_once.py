"""A button that asks before it does what cannot be undone."""

from __future__ import annotations

import streamlit as st

_WIDTH = 400
"""Of the question, pixels: lines that the eye follows."""


def ask_once(
    label: str,
    question: str,
    confirm: str,
    *,
    key: str,
    icon: str | None = None,
    disabled: bool = False,
    help_text: str | None = None,
) -> bool:
    """Draw the button; return whether the question behind it was just answered with ``confirm``.

    The question closes then: if it stood open, the next click would be meant for what stood there before.

    Args:
        label: Of the button.
        question: What goes and what stays, in Markdown.
        confirm: The button that does it.
        key: Differs between any two things that can be asked about on one page.
        icon: Before the label.
        disabled: There is nothing to ask now; ``help_text`` says why.
        help_text: Tooltip.
    """
    with st.popover(label, icon=icon, disabled=disabled, help=help_text, key=key, on_change="rerun"):
        st.markdown(question, width=_WIDTH)
        return st.button(confirm, key=f"{key}_confirmed", type="primary", on_click=close_popover, args=(key,))


def close_popover(key: str) -> None:
    """Close the popover with this key; for the callbacks of the buttons in it."""
    st.session_state[key] = False
