"""The views of the app in a real Chromium: going from one to another, and when one is painted."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page

from app.navigation import TITLES
from tests.browser.page_walk import address_of

RECORDER = Path(__file__).with_name("view_recorder.js").read_text(encoding="utf-8")
QUIET_MS = 400
WAIT_MS = 120_000
SHOWS = (
    ".js-plotly-plot .main-svg, [data-testid=stDataFrame], [data-testid=stTable], [data-testid=stMetric], "
    "[data-testid=stBidiComponentIsolated], [data-testid=stForm], [data-testid=stButton]"
)
"""What lies in the review card itself, a document of its own, no selector of the page finds."""
TAB = "[data-testid=stMain] [role=tab]"


def new_page(
    browser: Browser, address: str, size: tuple[int, int] = (1440, 900), *, is_dark: bool = False
) -> Page:
    """Open the app in a profile of its own."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if is_dark else "light"
    )
    context.add_init_script("localStorage.setItem('lane-annotator', 'Ann')")
    context.add_init_script(RECORDER)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    painted_ms(page)
    return page


def painted_ms(page: Page) -> float:
    """Wait until what is open is painted; return how long it took since the newest input."""
    found = page.wait_for_function(
        "([shows, quiet]) => { const ms = window.lanePainted(shows, quiet); return ms === null ? false : [ms]; }",
        arg=[SHOWS, QUIET_MS],
    )
    return float(found.json_value()[0])


def go_to(page: Page, name: str) -> None:
    """Click a page's link in the sidebar."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=TITLES[name][0], exact=True).click()
    page.wait_for_url(address_of(name))


def views_of(page: Page, name: str) -> list[str]:
    """Open a page and return its tabs; "" alone where it has none."""
    go_to(page, name)
    painted_ms(page)
    tabs = [tab.inner_text().strip() for tab in page.locator(TAB).filter(visible=True).all()]
    return tabs or [""]


def open_tab(page: Page, tab: str) -> None:
    """Click a tab."""
    page.locator(TAB).filter(visible=True).filter(has_text=tab).first.click()
