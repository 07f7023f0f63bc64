"""How fast the views of a data lead are in a real browser, and how much memory ten people looking at them take.

    python benchmarks/view_speed.py [--examples 100000] [--classes 150] [--visits 5] [--sessions 10]
                                    [--views overview,similarity] [--home FOLDER] [--output FILE]

Makes a project of two finished runs in a temporary home (or takes a home that is there: nobody else may have it open),
starts the app over it, opens Chromium and goes to every page and each of its tabs, several times. Milliseconds:

    first paint   from the click in the sidebar, or on the tab, until the view is painted; second and later visits
    by address    from the start of the navigation until the view is painted, Streamlit's own start included
    a control     from the key or click that moves a slider or switch, or picks from a list, until the view is painted

Painted: there is a chart or a table (or what else the view is for), the script has ended, nothing is marked as out of
date, and for 400 ms nothing has changed any more; the time is that of the last change (view_recorder.js). The page
under test is the machine's only work then: on a busy one these are other programs' times too.

Memory is the resident set of the app's process: before anybody came, after one session has been through all views, and
after ten have, again and again, all of them at the same time; it must level off. The exit code is 1 if a target is
missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Browser, Error, Page, TimeoutError

from app.navigation import TITLES
from benchmarks.lead_project import make_lead_project
from benchmarks.paired import markdown_table
from benchmarks.review_browser import chromium
from benchmarks.view_browser import go_to, new_page, open_tab, painted_ms, views_of
from benchmarks.view_controls import Control, controls
from lane_core.home import Home
from tests.browser.streamlit_server import StreamlitServer, streamlit_server

TARGETS_MS = {"first paint": 1500.0, "control": 500.0}
LEVEL_SHARE = 0.1
"""The second walk of all sessions may add so much to the memory of the first."""


@dataclass
class Times:
    """What was measured of one view, or one control of it: milliseconds."""

    view: str
    control: str
    ms: list[float] = field(default_factory=list)

    @property
    def target(self) -> float | None:
        """What its median must not exceed; None where there is no target."""
        if self.control == "by address":
            return None
        return TARGETS_MS["first paint" if self.control == "first paint" else "control"]

    @property
    def is_missed(self) -> bool:
        """Whether it takes longer than it may."""
        return self.target is not None and statistics.median(self.ms) > self.target


def measure_page(page: Page, name: str, visits: int) -> Iterator[Times]:
    """Measure one page: its first paints, its tabs and their controls."""
    tabs = views_of(page, name)
    elsewhere = "data" if name != "data" else "storage"
    opened, loaded = Times(name, "first paint"), Times(name, "by address")
    for _ in range(visits):
        go_to(page, elsewhere)
        painted_ms(page)
        go_to(page, name)
        opened.ms.append(painted_ms(page))
    for _ in range(visits):
        page.reload()
        loaded.ms.append(painted_ms(page))
    yield from (opened, loaded)
    for place, tab in enumerate(tabs):
        view = f"{name} · {tab}" if tab else name
        if tab:
            yield _measure_tab(page, view, tabs, place, visits)
        for control in list(controls(page)):
            times = _measure_control(page, view, control, visits)
            if times:
                yield times


def _measure_tab(page: Page, view: str, tabs: Sequence[str], place: int, visits: int) -> Times:
    times = Times(view, "first paint")
    for _ in range(visits):
        if len(tabs) > 1:
            open_tab(page, tabs[place - 1])
            painted_ms(page)
        open_tab(page, tabs[place])
        times.ms.append(painted_ms(page))
    return times


def _measure_control(page: Page, view: str, control: Control, visits: int) -> Times | None:
    times = Times(view, f"{control.kind}: {control.label}"[:70])
    for turn in range(visits + 1):
        try:
            if not control.move(page, turn):
                return None
        except Error:
            return None  # gone: it was there for another choice only
        ms = painted_ms(page)
        if turn and not ms:
            return None  # it has changed nothing: there is no time to report
        if turn:  # the first fills the caches
            times.ms.append(ms)
    return times


def walk_together(pages: Sequence[Page], names: Sequence[str]) -> None:
    """Let every session go to each page and tab, all of them at the same time."""
    for name in names:
        for page in pages:
            go_to(page, name)
        for page in pages:
            painted_ms(page)
        for tab in [tab for tab in views_of(pages[0], name) if tab]:
            for page in pages:
                open_tab(page, tab)
            for page in pages:
                painted_ms(page)


def resident_mb(server: StreamlitServer) -> float:
    """Return the memory of the app's process, in units of 10^6 bytes."""
    return psutil.Process(server.process.pid).memory_info().rss / 1e6


