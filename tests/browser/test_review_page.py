"""The review page in a real browser, over the small project: keys in, decisions in the store."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright import sync_api

from lane_core.home import Home
from lane_core.store import datasets, decision_queries
from lane_core.workspace import Workspace
from tests.browser.streamlit_server import StreamlitServer
from tests.small_project import SmallProject

expect = sync_api.expect
pytestmark = pytest.mark.browser
SWAP_GUARD_MS = 400  # a card that the server swapped in takes no key at once


@pytest.fixture
def review(browser_page, app_server: StreamlitServer) -> Callable[..., Any]:
    """Return a function that opens the review page with these address parameters."""

    def open_page(parameters: str = "") -> Any:
        browser_page.goto(f"{app_server.address}/review?{parameters}")
        browser_page.locator(".review-card .example-id").wait_for()
        return browser_page

    return open_page


def press(page, keys: str | list[str]) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(40)


def shows(page, example_id: str) -> None:
    expect(page.locator(".example-id")).to_have_text(re.compile(rf"^{example_id}\b"))


def choice(page, words: str):
    """A radio button or pill of the sidebar, by its words and count."""
    return page.get_by_test_id("stSidebar").get_by_text(words, exact=True)


def name_box(page):
    return page.get_by_role("textbox", name="Your name")


def live_decisions(home: Home, project: SmallProject) -> dict[str, tuple[str, str, str]]:
    """Return example id -> action, label now, annotator. The app must be stopped."""
    workspace = Workspace(home)
    labels = datasets.current_labels(workspace.store, project.dataset.dataset_id).set_index("example_id")
    workspace.close()
    decided = labels[labels["status"] != ""]
    return {
        example_id: (row["status"], row["current_label"], row["annotator"])
        for example_id, row in decided.iterrows()
    }


def test_keys_decide_and_the_store_has_it(review, app_server, small_project, home) -> None:
    page = review("scope=all")
    shows(page, "003")
    assert page.locator(".text").inner_text() == "text number 3, with a comma"
    press(page, "ax2ef")
    shows(page, "002")
    expect(choice(page, "Reviewed · 5")).to_be_visible()
    expect(page.locator(".place")).to_have_text("6 of 24 · 5 decided")
    app_server.stop()
    assert live_decisions(home, small_project) == {
        "003": ("relabel", "fear", "annotator"),
        "007": ("keep", "fear", "annotator"),
        "011": ("relabel", "fear", "annotator"),
        "000": ("exclude", "anger", "annotator"),
        "001": ("flag", "fear", "annotator"),
    }
    workspace = Workspace(home)
    history = decision_queries.decision_history(workspace.store, small_project.dataset.dataset_id, 10)
    workspace.close()
    assert history["example_id"].tolist() == ["001", "000", "011", "007", "003"]
    assert set(history["run_id"]) == {small_project.run.run_id}
    assert history["seen_label"].tolist() == ["fear", "anger", "joy", "fear", "anger"]
    assert history["lead_time_s"].between(0, 60).all()


def test_undo_goes_all_the_way_back_also_after_a_reload(review, app_server, small_project, home) -> None:
    page = review("scope=all")
    press(page, "axe")
    press(page, ["Backspace"] * 3)
    shows(page, "003")
    expect(choice(page, "Reviewed · 0")).to_be_visible()
    press(page, "axf")
    expect(choice(page, "Reviewed · 3")).to_be_visible()
    page.reload()
    shows(page, "000")
    press(page, ["Backspace"])
    shows(page, "011")
    press(page, ["Backspace"])
    shows(page, "007")
    expect(choice(page, "Reviewed · 1")).to_be_visible()
    press(page, ["Control+Shift+z"])
    shows(page, "011")
    expect(choice(page, "Reviewed · 2")).to_be_visible()
    press(page, ["Backspace"] * 2)
    shows(page, "003")
    press(page, ["Backspace"])
    expect(page.locator(".trouble")).to_have_text("annotator has nothing left to undo in this project.")
    app_server.stop()
    assert live_decisions(home, small_project) == {}


def test_the_address_holds_the_filters(review) -> None:
    page = review()
    expect(page.get_by_test_id("stMain").get_by_test_id("stCaptionContainer")).to_have_text(
        "3 suspects of Run 1 to review, most likely wrong first."
    )
    choice(page, "All examples").click()
    expect(page.locator(".place")).to_have_text("1 of 24 · 0 decided")
    page.get_by_test_id("stSidebar").get_by_role("button", name="fear · 8").first.click()
    shows(page, "007")
    expect(page).to_have_url(re.compile("scope=all"))
    expect(page).to_have_url(re.compile("given=fear"))
    page.wait_for_timeout(SWAP_GUARD_MS)
    press(page, "x")
    shows(page, "001")
    choice(page, "Reviewed · 1").click()
    shows(page, "007")
    expect(page.locator(".eyeline .tag:not(.flash)")).to_have_text("Kept")
    page.reload()
    shows(page, "007")
    words = "1 example of Run 1, reviewed, given label fear, most likely wrong first."
    expect(page.get_by_test_id("stMain").get_by_test_id("stCaptionContainer")).to_have_text(words)
    page.go_back()
    shows(page, "001")
    expect(page.locator(".place")).to_have_text("2 of 8 · 1 decided")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".place")).to_have_text("2 of 3 · 1 decided")
    assert "given=" not in page.url
    assert "scope=" not in page.url


def test_a_strictness_is_chosen_and_stays_after_a_reload(review) -> None:
    page = review()
    expect(choice(page, "3 suspects, about 93 % wrong")).to_be_visible()
    expect(choice(page, "4 suspects, about 80 % wrong")).to_be_visible()
    choice(page, "Thorough").click()
    expect(page.locator(".place")).to_have_text("1 of 4 · 0 decided")
    expect(page).to_have_url(re.compile("scope=thorough"))
    expect(page.locator(".chip.suspect")).to_have_attribute(
        "title", "The given label is wrong with a probability of 95 %"
    )
    page.wait_for_timeout(SWAP_GUARD_MS)
    press(page, "x")
    expect(choice(page, "3 suspects, about 80 % wrong")).to_be_visible()
    page.reload()
    shows(page, "007")
    expect(page.get_by_role("radio", name="Thorough")).to_be_checked()


def test_counts_that_change_in_the_middle_of_a_burst_change_no_filter(review) -> None:
    page = review("scope=all&given=fear&given=joy")
    expect(page.locator(".place")).to_have_text("1 of 16 · 0 decided")
    for key in [*"xxxxxxxxxx", *["Backspace"] * 10]:
        page.keyboard.press(key)
        page.wait_for_timeout(120)  # about as long as a rerun, so that they meet the old counts
    expect(choice(page, "Reviewed · 0")).to_be_visible()
    page.wait_for_timeout(1000)
    expect(page.locator(".place")).to_have_text("1 of 16 · 0 decided")
    assert "?scope=all&given=fear&given=joy&" in page.url


def test_a_queue_with_reviewed_examples_moves_on_and_a_reload_stays_there(review) -> None:
    page = review()
    press(page, "ax")
    expect(choice(page, "Reviewed · 2")).to_be_visible()
    choice(page, "All · 3").click()
    shows(page, "003")
    expect(page.locator(".place")).to_have_text("1 of 3 · 0 decided")
    page.wait_for_timeout(SWAP_GUARD_MS)
    press(page, "e")
    shows(page, "007")
    expect(page.locator(".place")).to_have_text("2 of 3 · 1 decided")
    page.wait_for_timeout(1500)
    page.reload()
    shows(page, "007")
    expect(page.locator(".place")).to_have_text("2 of 3 · 1 decided")


def test_undo_shows_an_example_that_the_filter_leaves_out(review) -> None:
    page = review()
    press(page, "a")
    expect(choice(page, "Reviewed · 1")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("button", name="joy · 1").first.click()
    shows(page, "011")
    press(page, ["Backspace"])
    shows(page, "003")
    page.wait_for_timeout(SWAP_GUARD_MS)
    press(page, "x")
    shows(page, "011")


def test_the_browser_remembers_who_decides(review, app_server, small_project, home) -> None:
    page = review()
    name_box(page).fill("Ana  López ")
    name_box(page).press("Enter")
    expect(name_box(page)).to_have_value("Ana López")
    page.reload()
    expect(name_box(page)).to_have_value("Ana López")
    assert "Ana" not in page.url
    page.get_by_role("link", name="Export").click()
    page.get_by_role("link", name="Review").click()
    expect(name_box(page)).to_have_value("Ana López")
    page.locator(".text").click()
    press(page, "a")
    expect(choice(page, "Reviewed · 1")).to_be_visible()
    app_server.stop()
    assert live_decisions(home, small_project) == {"003": ("relabel", "fear", "Ana López")}


def test_the_end_of_the_queue_says_so_and_points_on(review) -> None:
    page = review()
    press(page, "axe")
    expect(page.locator(".empty-title")).to_have_text("All 3 suspects are reviewed")
    page.get_by_text("History", exact=True).click()
    rows = page.get_by_test_id("stTable").locator("tbody tr")
    expect(rows).to_have_count(3)
    assert [row.split()[-4:] for row in rows.all_inner_texts()] == [
        ["annotator", "011", "excluded", "joy"],
        ["annotator", "007", "kept", "fear"],
        ["annotator", "003", "corrected", "fear"],
    ]
    page.get_by_role("button", name="Go on with thorough: 1 more").click()
    shows(page, "000")
    expect(page.locator(".place")).to_have_text("4 of 4 · 3 decided")
    expect(page.get_by_role("button", name="Export the corrected file")).to_be_hidden()
