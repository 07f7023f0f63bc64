"""Real clicks on the cells of the class matrices: the middle and the edge, few classes and many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright import sync_api

from lane_core.config import RunConfig
from lane_core.home import Home
from lane_core.records import ColumnChoice, RunRecord
from lane_core.runs.run_dir import RunDataset, RunDir
from lane_core.store import datasets, matrix_queries, runs
from lane_core.store.ingest import ingest_run
from lane_core.workspace import Workspace
from tests.browser.streamlit_server import streamlit_server

expect = sync_api.expect
pytestmark = pytest.mark.browser

PLOT = ".js-plotly-plot .nsewdrag"
"""What plotly lets the mouse touch: exactly the area of the cells."""
INSET_PX = 2


@dataclass(frozen=True)
class Project:
    """An app over a project of K classes with one run."""

    address: str
    classes: list[str]
    counts: np.ndarray
    """(K, K) examples: given against predicted label."""


@pytest.fixture(scope="module", params=[3, 28])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    classes = [f"class {number:02}" for number in range(request.param)]
    home = Home(tmp_path_factory.mktemp("lane"))
    counts = lay_down_run(home, classes)
    with streamlit_server("app/main.py", {"LANE_HOME": str(home.path), "HOME": str(home.path)}) as server:
        yield Project(server.address, classes, counts)


def lay_down_run(home: Home, classes: list[str]) -> np.ndarray:
    """Import five examples a class and read in one epoch; return the confusion matrix."""
    opened = Workspace(home)
    given = np.arange(5 * len(classes)) % len(classes)
    source = home.path / "many.csv"
    texts = [f"text {number}" for number in range(len(given))]
    pd.DataFrame({"text": texts, "label": [classes[code] for code in given]}).to_csv(source, index=False)
    dataset = opened.add_dataset(source, ColumnChoice("text", "label"), "Many classes")
    labels = datasets.current_labels(opened.store, dataset.dataset_id)
    examples = labels[["index", "example_id", "text", "given_label", "split"]]
    record = RunRecord(
        "run-1", dataset.dataset_id, "Run 1", RunConfig(epochs=1).to_json(), 0, datetime.now(UTC)
    )
    run_dir = opened.run_dir("run-1")
    run_dir.create(RunConfig(epochs=1), RunDataset(dataset.dataset_id, "Many", tuple(classes), 0), examples)
    runs.add_run(opened.store, record, examples[["index", "split"]].assign(label=examples["given_label"]))
    write_epoch(run_dir, given, len(classes))
    ingest_run(opened.store, run_dir)
    counts = matrix_queries.label_confusion(opened.store, "run-1")
    opened.close()
    return counts


def write_epoch(run_dir: RunDir, given: np.ndarray, num_classes: int) -> None:
    index = np.arange(len(given))
    half = np.full(len(given), 0.5)
    # The last of a class's five examples is taken for the class before, the last but one for the class after.
    turn = np.select([index >= 4 * num_classes, index >= 3 * num_classes], [-1, 1], 0)
    epoch = dict.fromkeys(
        ("margin", "label_aware_margin", "aum", "alm", "weight", "similarity", "severity"), half
    )
    epoch |= {
        "predicted": (given + turn) % num_classes,
        "predicted_probability": half,
        "suggested": (given + 1) % num_classes,
        "suggested_probability": half,
        "given_probability": half,
        "given_log_probability": np.log(half),
        "is_given_predicted": turn == 0,
        "label_score": 0.001 * index,
        "is_label_issue": turn != 0,
        "self_confidence": half,
        "held_out_predicted": (given + turn) % num_classes,
    }
    rows, columns = np.divmod(np.arange(num_classes**2), num_classes)
    pairs = {"given": rows, "predicted": columns, "value": (1 + columns) / num_classes**2}
    run_dir.write_event("similarity", 1, pd.DataFrame(pairs))
    run_dir.write_event("epoch", 1, pd.DataFrame({"index": index, **epoch}))


def open_matrix(page: Any, project: Project, matrix: str = "", sample: str = "in") -> None:
    page.goto(f"{project.address}/similarity?matrix={matrix}&confusion_sample={sample}&class_order=class")
    expect(page.locator(PLOT)).to_be_visible()


def settled_box(page: Any) -> dict[str, float]:
    """Return where the plot stands once it has stood there for a while, and nothing is being computed.

    A chart that replaces another stands beside it for a moment, and comes last in the script.
    """
    before = None
    while True:
        page.locator("[data-test-script-state=notRunning]").wait_for()
        expect(page.locator(PLOT)).to_have_count(1)
        box = page.locator(PLOT).bounding_box()
        if box is not None and box == before:
            return box
        before = box
        page.wait_for_timeout(400)


def click_cell(
    page: Any, project: Project, given: int, predicted: int, across: str, down: str, has_totals: bool = True
) -> None:
    """Click at the start, middle or end of a cell, two pixels off its border."""
    area = settled_box(page)
    cell = area["width"] / (len(project.classes) + has_totals)
    assert area["height"] == pytest.approx(area["width"])
    within = {"start": INSET_PX, "middle": cell / 2, "end": cell - INSET_PX}
    x, y = area["x"] + predicted * cell + within[across], area["y"] + given * cell + within[down]
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    # Plotly reports a click on what the pointer was found to be over; that takes it a moment on a busy machine.
    page.locator(".hoverlayer .hovertext").first.wait_for()
    page.mouse.click(x, y)


def shows_pair(page: Any, project: Project, given: int, predicted: int) -> None:
    for label, code in (("Given label", given), ("Predicted label", predicted)):
        expect(page.get_by_role("combobox", name=label)).to_have_value(project.classes[code])


def test_a_click_anywhere_in_a_cell_chooses_its_pair(browser_page, project: Project) -> None:
    page, last = browser_page, len(project.classes) - 1
    open_matrix(page, project, "Given against predicted")
    for given, predicted, across, down in (
        (1, 2, "middle", "middle"),
        (0, last, "end", "start"),
        (last, 0, "start", "end"),
        (2, 1, "start", "start"),
        (last, last, "end", "end"),
        (1, 0, "end", "middle"),
    ):
        click_cell(page, project, given, predicted, across, down)
        shows_pair(page, project, given, predicted)
        number = project.counts[given, predicted]
        words = f"{project.classes[given]} given, {project.classes[predicted]} predicted: {number} example"
        expect(page.get_by_text(re.compile(rf"^{words}s?$")).first).to_be_visible()


@pytest.mark.parametrize("project", [3], indirect=True)
def test_the_queue_behind_a_clicked_cell_is_as_long_as_its_count(browser_page, project: Project) -> None:
    page = browser_page
    open_matrix(page, project, "Given against predicted")
    click_cell(page, project, 1, 1, "end", "end")
    shows_pair(page, project, 1, 1)
    assert project.counts[1, 1] == 3
    page.get_by_role("button", name="Review all 3").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    expect(page.get_by_text("3 examples", exact=False).first).to_be_visible()
    assert "given=class+01&predicted=class+01&status=all&scope=all" in page.url


@pytest.mark.parametrize("project", [3], indirect=True)
def test_a_click_on_a_total_leads_to_what_lies_off_the_diagonal(browser_page, project: Project) -> None:
    page, last = browser_page, len(project.classes) - 1
    open_matrix(page, project, "Given against predicted", sample="out")
    click_cell(page, project, 1, last + 1, "middle", "end")
    expect(page.get_by_role("combobox", name="Given label")).to_have_value(project.classes[1])
    expect(page.get_by_role("combobox", name="Predicted label")).to_have_value("(any other)")
    assert project.counts[1].sum() - project.counts[1, 1] == 2
    page.get_by_role("button", name="Review all 2").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    expect(page.get_by_text("another class predicted out of sample", exact=False).first).to_be_visible()
    expect(page.get_by_text("2 examples", exact=False).first).to_be_visible()


def test_the_similarity_matrix_is_clicked_alike(browser_page, project: Project) -> None:
    page = browser_page
    open_matrix(page, project)
    click_cell(page, project, 0, 1, "start", "end", has_totals=False)
    shows_pair(page, project, 0, 1)
    # Five examples of each class, and the class after it is suggested for all of them.
    expect(page.get_by_role("button", name="Review all 5")).to_be_visible()
    # The address follows a moment after what is on screen.
    page.wait_for_url(re.compile("similarity_predicted=class"))
    page.reload()
    page.locator(PLOT).wait_for()
    shows_pair(page, project, 0, 1)
