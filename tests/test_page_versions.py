"""The Data page: a newer file of a project, seen before it is stored, and the versions afterwards."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.services import versions, workspaces
from app.services.importing import IncomingFile
from lane_core.data import Fixes, ReadOptions
from lane_core.errors import DataError
from lane_core.home import Home
from lane_core.records import Decision
from lane_core.store import datasets
from lane_core.store.decisions import record_decisions
from lane_core.store.versions import version_line
from lane_core.versions import add_version
from lane_core.workspace import Workspace
from tests.small_project import SmallProject, add_finished_run

MAIN = Path(__file__).resolve().parent.parent / "app" / "main.py"


def newer_rows(source: Path) -> pd.DataFrame:
    """One new row, two gone, one text and two labels changed, 21 as they were."""
    rows = pd.read_csv(source, dtype=str)
    rows.loc[3, "text"] = "<script>another text"
    rows.loc[7, "label"] = "joy"
    rows.loc[11, "label"] = "fear"
    added = {"id": "900", "text": "brand new", "label": "joy", "split": "train"}
    return pd.concat([rows.drop(index=[0, 1]), pd.DataFrame([added])])


def as_bytes(rows: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    rows.to_csv(stream, index=False)
    return stream.getvalue()


@pytest.fixture
def decided(small_project: SmallProject, home: Home) -> SmallProject:
    """Decisions on an example that goes, on one whose text changes, and on the two whose labels do."""
    opened = Workspace(home)
    chosen = {0: ("keep", None, "anger"), 3: ("relabel", "joy", "anger"), 7: ("relabel", "joy", "fear"),
              11: ("keep", None, "joy"), 12: ("relabel", "fear", "anger")}  # fmt: skip
    record_decisions(
        opened.store,
        [
            Decision(
                f"d{index}", small_project.dataset.dataset_id, index, action, label, seen, "run-1", "Ada"
            )
            for index, (action, label, seen) in chosen.items()
        ],
    )
    opened.close()
    return small_project


def opened_page() -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    at.switch_page("../pages/data.py").run()
    assert not at.exception
    return at


def upload_newer(at: AppTest, name: str, data: bytes) -> None:
    next(toggle for toggle in at.toggle if toggle.label.startswith("I have a newer file")).set_value(
        True
    ).run()
    box = next(box for box in at.file_uploader if box.label == "The newer file")
    box.set_value((name, data, "application/octet-stream"))
    at.run()
    assert not at.exception


def said(at: AppTest) -> str:
    return "\n".join(str(element.value) for element in [*at.markdown, *at.caption, *at.info, *at.error])


def button(at: AppTest, label: str):
    return next((found for found in at.button if found.label == label), None)


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


COUNTS = {"New": "1", "Gone": "2", "Text changed": "1", "Label changed": "2", "Unchanged": "19"}


def test_without_a_project_there_is_nothing_to_be_newer_than(app_home: Home) -> None:
    assert [toggle.label for toggle in opened_page().toggle] == []


def test_a_newer_file_is_seen_before_anything_is_stored(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    upload_newer(at, "newer.csv", as_bytes(newer_rows(decided.source)))

    assert metrics(at) == COUNTS
    words = said(at)
    assert (
        "3 of 5 decisions kept, each with its person, time and note. The file itself has the label of 1 of them now. "
        "For 1 of them the file's label was changed to another one than was decided; the decision counts. "
        "1 is to be taken again: the text has changed, and nobody has seen the new one. 1 is on rows that are gone."
    ) in words
    tables = [table.value for table in at.dataframe]
    [changed] = [table for table in tables if "new_text" in table.columns]
    assert changed[["row_id", "new_text"]].values.tolist() == [["003", "<script>another text"]]
    assert len(datasets.list_datasets(workspaces.workspace().store)) == 1


def test_it_becomes_the_project_and_the_older_one_stays_reachable(
    decided: SmallProject, app_home: Home
) -> None:
    at = opened_page()
    upload_newer(at, "newer.csv", as_bytes(newer_rows(decided.source)))
    button(at, "Make it version 2").click().run()
    assert not at.exception

    first = decided.dataset.dataset_id
    line = version_line(workspaces.workspace().store, first)
    assert len(line) == 2
    assert at.session_state["project"] == line[1]
    assert "Small project: version 2 of 2" in [heading.value for heading in at.subheader]
    assert metrics(at) == COUNTS
    assert "3 of 5 decisions kept" in said(at)
    assert "once a run was trained on this version" in said(at)
    assert button(at, "Go to Train") is not None
    listed = at.dataframe[0].value
    assert listed["file"].tolist() == ["newer.csv"]
    [projects] = [box for box in at.sidebar.selectbox if box.label == "Project"]
    assert list(projects.options) == ["Small project"]
    assert button(at, "Make it version 3") is None

    version = next(box for box in at.selectbox if box.label == "Version")
    assert [option.split(" · ")[:2] for option in version.options] == [["2", "newer.csv"], ["1", "small.csv"]]
    version.set_value(first).run()
    assert not at.exception
    assert at.session_state["project"] == first
    assert "Small project: version 1 of 2" in [heading.value for heading in at.subheader]
    assert "An older version" in said(at)
    [projects] = [box for box in at.sidebar.selectbox if box.label == "Project"]
    assert list(projects.options) == ["Small project", "Small project (version 1 of 2)"]
    assert [run.value for run in at.sidebar.selectbox if run.label == "Run"] == ["run-1"]


def test_what_is_to_be_looked_at_again_becomes_a_queue(
    decided: SmallProject, home: Home, app_home: Home
) -> None:
    path = home.path / "newer.csv"
    path.write_bytes(as_bytes(newer_rows(decided.source)))
    opened = Workspace(home)
    newer = add_version(opened, decided.dataset.dataset_id, path).record
    add_finished_run(opened, newer, "Run 9")
    opened.close()

    at = opened_page()
    found = versions.changes_after(newer.dataset_id)
    assert found.to_look_at == {"To look at again": [1], "In conflict": [9]}
    button(at, "Review 1 example").click().run()
    assert not at.exception
    assert at.title[0].value == "Review"
    assert "to look at again" in said(at)


def test_a_file_that_cannot_be_a_version_says_why(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    rows = newer_rows(decided.source)
    upload_newer(at, "newer.csv", as_bytes(pd.concat([rows, rows.tail(1)])))
    assert "900" in said(at)
    assert button(at, "Make it version 2") is None

    upload_newer(at, "other.csv", b"a,b\n1,2\n")
    assert at.error
    assert button(at, "Make it version 2") is None


def test_a_version_that_is_cancelled_while_it_is_stored_leaves_nothing(
    decided: SmallProject, app_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cancelled(BaseException):
        pass

    path = tmp_path / "newer.csv"
    path.write_bytes(as_bytes(newer_rows(decided.source)))
    incoming, columns, dataset_id = (
        IncomingFile("key", path),
        decided.dataset.columns,
        decided.dataset.dataset_id,
    )
    reading = incoming.read(ReadOptions())
    incoming.check(reading, columns, Fixes())
    said = []

    def on_progress(phase: str, done: int, total: int) -> None:
        said.append((phase, done, total))
        if (phase, done) == ("storing", 2):
            raise Cancelled

    # What was read and checked for the screen is neither read nor checked again.
    monkeypatch.setattr("lane_core.workspace.look", None)
    monkeypatch.setattr("lane_core.workspace.read_table", None)
    with pytest.raises(Cancelled):
        versions.add(dataset_id, incoming, reading, columns, Fixes(), on_progress)
    assert said == [("reading", 0, 1), ("storing", 0, 3), ("storing", 1, 3), ("storing", 2, 3)]
    assert version_line(workspaces.workspace().store, dataset_id) == [dataset_id]

    path.write_bytes(b"id,text,label,split\n1,another,joy,train\n")
    with pytest.raises(DataError, match=r"newer.csv was changed after it was read"):
        versions.add(dataset_id, incoming, reading, columns, Fixes())


def test_reading_of_a_newer_file_can_be_cancelled(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    upload_newer(at, "newer.csv", as_bytes(newer_rows(decided.source)))
    at.session_state["import_cancelled"] = at.session_state["version_incoming"].key
    at.run()
    assert "was cancelled; nothing is stored" in said(at)
    assert button(at, "Make it version 2") is None
    button(at, "Read it after all").click().run()
    assert button(at, "Make it version 2") is not None


def test_a_file_with_other_columns_asks_for_them(decided: SmallProject, app_home: Home) -> None:
    at = opened_page()
    rows = newer_rows(decided.source).rename(columns={"text": "comment", "label": "mood"})
    upload_newer(at, "newer.csv", as_bytes(rows))

    assert "not all columns of the project" in said(at)
    chosen = {box.label: box.value for box in at.main.selectbox}
    assert (chosen["Text column"], chosen["Label column"], chosen["Id column"]) == ("comment", "mood", "id")
    assert metrics(at) == COUNTS
