"""The way to a report: from the command line and from the Export page."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.services import reports, workspaces
from lane_core.cli import main
from lane_core.home import Home
from lane_core.records import Decision
from lane_core.store import decisions
from lane_core.workspace import Workspace
from tests.small_project import SmallProject

MAIN = Path(__file__).resolve().parent.parent / "app" / "main.py"


def test_the_command_writes_both_files(
    small_project: SmallProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", small_project.run.run_id, "--output", str(tmp_path / "out")]) == 0
    html, markdown = tmp_path / "out" / "report.html", tmp_path / "out" / "report.md"
    assert capsys.readouterr().err.splitlines() == [str(html), str(markdown)]
    assert "<h1>Label audit of Small project</h1>" in html.read_text(encoding="utf-8")
    assert "Run 1 flags 3 of 24 labels at the strictness “balanced”" in markdown.read_text(encoding="utf-8")


def test_one_format_of_the_newest_run_at_a_strictness(small_project: SmallProject, tmp_path: Path) -> None:
    assert (
        main(["report", "--output", str(tmp_path), "--format", "markdown", "--strictness", "thorough"]) == 0
    )
    assert not (tmp_path / "report.html").exists()
    assert "Run 1 flags 4 of 24 labels" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_epochs_written_while_the_app_was_closed_are_in_it(
    small_project: SmallProject, home: Home, tmp_path: Path
) -> None:
    workspace = Workspace(home)
    with workspace.store.transaction() as cursor:
        for table in ("ingested_files", "example_results", "example_epochs"):
            cursor.execute(f"delete from {table} where run_id = ? and epoch = 2", [small_project.run.run_id])
    workspace.close()
    assert main(["report", "--output", str(tmp_path), "--format", "markdown"]) == 0
    assert "Run 1 on small.csv, after epoch 2." in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_mistakes_are_told_in_one_message(
    small_project: SmallProject, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "nope", "--output", str(tmp_path)]) == 1
    assert "There is no run 'nope'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["report", "--format", "pdf"])
    assert "choose from" in capsys.readouterr().err
    assert list(tmp_path.glob("report.*")) == []


def test_without_a_run_the_next_step_is_told(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 1
    assert "There is no run in" in capsys.readouterr().err


@pytest.fixture
def page(small_project: SmallProject, app_home: Home) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    at.switch_page("../pages/export.py").run()
    assert not at.exception
    return at


def press(at: AppTest) -> None:
    next(button for button in at.button if button.label == "Prepare the report").click()
    at.run()
    assert not at.exception


def words(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.caption, *at.warning, *at.error])


def report_downloads(at: AppTest) -> list[str]:
    return [button.key for button in at.get("download_button") if button.key.startswith("download_report")]


def test_the_page_prepares_a_report_and_says_when_it_is_old(
    page: AppTest, small_project: SmallProject, app_home: Home
) -> None:
    assert "Report" in [heading.value for heading in page.subheader]
    assert "Not prepared yet. Flagged will mean the strictness chosen above, “balanced”." in words(page)
    assert report_downloads(page) == []
    press(page)
    assert report_downloads(page) == ["download_report_html", "download_report_markdown"]
    folder = app_home.exports / small_project.run.run_id
    assert "Run 1 flags 3 of 24" in (folder / "report.md").read_text(encoding="utf-8")
    assert "Out of date" not in words(page)
    decision = Decision("d1", small_project.dataset.dataset_id, 3, "relabel", "joy", "anger", "run-1", "ann")
    decisions.record_decisions(workspaces.workspace().store, [decision])
    page.run()
    assert "**Out of date.**" in words(page)
    press(page)
    assert "Out of date" not in words(page)
    assert "corrected 1." in (folder / "report.md").read_text(encoding="utf-8")


def test_another_strictness_is_another_report(
    page: AppTest, small_project: SmallProject, app_home: Home
) -> None:
    press(page)
    [choice] = [radio for radio in page.radio if "issue" in radio.label]
    choice.set_value("sure").run()
    assert "**Out of date.**" in words(page)
    press(page)
    folder = app_home.exports / small_project.run.run_id
    assert "Run 1 flags 1 of 24" in (folder / "report.md").read_text(encoding="utf-8")


def test_a_report_whose_file_is_gone_is_none(
    page: AppTest, small_project: SmallProject, app_home: Home
) -> None:
    reports.prepare("run-1", "balanced")
    found = reports.prepared("run-1", "balanced")
    assert found is not None
    assert set(found.files) == {"html", "markdown"}
    (app_home.exports / "run-1" / "report.html").unlink()
    assert reports.prepared("run-1", "balanced") is None


def test_a_failure_is_told_on_the_page(page: AppTest) -> None:
    with workspaces.workspace().store.transaction() as cursor:
        cursor.execute("delete from ingested_files where run_id = 'run-1'")
    press(page)
    assert "has no complete epoch yet, so there is nothing to report" in words(page)
    assert report_downloads(page) == []
