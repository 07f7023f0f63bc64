"""Several people on one queue, each in a browser of their own: does anybody get what another has?

    python benchmarks/review_sessions.py [--people 5] [--examples 300] [--seconds 60] [--output FILE]

Makes a project with a finished run, starts the app, opens a browser profile for each person and lets all press keys 300
to 800 ms apart: first with an overlap of 1 for so many seconds, then with an overlap of 2 until nobody is given
anything more. Afterwards the database is opened: no example may have been decided by more people than the overlap says,
nor, once the queue is done, by fewer, nor twice by the same; and the coefficients of agreement must be those of
scikit-learn and krippendorff on the same labels. The exit code is 1 if something was found.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random

import krippendorff
import numpy as np
import numpy.typing as npt
from sklearn.metrics import cohen_kappa_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Browser, Page

from benchmarks.paired import markdown_table
from benchmarks.review_browser import CARD, chromium, open_review, presses, wait_for_queue, wait_until_stored
from benchmarks.review_project import ReviewProject, make_review_project
from lane_core.evidence.agreement import cohen_kappa, krippendorff_alpha
from lane_core.home import Home
from lane_core.records import ReviewPlan
from lane_core.store import datasets, people
from lane_core.store.review_plans import set_review_plan
from lane_core.workspace import Workspace
from tests.browser.streamlit_server import streamlit_server

KEYS = "aaaaaxxx12"
"""Mostly the suggestion or the given label, so that people agree more often than by chance, and not always."""
TOLERANCE = 1e-9
LOOK_AGAIN_S = 3.0
"""Somebody to whom nothing was given waits so long before they look again."""
LONGEST_S = 600
"""A queue that is not done by then never will be."""


@dataclass(frozen=True)
class Session:
    """What one person did."""

    annotator: str
    decision_ids: list[str]
    """In order."""
    is_done: bool
    """Whether there was nothing left for them at the end."""


def plan_overlap(project: ReviewProject, overlap: int) -> None:
    """Say how many people decide on an example. The home must be closed."""
    workspace = Workspace(project.home)
    set_review_plan(workspace.store, project.dataset.dataset_id, ReviewPlan(overlap=overlap))
    workspace.close()


def decide_together(
    browser: Browser,
    address: str,
    names: Sequence[str],
    gap_ms: tuple[float, float],
    seconds: float,
) -> list[Session]:
    """Let everyone press keys until the time is over or nobody is given anything more; return what they did.

    Args:
        browser: Gives each a profile of their own.
        address: Of the queue.
        names: Of the people.
        gap_ms: Shortest and longest time from one key of a person to the next.
        seconds: At most so long.
    """
    everyone = [_Person(name, open_review(browser, address, name)) for name in names]
    chance, started = Random(0), time.monotonic()
    due = {person.name: started + chance.uniform(*gap_ms) / 1000 for person in everyone}
    while time.monotonic() < started + seconds and not all(person.is_idle for person in everyone):
        person = min(everyone, key=lambda one: due[one.name])
        person.page.wait_for_timeout(max(0.0, 1000 * (due[person.name] - time.monotonic())))
        person.act(chance.choice(KEYS))
        due[person.name] = time.monotonic() + (
            LOOK_AGAIN_S if person.is_idle else chance.uniform(*gap_ms) / 1000
        )
    for person in everyone:
        person.collect()
        person.page.context.close()
    return [Session(person.name, person.decision_ids, person.is_idle) for person in everyone]


class _Person:
    """Decides while there is something to decide on, and else loads the page again from time to time."""

    def __init__(self, name: str, page: Page) -> None:
        self.name = name
        self.page = page
        self.decision_ids: list[str] = []
        self.is_idle = False

    def act(self, key: str) -> None:
        """Press a key; without an example, load the page again."""
        if not has_example(self.page):
            self.collect()
            self.page.reload()
            wait_for_queue(self.page)
        self.is_idle = not has_example(self.page)
        if not self.is_idle:
            self.page.keyboard.press(key)

    def collect(self) -> None:
        """Note what the page has made since it was loaded, when all of it is stored."""
        wait_until_stored(self.page)
        self.decision_ids += [event for press in presses(self.page) for event in press.ids]


def has_example(page: Page) -> bool:
    """Whether there is something to decide on."""
    return page.locator(CARD).is_visible()


def session_findings(project: ReviewProject, sessions: Sequence[Session], overlap: int) -> list[str]:
    """Compare what is stored with what was done, and with the overlap. The app must be stopped."""
    workspace = Workspace(project.home)
    dataset_id = project.dataset.dataset_id
    with workspace.store.cursor() as cursor:
        query = "select decision_id, kind, index, annotator from decisions where dataset_id = ? order by seq"
        rows = cursor.execute(query, [dataset_id]).fetchall()
    found = []
    for session in sessions:
        stored = [row[0] for row in rows if row[3] == session.annotator]
        if stored != session.decision_ids:
            found.append(
                f"{session.annotator} made {len(session.decision_ids)} decisions, {len(stored)} are stored"
            )
    times = Counter((row[2], row[3]) for row in rows)
    found += [f"{who} decided {count} times on {index}" for (index, who), count in times.items() if count > 1]
    people_on = Counter(index for index, _ in times)
    found += [f"{count} people decided on {index}" for index, count in people_on.items() if count > overlap]
    if all(session.is_done for session in sessions):
        short = [index for index in range(project.dataset.num_examples) if people_on[index] != overlap]
        found += [f"{len(short)} examples lack decisions, though nobody is given any"] if short else []
    found += agreement_findings(ratings(workspace, dataset_id))
    workspace.close()
    return found


def ratings(workspace: Workspace, dataset_id: str) -> npt.NDArray[np.int64]:
    """Return the class code that each person gave each example, (N, A); -1 = none."""
    names = datasets.dataset_classes(workspace.store, dataset_id)
    labels = people.person_labels(workspace.store, dataset_id).dropna(subset="label")
    labels = labels.assign(code=labels["label"].map({name: code for code, name in enumerate(names)}))
    table = labels.pivot(index="index", columns="annotator", values="code")
    return table.fillna(-1).to_numpy(dtype=np.int64)


def agreement_findings(table: npt.NDArray[np.int64]) -> list[str]:
    """Compare kappa of each pair, and alpha, with other people's programs."""
    found = []
    for one, other in combinations(range(table.shape[1]), 2):
        both = table[(table[:, [one, other]] >= 0).all(axis=1)][:, [one, other]]
        if len(np.unique(both)) < 2:
            continue  # undefined
        ours = cohen_kappa(table[:, one], table[:, other]).value
        theirs = float(cohen_kappa_score(both[:, 0], both[:, 1]))
        if not np.isclose(ours, theirs, rtol=0, atol=TOLERANCE):
            found.append(f"kappa of people {one} and {other} is {ours}; scikit-learn says {theirs}")
    shared = table[(table >= 0).sum(axis=1) >= 2]
    if len(np.unique(shared[shared >= 0])) >= 2:
        ours = krippendorff_alpha(table).value
        values = np.where(table >= 0, table, np.nan).T
        theirs = float(krippendorff.alpha(reliability_data=values, level_of_measurement="nominal"))
        if not np.isclose(ours, theirs, rtol=0, atol=TOLERANCE):
            found.append(f"alpha is {ours}; krippendorff says {theirs}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Decide with either overlap, look and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--output", type=Path, help="JSON file for the figures")
    options = parser.parse_args(arguments)
    names = [f"person {number + 1}" for number in range(options.people)]
    rows, found = [], []
    for overlap, seconds in ((1, options.seconds), (2, LONGEST_S)):
        with tempfile.TemporaryDirectory(prefix="lane-review-") as folder, chromium() as browser:
            project = make_review_project(Home(Path(folder) / "lane"), options.examples, flagged_share=1)
            plan_overlap(project, overlap)
            with streamlit_server("app/main.py", {"LANE_HOME": str(project.home.path)}) as server:
                address = f"{server.address}/review?{project.query}&scope=all"
                started = time.monotonic()
                sessions = decide_together(browser, address, names, (300, 800), seconds)
                took = time.monotonic() - started
            wrong = session_findings(project, sessions, overlap)
        num_decisions = sum(len(session.decision_ids) for session in sessions)
        is_done = all(session.is_done for session in sessions)
        rows.append(
            [str(overlap), f"{took:.0f} s", f"{num_decisions}", "yes" if is_done else "no", str(len(wrong))]
        )
        found += [f"overlap {overlap}: {what}" for what in wrong]
    print(markdown_table(["overlap", "took", "decisions", "queue done", "findings"], rows))
    print("\n".join(found))
    if options.output:
        options.output.write_text(json.dumps({"rows": rows, "findings": found}, indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
