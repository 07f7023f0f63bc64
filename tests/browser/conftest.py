"""A real Chromium, and the app over the small project. Without a Chromium these tests fail and say so."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Generator, Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright import sync_api

from tests.browser.review_card_page import RECORDER
from tests.browser.streamlit_server import LOG_FOLDER, StreamlitServer, streamlit_server
from tests.small_project import SmallProject

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 60_000
LOG_CHARACTERS = 8_000
VIEWPORT = {"width": 1440, "height": 900}
# An expander that still opens moves its buttons away between the press and the release of the mouse: no click.
WITHOUT_MOTION = """
const animate = Element.prototype.animate;
Element.prototype.animate = function (frames, options) {
  return animate.call(this, frames, typeof options === "object" ? { ...options, duration: 0 } : 0);
};
"""
_browsers: list[Any] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say with a failure what was on screen and what the servers said: where it happened nobody can look."""
    report = yield
    if report.when == "call" and report.failed:
        pages = [page for browser in _browsers for context in browser.contexts for page in context.pages]
        report.sections += [(f"page {page.url}", _words_on(page)) for page in pages]
        logs = sorted(LOG_FOLDER.glob("*.log"))[-2:]
        report.sections += [("server", log.read_text(errors="replace")[-LOG_CHARACTERS:]) for log in logs]
    return report


def _words_on(page: Any) -> str:
    try:
        return str(page.locator("body").inner_text(timeout=5_000))
    except sync_api.Error as error:
        return f"It did not tell: {error}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail(
            "The browser tests need chromium on the path: install Debian's package chromium (.ci/run does)."
        )
    with sync_api.sync_playwright() as playwright:
        sync_api.expect.set_options(timeout=WAIT_MS / 2)
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        _browsers.append(browser)
        yield browser
        _browsers.remove(browser)
        browser.close()


def open_profile(browser: Any, script: str = "") -> Any:
    """Return an empty profile, 1440 x 900, without motion; its ``script`` runs in each page before anything else."""
    context = browser.new_context(viewport=VIEWPORT)
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(WITHOUT_MOTION + script)
    return context


@pytest.fixture
def new_browser_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens an empty page in a profile of its own, with the script of ``open_profile``."""
    contexts = []

    def open_page(script: str = "") -> Any:
        contexts.append(open_profile(browser, script))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def shared_context(browser: Any) -> Iterator[Any]:
    """One profile for most tests: a tab that has compiled Streamlit's scripts opens the next page in half the time."""
    context = open_profile(browser, RECORDER)
    yield context
    context.close()


@pytest.fixture
def browser_page(shared_context: Any) -> Iterator[Any]:
    """An empty page, 1440 x 900, which remembers nothing of an earlier test."""
    page = shared_context.pages[0] if shared_context.pages else shared_context.new_page()
    yield page
    for other in shared_context.pages[1:]:
        other.close()
    # From a document of the same origin that runs no script, whether its server still answers or not.
    page.route("**/nothing", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(urljoin(page.url, "/nothing"))
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.unroute("**/nothing")
    page.goto("about:blank")
    shared_context.clear_cookies()
    page.set_viewport_size(VIEWPORT)


@pytest.fixture
def app_server(small_project: SmallProject) -> Iterator[StreamlitServer]:
    """The app over the home of the small project; ``stop()`` it to open its database in the test."""
    with streamlit_server("app/main.py") as server:
        yield server


@pytest.fixture(scope="session")
def card_address() -> Iterator[str]:
    """The review card alone, over in-memory servers."""
    with streamlit_server("tests/browser/review_card_app.py") as server:
        yield server.address


@pytest.fixture
def open_card(browser_page: Any, card_address: str) -> Callable[..., Any]:
    """Return a function that opens the card over a fresh in-memory server."""

    def open_page(**options: object) -> Any:
        asked = {"case": uuid.uuid4().hex, **options}
        browser_page.goto(f"{card_address}/?{'&'.join(f'{name}={value}' for name, value in asked.items())}")
        browser_page.locator(".review-card .example-id").wait_for()
        return browser_page

    return open_page
