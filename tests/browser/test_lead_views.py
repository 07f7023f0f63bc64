"""Every view of a data lead on three projects: it opens without an error, and what one clicks leads to the right rows.

One server and one page a project walk through all of it. Counts are computed from the tables beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.navigation import TITLES
from benchmarks.lead_project import LeadProject, make_lead_project, make_lead_sample
from lane_core.home import Home
from tests.browser.chart_hand import Chart
from tests.browser.conftest import open_profile
from tests.browser.lead_site import LeadSite, expect, lead_site
from tests.browser.page_walk import rest

pytestmark = pytest.mark.browser

PROJECTS: dict[str, Callable[[Home], LeadProject]] = {
    "8 classes": make_lead_sample,
    "28 classes": lambda home: make_lead_project(home, 36_000, 28),
    "150 classes": lambda home: make_lead_project(home, 100_000, 150),
}
at_any_size_alike = pytest.mark.parametrize("site", list(PROJECTS)[:1], indirect=True)
"""For what leads to its rows by a button: 28 or 150 classes are no other case, as they are where a place is clicked."""
at_both_ends = pytest.mark.parametrize("site", ["8 classes", "150 classes"], indirect=True)
"""For what leads to its rows by the place that is clicked: the largest and the smallest of cells and clouds."""
CHART = ".js-plotly-plot .main-svg"
TABLE = "[data-testid=stDataFrame], [data-testid=stTable]"
ROW_PX = 35
"""Height of a row of Streamlit's tables."""
BARS = """chart => chart._fullData.filter(trace => trace.type === "bar").flatMap(
    trace => [...trace.x].map((x, at) => ({x, width: trace.width[at]}))
).sort((one, other) => one.x - other.x)"""
NUMBER = r"([\d,]+)"
SHOWS = {
    "review": ".review-card .example-id",
    "similarity": CHART,
    "dynamics": CHART,
    "map": CHART,
    "export": "[data-testid=stMetric]",
}
"""What a page and each of its tabs must show; others show a chart or a table."""
TABS: dict[str, tuple[str, ...]] = {
    "similarity": ("Class similarity", "Given against predicted", "Given to suggested"),
    "dynamics": ("Margins", "Weights", "Trajectories", "Data map", "Losses"),
    "runs": ("Flagged only by Run 1", "Flagged only by Run 2"),
}
"""Pages with tabs: all of them, in order."""


@pytest.fixture(scope="module", params=PROJECTS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, browser: Any
) -> Iterator[LeadSite]:
    project = PROJECTS[request.param](Home(tmp_path_factory.mktemp("lead") / "lane"))
    context = open_profile(browser, "localStorage.setItem('lane-annotator', 'Ann')")
    with lead_site(project, context.new_page) as opened:
        yield opened
    context.close()


@pytest.mark.parametrize("name", TITLES)
def test_opens(site: LeadSite, name: str) -> None:
    site.open(name)
    shown = site.page.locator(SHOWS.get(name, f"{CHART}, {TABLE}")).filter(visible=True)
    expect(shown.first).to_be_visible()
    tabs = [tab.inner_text().strip() for tab in site.page.get_by_test_id("stMain").get_by_role("tab").all()]
    assert tuple(tabs) == TABS.get(name, ())
    for tab in tabs:
        site.open_tab(tab)
        expect(shown.first).to_be_visible()
        assert site.faults() == [], tab
    assert site.faults() == []


@at_any_size_alike
def test_the_overviews_first_pair_leads_to_its_suspects(site: LeadSite) -> None:
    most = int(site.pairs("suggested", site.is_flagged & ~site.is_decided).iloc[0])
    site.open("overview")
    assert press(site, re.compile(rf"^Review {NUMBER}$")) == most
    assert site.in_queue() == most


@at_any_size_alike
def test_a_row_of_class_health_leads_to_its_suspects_and_to_all_its_examples(site: LeadSite) -> None:
    given = site.named("label")
    for button, words, rows in (
        ("class_suspects", rf"^Review {NUMBER} suspects?$", site.is_flagged & ~site.is_decided),
        ("class_examples", rf"^All {NUMBER} examples?$", pd.Series(True, given.index)),
    ):
        site.open("overview")
        choose_row(site, 2)
        number = press(site, re.compile(words), within=f".st-key-{button}")
        assert site.in_queue() == number == int((rows & (given == site.address("given"))).sum())


@at_both_ends
@pytest.mark.parametrize(
    ("sample", "column"), [("Out of sample", "held_out_predicted"), ("In sample", "predicted")]
)
def test_a_cell_of_the_confusion_leads_to_the_examples_that_it_counts(
    site: LeadSite, sample: str, column: str
) -> None:
    counts = site.pairs(column)
    (given, predicted), count = next((pair, count) for pair, count in counts.items() if pair[0] != pair[1])
    site.open("similarity")
    site.open_tab("Given against predicted")
    site.page.locator(".st-key-confusion_sample button").filter(has_text=sample).click()
    rest(site.page)
    words = f"Examples given {given}, predicted {predicted}: {count:,}"
    Chart(site.page, "confusion_chart").click_cell(given, predicted, words)
    shows_pair(site, "confusion", given, predicted)
    assert press(site, re.compile(rf"^Review all {NUMBER}$")) == count
    assert site.in_queue() == count


@at_both_ends
def test_a_cell_of_the_similarity_leads_to_what_waits_with_this_suggestion(site: LeadSite) -> None:
    (given, suggested), count = next(iter(site.pairs("suggested", ~site.is_decided).items()))
    site.open("similarity")
    site.open_tab("Class similarity")
    words = f"Pi takes {given} for {suggested} with"
    Chart(site.page, "similarity_chart").click_cell(given, suggested, words)
    shows_pair(site, "similarity", given, suggested)
    assert press(site, re.compile(rf"^Review all {NUMBER}$")) == count
    assert site.in_queue() == count


