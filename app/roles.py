"""Who leads: the people for whom the pages People and Storage are.

LANE_LEADS names them, separated by commas: by e-mail address where Streamlit's login is set up, else by the name that
they type. Where it is not set, everybody leads. Without a login it is a courtesy, not a lock: anybody can type any
name.
"""

from __future__ import annotations

import os

import streamlit as st

from app import state
from app.components.annotator_name import draw_annotator_name

LEADS_VARIABLE = "LANE_LEADS"
LEAD_PAGES = ("people", "storage")
_PAGES_WITH_NAME = ("review", "classes", "people")
"""They draw the box for the name themselves."""


def are_named() -> bool:
    """Return whether leads are named at all."""
    return bool(_leads())


def is_lead() -> bool:
    """Return whether the person at the browser leads."""
    leads = _leads()
    return not leads or _who().casefold() in leads


def may_open(page: str) -> bool:
    """Return whether a page, by its file stem, is open to the person at the browser."""
    return page not in LEAD_PAGES or is_lead()


def draw_who(page: str) -> None:
    """Draw, where leads are named, what tells who somebody is; nothing on a page that asks for the name itself."""
    if not are_named():
        return
    if _has_login():
        if not st.user.is_logged_in and st.button("Log in", icon=":material/login:", key="log_in"):
            st.login()
    elif page not in _PAGES_WITH_NAME or not may_open(page):
        draw_annotator_name()


def draw_closed(title: str) -> None:
    """Draw a page that is not open to the person at the browser."""
    st.title(title, anchor=False)
    how = "log in" if _has_login() else "type your name in the sidebar"
    st.markdown(f"{title} is for the people who lead the review: {how} if you are one of them, or ask one.")


def _leads() -> frozenset[str]:
    names = os.environ.get(LEADS_VARIABLE, "").split(",")
    return frozenset(" ".join(name.split()).casefold() for name in names) - {""}


def _who() -> str:
    """Return the e-mail address of who is logged in; without a login, the name that somebody typed."""
    if not _has_login():
        return state.annotator()
    return str(st.user.get("email") or "") if st.user.is_logged_in else ""


def _has_login() -> bool:
    """Return whether Streamlit's login is set up; only then it says whether somebody is logged in."""
    return "is_logged_in" in st.user
