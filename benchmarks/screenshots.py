"""Pictures of every view that a data lead uses, for docs/: two sizes, light and dark.

    python benchmarks/screenshots.py --home FOLDER --output docs/images/lead [--views overview,map]

Opens the app over a copy of a home: its newest project and run. A picture is what a window of that size shows first,
and for the long pages what stands further down too. Each is written with as many colours as leave it below LARGEST
bytes, at most 256: a screen has few. A run without a map gets one first, which takes a minute.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PIL import Image
from playwright.sync_api import Page

from benchmarks.review_browser import chromium
from benchmarks.view_browser import go_to, new_page, open_tab, painted_ms
from lane_core.home import Home
from lane_core.runs.map_job import has_embeddings, map_status, start_map
from lane_core.workspace import Workspace
from tests.browser.streamlit_server import streamlit_server

VIEWS: dict[str, tuple[str, ...]] = {
    "overview": ("", "# What stands out", "# Classes"),
    "similarity": ("Class similarity", "Given against predicted", "Given to suggested"),
    "dynamics": ("Margins", "Weights", "Trajectories", "Data map", "Losses"),
    "map": ("",),
    "runs": ("", "# Before and after", "# What the review changed"),
    "people": ("",),
    "export": ("", "# Report"),
}
"""Page -> its tabs; "# ..." = scrolled down to this heading, "" = as it opens."""
SIZES = ((1440, 900), (1024, 768))
LARGEST = 200_000
COLOURS = (256, 128, 64, 32)


def pictures(page: Page, name: str) -> Iterator[tuple[str, bytes]]:
    """Go to a page and yield each of its views: what tells it from the others, and its picture as a large PNG."""
    for part in VIEWS[name]:
        go_to(page, name)
        painted_ms(page)
        if part.startswith("# "):
            heading = page.get_by_role("heading", name=part[2:], exact=True)
            heading.evaluate("node => node.scrollIntoView({block: 'start'})")
            page.wait_for_timeout(500)
        elif part:
            open_tab(page, part)
            painted_ms(page)
        yield part.removeprefix("# ").lower().replace(" ", "-"), page.screenshot()


def small_png(picture: bytes) -> bytes:
    """Return a picture with a palette, below LARGEST bytes; ValueError if no number of colours is few enough."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    for colours in COLOURS:
        written = BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
        if len(written.getvalue()) < LARGEST:
            return written.getvalue()
    raise ValueError(f"A picture takes {len(written.getvalue()):,} bytes with {colours} colours.")


def lay_out_newest_map(home: Home) -> None:
    """Make the map of the newest run, if it can have one."""
    workspace = Workspace(home)
    run_dir = workspace.run_dir(workspace.newest_run().run_id)
    workspace.close()
    if has_embeddings(run_dir):
        start_map(run_dir)
        while map_status(run_dir).state == "going":
            time.sleep(0.5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True, help="nobody may have it open")
    parser.add_argument("--output", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--views", default=",".join(VIEWS), help="only these pages, by file stem")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lane-pictures-")))
        home = Home(folder / "lane")
        shutil.copytree(options.home, home.path)
        lay_out_newest_map(home)
        browser = stack.enter_context(chromium())
        server = stack.enter_context(streamlit_server("app/main.py", {"LANE_HOME": str(home.path)}))
        for size in SIZES:
            for theme in ("light", "dark"):
                page = new_page(browser, server.address, size, is_dark=theme == "dark")
                for name in options.views.split(","):
                    for part, picture in pictures(page, name):
                        stem = "-".join(word for word in (name, part, str(size[0]), theme) if word)
                        (options.output / f"{stem}.png").write_bytes(small_png(picture))
                        print(f"{stem}.png")
                page.context.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
