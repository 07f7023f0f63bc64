"""The button that hands out the numbers of a view."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def draw_csv_button(label: str, make: Callable[[], bytes], file_name: str, key: str) -> None:
    """Draw a button that hands out a CSV file; it is made when somebody asks for it, and the page stays as it is."""
    st.download_button(
        label,
        make,
        file_name=file_name,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )
