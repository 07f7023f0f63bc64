"""How fast review is in a real browser: from key press to the next example on screen, and to the disk.

    python benchmarks/review_speed.py [--examples 100000] [--decisions 200] [--runs 3] [--output FILE]

Makes a project with a finished run in a temporary home, starts the app over it, opens Chromium and decides by keys:
most of them 300 to 800 ms apart, as people do, and every fifth as one of ten 40 ms apart. All is done again while
the events files of a second run are put in place one after the other. Measured in the page (review_recorder.js says
how): from the moment that the browser got the key to the frame with the next example, and to the acknowledgement,
which comes after the commit; in between lies the time that the transaction itself notes, on the same machine's clock.
Afterwards the database is opened: each decision must be there once, in order, on the example that was on screen.
Printed are milliseconds, the median over the runs of each run's figure; the exit code is 1 if a decision is missing
or misplaced, or a target is missed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Browser, Page

from benchmarks.paired import markdown_table
from benchmarks.review_browser import Press, chromium, open_review, presses, wait_until_stored
from benchmarks.review_project import ReviewProject, files_coming_in, make_review_project, stage_second_run
from lane_core.home import Home
from lane_core.runs.run_dir import RunDir
from lane_core.store.decision_queries import decision_history
from lane_core.workspace import Workspace
from tests.browser.streamlit_server import streamlit_server

ACTIONS = {"a": "relabel", "x": "keep", "e": "exclude", "f": "flag"}
"""Key -> what it must store of an example with a suggestion."""
KEYS = "aaaaxxxef"
BURST, BURST_GAP_MS = 10, 40
HUMAN_GAP_MS = (300, 800)
FILE_PAUSE_S = 1.0
"""Between two files of the second run: an epoch of its rows comes every four seconds."""
TARGETS_MS = {"next": 30.0, "disk": 500.0}
"""p95 of each time, over all presses."""


def decide(page: Page, num_decisions: int, seed: int) -> list[Press]:
    """Press so many keys, in rounds of 40 at human pace and ten in a burst; return what they brought."""
    chance = Random(seed)
    for number in range(num_decisions):
        page.keyboard.press(chance.choice(KEYS))
        is_burst = number % 50 >= 50 - BURST
        page.wait_for_timeout(BURST_GAP_MS if is_burst else chance.uniform(*HUMAN_GAP_MS))
    wait_until_stored(page)
    return presses(page)


def stored_decisions(project: ReviewProject) -> pd.DataFrame:
    """Return every decision as ``decision_history`` does, oldest first. The app must be stopped."""
    workspace = Workspace(project.home)
    history = decision_history(workspace.store, project.dataset.dataset_id, 1_000_000).iloc[::-1]
    workspace.close()
    return history


def findings(history: pd.DataFrame, made: Sequence[Press]) -> list[str]:
    """Compare what the page showed and sent with what is stored."""
    found = [
        f"{press.key} on {press.example} made {len(press.ids)} events"
        for press in made
        if len(press.ids) != 1
    ]
    if len({press.example for press in made}) != len(made):
        found.append("an example was on screen for two decisions")
    for column, expected in (
        ("decision_id", [event for press in made for event in press.ids]),
        ("example_id", [press.example for press in made]),
        ("action", [ACTIONS[press.key] for press in made]),
    ):
        if history[column].tolist() != expected:
            found.append(f"stored {column}s are not those of the keys, in order")
    return found


def figures(history: pd.DataFrame, made: Sequence[Press]) -> dict[str, float]:
    """Return p50, p95 and max of the times, milliseconds; those of the acknowledgement also without the bursts."""
    created = dict(zip(history["decision_id"], history["created_at"], strict=True))
    paced = [press for number, press in enumerate(made) if number % 50 < 50 - BURST]
    times = {
        "next": [press.to_next_ms for press in made],
        "written": [
            created[press.ids[0]].timestamp() * 1000 - press.origin - press.began
            for press in made
            if press.ids and press.ids[0] in created
        ],
        "disk": [press.to_disk_ms for press in made],
        "disk_paced": [press.to_disk_ms for press in paced],
    }
    return {
        f"{name}_{word}": float(np.quantile([ms for ms in values if ms is not None], share))
        for name, values in times.items()
        for word, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
    }


def measure(
    browser: Browser, project: ReviewProject, num_decisions: int, seed: int, staged: RunDir | None
) -> tuple[dict[str, float], list[str]]:
    """Decide on a copy of the project, with files coming in if there are ``staged`` ones.

    Returns:
        ``figures`` and ``findings``.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lane-review-")))
        home = Home(folder / "lane")
        shutil.copytree(project.home.path, home.path)
        copied = ReviewProject(home, project.dataset, project.run)
        with ExitStack() as working:
            server = working.enter_context(streamlit_server("app/main.py", {"LANE_HOME": str(home.path)}))
            page = open_review(browser, f"{server.address}/review?{copied.query}&scope=balanced", "ann")
            page.wait_for_timeout(3000)
            if staged is not None:
                files = RunDir(folder / staged.run_id)
                shutil.copytree(staged.path, files.path)
                working.enter_context(files_coming_in(copied, files, FILE_PAUSE_S))
            made = decide(page, num_decisions, seed)
            page.context.close()
        history = stored_decisions(copied)
        return figures(history, made), findings(history, made)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--decisions", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path, help="JSON file for every run's figures")
    options = parser.parse_args(arguments)
    found: list[str] = []
    results: dict[str, list[dict[str, float]]] = {"alone": [], "a run streaming in": []}
    with tempfile.TemporaryDirectory(prefix="lane-review-") as folder, chromium() as browser:
        project = make_review_project(Home(Path(folder) / "lane"), options.examples)
        num_files = options.decisions * max(HUMAN_GAP_MS) / 1000 / FILE_PAUSE_S
        staged = stage_second_run(project, Path(folder) / "staged", num_epochs=int(num_files / 4) + 10)
        for seed in range(options.runs):
            for name, files in zip(results, (None, staged), strict=True):
                times, wrong = measure(browser, project, options.decisions, seed, files)
                results[name].append(times)
                found += [f"{name}, run {seed}: {what}" for what in wrong]
    medians = {
        name: {key: float(np.median([run[key] for run in runs])) for key in runs[0]}
        for name, runs in results.items()
    }
    if options.output:
        about = {"examples": options.examples, "decisions": options.decisions, "findings": found}
        options.output.write_text(json.dumps({**about, "runs": results, "medians": medians}, indent=1))
    print(_table(medians))
    found += _missed(medians)
    print("\n".join(found) or "Each decision is stored once, in order, on the example that was on screen.")
    return 1 if found else 0


def _table(medians: dict[str, dict[str, float]]) -> str:
    columns = {
        "next": "next example on screen",
        "written": "being written",
        "disk": "known to be on disk",
        "disk_paced": "the same without bursts",
    }
    rows = [
        [
            name,
            *(
                " / ".join(f"{times[f'{key}_{word}']:.0f}" for word in ("p50", "p95", "max"))
                for key in columns
            ),
        ]
        for name, times in medians.items()
    ]
    return markdown_table(["ms, p50 / p95 / max", *columns.values()], rows)


def _missed(medians: dict[str, dict[str, Any]]) -> list[str]:
    return [
        f"{name}: p95 of {key} is {times[f'{key}_p95']:.0f} ms; the target is {target:.0f}"
        for name, times in medians.items()
        for key, target in TARGETS_MS.items()
        if times[f"{key}_p95"] > target
    ]


if __name__ == "__main__":
    sys.exit(main())
