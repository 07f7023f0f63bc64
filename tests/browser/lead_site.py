"""The app over a project of a data lead, its tables read beforehand, and one page that walks through the views."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import numpy.typing as npt
import pandas as pd
from playwright import sync_api

from app.navigation import TITLES
from benchmarks.lead_project import LeadProject
from lane_core.records import RunRecord
from lane_core.runs.run_dir import RunDir
from lane_core.store import datasets
from lane_core.workspace import Workspace
from tests.browser.page_walk import address_of, rest
from tests.browser.streamlit_server import streamlit_server

expect = sync_api.expect
ERRORS = "[data-testid=stException], [data-testid=stAlertContentError]"
HEADLINE = re.compile(r"^([\d,]+) (?:unflagged )?(?:suspect|example)s?\b.* of Run \d")


def read_results(project: LeadProject) -> tuple[list[str], dict[str, pd.DataFrame]]:
    """Read what the tests count by; the app must not run.

    Returns:
        Class names; and by run id the rows of example_results, by index, with the decision that counts (``action``).
    """
    query = """
        select r.*, d.action from example_results r
        left join current_decisions d on d.dataset_id = $dataset_id and d.index = r.index
        where r.run_id = $run_id order by r.index
    """
    workspace = Workspace(project.home)
    results = {}
    with workspace.store.cursor() as cursor:
        for run in (project.first, project.second):
            values = {"dataset_id": project.dataset.dataset_id, "run_id": run.run_id}
            results[run.run_id] = cursor.execute(query, values).fetch_df().set_index("index")
    classes = datasets.dataset_classes(workspace.store, project.dataset.dataset_id)
    workspace.close()
    return classes, results


@dataclass
class LeadSite:
    """A page over the app, and what it should show."""

    page: Any
    project: LeadProject
    classes: list[str]
    all_results: dict[str, pd.DataFrame]
    """Of ``read_results``."""
    noise: list[str] = field(default_factory=list)
    """What the browser's console called an error."""

    @property
    def results(self) -> pd.DataFrame:
        """The rows of the run that is looked at: the second one's."""
        return self.all_results[self.project.second.run_id]

    @property
    def runs(self) -> tuple[RunRecord, RunRecord]:
        """Both runs, the first first."""
        return self.project.first, self.project.second

    @property
    def is_flagged(self) -> pd.Series[bool]:
        """Whether the run suspects each label, at the balanced strictness."""
        return self.results["is_label_issue"]

    @property
    def is_decided(self) -> pd.Series[bool]:
        """Whether somebody has decided on each example."""
        return self.results["action"].notna()

    def named(self, column: str) -> pd.Series[str]:
        """Return a column of class codes as names."""
        return self.results[column].map(dict(enumerate(self.classes)))

    def pairs(self, column: str, rows: pd.Series[bool] | None = None) -> pd.Series[int]:
        """Count examples, or some of them, by given label and another column of labels, the largest first."""
        pairs = pd.DataFrame({"given": self.named("label"), "other": self.named(column)})
        shown = pairs if rows is None else pairs[rows]
        return shown.groupby(["given", "other"]).size().sort_values(ascending=False, kind="stable")

    def by_epoch(self, column: str) -> npt.NDArray[np.float32]:
        """Return a column of the run's events files, (E, N)."""
        run_dir = RunDir(self.project.home.runs / self.project.second.run_id)
        epochs = range(1, run_dir.last_epoch() + 1)
        return np.stack([run_dir.read_event("epoch", epoch, [column])[column] for epoch in epochs])

    def places(self) -> pd.DataFrame:
        """Return where the examples stand on the map: index, x, y."""
        return pd.read_parquet(self.project.home.runs / self.project.second.run_id / "result" / "map.parquet")

    def address(self, name: str) -> str:
        """Return a parameter of the address that the page shows; "" where it has none."""
        return parse_qs(urlsplit(self.page.url).query).get(name, [""])[0]

    def open(self, name: str) -> None:
        """Go to a page of the second run by the sidebar, and wait until it is drawn."""
        self._choose_second_run()
        title = TITLES[name][0]
        self.page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True).click()
        expect(self.page).to_have_url(address_of(name))
        rest(self.page)

    def open_tab(self, words: str) -> None:
        """Choose a tab of the page, and wait until it is drawn."""
        self.page.get_by_role("tab", name=words, exact=True).click()
        rest(self.page)

    def _choose_second_run(self) -> None:
        """Choose the run that the views are asked about: a queue of the first one leaves that chosen."""
        name = self.project.second.name
        box = self.page.get_by_test_id("stSidebar").get_by_role("combobox", name="Run", exact=True)
        if box.input_value() != name:
            box.click()
            self.page.get_by_role("option", name=name).click()
            rest(self.page)

    def faults(self) -> list[str]:
        """Return what went wrong since the last call: errors on the page and in the console."""
        shown = [box.inner_text() for box in self.page.locator(ERRORS).all()]
        noise, self.noise[:] = list(self.noise), []
        return shown + noise

    def in_queue(self) -> int:
        """Return how many examples the headline of the review page says there are."""
        expect(self.page.get_by_role("heading", name="Review", exact=True)).to_be_visible()
        headline = self.page.get_by_test_id("stCaptionContainer").filter(has_text=HEADLINE).first
        found = HEADLINE.search(headline.inner_text().strip())
        assert found
        return int(found[1].replace(",", ""))


@contextmanager
def lead_site(project: LeadProject, open_page: Callable[[], Any]) -> Iterator[LeadSite]:
    """Run the app over a project until the block ends, with a page on its overview."""
    classes, results = read_results(project)
    home = str(project.home.path)
    with streamlit_server("app/main.py", {"LANE_HOME": home, "HOME": home}) as server:
        site = LeadSite(open_page(), project, classes, results)
        site.page.on("pageerror", lambda error: site.noise.append(f"not caught: {error}"))
        site.page.on("console", lambda said: site.noise.append(said.text) if said.type == "error" else None)
        site.page.goto(f"{server.address}/?{project.query()}")
        rest(site.page)
        yield site
