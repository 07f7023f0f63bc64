"""Text that would rather be something else: shown as text on every page, stored and exported as it came."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api

from benchmarks.review_project import ReviewProject, add_finished_run
from lane_core.data import read_table
from lane_core.exports import export_run
from lane_core.home import Home
from lane_core.records import ColumnChoice
from lane_core.store import datasets
from lane_core.workspace import Workspace
from tests.browser.page_walk import rest, walk
from tests.browser.streamlit_server import StreamlitServer, streamlit_server

expect = sync_api.expect
pytestmark = pytest.mark.browser

ELSEWHERE = "http://elsewhere.example"
SCRIPT = '</script><script>window.pwned = "script"</script><img src=x onerror="window.pwned = 1">'
PICTURE = f"![a picture]({ELSEWHERE}/picture.png) [a link]({ELSEWHERE})"
TEXTS = (
    SCRIPT,
    PICTURE,
    f"<iframe src='{ELSEWHERE}/frame'></iframe><style>@import url({ELSEWHERE}/style.css)</style>",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 :red[not red] $x^2$ `code` :material/delete: **bold** # no heading",
    "\u202emixed \u05e9\u05dc\u05d5\u05dd directions \u0645\u0631\u062d\u0628\u0627\u2066 isolate\u202c",
    '=HYPERLINK("http://elsewhere.example/sheet","click")',
    "+1-2|cmd /C calc!A0",
    '  spaces kept  \t two\nlines, a "quote" and a comma,\n\n',
    "x" * 100_000,
    "{{7*7}} ${7*7} <%= 7*7 %> {0} %s \\u0041 \\n",
)
UNWRITABLE = ("a NUL \x00 in the middle", "half a pair \ud83d and the other \udca9 alone")
"""What CSV cannot hold, and JSON Lines can."""
LABELS = (f"<b onclick=x>{PICTURE}", "=1+1", "\u202e**joy** :smile:")
NAME = f"\ud83d\x00<img src=x onerror=pwned=1>![n]({ELSEWHERE}/n.png)"[:60]
WORD_JOINER = "\u2060"
"""Has no width; keeps an address from becoming a link."""
NOTE = f"<script>pwned=1</script>{PICTURE}\n\x1b[31m=1+1 \u202e \ud83d\x00"


@pytest.fixture
def projects(home: Home) -> dict[str, ReviewProject]:
    """The same rows as CSV and as JSON Lines, each with a finished run that suspects every label."""
    workspace = Workspace(home)
    made = {}
    for suffix, texts in (("csv", TEXTS), ("jsonl", (*TEXTS, *UNWRITABLE))):
        path = home.path / f"hostile.{suffix}"
        rows = [
            {"id": f"r{number:02}", "text": text, "label": LABELS[number % 3], "extra": text[::-1][:80]}
            for number, text in enumerate(texts * 2)
        ]
        write_rows(path, rows)
        name = f"<u>{suffix}</u> {PICTURE}"[:80]
        dataset = workspace.add_dataset(path, ColumnChoice("text", "label", "id"), name)
        run = add_finished_run(workspace, dataset, flagged_share=1)
        made[suffix] = ReviewProject(home, dataset, run)
    workspace.close()
    return made


@pytest.fixture
def server(projects: dict[str, ReviewProject]) -> Iterator[StreamlitServer]:
    with streamlit_server("app/main.py") as server:
        yield server


@pytest.fixture
def watched_page(
    new_browser_page: Callable[..., Any], server: StreamlitServer
) -> Iterator[tuple[Any, list[str]]]:
    """A page under the hostile name, and the addresses that it asked for on other machines, or nowhere."""
    script = f"localStorage.setItem('lane-annotator', {json.dumps(NAME)});"
    page, asked = new_browser_page(script), []

    def pass_on(route: Any) -> None:
        if route.request.url.startswith((server.address, "data:", "blob:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    page.context.route("**/*", pass_on)
    page.on("dialog", lambda dialog: asked.append(f"a dialog: {dialog.message}") or dialog.dismiss())
    yield page, asked
    page.context.unroute("**/*")


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def shown(text: str) -> str:
    """What a page can show of a text: no half of a surrogate pair."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def typed(text: str) -> str:
    """What is kept of a name or a note that somebody typed: no NUL either."""
    return shown(text).replace("\x00", "\ufffd")