@at_any_size_alike
def test_the_largest_flow_to_a_suggested_label_leads_to_its_suspects(site: LeadSite) -> None:
    most = int(site.pairs("suggested", site.is_flagged).iloc[0])
    site.open("similarity")
    site.open_tab("Given to suggested")
    assert press(site, re.compile(rf"^Review {NUMBER}$")) == most
    assert site.in_queue() == most


@at_any_size_alike
def test_what_weighs_less_leads_to_the_training_examples_below_mu(site: LeadSite) -> None:
    results = site.results
    alm = results.loc[results["split"] == "train", "alm"].astype(float)
    site.open("dynamics")
    site.open_tab("Margins")
    below = press(site, re.compile(rf"^Review {NUMBER} that weigh less$"))
    assert site.in_queue() == below == int((alm < alm[alm < 0].mean()).sum())


@at_any_size_alike
def test_bars_marked_on_the_margins_lead_to_the_examples_that_they_count(site: LeadSite) -> None:
    results = site.results
    alm = results.loc[results["split"] == "train", "alm"]
    site.open("dynamics")
    site.open_tab("Margins")
    chart = Chart(site.page, "margins_chart_5")
    low, high = chart.mark(0.12, 0.4, 0.3, 0.6)["x"]
    bars = chart.plot.evaluate(BARS)
    marked = [bar for bar in bars if low <= bar["x"] <= high]
    assert 2 <= len(marked) < len(bars) - 2
    start, end = marked[0]["x"] - marked[0]["width"] / 2, marked[-1]["x"] + marked[-1]["width"] / 2
    # The outermost bars hold what lies beyond them too.
    start = -np.inf if marked[0] == bars[0] else start
    number = press(site, re.compile(rf"^Review {NUMBER} marked$"))
    assert site.in_queue() == number == int(((alm >= start) & (alm < end)).sum())


@at_both_ends
def test_a_box_on_the_data_map_leads_to_all_examples_inside(site: LeadSite) -> None:
    site.open("dynamics")
    site.open_tab("Data map")
    chart = Chart(site.page, "data_map")
    box = chart.mark(0.3, 0.35, 0.7, 0.8)
    number = press(site, re.compile(rf"^Review {NUMBER} selected$"))
    given = np.exp(site.by_epoch("given_log_probability").astype(np.float64))
    inside = within(given.std(axis=0), box["x"]) & within(given.mean(axis=0), box["y"])
    assert site.in_queue() == number == int((inside & (site.results["split"] == "train")).sum())


@at_both_ends
def test_a_box_on_the_map_leads_to_all_examples_inside(site: LeadSite) -> None:
    site.open("map")
    box = Chart(site.page, "map_chart").mark(0.42, 0.4, 0.6, 0.62)
    number = press(site, re.compile(rf"^Review {NUMBER} selected$"))
    places = site.places()
    inside = within(places["x"], box["x"]) & within(places["y"], box["y"])
    assert site.in_queue() == number == int(inside.sum())
    assert 0 < number < len(places)


@at_any_size_alike
@pytest.mark.parametrize("name", ["Run 1", "Run 2"])
def test_flags_that_only_one_run_sets_lead_to_its_suspects(site: LeadSite, name: str) -> None:
    flags = {run.name: site.all_results[run.run_id]["is_label_issue"] for run in site.runs}
    other = flags["Run 2" if name == "Run 1" else "Run 1"]
    site.open("runs")
    site.open_tab(f"Flagged only by {name}")
    number = press(site, re.compile(rf"^Review the {NUMBER} suspects? of this run only$"))
    assert site.in_queue() == number == int((flags[name] & ~other).sum())


@at_any_size_alike
def test_the_commonest_change_of_the_review_leads_to_its_examples(site: LeadSite) -> None:
    first, second = (site.all_results[run.run_id] for run in site.runs)
    now = second["label"].where(second["split"] != "excluded", -1)
    changes = pd.DataFrame({"given": first["label"], "now": now})[first["label"] != now]
    most = int(changes.value_counts().iloc[0])
    site.open("runs")
    assert press(site, re.compile(rf"^Review {NUMBER} examples?$"), ".st-key-review_move") == most
    assert site.in_queue() == most


@at_any_size_alike
def test_the_report_is_prepared(site: LeadSite) -> None:
    site.open("export")
    site.page.get_by_role("button", name="Prepare the report").click()
    expect(site.page.locator(".st-key-download_report_html button")).to_be_enabled()
    assert site.faults() == []


def shows_pair(site: LeadSite, matrix: str, given: str, predicted: str) -> None:
    """Wait until the two boxes of a matrix say that this is the chosen pair."""
    for key, label in (("given", given), ("predicted", predicted)):
        box = site.page.locator(f".st-key-{matrix}_{key}").get_by_role("combobox")
        expect(box).to_have_value(label)
    rest(site.page)


def press(site: LeadSite, words: re.Pattern[str], within: str = "body") -> int:
    """Press the first button of these words, and return the number that it says."""
    button = site.page.locator(f"{within} button p").filter(has_text=words, visible=True).first
    button.wait_for()
    found = words.search(button.inner_text())
    assert found
    button.click()
    return int(found[1].replace(",", ""))


def choose_row(site: LeadSite, row: int) -> None:
    """Click the box of a row of the first table on the page."""
    table = site.page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": ROW_PX / 2, "y": (row + 1.5) * ROW_PX})


def within(values: pd.Series[float] | np.ndarray, edges: list[float]) -> np.ndarray:
    return (np.asarray(values) >= edges[0]) & (np.asarray(values) <= edges[1])
