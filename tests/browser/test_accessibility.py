"""Every page by axe-core, light and dark, empty and filled; and by keyboard alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import pytest
from playwright import sync_api

from app.navigation import TITLES
from lane_core.home import Home
from tests.browser.conftest import WAIT_MS
from tests.browser.page_walk import address_of, rest, walk
from tests.browser.streamlit_server import StreamlitServer, streamlit_server

expect = sync_api.expect
pytestmark = pytest.mark.browser
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
GRAVE = ("serious", "critical")
# The name of a box that cannot be used yet is paler, as it should be; Streamlit says so by an attribute that axe-core
# does not know.
LEFT_OUT = "[data-testid=stWidgetLabel][disabled]"
MAIN_BUTTONS = {
    "overview": ("Review 3 suspects", "/review"),
    "data": ("Upload$", None),
    "classes": ("Save the definition", "The definition of anger is"),
    "train": ("Review 3 suspects", "/review"),
    "review": ("Accept suggestion", "1 decided"),
    "similarity": (r"Review \d", "/review"),
    "dynamics": (r"Review \d+ that weigh less", "/review"),
    "map": ("Watch the run", "/train"),
    "runs": ("Retrain on the corrected labels", "/train"),
    "export": ("Prepare the report", "Markdown"),
    "people": ("Let 2 people decide", "2 people"),
    "storage": ("Back up now", "lane-backup-"),
}
"""Page -> what people came to press, and what then shows that it was pressed: a page, or words on this one. (Upload
opens the browser's own window; a made-up run leaves no embeddings, so its map says where they would come from.)"""
EMPTY_PAGES = ("overview", "data", "train", "storage")
"""Without a project the others look like Train: a way to the page Data."""
MOST_TABS = 150
FOCUSED = """() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    if (!["A", "BUTTON"].includes(node?.tagName)) return "";
    return `${node?.getAttribute("aria-label") ?? ""} ${node?.innerText ?? ""}`.trim();
}"""


@pytest.fixture
def empty_server(home: Home) -> Iterator[StreamlitServer]:
    with streamlit_server("app/main.py") as server:
        yield server


def grave_findings(page: Any, rules: tuple[str, ...] = ()) -> list[str]:
    """Return what axe-core calls serious or critical, by all of its rules or these."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    page.evaluate(f"window.axe || (() => {{ {AXE} }})()")
    found = page.evaluate(
        "([leftOut, options]) => axe.run({exclude: [leftOut]}, options)", [LEFT_OUT, options]
    )
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:200]} {node['failureSummary'][:400]}"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def test_no_page_of_an_empty_home_has_a_grave_finding(
    new_browser_page: Callable[..., Any], empty_server: StreamlitServer
) -> None:
    page = new_browser_page()
    pages = walk(page, empty_server.address, EMPTY_PAGES)
    found = [f"{name}: {what}" for name in pages for what in grave_findings(page)]
    assert not found, "\n".join(found)


def test_no_page_of_a_project_has_a_grave_finding_in_light_or_dark(
    new_browser_page: Callable[..., Any], app_server: StreamlitServer
) -> None:
    page, found = new_browser_page(), []
    for name in walk(page, app_server.address):
        if name == "dynamics":  # a tab with chips, which no other page has at first
            page.get_by_role("tab", name="Trajectories").click()
            expect(page.locator("[data-tag]").first).to_be_visible()
            rest(page)
        for colours, rules in (("light", ()), ("dark", ("color-contrast",))):
            page.emulate_media(color_scheme=colours)
            page.wait_for_timeout(300)
            found += [f"{name}, {colours}: {what}" for what in grave_findings(page, rules)]
    assert not found, "\n".join(found)


def test_every_page_is_reached_and_its_main_button_pressed_by_keyboard_alone(
    new_browser_page: Callable[..., Any], app_server: StreamlitServer
) -> None:
    page = new_browser_page()
    # From the beginning: a window that opens before the driver watches for it stays open, and no other opens after it.
    opened: list[Any] = []
    page.on("filechooser", lambda chooser: opened.append(chooser))
    page.goto(f"{app_server.address}/storage")
    rest(page)
    assert list(MAIN_BUTTONS) == list(TITLES)
    for name, (button, sign) in MAIN_BUTTONS.items():
        tab_to(page, f"{TITLES[name][0]}$")
        page.keyboard.press("Enter")
        expect(page).to_have_url(address_of(name))
        rest(page)
        tab_to(page, button)
        page.keyboard.press("Enter")
        if sign is None:
            opens_by = time.monotonic() + WAIT_MS / 1000
            while not opened and time.monotonic() < opens_by:
                page.wait_for_timeout(100)
            assert len(opened) == 1
        elif sign.startswith("/"):
            expect(page).to_have_url(re.compile(sign))
        else:
            expect(page.get_by_text(sign).first).to_be_visible()
        rest(page)


def tab_to(page: Any, words: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if re.search(words, page.evaluate(FOCUSED)):
            return
    pytest.fail(f"Tab never came to {words!r}")
