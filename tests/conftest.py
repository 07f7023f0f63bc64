"""Fixtures that several test files share. No test touches the network or the user's home."""

from __future__ import annotations

import os

# Before anything imports a model library: a test that would ask a hub fails at once instead of waiting.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from streamlit.components.v2 import manifest_scanner

from lane_core.home import Home
from lane_core.workspace import Workspace
from tests.backed_up_home import make_origin
from tests.checked_home import make_healthy_home
from tests.small_project import SmallProject, make_small_project

# The first example of a test pays for imports and caches; a deadline would only measure the machine.
settings.register_profile("here", deadline=None)
settings.load_profile("here")


@pytest.fixture(scope="session", autouse=True)
def _installed_components() -> Iterator[None]:
    """Streamlit goes through all installed packages for each AppTest, a quarter of a second: once is enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests)
        )
        yield


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


@pytest.fixture(scope="session")
def finished_project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """The small project in a closed home of its own, to be copied. Never changed."""
    opened = Workspace(Home(tmp_path_factory.mktemp("finished") / "lane"))
    project = make_small_project(opened)
    opened.close()
    return project


@pytest.fixture
def small_project(finished_project: SmallProject, home: Home) -> SmallProject:
    """A home with one project of 24 examples and one finished run, nobody has it open."""
    shutil.copytree(finished_project.source.parent, home.path)
    return replace(finished_project, source=home.path / finished_project.source.name)


@pytest.fixture(scope="session")
def healthy_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A closed home for the check-up. Never changed."""
    home = Home(tmp_path_factory.mktemp("healthy") / "lane")
    make_healthy_home(home)
    return home


@pytest.fixture
def filled_home(healthy_home: Home, home: Home) -> Home:
    """LANE_HOME, a copy of the healthy one to damage."""
    shutil.copytree(healthy_home.path, home.path)
    return home


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ``make_origin``. Never changed."""
    folder = tmp_path_factory.mktemp("origin")
    make_origin(folder)
    return folder


@pytest.fixture
def archive(origin: Path) -> Path:
    """The backup of the origin."""
    return origin / "all.zip"


@pytest.fixture
def full_home(origin: Path, home: Home) -> Home:
    """LANE_HOME, a copy of the home that was backed up."""
    shutil.copytree(origin / "home", home.path)
    return home


@pytest.fixture
def full_workspace(full_home: Home) -> Iterator[Workspace]:
    """The same, opened."""
    opened = Workspace(full_home)
    yield opened
    opened.close()


@pytest.fixture
def app_home(home: Home) -> Iterator[Home]:
    """A home whose workspace is opened by the app itself (AppTest) and closed afterwards."""
    import streamlit as st

    from app.services import workspaces

    st.cache_resource.clear()
    yield home
    workspaces.workspace().close()
    st.cache_resource.clear()
