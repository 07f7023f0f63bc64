"""Review in a real Chromium: people with names, and what each key press brought."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from lane_core.errors import LaneError

RECORDER = Path(__file__).with_name("review_recorder.js").read_text(encoding="utf-8")
CARD = ".review-card .example-id"
NOTHING_LEFT = ".review-card .empty-title"
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WAIT_MS = 120_000


@dataclass(frozen=True)
class Press:
    """One key press on the review card. Times are milliseconds of the page's own clock."""

    key: str
    example: str
    """Id of the example that was on screen."""
    began: float
    next: str | None
    """Id of the example that came; None if the same stayed."""
    changed: float | None
    shown: float | None
    """When the frame with the next example had been drawn."""
    stored: float | None
    """When the card had been told that the decision is stored."""
    ids: list[str]
    """Ids of the events that it made: one, or none if it was refused."""
    origin: float = 0.0
    """When the page's clock was 0: milliseconds since 1970."""

    @property
    def to_next_ms(self) -> float | None:
        """From the key press to the next example on screen."""
        return None if self.shown is None else self.shown - self.began

    @property
    def to_disk_ms(self) -> float | None:
        """From the key press to the acknowledgement, which comes after the commit."""
        return None if self.stored is None else self.stored - self.began


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a headless Chromium until the block ends.

    Raises:
        LaneError: If there is none.
    """
    path = shutil.which("chromium")
    if path is None:
        raise LaneError("This needs chromium on the path: install Debian's package chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        try:
            yield browser
        finally:
            browser.close()


def open_review(browser: Browser, address: str, annotator: str) -> Page:
    """Open a review page in a profile of its own, under this name, and wait for its first example or its end."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(f"localStorage.setItem('lane-annotator', {json.dumps(annotator)});")
    context.add_init_script(RECORDER)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    wait_for_queue(page)
    return page


def wait_for_queue(page: Page) -> None:
    """Wait until there is an example, or the words that there is none."""
    page.locator(CARD).or_(page.locator(NOTHING_LEFT)).filter(visible=True).first.wait_for()


def presses(page: Page) -> list[Press]:
    """Return what the page has recorded since it was loaded."""
    found: list[dict[str, Any]] = page.evaluate("window.lanePresses")
    return [Press(**press) for press in found]


def wait_until_stored(page: Page) -> None:
    """Wait until every decision of the page is acknowledged."""
    page.wait_for_function(
        "() => window.lanePresses.every((press) => !press.ids.length || press.stored !== null)"
    )
