"""The Data page: a changes file, seen before its labels become decisions, and reviewed afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.services import workspaces
from lane_core.exports import export_run
from lane_core.home import Home
from lane_core.records import Decision
from lane_core.store import datasets
from lane_core.store.decisions import record_decisions, undo
from lane_core.workspace import Workspace
from tests.small_project import SmallProject

MAIN = Path(__file__).resolve().parent.parent / "app" / "main.py"
LONG_AGO = "2020-03-01T12:00:00Z"
# Example n of the project has the class anger, fear or joy, by n modulo 3.
CHANGES = (
    "row_id,given_label,corrected_label,annotator,updated_at\n"
    f"001,fear,joy,Eve,{LONG_AGO}\n"
    "002,joy,anger,,\n"
    f"003,anger,joy,Eve,{LONG_AGO}\n"
    f"012,anger,joy,Eve,{LONG_AGO}\n"
    f"004,joy,anger,Eve,{LONG_AGO}\n"
    f"005,joy,<script>calm,Eve,{LONG_AGO}\n"
    f"900,joy,fear,Eve,{LONG_AGO}\n"
)


@pytest.fixture
def decided(small_project: SmallProject, home: Home) -> SmallProject:
    """Ada has made 3 joy, as the changes file does, and 12 fear, as it does not."""
    opened = Workspace(home)
    dataset_id = small_project.dataset.dataset_id
    record_decisions(
        opened.store,
        [
            Decision("d3", dataset_id, 3, "relabel", "joy", "anger", "run-1", "Ada"),
            Decision("d12", dataset_id, 12, "relabel", "fear", "anger", "run-1", "Ada"),
        ],
    )
    opened.close()
    return small_project


def opened_page() -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    at.switch_page("../pages/data.py").run()
    next(toggle for toggle in at.toggle if toggle.label == "I have a changes file").set_value(True).run()
    assert not at.exception
    return at


def upload(at: AppTest, name: str, data: str | bytes) -> None:
    box = next(box for box in at.file_uploader if box.label == "The changes file")
    content = data.encode() if isinstance(data, str) else data
    box.set_value((name, content, "application/octet-stream"))
    at.run()
    assert not at.exception


def button(at: AppTest, label: str):
    return next((found for found in at.button if found.label == label), None)


def words(elements) -> str:
    return "\n".join(str(element.value) for element in elements)


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def current(dataset_id: str) -> pd.DataFrame:
    return datasets.current_labels(workspaces.workspace().store, dataset_id).set_index("example_id")


def test_what_a_changes_file_would_do_is_seen_first(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    upload(at, "changes.csv", CHANGES)

    assert metrics(at) == {"Would be applied": "2", "Already so": "1", "Do not fit": "4"}
    assert [tab.label for tab in at.tabs] == [
        "To be applied", "Already so", "Decided since", "Other label", "Unknown class", "Not found",
    ]  # fmt: skip
    rows = {tab.label: tab.dataframe[0].value for tab in at.tabs}
    assert {title: table["row_id"].tolist() for title, table in rows.items()} == {
        "To be applied": ["001", "002"],
        "Already so": ["003"],
        "Decided since": ["012"],
        "Other label": ["004"],
        "Unknown class": ["005"],
        "Not found": ["900"],
    }
    first = rows["To be applied"].iloc[0]
    assert first["text"] == "text number 1, with a comma"
    assert first[["current_label", "given_label", "corrected_label", "annotator"]].tolist() == [
        "fear", "fear", "joy", "Eve",
    ]  # fmt: skip
    assert "1 change. The new label is no class of the project." in words(at.caption)
    assert int((current(decided.dataset.dataset_id)["status"] != "").sum()) == 2


def test_applied_changes_are_decisions_that_can_be_reviewed(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    upload(at, "changes.csv", CHANGES)
    button(at, "Apply 2 changes").click().run()
    assert not at.exception

    assert at.success[0].value == (
        "2 decisions stored. 1 change had the new label already. 1 change left alone: there is a newer decision. "
        "1 change left alone: the project's file gives another label than the one that was corrected. 1 change left "
        "alone: the new label is no class of the project. 1 change of no example of the project."
    )
    assert metrics(at) == {}
    now = current(decided.dataset.dataset_id)
    assert now.loc[["001", "002", "003", "012"], "current_label"].tolist() == ["joy", "anger", "joy", "fear"]
    assert now.loc[["001", "002"], "annotator"].tolist() == ["Eve", "changes file"]
    assert now.loc["001", "updated_at"] == pd.Timestamp(LONG_AGO)

    button(at, "Review 2 examples").click().run()
    assert not at.exception
    assert at.title[0].value == "Review"
    assert "of a changes file" in words([*at.markdown, *at.caption])


def test_the_same_file_again_has_nothing_to_apply(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    only = "\n".join(CHANGES.splitlines()[:2]) + "\n"
    upload(at, "changes.csv", only)
    button(at, "Apply 1 change").click().run()
    upload(at, "changes.csv", only)
    assert metrics(at) == {"Would be applied": "0", "Already so": "1", "Do not fit": "0"}
    assert at.info[0].value == "The project has all of these labels already."
    assert not at.success
    assert all(not found.label.startswith("Apply") for found in at.button)

    undo(workspaces.workspace().store, decided.dataset.dataset_id, "Eve", "u1")
    at.run()
    assert metrics(at) == {"Would be applied": "0", "Already so": "0", "Do not fit": "1"}
    assert [tab.label for tab in at.tabs] == ["Taken back"]


def test_an_exported_changes_file_comes_back_into_a_copy(
    decided: SmallProject, app_home: Home, tmp_path: Path
) -> None:
    opened = workspaces.workspace()
    files = export_run(opened, decided.run.run_id, tmp_path)
    copy = opened.add_dataset(decided.source, decided.dataset.columns, "Copy")
    at = opened_page()
    assert at.session_state["project"] == copy.dataset_id
    upload(at, files.changes.name, files.changes.read_bytes())
    assert metrics(at) == {"Would be applied": "2", "Already so": "0", "Do not fit": "0"}
    button(at, "Apply 2 changes").click().run()
    now = current(copy.dataset_id)
    assert now.loc[["003", "012"], "current_label"].tolist() == ["joy", "fear"]
    assert now.loc[["003", "012"], "annotator"].tolist() == ["Ada", "Ada"]
    # The copy has no run, so there is no queue to go to yet.
    assert "once a run was trained" in words(at.caption)
    assert button(at, "Review 2 examples") is None


def test_a_file_that_is_no_changes_file_says_why(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    for name, data, said in (
        ("broken.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0half", "broken.csv.gz"),
        ("reviews.csv", b"text,label\none,joy\ntwo,fear\n", "has no column 'row\\_id'"),
        ("changes.csv", CHANGES.replace("002,", ","), "has no row\\_id"),
        ("changes.csv", CHANGES.replace(LONG_AGO, "yesterday"), "which is no time"),
    ):
        upload(at, name, data)
        assert said in at.error[0].value
        assert metrics(at) == {}
        assert all(not found.label.startswith("Apply") for found in at.button)


def test_a_changes_file_of_other_data_is_told_apart(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    upload(at, "changes.csv", "row_id,given_label,corrected_label\nx1,joy,fear\nx2,joy,fear\n")
    assert metrics(at) == {"Would be applied": "0", "Already so": "0", "Do not fit": "2"}
    assert "None of the 2 changes is of an example of this project" in at.info[0].value

    upload(at, "changes.csv", "row_id,given_label,corrected_label\n001,fear,fear\n")
    assert "holds no change" in at.info[0].value
    assert all(not found.label.startswith("Apply") for found in at.button)


def test_hostile_cells_are_shown_as_they_stand(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    rows = [
        {"row_id": "001", "given_label": "fear", "corrected_label": "joy", "annotator": "E\ud800v\0e <b>"},
        {"row_id": "x\udc80\0" * 200, "given_label": "*joy*", "corrected_label": "a" * 100_000},
    ]
    upload(at, "$x$ <b>.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert metrics(at) == {"Would be applied": "1", "Already so": "0", "Do not fit": "1"}
    assert max(len(cell) for cell in at.tabs[1].dataframe[0].value["corrected_label"]) == 300
    button(at, "Apply 1 change").click().run()
    assert not at.exception
    assert current(decided.dataset.dataset_id).loc["001", "current_label"] == "joy"


def test_a_path_is_named_by_those_who_lead(
    decided: SmallProject, app_home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "changes.csv"
    path.write_text(CHANGES, encoding="utf-8")
    at = opened_page()
    next(box for box in at.text_input if box.label == "Or where it is").set_value(str(path)).run()
    assert metrics(at)["Would be applied"] == "2"

    monkeypatch.setenv("LANE_LEADS", "Lea")
    at = opened_page()
    assert [box.label for box in at.text_input if box.label == "Or where it is"] == []
    upload(at, "changes.csv", CHANGES)
    assert metrics(at)["Would be applied"] == "2"
