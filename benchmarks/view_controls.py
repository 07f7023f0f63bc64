"""The sliders, switches and filters of whatever view is open, found by what Streamlit calls them, and moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAIN = "[data-testid=stMain]"
_OPTIONS_MS = 3000


@dataclass(frozen=True)
class Control:
    """Something that changes what a view shows."""

    kind: str
    place: int
    """Among those of its kind that can be seen."""
    label: str

    def move(self, page: Any, turn: int) -> bool:
        """Change it by the last input of the call, to and fro with even and odd turns; False if it cannot be changed.

        Whoever measures counts from the newest input, so opening a list does not count.
        """
        node = page.locator(f"{MAIN} {_KINDS[self.kind]}").filter(visible=True).nth(self.place)
        return _MOVES[self.kind](page, node, turn)


def controls(page: Any) -> Iterator[Control]:
    """Yield what can be changed on the view that is open, but for disabled ones."""
    for kind, selector in _KINDS.items():
        for place, node in enumerate(page.locator(f"{MAIN} {selector}").filter(visible=True).all()):
            label = node.evaluate(_LABEL).strip()
            if label:
                yield Control(kind, place, " ".join(label.split()))


_LABEL = """node => {
    if (node.querySelector("[disabled], [aria-disabled=true]") || node.matches("[disabled]")) return "";
    const words = node.querySelector("[data-testid=stWidgetLabel], label");
    return words?.innerText || node.getAttribute("aria-label") || node.innerText || "";
}"""


def _move_slider(page: Any, node: Any, turn: int) -> bool:
    handle = node.get_by_role("slider").first
    at_end = handle.evaluate("node => (node.ariaValueNow ?? node.value) === (node.ariaValueMax ?? node.max)")
    handle.focus()
    page.keyboard.press("ArrowLeft" if at_end or turn % 2 == 0 else "ArrowRight")
    return True


def _press_switch(page: Any, node: Any, turn: int) -> bool:
    node.locator("label").first.click()
    return True


def _choose_button(page: Any, node: Any, turn: int) -> bool:
    buttons = node.get_by_role("button").or_(node.get_by_role("radio"))
    if buttons.count() < 2:
        return False
    buttons.nth((turn + 1) % 2).click()
    return True


def _choose_option(page: Any, node: Any, turn: int) -> bool:
    node.get_by_role("combobox").first.click()
    options = page.get_by_role("option")
    options.first.wait_for(timeout=_OPTIONS_MS)
    if options.count() < 2:
        page.keyboard.press("Escape")
        return False
    options.nth((turn + 1) % 2).click()
    return True


def _choose_radio(page: Any, node: Any, turn: int) -> bool:
    choices = node.locator("label:has(input[type=radio])")
    if choices.count() < 2:
        return False
    choices.nth((turn + 1) % 2).click()
    return True


_KINDS = {
    "slider": "[data-testid=stSlider]",
    "switch": "[data-testid=stCheckbox]",
    "buttons": "[data-testid=stButtonGroup]",
    "radio": "[data-testid=stRadio]",
    "list": "[data-testid=stSelectbox]",
    "several": "[data-testid=stMultiSelect]",
}
_MOVES = {
    "slider": _move_slider,
    "switch": _press_switch,
    "buttons": _choose_button,
    "radio": _choose_radio,
    "list": _choose_option,
    "several": _choose_option,
}
