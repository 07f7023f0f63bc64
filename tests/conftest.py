"""Fixtures that several test files share. No test touches the network or the user's home."""

from __future__ import annotations

import os

# Before anything imports a model library: a test that would ask a hub fails at once instead of waiting.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from lane_core.home import Home
from lane_core.workspace import Workspace
from tests.small_project import SmallProject, make_small_project

# The first example of a test pays for imports and caches; a deadline would only measure the machine.
settings.register_profile("here", deadline=None)
settings.load_profile("here")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty LANE_HOME; the user's own is out of reach."""
    monkeypatch.setenv("LANE_HOME", str(tmp_path / "lane"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(tmp_path / "lane")


@pytest.fixture
def workspace(home: Home) -> Iterator[Workspace]:
    """An opened workspace in an empty home; its ingester does not run."""
    opened = Workspace(home)
    yield opened
    opened.close()


@pytest.fixture
def small_project(home: Home) -> SmallProject:
    """A home with one project of 24 examples and one finished run, nobody has it open."""
    opened = Workspace(home)
    project = make_small_project(opened)
    opened.close()
    return project


@pytest.fixture
def app_home(home: Home) -> Iterator[Home]:
    """A home whose workspace is opened by the app itself (AppTest) and closed afterwards."""
    import streamlit as st

    from app.services import workspaces

    st.cache_resource.clear()
    yield home
    workspaces.workspace().close()
    st.cache_resource.clear()
