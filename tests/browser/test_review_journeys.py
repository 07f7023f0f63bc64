"""Review by keys over the real store: nothing is lost, nothing lands elsewhere, whatever is cut or killed."""

from __future__ import annotations

import os
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.review_browser import CARD, open_review, presses, wait_until_stored
from benchmarks.review_project import ReviewProject, make_review_project
from benchmarks.review_sessions import decide_together, plan_overlap, session_findings
from lane_core.home import Home
from lane_core.store.store import open_store
from lane_core.upkeep.backup import back_up_home
from tests.browser.cuttable_proxy import cuttable_proxy
from tests.browser.streamlit_server import free_port, streamlit_server

pytestmark = pytest.mark.browser
NUM_DECISIONS, STEP = 50, 10
KEYS = ("a", "x", "e", "a", "f")
ACTIONS = {"a": "relabel", "x": "keep", "e": "exclude", "f": "flag"}


@pytest.fixture
def project(home: Home) -> ReviewProject:
    return make_review_project(home, 80, num_classes=5, flagged_share=1)


@pytest.fixture
def address(project: ReviewProject) -> Iterator[str]:
    with streamlit_server("app/main.py") as server:
        yield f"{server.address}/review?{project.query}&scope=all"


def press(page: Any, keys: list[str], gap_ms: int = 40) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(gap_ms)


def stored_decisions(database: Path) -> list[tuple[str, str, str]]:
    """Return example id, action and decision id of the decisions that count, oldest first."""
    store = open_store(database)
    with store.cursor() as cursor:
        found = cursor.execute(
            "select example_id, action, decision_id from current_decisions join examples using (dataset_id, index) "
            "order by seq"
        ).fetchall()
    store.close()
    return found


def backed_up_decisions(home: Home, folder: Path) -> list[tuple[str, str, str]]:
    """The same of an app that runs: it is asked for a backup, which holds a snapshot of its database."""
    archive = back_up_home(home, folder / "snapshot.zip")
    with zipfile.ZipFile(archive) as opened:
        opened.extract("lane.duckdb", folder)
    return stored_decisions(folder / "lane.duckdb")


def expected(made: list) -> list[tuple[str, str, str]]:
    return [(press.example, ACTIONS[press.key], press.ids[0]) for press in made]


def test_fifty_decisions_undone_and_redone_agree_with_the_database_at_each_tenth(
    browser: Any, address: str, home: Home, tmp_path: Path
) -> None:
    page = open_review(browser, address, "Ana")
    first = page.locator(CARD).inner_text()
    keys = [KEYS[number % len(KEYS)] for number in range(NUM_DECISIONS)]
    shown = [first]  # after 0, 10, ... decisions

    def agrees(num_decided: int) -> None:
        wait_until_stored(page)
        decided = expected(presses(page)[:NUM_DECISIONS])[:num_decided]
        assert sorted(backed_up_decisions(home, tmp_path)) == sorted(decided)
        assert f"{num_decided} decided" in page.locator(".place").inner_text()

    for done in range(STEP, NUM_DECISIONS + 1, STEP):
        press(page, keys[done - STEP : done], gap_ms=20)
        agrees(done)
        shown.append(page.locator(CARD).inner_text())
    assert len(set(shown)) == len(shown)
    for done in range(NUM_DECISIONS - STEP, -1, -STEP):
        press(page, ["Backspace"] * STEP, gap_ms=20)
        agrees(done)
        assert page.locator(CARD).inner_text() == shown[done // STEP]
    for done in range(STEP, NUM_DECISIONS + 1, STEP):
        press(page, ["Control+Shift+z"] * STEP, gap_ms=20)
        agrees(done)
        assert page.locator(CARD).inner_text() == shown[done // STEP]
    page.context.close()


def test_a_cut_cable_loses_no_decision_and_stores_none_twice(
    browser: Any, project: ReviewProject, home: Home
) -> None:
    port = free_port()
    with streamlit_server("app/main.py", port=port) as server, cuttable_proxy(port) as proxy:
        page = open_review(browser, f"{proxy.address}/review?{project.query}&scope=all", "Ana")
        press(page, list("axfeaxfeax"))
        wait_until_stored(page)
        press(page, list("axe"))
        proxy.cut()
        press(page, list("axfeaxf"))
        page.wait_for_timeout(300)
        made = presses(page)
        assert any(one.stored is None for one in made)
        proxy.mend()
        wait_until_stored(page)
        page.context.close()
        server.stop()
    made_keys = [one.key for one in made]
    assert made_keys == list("axfeaxfeaxaxeaxfeaxf")
    assert len({one.example for one in made}) == 20
    # In the order of the keys, each on the example that was on screen.
    assert stored_decisions(home.database) == expected(made)


def test_a_server_killed_in_a_burst_gets_the_rest_when_it_is_back(
    browser: Any, project: ReviewProject, home: Home
) -> None:
    port = free_port()  # the same again: what a tab has not sent yet belongs to the address
    with streamlit_server("app/main.py", port=port) as server:
        page = open_review(browser, f"{server.address}/review?{project.query}&scope=all", "Ana")
        press(page, list("axfe"))
        os.kill(server.process.pid, signal.SIGKILL)
        press(page, list("axfeax"))
        made = presses(page)
        assert any(one.stored is None for one in made)
    with streamlit_server("app/main.py", port=port) as server:
        wait_until_stored(page)
        page.context.close()
        server.stop()
    assert len({one.example for one in made}) == 10
    assert stored_decisions(home.database) == expected(made)


def test_three_people_get_each_example_twice_and_none_more_often(browser: Any, home: Home) -> None:
    project = make_review_project(home, 16, num_classes=5, flagged_share=1)
    plan_overlap(project, 2)
    with streamlit_server("app/main.py") as server:
        address = f"{server.address}/review?{project.query}&scope=all"
        sessions = decide_together(browser, address, ["Ana", "Ben", "Cem"], (80, 200), seconds=200)
    assert [session.is_done for session in sessions] == [True] * 3
    assert sum(len(session.decision_ids) for session in sessions) == 32
    assert session_findings(project, sessions, 2) == []
