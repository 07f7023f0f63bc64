"""What the tests of the review card do with it: press keys, look at it, read what its server has stored."""

from __future__ import annotations

import json

# Notes which example is on screen when a key arrives, and how long the next one takes to appear.
RECORDER = """
const exampleNode = () => document.querySelector('[data-testid=stBidiComponentIsolated]')
  ?.shadowRoot.querySelector('.example-id');
window.seen = []; window.latencies = [];
window.addEventListener('keydown', (event) => {
  if (!exampleNode() || event.repeat) return;
  const began = performance.now();
  window.seen.push([event.key, exampleNode().textContent]);
  const observer = new MutationObserver(() => {
    observer.disconnect();
    window.latencies.push(performance.now() - began);
  });
  observer.observe(exampleNode(), { childList: true, characterData: true, subtree: true });
}, true);
"""
FOCUSED = "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot.activeElement"
# Pairs of visible buttons that lie over each other.
OVERLAPS = """() => {
    const host = document.querySelector('[data-testid=stBidiComponentIsolated]');
    const boxes = [...host.shadowRoot.querySelectorAll('button, .example-id, .place, .pace')]
        .filter((node) => node.checkVisibility()).map((node) => [node.textContent, node.getBoundingClientRect()]);
    const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    return boxes.flatMap(([name, box], place) =>
        boxes.slice(place + 1).filter(([, other]) => over(box, other)).map(([other]) => [name, other]));
}"""


def example_on_screen(page) -> str:
    return page.locator(".example-id").inner_text()


def stored(page, count: int) -> list[dict]:
    """Return the server's events once there are ``count`` and the page is at rest."""
    page.wait_for_function(
        """(count) => {
            const text = document.querySelector('[data-testid=stText]')?.textContent;
            return text && JSON.parse(text).length >= count;
        }""",
        arg=count,
    )
    page.wait_for_timeout(1500)
    events = json.loads(page.get_by_test_id("stText").inner_text())
    assert len(events) == count
    return events


def summary(events: list[dict]) -> list[tuple]:
    return [(event["kind"], event["index"], event["action"], event["label"]) for event in events]


def press(page, keys: str | list[str], wait_ms: int = 40) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(wait_ms)


def unsent(page) -> list:
    return json.loads(page.evaluate("sessionStorage.getItem('lane-review:card')") or "[]")
