"""A report as HTML and as Markdown: whole, without a request elsewhere, and every text in it only text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lane_core.charts.heatmaps import confusion_heatmap
from lane_core.charts.standalone import figure_json, plotly_script
from lane_core.home import Home
from lane_core.reporting.report import Report
from lane_core.reporting.report_building import build_report
from lane_core.reporting.report_files import write_report
from lane_core.reporting.report_html import to_html
from lane_core.reporting.report_markdown import to_markdown
from lane_core.reporting.report_text import html_text, markdown_paragraph, markdown_text, one_line
from lane_core.workspace import Workspace
from tests.report_project import ELSEWHERE, make_hostile_project

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Elements in order, tags that do not match, and the words outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.unbalanced: list[str] = []
        self.words = ""
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.unbalanced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts.append(data)
        elif not self._open or self._open[-1] != "style":
            self.words += data

    def named(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """Of a project in which every name and text would rather be markup."""
    workspace = Workspace(Home(tmp_path_factory.mktemp("hostile") / "lane"))
    with pytest.MonkeyPatch.context() as patch:
        yield build_report(workspace, make_hostile_project(workspace, patch).run.run_id)
    workspace.close()


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return to_html(report)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_is_whole(page: Page, report: Report) -> None:
    assert page.unbalanced == []
    assert page.elements[0] == ("html", {"lang": "en"})
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    headings = [tag for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert headings == ["h1"] + ["h2"] * len(report.sections)
    assert [link["href"] for link in page.named("a")] == [f"#{section.anchor}" for section in report.sections]


def test_tables_and_figures_are_told_to_who_cannot_see_them(page: Page, report: Report) -> None:
    assert len(page.named("table")) == len(page.named("caption")) == len(report.tables)
    assert all(cell.get("scope") in ("col", "row") for cell in page.named("th"))
    charts = [attributes for attributes in page.named("div") if attributes.get("class") == "chart"]
    assert len(charts) == len(page.named("figure")) >= 6
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)


def test_nothing_is_asked_of_another_machine(html: str, page: Page) -> None:
    loading = {"src", "srcset", "data", "action", "formaction", "poster", "background"}
    assert [tag for tag, attributes in page.elements if loading & set(attributes)] == []
    assert page.named("img", "link", "iframe", "object", "embed", "base", "form") == []
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert not re.search(r"url\(|@import|https?:", "".join(styles))
    assert html.count(plotly_script()) == 1
    # Plotly would offer to share each figure on its own servers.
    assert "showSendToCloud: false" in html
    assert 4.5e6 < len(html.encode()) < 6e6


def test_only_the_scripts_of_the_page_are_run(page: Page) -> None:
    [policy] = [meta["content"] for meta in page.named("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    kinds = [attributes.get("type", "") for attributes in page.named("script")]
    code = [text for kind, text in zip(kinds, page.scripts, strict=True) if not kind]
    assert len(code) == 2
    for script in code:
        assert b64encode(sha256(script.encode()).digest()).decode() in policy
    drawn = [
        json.loads(text) for kind, text in zip(kinds, page.scripts, strict=True) if kind == "application/json"
    ]
    assert all("template" not in figure["layout"] for figure in drawn)
    assert {trace["type"] for figure in drawn for trace in figure["data"]} <= {"bar", "heatmap", "scatter"}


def test_hostile_texts_stay_text(page: Page, report: Report) -> None:
    shown = one_line(report.title)
    assert shown in page.words
    assert "\u202e" not in page.words + "".join(page.scripts[:-2])
    assert "\x1b" not in page.words
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)
    # Plotly reads marks of HTML in names: they must have become entities before.
    assert not any(f"<img src={ELSEWHERE}" in script for script in page.scripts)
    assert any(
        f"&lt;img src={ELSEWHERE}" in json.dumps(json.loads(s))
        for s in page.scripts
        if s.startswith('{"data')
    )


def test_markdown_holds_the_same_tables_cell_by_cell(report: Report) -> None:
    text = to_markdown(report)
    lines = text.splitlines()
    assert lines[0] == f"# {markdown_text(report.title)}"
    for table in report.tables.values():
        at = lines.index(f"**{markdown_text(table.caption)}**") + 2
        written = lines[at : at + 2 + len(table.frame)]
        expected = [list(table.frame.columns), None, *table.rows()]
        for line, cells in zip(written, expected, strict=True):
            found = [part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]]
            assert len(found) == len(table.frame.columns)
            if cells is not None:
                assert found == [markdown_text(str(cell)) for cell in cells]


def test_hostile_texts_are_no_marks_in_markdown(report: Report) -> None:
    text = to_markdown(report)
    for mark in ("<", "`", "](", "@you", "http://", "\u202e", "\x1b"):
        bare = (
            re.findall(rf"(?<!\\){re.escape(mark)}", text)
            if mark != "]("
            else re.findall(r"(?<!\\)\]\(", text)
        )
        assert bare == [], mark


@pytest.mark.parametrize(
    ("text", "html", "markdown"),
    [
        ("a & <b>", "a &amp; &lt;b&gt;", r"a \& \<b\>"),
        ("one|two\nthree", "one|two three", r"one\|two three"),
        ("`x` *y* _z_ ~~s~~ $m$", "`x` *y* _z_ ~~s~~ $m$", r"\`x\` \*y\* \_z\_ \~\~s\~\~ \$m\$"),
        ('say "hi"', "say &quot;hi&quot;", 'say "hi"'),
        ("back\\slash", "back\\slash", r"back\\slash"),
        ("half \ud83d NUL \x00", "half � NUL �", "half � NUL �"),
        ("שלום مرحبا", "שלום مرحبا", "שלום مرحبا"),
        ("eww.", "eww.", "eww."),
    ],
)
def test_texts_are_shown_as_they_stand(text: str, html: str, markdown: str) -> None:
    assert html_text(text) == html
    assert markdown_text(text) == markdown


def test_a_paragraph_begins_no_list_or_heading() -> None:
    given = ["- a", "+ b", "1. c", "2) d", "=== e", "# f", "> g", "0.5 of them"]
    assert [markdown_paragraph(text) for text in given] == [
        r"\- a", r"\+ b", r"1\. c", r"2\) d", r"\=== e", r"\# f", r"\> g", r"0\.5 of them",
    ]  # fmt: skip


def test_long_texts_are_cut() -> None:
    assert one_line("word " * 100, limit=11) == "word word w…"
    assert one_line("  a \n\t b  ") == "a b"


def test_a_figure_with_hostile_names_cannot_end_its_script() -> None:
    names = ["</script><script>alert(1)</script>", "<!--"]
    written = figure_json(
        confusion_heatmap(pd.DataFrame(np.array([[1, 2], [3, 4]]), index=names, columns=names), 1)
    )
    assert not re.search("[<>&]", written)
    assert json.loads(written)["data"]


def test_files_replace_each_other_whole(report: Report, tmp_path: Path) -> None:
    paths = [write_report(report, kind, tmp_path / "new") for kind in ("html", "markdown", "markdown")]
    assert [path.name for path in paths] == ["report.html", "report.md", "report.md"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["report.html", "report.md"]
    assert paths[1].read_text(encoding="utf-8") == to_markdown(report)
