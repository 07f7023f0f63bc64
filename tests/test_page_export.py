"""The Export page: what comes out is said before, prepared on demand, and marked when it grows old."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.services import exporting, workspaces
from lane_core.exports import ExportOptions
from lane_core.home import Home
from lane_core.records import ColumnChoice, Decision
from lane_core.store import decisions
from lane_core.workspace import Workspace
from tests.small_project import SmallProject

MAIN = Path(__file__).resolve().parent.parent / "app" / "main.py"


@pytest.fixture
def page(small_project: SmallProject, app_home: Home) -> AppTest:
    return opened()


def opened() -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    at.switch_page("../pages/export.py").run()
    assert not at.exception
    return at


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click()
    at.run()
    assert not at.exception


def decide(project: SmallProject, index: int, action: str, label: str | None = None) -> None:
    decision = Decision(
        decision_id=f"d{index}-{action}",
        dataset_id=project.dataset.dataset_id,
        index=index,
        action=action,
        label=label,
        seen_label="anger",
        run_id=project.run.run_id,
        annotator="ann",
    )
    assert decisions.record_decisions(workspaces.workspace().store, [decision]) == 1


def decide_four(project: SmallProject) -> None:
    """Indices 3, 9 and 6 are given as anger, 7 as fear."""
    decide(project, 3, "relabel", "joy")
    decide(project, 9, "keep")
    decide(project, 6, "exclude")
    decide(project, 7, "flag")


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def downloads(at: AppTest) -> list[str]:
    return [button.label for button in at.get("download_button")]


def format_box(at: AppTest):
    return next(box for box in at.selectbox if box.label == "Format")


def texts(elements) -> str:
    return "\n".join(str(element.value) for element in elements)


def test_without_a_project_the_way_leads_to_data(app_home: Home) -> None:
    at = opened()
    assert at.markdown[-1].value.startswith("No project yet.")
    press(at, "Import a file")
    assert at.title[0].value == "Data"


def test_without_a_run_the_way_leads_to_train(home: Home, tmp_path: Path, app_home: Home) -> None:
    source = tmp_path / "two.csv"
    source.write_text("text,label\none,joy\ntwo,fear\n")
    before = Workspace(home)
    before.add_dataset(source, ColumnChoice("text", "label"), "Two")
    before.close()
    at = opened()
    assert at.markdown[-1].value.startswith("No run yet.")
    press(at, "Go to Train")
    assert at.title[0].value == "Train"


def test_without_decisions_the_corrected_file_equals_the_input(
    small_project: SmallProject, page: AppTest, app_home: Home
) -> None:
    assert figures(page) == {
        "Reviewed": "0", "Corrected": "0", "Kept": "0", "Excluded": "0", "Second opinion": "0",
    }  # fmt: skip
    said = page.info[0].value
    assert said.startswith("The corrected file equals small.csv: nobody has decided anything yet.")
    assert said.endswith("24 rows go in, 24 come out.")
    assert "Not prepared yet." in texts(page.caption)
    assert downloads(page) == ["Download the corrected file"]
    press(page, "Prepare files")
    folder = app_home.exports / small_project.run.run_id
    assert (folder / "small.corrected.csv").read_bytes() == small_project.source.read_bytes()
    assert len(page.dataframe) == 0


def test_every_kind_of_decision_is_counted_and_changes_are_shown(
    small_project: SmallProject, page: AppTest
) -> None:
    decide_four(small_project)
    page.run()
    assert figures(page) == {
        "Reviewed": "4", "Corrected": "1", "Kept": "1", "Excluded": "1", "Second opinion": "1",
    }  # fmt: skip
    assert "24 rows go in, 23 come out: 1 excluded. 1 label differs from small.csv." in texts(page.markdown)
    (shown,) = page.dataframe
    assert list(shown.value.columns) == ["row_id", "text", "change", "annotator", "updated_at"]
    row = shown.value.iloc[0]
    assert (row["row_id"], row["change"], row["annotator"]) == ("003", "anger → joy", "ann")
    assert row["text"] == "text number 3, with a comma"


def test_prepared_files_can_be_downloaded(small_project: SmallProject, page: AppTest, app_home: Home) -> None:
    decide_four(small_project)
    page.run()
    press(page, "Prepare files")
    assert downloads(page) == [
        "Download the corrected file", "Corrected file", "Audit file", "Changes", "Manifest",
    ]  # fmt: skip
    for name in ("small.corrected.csv", "small.audit.csv", "small.changes.csv", "small.manifest.json"):
        assert f"{name} · " in texts(page.markdown)
    assert not page.warning
    folder = app_home.exports / small_project.run.run_id
    corrected = pd.read_csv(folder / "small.corrected.csv", dtype=str)
    assert len(corrected) == 23
    assert "006" not in set(corrected["id"])
    assert corrected.set_index("id").loc["003", "label"] == "joy"
    changes = pd.read_csv(folder / "small.changes.csv", dtype=str)
    assert list(changes["row_id"]) == ["003"]


def test_a_download_gives_the_bytes_on_disk(small_project: SmallProject, page: AppTest) -> None:
    exporting.prepare(small_project.run.run_id, ExportOptions())
    prepared = exporting.prepared(small_project.run.run_id, ExportOptions())
    assert prepared is not None
    assert list(prepared.files) == ["corrected", "audit", "changes", "manifest"]
    assert prepared.files["corrected"].read() == small_project.source.read_bytes()
    assert prepared.files["corrected"].size == f"{small_project.source.stat().st_size // 1000} kB"
    manifest = json.loads(prepared.files["manifest"].read())
    assert manifest["run_id"] == small_project.run.run_id


def test_the_corrected_file_is_one_click_away_and_never_old(
    small_project: SmallProject, page: AppTest, app_home: Home
) -> None:
    dataset_id = small_project.dataset.dataset_id
    assert exporting.corrected_file(dataset_id) == small_project.source.read_bytes()
    decide(small_project, 3, "relabel", "joy")
    after = exporting.corrected_file(dataset_id).decode()
    assert after == small_project.source.read_text().replace(
        '003,"text number 3, with a comma",anger', '003,"text number 3, with a comma",joy'
    )
    assert not app_home.exports.exists()
    assert exporting.summary(small_project.run.run_id).corrected_name == "small.corrected.csv"


def test_what_is_chosen_is_prepared_and_kept_for_the_next_visit(
    small_project: SmallProject, page: AppTest, app_home: Home
) -> None:
    decide_four(small_project)
    page.run()
    format_box(page).set_value("json")
    for toggle in page.toggle:
        toggle.set_value(True)
    next(box for box in page.checkbox if box.label.startswith("**cleanlab**")).check()
    next(box for box in page.checkbox if box.label.startswith("**AUM**")).check()
    page.run()
    press(page, "Prepare files")
    folder = app_home.exports / small_project.run.run_id
    assert {path.name for path in folder.iterdir()} == {
        "small.corrected.json", "small.audit.json", "small.changes.json", "small.weights.json",
        "small.manifest.json", "small.cleanlab.zip", "small.aum_values.csv", "prepared.json",
    }  # fmt: skip
    assert downloads(page)[1:] == [
        "Corrected file", "Audit file", "Changes", "Sample weights", "Manifest", "cleanlab", "AUM",
    ]  # fmt: skip
    about = json.loads((folder / "small.manifest.json").read_text())["export"]
    assert (about["keep_excluded"], about["rows_out"], about["presets"]) == (True, 24, ["cleanlab", "aum"])

    again = opened()
    assert format_box(again).value == "json"
    assert all(toggle.value for toggle in again.toggle)
    assert not again.warning
    format_box(again).set_value("").run()
    assert again.warning[0].value.startswith("**Out of date.** They were prepared with other choices.")
    press(again, "Prepare files")
    assert not (folder / "small.audit.json").exists(), "files that nobody asks for any more go"
    assert (folder / "small.audit.csv").exists()


def test_a_choice_that_leaves_no_row_is_told(page: AppTest, app_home: Home) -> None:
    page.get("button_group")[0].set_value("changed").run()
    press(page, "Prepare files")
    assert "Correct some first, or choose all rows." in page.error[0].value


def test_files_older_than_the_newest_decision_are_marked(small_project: SmallProject, page: AppTest) -> None:
    press(page, "Prepare files")
    assert not page.warning
    decide(small_project, 3, "relabel", "joy")
    page.run()
    assert page.warning[0].value.startswith("**Out of date.** Decisions were made after")
    press(page, "Prepare files")
    assert not page.warning
    # An undo changes the labels as well.
    decisions.undo(workspaces.workspace().store, small_project.dataset.dataset_id, "ann", "undo-1")
    page.run()
    assert page.warning[0].value.startswith("**Out of date.** Decisions were made after")


def issues(folder: Path) -> list[str]:
    audit = pd.read_csv(folder / "small.audit.csv", dtype={"row_id": str})
    return audit.loc[audit["is_label_issue"], "row_id"].tolist()


def test_the_strictness_decides_what_is_an_issue(
    small_project: SmallProject, page: AppTest, app_home: Home
) -> None:
    folder = app_home.exports / small_project.run.run_id
    choice = page.radio(key="strictness")
    assert choice.value == "balanced"
    assert list(choice.proto.captions) == [
        "1 suspect, about 95 % wrong", "3 suspects, about 93 % wrong", "4 suspects, about 80 % wrong",
    ]  # fmt: skip
    press(page, "Prepare files")
    assert issues(folder) == ["003", "007", "011"]

    page.radio(key="strictness").set_value("thorough").run()
    assert page.query_params["strictness"] == "thorough"
    assert page.warning[0].value == (
        "**Out of date.** The issues in the audit file are those of “balanced”. Prepare them again."
    )
    press(page, "Prepare files")
    assert not page.warning
    assert issues(folder) == ["000", "003", "007", "011"]
    manifest = json.loads((folder / "small.manifest.json").read_text())
    assert (manifest["strictness"], manifest["num_flagged"]) == ("thorough", 4)
    assert manifest["expected_precision"] == pytest.approx(0.7975)
    assert manifest["estimated_noise_rate"] == 0.25

    again = opened()
    assert again.radio(key="strictness").value == "thorough"
    assert not again.warning


def test_files_prepared_by_an_earlier_version_are_prepared_again(
    small_project: SmallProject, page: AppTest, app_home: Home
) -> None:
    press(page, "Prepare files")
    receipt = app_home.exports / small_project.run.run_id / "prepared.json"
    known = json.loads(receipt.read_text())
    known["strictness"] = known.pop("options")["strictness"]
    receipt.write_text(json.dumps(known))
    page.run()
    assert "Not prepared yet." in texts(page.caption)
    assert page.radio(key="strictness").value == "balanced"


def test_files_of_an_earlier_epoch_are_marked(
    small_project: SmallProject, page: AppTest, app_home: Home
) -> None:
    events = app_home.runs / small_project.run.run_id / "events"
    last = events / "epoch-0002.parquet"
    content = last.read_bytes()
    last.unlink()
    exporting.prepare(small_project.run.run_id, ExportOptions())
    last.write_bytes(content)
    page.run()
    assert "hold the scores after epoch 1; the run has finished 2." in page.warning[0].value


def test_a_file_that_is_gone_must_be_prepared_again(
    small_project: SmallProject, page: AppTest, app_home: Home
) -> None:
    press(page, "Prepare files")
    (app_home.exports / small_project.run.run_id / "small.audit.csv").unlink()
    page.run()
    assert not page.exception
    assert "Not prepared yet." in texts(page.caption)


def test_a_run_without_an_epoch_has_nothing_to_export(
    small_project: SmallProject, page: AppTest, app_home: Home
) -> None:
    for path in (app_home.runs / small_project.run.run_id / "events").glob("epoch-*"):
        path.unlink()
    page.run()
    assert "Run 1 has no complete epoch yet" in texts(page.caption)
    assert not page.radio
    assert next(button for button in page.button if button.label == "Prepare files").disabled


def test_a_lost_source_is_said_and_nothing_is_written(
    small_project: SmallProject, page: AppTest, app_home: Home
) -> None:
    (app_home.datasets / small_project.dataset.dataset_id / "source.csv").unlink()
    press(page, "Prepare files")
    assert "The imported file small.csv is not in LANE_HOME any more" in page.error[0].value
    assert "The imported file of" in page.error[1].value
    assert downloads(page) == []
    assert not (app_home.exports / small_project.run.run_id).exists()


def test_the_reviewed_examples_are_one_click_away(small_project: SmallProject, page: AppTest) -> None:
    decide(small_project, 9, "keep")
    page.run()
    assert "no decision changes a label" in page.info[0].value
    press(page, "Show the reviewed examples")
    assert page.title[0].value == "Review"
    assert page.query_params["status"] == "reviewed"


def test_only_the_first_changes_are_shown_and_texts_are_shortened(
    small_project: SmallProject, page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHANGES_SHOWN", 2)
    monkeypatch.setattr(exporting, "_TEXT_CHARS", 11)
    for index in (3, 0, 9):
        decide(small_project, index, "relabel", "joy")
    summary = exporting.summary(small_project.run.run_id)
    assert summary.num_changed == 3
    assert list(summary.changes["row_id"]) == ["000", "003"]
    assert list(summary.changes["text"]) == ["text number …"] * 2
