"""The whole way of a labelled file in a real browser, with real training; and what a crash may not break."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright import sync_api

from lane_core.home import Home
from lane_core.runs import launcher
from lane_core.runs.run_dir import RunDir
from lane_core.store import datasets, decision_queries, run_queries
from lane_core.store import runs as run_store
from lane_core.store.ingest import ingest_run
from lane_core.workspace import Workspace
from tests.browser.page_walk import rest
from tests.browser.streamlit_server import free_port, streamlit_server
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

expect = sync_api.expect
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
NUM_ROWS, NUM_WRONG = 240, 48
LONG_MS = 150_000


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return write_tiny_encoder(tmp_path / "encoder")


@pytest.fixture
def labelled_file(tmp_path: Path) -> Path:
    """240 separable texts, a fifth of the training labels wrong."""
    texts, labels = tiny_texts(NUM_ROWS)
    classes = sorted(set(labels))
    for row in np.random.default_rng(0).permutation(200)[:NUM_WRONG]:
        labels[row] = classes[(classes.index(labels[row]) + 1) % 3]
    frame = pd.DataFrame(
        {"id": [f"{row:04}" for row in range(NUM_ROWS)], "sentence": texts, "emotion": labels}
    )
    frame["part"] = ["train"] * 200 + ["dev"] * 20 + ["test"] * 20
    path = tmp_path / "posts.csv"
    frame.to_csv(path, index=False)
    return path


def test_from_a_labelled_file_to_a_corrected_file(
    home: Home, browser_page: Any, labelled_file: Path, encoder: Path, tmp_path: Path
) -> None:
    page = browser_page
    with streamlit_server("app/main.py") as server:
        page.goto(server.address)
        page.get_by_role("link", name="Data").click()
        bring_in(page, labelled_file)
        start_run(page, encoder, epochs=4)
        watch_to_the_end(page)

        page.get_by_role("button", name=re.compile(r"Review \d+ suspects")).first.click()
        first_id = current_id(page)
        press(page, ["a", "a", "x", "e", "f"])
        expect(page.locator(".review-card")).to_contain_text("5 decided")
        press(page, ["Backspace"] * 5)
        expect(page.locator(".review-card")).to_contain_text("0 decided")
        assert current_id(page) == first_id
        press(page, ["a"] * 6)
        expect(page.locator(".review-card")).to_contain_text("6 decided")
        page.reload()
        expect(page.locator(".review-card")).to_contain_text("6 decided")

        page.get_by_role("link", name="Similarity").click()
        page.get_by_role("tab", name="Given against predicted").click()
        rest(page)
        num_in_cell = click_a_cell(page)
        page.get_by_role("button", name=f"Review all {num_in_cell}").click()
        expect(page.locator(".review-card")).to_contain_text(f"of {num_in_cell}")
        # Predictions out of sample are no filter of the queue: the examples of the cell are kept as a selection.
        assert "selection=" in page.url

        page.get_by_role("link", name="Export").click()
        corrected = download(page, "Download the corrected file", tmp_path)
        page.get_by_text("More files, formats and tools").click()
        page.get_by_role("button", name="Prepare files").click()
        changes = download(page, "Changes", tmp_path)

        page.get_by_role("link", name="Train").click()
        expect(page.get_by_text("6 corrected").first).to_be_visible()
        start_run(page, encoder, epochs=3)
        watch_to_the_end(page)
        page.get_by_role("link", name="Runs").click()
        expect(page.get_by_role("table").first).to_contain_text("Run 2 (after)")
        expect(page.get_by_role("table").first).to_contain_text("Validation macro F1")
        expect(page.get_by_role("table").first).to_contain_text("Run 1 (before)")

    before = pd.read_csv(labelled_file, dtype=str)
    after = pd.read_csv(corrected, dtype=str)
    differing = before["emotion"] != after["emotion"]
    assert differing.sum() == 6
    pd.testing.assert_frame_equal(after.drop(columns="emotion"), before.drop(columns="emotion"))
    assert sorted(pd.read_csv(changes, dtype=str)["row_id"]) == sorted(before.loc[differing, "id"])
    true_labels = pd.Series(tiny_texts(NUM_ROWS)[1])
    assert (after.loc[differing, "emotion"] == true_labels[differing]).sum() >= 5

    workspace = Workspace(home)
    records = run_store.list_runs(workspace.store)
    assert [record.name for record in records] == ["Run 2", "Run 1"]
    assert records[0].label_version > records[1].label_version == 0
    workspace.close()


def test_a_killed_app_comes_back_to_the_same_run(
    home: Home, browser_page: Any, labelled_file: Path, encoder: Path
) -> None:
    page = browser_page
    num_epochs = 30
    port = free_port()  # the same after every start: what a tab has not sent yet belongs to the address
    with streamlit_server("app/main.py", port=port) as server:
        page.goto(f"{server.address}/data")
        bring_in(page, labelled_file)
        start_run(page, encoder, epochs=num_epochs)
        page.get_by_role("button", name=re.compile(r"Review \d+ suspects")).first.click(timeout=LONG_MS)
        current_id(page)
        press(page, ["a", "x"])
        page.get_by_text("History").first.click()
        expect(page.locator(".review-card")).to_contain_text("2 decided")
        kill(server.process.pid)
    run_dir = only_run(home)
    killed_at = run_dir.last_epoch()
    assert launcher.status(run_dir).state == "running"

    # Again and again in the middle of reading epochs in.
    for _ in range(2):
        with streamlit_server("app/main.py", port=port) as server:
            page.goto(f"{server.address}/train")
            expect(page.get_by_text(re.compile(r"Run 1 · (running|finished)")).first).to_be_visible()
            time.sleep(0.7)
            kill(server.process.pid)
    # Nobody looks on: the charts of a run that goes on would take the processor from it.
    page.goto("about:blank")
    wait_until(lambda: launcher.status(run_dir).state == "finished")
    with streamlit_server("app/main.py", port=port) as server:
        page.goto(f"{server.address}/train")
        watch_to_the_end(page)
        # Both may have left the suspects with a later epoch; the decisions stay.
        page.goto(f"{server.address}/review?scope=all")
        current_id(page)
        expect(page.get_by_test_id("stSidebar").get_by_text("Reviewed · 2")).to_be_visible()

    assert killed_at < num_epochs
    workspace = Workspace(home)
    run_id = run_dir.run_id
    # The app may have been closed before it had read the last epochs in.
    ingest_run(workspace.store, run_dir)
    assert run_queries.epoch_metrics(workspace.store, run_id)["epoch"].tolist() == list(
        range(1, num_epochs + 1)
    )
    assert len(run_queries.trajectories(workspace.store, run_id, [0])) == num_epochs
    record = run_store.get_run(workspace.store, run_id)
    labels = datasets.current_labels(workspace.store, record.dataset_id)
    assert sorted(labels.loc[labels["status"] != "", "status"]) == ["keep", "relabel"]
    assert len(decision_queries.decision_history(workspace.store, record.dataset_id, 10)) == 2
    workspace.close()


def test_a_killed_worker_is_shown_and_resumed(
    home: Home, browser_page: Any, labelled_file: Path, encoder: Path
) -> None:
    page = browser_page
    with streamlit_server("app/main.py") as server:
        page.goto(f"{server.address}/data")
        bring_in(page, labelled_file)
        start_run(page, encoder, epochs=8)
        expect(page.get_by_text(re.compile(r"Run 1 · running")).first).to_be_visible()
        run_dir = only_run(home)
        wait_until(lambda: run_dir.last_epoch() >= 2)
        pid = launcher.status(run_dir).pid
        assert pid is not None
        kill(pid)
        expect(page.get_by_text(re.compile(r"Run 1 · interrupted")).first).to_be_visible(timeout=LONG_MS)
        page.get_by_role("button", name="Resume").click()
        watch_to_the_end(page)
    assert run_dir.last_epoch() == 8


def bring_in(page: Any, path: Path) -> None:
    """Upload a file on the data page and create its project; ends on the page Train."""
    page.locator("input[type=file]").set_input_files(path)
    expect(page.get_by_text("posts.csv").first).to_be_visible()
    expect(page.get_by_text(f"{NUM_ROWS} examples").first).to_be_visible()
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("button", name="Start run").wait_for()


def start_run(page: Any, encoder: Path, epochs: int) -> None:
    if not page.get_by_role("button", name="Start run").is_visible():
        page.get_by_text(re.compile("Start another run|Train again")).first.click()
    page.get_by_role("button", name="Start run").wait_for()
    page.get_by_text("More", exact=True).last.click()
    fill(page, "Encoder", str(encoder))
    fill(page, "Epochs", str(epochs))
    fill(page, "Batch size", "8")
    fill(page, "Learning rate", "0.005")
    page.get_by_role("button", name="Start run").click()
    expect(page.get_by_text(re.compile(r"Run \d · (queued|running)")).first).to_be_visible()


def fill(page: Any, label: str, value: str) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(value)
    box.press("Tab")
    page.wait_for_timeout(600)


def watch_to_the_end(page: Any) -> None:
    expect(page.get_by_text(re.compile(r"Run \d · finished")).first).to_be_visible(timeout=LONG_MS)
    page.get_by_role("button", name=re.compile(r"Review \d+ suspect")).first.wait_for()
    # The page draws itself once more when a run has ended; a click on a link meanwhile would be lost.
    rest(page)


def current_id(page: Any) -> str:
    box = page.locator(".review-card .example-id")
    box.wait_for(timeout=LONG_MS)
    page.wait_for_timeout(500)
    return str(box.inner_text())


def press(page: Any, keys: list[str]) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(120)


def click_a_cell(page: Any) -> int:
    """Click the brightest cell off the diagonal; return the number that its tooltip or panel says."""
    plot = page.locator(".js-plotly-plot:visible").first
    plot.wait_for()
    page.wait_for_timeout(1500)
    box = plot.locator(".nsewdrag").first.bounding_box()
    # Three classes and the totals: the middle of row 1, column 2 (given the first class, predicted the second).
    page.mouse.click(box["x"] + box["width"] * 0.375, box["y"] + box["height"] * 0.125)
    page.wait_for_timeout(1500)
    rest(page)
    button = page.get_by_role("button", name=re.compile(r"Review all \d+")).filter(visible=True).first
    button.wait_for()
    match = re.search(r"Review all (\d+)", button.inner_text())
    assert match is not None
    return int(match[1])


def download(page: Any, title: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=title).click()
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


def only_run(home: Home) -> RunDir:
    (run_dir,) = launcher.list_run_dirs(home.runs)
    return run_dir


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
