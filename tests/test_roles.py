"""Who may open People and Storage where LANE_LEADS names the leads."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import roles
from app.navigation import TITLES
from tests.small_project import SmallProject

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")
LEADS = " Lea Lead , boss@example.org ,"


def open_page(name: str, annotator: str | None = None, user: dict[str, object] | None = None) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    if annotator is not None:
        at.session_state["annotator"] = annotator
    if user is not None:
        at.user = user
    at.switch_page(f"../pages/{name}.py").run()
    assert not at.exception
    return at


def links(at: AppTest) -> set[str]:
    return {element.proto.label.strip("*") for element in at.sidebar.get("page_link")}


def name_boxes(at: AppTest) -> int:
    return len([box for box in at.sidebar.text_input if box.label == "Your name"])


def test_where_nobody_is_named_everybody_leads(small_project: SmallProject, app_home, monkeypatch) -> None:
    monkeypatch.setenv(roles.LEADS_VARIABLE, " , ")
    at = open_page("storage")
    assert at.caption[-1] or at.title[0].value == "Storage"
    assert links(at) == {title for title, _ in TITLES.values()}
    assert name_boxes(at) == 0


@pytest.mark.parametrize("page", roles.LEAD_PAGES)
def test_others_see_neither_the_page_nor_its_link(
    page: str, small_project: SmallProject, app_home, monkeypatch
) -> None:
    monkeypatch.setenv(roles.LEADS_VARIABLE, LEADS)
    at = open_page(page, "ana")
    title = TITLES[page][0]
    assert at.title[0].value == title
    assert [element.value for element in at.main.markdown] == [
        f"{title} is for the people who lead the review: type your name in the sidebar if you are one of them, or ask "
        "one."
    ]
    assert not at.main.button
    assert {"People", "Storage"}.isdisjoint(links(at))
    # Whoever leads says so, and is let in at once.
    next(box for box in at.sidebar.text_input if box.label == "Your name").set_value("lea  LEAD").run()
    assert len(at.main) > 2
    assert {"People", "Storage"} <= links(at)


def test_every_page_asks_for_the_name_once(small_project: SmallProject, app_home, monkeypatch) -> None:
    monkeypatch.setenv(roles.LEADS_VARIABLE, LEADS)
    for name in ("overview", "review", "classes", "people", "storage", "runs"):
        assert name_boxes(open_page(name, "Lea Lead")) == 1, name
        assert name_boxes(open_page(name, "ana")) == 1, name


def test_behind_a_login_the_address_counts_and_not_the_typed_name(
    small_project: SmallProject, app_home, monkeypatch
) -> None:
    monkeypatch.setenv(roles.LEADS_VARIABLE, LEADS)
    assert "People" in links(
        open_page("overview", "ana", {"is_logged_in": True, "email": "Boss@example.org"})
    )
    others = open_page("storage", "Lea Lead", {"is_logged_in": True, "email": "x@example.org"})
    assert "log in if you are one of them" in others.main.markdown[0].value
    assert [element.label for element in others.sidebar.button] == []
    unknown = open_page("storage", "boss@example.org", {"is_logged_in": False})
    assert "Storage" not in links(unknown)
    assert [element.label for element in unknown.sidebar.button] == ["Log in"]
