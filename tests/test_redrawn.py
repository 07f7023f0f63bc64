"""A part of a page that is drawn anew by itself says its own errors."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from app.components.redrawn import redrawn
    from lane_core.errors import StoreError

    def draw(name: str) -> None:
        if st.checkbox("Fail"):
            raise StoreError(f"No run *{name}* is stored.")
        st.markdown(f"all of {name}")

    redrawn(draw)("run-1")
    st.markdown("below")


def test_an_error_stands_where_the_part_was_and_leaves_the_page_alone() -> None:
    at = AppTest.from_function(page).run()
    assert [text.value for text in at.markdown] == ["all of run-1", "below"]
    at.checkbox[0].check().run()
    assert [error.value for error in at.error] == [r"No run \*run-1\* is stored."]
    assert [text.value for text in at.markdown] == ["below"]
    assert not at.exception
    at.checkbox[0].uncheck().run()
    assert not at.error