def write_note(page: Any, words: str) -> None:
    page.keyboard.press("m")
    # By script, because no keyboard types half of a pair.
    page.get_by_role("textbox", name="Note").evaluate("(box, words) => { box.value = words; }", words)
    page.keyboard.press("Escape")


def assert_only_text(page: Any, asked: list[str]) -> None:
    assert page.evaluate("window.pwned") is None
    assert asked == []
    # Deep, because the card and the components live in shadow roots.
    loud = """(elsewhere) => {
        const found = [];
        const look = (root) => {
            for (const node of root.querySelectorAll("*")) {
                if (["src", "href"].some((name) => (node.getAttribute(name) ?? "").includes(elsewhere))) {
                    found.push(node.outerHTML.slice(0, 200));
                }
                if (node.shadowRoot) look(node.shadowRoot);
            }
        };
        look(document);
        return found;
    }"""
    assert page.evaluate(loud, "elsewhere.example") == []


def test_every_page_shows_it_as_text(
    watched_page: tuple[Any, list[str]], server: StreamlitServer, projects: dict[str, ReviewProject]
) -> None:
    page, asked = watched_page
    for _ in walk(page, f"{server.address}/?{projects['jsonl'].query}"):
        assert_only_text(page, asked)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_card_shows_each_text_and_the_files_come_out_as_they_went_in(
    watched_page: tuple[Any, list[str]],
    server: StreamlitServer,
    projects: dict[str, ReviewProject],
    home: Home,
    tmp_path: Path,
) -> None:
    page, asked = watched_page
    seen: dict[str, dict[str, str]] = {}
    for suffix, project in projects.items():
        texts = (TEXTS if suffix == "csv" else (*TEXTS, *UNWRITABLE)) * 2
        page.goto(f"{server.address}/review?{project.query}&scope=all")
        page.locator(".review-card .example-id").wait_for()
        seen[suffix] = {}
        for key in ("a", "2", "e", "x"):
            example = page.locator(".example-id").inner_text().split(" · ")[0]
            text = shown(texts[int(example[1:])])
            if len(text) > 1000:
                page.locator("[data-part=unfold]").click()
            assert page.locator(".text").evaluate("node => node.textContent") == text
            if key == "a":
                write_note(page, NOTE)
            page.keyboard.press(key)
            seen[suffix][example] = key
        expect(page.locator(".place")).to_contain_text("4 decided")
        page.get_by_text("History", exact=True).click()
        expect(page.get_by_test_id("stTable").locator("tbody tr")).to_have_count(4)
        history = page.get_by_test_id("stTable").inner_text().replace(WORD_JOINER, "")
        assert history.count(typed(NAME)) == 4
        assert LABELS[1] in history or LABELS[2] in history
        rest(page)
        assert_only_text(page, asked)
    server.stop()

    workspace = Workspace(home)
    for suffix, project in projects.items():
        assert_exported_intact(workspace, project, seen[suffix], tmp_path / suffix)
    workspace.close()


def assert_exported_intact(
    workspace: Workspace, project: ReviewProject, keys: dict[str, str], folder: Path
) -> None:
    """The corrected file holds the input, cell for cell, but for the labels and rows that were decided on."""
    files = export_run(workspace, project.run.run_id, folder)
    before = workspace.source_table(project.dataset.dataset_id).frame.set_index("id")
    after = read_table(files.corrected).frame.set_index("id")
    stored = datasets.current_labels(workspace.store, project.dataset.dataset_id).set_index("example_id")
    decided = stored[stored["annotator"] == typed(NAME)]
    assert set(decided.index) == set(keys)
    excluded = {example for example, key in keys.items() if key == "e"}
    assert before.index.difference(after.index).tolist() == sorted(excluded)
    for column in ("text", "extra"):
        assert after[column].to_dict() == before.drop(excluded)[column].to_dict()
    expected = before.drop(excluded)["label"].to_dict() | decided.drop(excluded)["current_label"].to_dict()
    assert after["label"].to_dict() == expected
    assert expected != before.drop(excluded)["label"].to_dict()
    audited = read_table(files.audit).frame.set_index("id")
    notes = [note for note in audited["note"] if note]
    assert notes == [typed(NOTE)]
    for example in stored.index:
        assert stored.loc[example, "text"] == shown(before.loc[example, "text"])
