"""From page to page by the links of the sidebar, as people go: a reload would load Streamlit anew."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from playwright import sync_api

from app.navigation import TITLES


def rest(page: Any) -> None:
    """Wait until the page has been drawn and is quiet."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(400)


def address_of(name: str) -> re.Pattern[str]:
    return re.compile(r"\d/(\?.*)?$" if name == "overview" else f"/{name}")


def walk(page: Any, address: str, names: Collection[str] = TITLES) -> Iterator[str]:
    """Open the app and yield the name of each page, or of some, when it is there."""
    page.goto(address)
    for name in names:
        title = TITLES[name][0]
        page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True).click()
        sync_api.expect(page).to_have_url(address_of(name))
        rest(page)
        yield name
