"""A hand on plotly charts: clicks on a point, drags over an area, and what the chart says was marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright import sync_api

expect = sync_api.expect
STEPS = 3
"""Of a drag: plotly takes no notice of a jump."""

_PLACE = """(chart, [row, column]) => {
    // Where the cell of a class matrix stands on the page: the axes of its points know the names.
    const area = chart.querySelector(".nsewdrag").getBoundingClientRect();
    const {xaxis2: across, yaxis2: down} = chart._fullLayout;
    const place = (axis, name) => axis.d2p(Object.keys(axis.labelalias).find((key) => axis.labelalias[key] === name));
    return [area.left + place(across, column), area.top + place(down, row)];
}"""
_LISTEN = """chart => {
    window.laneMarked = null;
    chart.on("plotly_selected", (event) => { if (event?.range) window.laneMarked = event.range; });
}"""


@dataclass(frozen=True)
class Chart:
    """One chart of a page, by the key that the page gives it."""

    page: Any
    key: str

    @property
    def plot(self) -> Any:
        """The drawn chart."""
        return self.page.locator(f".st-key-{self.key} .js-plotly-plot").last

    def wait(self) -> None:
        """Wait until it stands still: one that replaces another stands beside it for a moment."""
        before = None
        while True:
            expect(self.plot.locator(".nsewdrag").first).to_be_visible()
            self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
            box = self.plot.locator(".nsewdrag").first.bounding_box()
            if box is not None and box == before:
                return
            before = box
            self.page.wait_for_timeout(200)

    def click_cell(self, row: str, column: str, words: str) -> None:
        """Click the cell of a class matrix in this row and column, whose tooltip begins with these words."""
        self.wait()
        self.plot.scroll_into_view_if_needed()
        x, y = self.plot.evaluate(_PLACE, [row, column])
        self.page.mouse.move(x - 1, y)
        self.page.mouse.move(x, y)
        # Plotly reports a click on what the pointer was found to be over; that takes it a moment on a busy machine.
        expect(self.page.locator(".hoverlayer .hovertext").first).to_contain_text(words)
        self.page.mouse.click(x, y)

    def mark(self, left: float, top: float, right: float, bottom: float) -> dict[str, list[float]]:
        """Draw a box, in shares of the area of the points; return its edges in the units of the axes, "x" and "y"."""
        self.wait()
        self.plot.scroll_into_view_if_needed()
        self.plot.hover()
        tool = self.plot.locator('[data-title="Box Select"]')
        if tool.count() and "active" not in str(tool.first.get_attribute("class")):
            tool.first.click()
        self.plot.evaluate(_LISTEN)
        area = self.plot.locator(".nsewdrag").first.bounding_box()
        self.page.mouse.move(area["x"] + left * area["width"], area["y"] + top * area["height"])
        self.page.mouse.down()
        self.page.mouse.move(
            area["x"] + right * area["width"], area["y"] + bottom * area["height"], steps=STEPS
        )
        self.page.mouse.up()
        found = self.page.wait_for_function("() => window.laneMarked").json_value()
        return {axis: sorted(found[axis]) for axis in found}
