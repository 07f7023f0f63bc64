"""A part of a page that is drawn anew by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from app.components.plain_text import plain
from lane_core.errors import LaneError

_P = ParamSpec("_P")


def redrawn(draw: Callable[_P, None], run_every: str | float | None = None) -> Callable[_P, None]:
    """Return a part of a page that is drawn anew without the rest: at each choice in it, and every so often.

    It says its errors in its own place, for the page, which says the others, is not drawn then.
    """

    @wraps(draw)
    def draw_or_say(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            draw(*args, **kwargs)
        except LaneError as error:
            st.error(plain(str(error)), icon=":material/error:")

    return st.fragment(draw_or_say, run_every=run_every)
