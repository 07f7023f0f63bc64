"""The frame around the pages: what it shows when something below it is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lane_core.home import Home
from tests.small_project import SmallProject

MAIN = str(Path(__file__).parents[1] / "app" / "main.py")
PAGES = ("overview", "data", "train", "review", "similarity", "runs", "export", "people", "storage")


def opened(page: str = "overview") -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30).run()
    return at if page == "overview" else at.switch_page(f"../pages/{page}.py").run()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_with_a_run(page: str, small_project: SmallProject, app_home: Home) -> None:
    at = opened(page)
    assert not at.exception
    assert at.title[0].value.lower() == page
    assert at.sidebar.selectbox[0].value == small_project.dataset.dataset_id
    assert at.sidebar.selectbox[1].value == small_project.run.run_id


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_without_a_project(page: str, app_home: Home) -> None:
    at = opened(page)
    assert not at.exception
    assert at.title[0].value.lower() == page
    assert len(at.sidebar.selectbox) == 0


@pytest.mark.parametrize("page", PAGES)
def test_a_lost_run_directory_takes_no_page_down(
    page: str, small_project: SmallProject, home: Home, app_home: Home
) -> None:
    shutil.rmtree(home.runs / small_project.run.run_id)
    at = opened(page)
    assert not at.exception
    assert at.title[0].value.lower() == page


def test_a_database_that_another_program_holds_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    from lane_core.errors import StoreError

    def refuse(path: Path) -> None:
        raise StoreError(f"{path} is open in another program.")

    st.cache_resource.clear()
    monkeypatch.setattr("lane_core.workspace.open_store", refuse)
    at = opened()
    assert not at.exception
    assert "is open in another program" in at.error[0].value
    st.cache_resource.clear()