def measure_memory(
    browser: Browser, server: StreamlitServer, address: str, names: Sequence[str], sessions: int
) -> dict[str, float]:
    """Return the memory before, with one and with many sessions, in the order of what happened."""
    found = {"before": resident_mb(server)}
    pages: list[Page] = []
    for number, walks in ((1, 1), (sessions, 3)):
        pages += [new_page(browser, address) for _ in range(number - len(pages))]
        for walk in range(1, walks + 1):
            walk_together(pages, names)
            found[f"{number} session{'s' if number > 1 else ''}, walk {walk}"] = resident_mb(server)
    for page in pages:
        page.context.close()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    options = _options(arguments)
    names = options.views.split(",") if options.views else list(TITLES)
    with ExitStack() as stack:
        if options.home:
            home, query = Home(options.home), ""
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lane-views-"))
            project = make_lead_project(Home(Path(folder) / "lane"), options.examples, options.classes)
            home, query = project.home, project.query()
        browser = stack.enter_context(chromium())
        server = stack.enter_context(streamlit_server("app/main.py", {"LANE_HOME": str(home.path)}))
        address = f"{server.address}/?{query}"
        memory = measure_memory(browser, server, address, names, options.sessions) if options.sessions else {}
        page = new_page(browser, address)
        found: list[Times] = []
        broken: list[str] = []
        for name in names if options.visits else ():
            try:
                for times in measure_page(page, name, options.visits):
                    print(" | ".join(_row(times)), file=sys.stderr)
                    found.append(times)
            except TimeoutError:
                broken.append(f"{name}: not painted within two minutes")
                page = new_page(browser, address)
    print(
        markdown_table(
            ["view", "what", "median ms", "slowest", "target", "kept"], [_row(one) for one in found]
        )
    )
    print()
    print(markdown_table(["sessions", "MB"], [[words, f"{mb:.0f}"] for words, mb in memory.items()]))
    missed = [
        f"{one.view}, {one.control}: {statistics.median(one.ms):.0f} ms" for one in found if one.is_missed
    ]
    missed += _growing(memory) + broken
    print("\n".join(["", *missed] if missed else ["", "Every target is kept."]))
    if options.output:
        times: Any = [[one.view, one.control, one.ms] for one in found]
        options.output.write_text(
            json.dumps({"times": times, "memory_mb": memory, "missed": missed}, indent=1)
        )
    return 1 if missed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=150)
    parser.add_argument("--visits", type=int, default=5, help="0 = times are not measured")
    parser.add_argument("--sessions", type=int, default=10, help="0 = memory is not measured")
    parser.add_argument("--views", help="only these pages, by file stem")
    parser.add_argument("--home", type=Path, help="a home that is there, instead of a made-up project")
    parser.add_argument("--output", type=Path, help="JSON file for every figure")
    return parser.parse_args(arguments)


def _row(times: Times) -> list[str]:
    target = times.target
    kept = "" if target is None else "no" if times.is_missed else "yes"
    median, slowest = f"{statistics.median(times.ms):.0f}", f"{max(times.ms):.0f}"
    # A stroke in a name would end the table's cell.
    view, control = times.view.replace("|", "/"), times.control.replace("|", "/")
    return [view, control, median, slowest, f"{target:.0f}" if target else "", kept]


def _growing(memory: dict[str, float]) -> list[str]:
    if not memory:
        return []
    first, second = list(memory.values())[-2:]
    added = second - first
    if added <= LEVEL_SHARE * first:
        return []
    return [f"memory: another walk of all sessions added {added:.0f} MB to {first:.0f} MB"]


if __name__ == "__main__":
    sys.exit(main())
