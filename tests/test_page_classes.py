"""The Classes page: definitions, renaming and merging with a preview, and the way back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.services import classes
from app.services.workspaces import workspace
from lane_core.errors import DataError, StoreError
from lane_core.home import Home
from lane_core.records import ColumnChoice, Decision
from lane_core.store import datasets, decisions
from lane_core.store.class_queries import ClassUse
from lane_core.store.classes import guidelines, replace_class
from lane_core.workspace import Workspace
from tests.small_project import SmallProject

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")


def open_page() -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.session_state["annotator"] = "lea"
    at.switch_page("../pages/classes.py").run()
    assert not at.exception
    assert at.title[0].value == "Classes"
    return at


def said(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.main.markdown, *at.main.caption])


def button(at: AppTest, label: str):
    return next(element for element in at.main.button if element.label == label)


def box(at: AppTest, key: str):
    return next(element for element in at.main.selectbox if element.key.startswith(key))


def change(at: AppTest, old: str, new: str) -> None:
    box(at, "replaced_class").set_value(old).run()
    typed = box(at, "new_class")
    typed.options.append(new)  # AppTest can choose, but not type
    typed.set_value(new).run()
    box(at, "new_class").options.append(new)
    assert not at.exception


def labels(project: SmallProject) -> set[str]:
    return set(datasets.current_labels(workspace().store, project.dataset.dataset_id)["current_label"])


def test_without_a_project_the_page_leads_to_the_import(app_home: Home) -> None:
    at = open_page()
    assert [element.label for element in at.main.button] == ["Import a file"]


def test_without_a_run_classes_can_be_tidied_already(app_home: Home, tmp_path: Path) -> None:
    opened = Workspace(app_home)
    source = tmp_path / "two.csv"
    source.write_text("text,label\none,a\ntwo,b\nthree,a\nfour,b\n", encoding="utf-8")
    opened.add_dataset(source, ColumnChoice("text", "label"), "Two")
    opened.close()
    at = open_page()
    change(at, "a", "b")
    assert "2 examples of a become b: 2 as the file says, 0 by decisions." in said(at)
    assert "has learned" not in said(at)


def test_the_table_and_the_definition_of_one_class(small_project: SmallProject, app_home: Home) -> None:
    at = open_page()
    table = at.dataframe[0].value
    assert table[["name", "num_given", "num_now", "guideline"]].values.tolist() == [
        ["anger", 8, 8, ""], ["fear", 8, 8, ""], ["joy", 8, 8, ""]
    ]  # fmt: skip
    box(at, "defined_class").set_value("fear").run()
    at.text_area[0].set_value("Afraid.\n\n<b>Not</b> sad.")
    button(at, "Save the definition").click().run()
    assert "The definition of fear is saved." in at.success[0].value
    assert at.dataframe[0].value["guideline"][1] == "Afraid. <b>Not</b> sad."
    assert guidelines(workspace().store, small_project.dataset.dataset_id) == {
        "fear": "Afraid.\n\n<b>Not</b> sad."
    }
    box(at, "defined_class").set_value("joy").run()
    assert at.text_area[0].value == ""
    box(at, "defined_class").set_value("fear").run()
    assert at.text_area[0].value == "Afraid.\n\n<b>Not</b> sad."


def test_definitions_from_a_file_are_taken_over_all_or_none(
    small_project: SmallProject, app_home: Home
) -> None:
    at = open_page()
    dataset_id, store = small_project.dataset.dataset_id, workspace().store
    uploader = at.main.file_uploader[0]
    uploader.upload(
        "d.csv", b'Class,Note,Definition\nfear,x,Afraid.\n joy ,x,"Glad, or\nmore"\nanger,x,\n', "text/csv"
    )
    at.run()
    button(at, "Take them over").click().run()
    assert "2 definitions taken over from d.csv." in at.success[0].value
    assert guidelines(store, dataset_id) == {"fear": "Afraid.", "joy": "Glad, or\nmore"}
    box(at, "defined_class").set_value("fear").run()
    assert at.text_area[0].value == "Afraid."

    for content, error, words in (
        (b"class,definition\nfear,Other\ntrust,New\n", StoreError, "There is no class 'trust'"),
        (b"class,text\nfear,Other\n", DataError, "no column 'definition'"),
        (b"class,definition\nfear,Other\nfear,Another\n", DataError, "defines 'fear' twice"),
    ):
        with pytest.raises(error, match=words):
            classes.set_definitions(dataset_id, "d.csv", content)
    assert guidelines(store, dataset_id)["fear"] == "Afraid."


def test_a_preview_comes_before_a_rename_and_bringing_back_after_it(
    small_project: SmallProject, app_home: Home
) -> None:
    at = open_page()
    run_id, dataset_id = small_project.run.run_id, small_project.dataset.dataset_id
    for number, (index, action, label) in enumerate(((0, "relabel", "fear"), (4, "exclude", None))):
        decision = Decision(f"d{number}", dataset_id, index, action, label, "joy", run_id, "ann")
        decisions.record_decisions(workspace().store, [decision])
    change(at, "fear", "<b>dread</b>")
    assert "8 examples of fear become \\<b\\>dread" in said(at)
    assert "7 as the file says, 1 by decisions" in said(at)
    assert "Run 1 has learned fear and keeps its scores" in said(at)
    assert "is a new class" in said(at)
    assert at.main.table[0].value["Example"].tolist() == ["000", "001", "007", "010", "013"]
    assert "The first 5, and 3 more:" in said(at)
    assert labels(small_project) == {"anger", "fear", "joy"}  # nothing was done yet

    button(at, "Rename fear to \\<b\\>dread\\</b\\>").click().run()
    assert "counts as" in at.success[0].value
    assert labels(small_project) == {"anger", "<b>dread</b>", "joy"}
    assert at.dataframe[0].value["name"].tolist() == ["anger", "joy", "<b>dread</b>"]
    assert box(at, "replaced_class").value is None
    assert "fear → \\<b\\>dread" in said(at)

    button(at, "Bring back").click().run()
    assert "fear is back" in at.success[0].value
    assert labels(small_project) == {"anger", "fear", "joy"}
    assert at.dataframe[0].value["name"].tolist() == ["anger", "fear", "joy"]
    changes = at.main.table[0].value
    assert changes["Who"].tolist() == ["lea", "lea"]
    assert changes["What"].tolist() == ["fear brought back", "fear became \\<b\\>dread\\</b\\>"]


def test_a_merge_and_what_cannot_be(small_project: SmallProject, app_home: Home) -> None:
    at = open_page()
    change(at, "fear", " fear ")
    assert "That is the same class" in at.info[0].value
    change(at, "fear", "joy")
    assert not any("is a new class" in element.value for element in at.main.markdown)
    # Somebody else was faster.
    replace_class(workspace().store, small_project.dataset.dataset_id, "joy", "fear", "max")
    button(at, "Merge fear into joy").click().run()
    assert "joy was replaced. Bring it back first" in at.info[0].value
    assert not at.exception
    assert labels(small_project) == {"anger", "fear"}
    box(at, "new_class").options.append("joy")
    button(at, "Bring back").click().run()
    change(at, "fear", "joy")
    button(at, "Merge fear into joy").click().run()
    assert labels(small_project) == {"anger", "joy"}


def test_what_the_store_refuses_is_said(
    small_project: SmallProject, app_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: str) -> None:
        raise StoreError("*Not* so.")

    monkeypatch.setattr(classes, "replace", refuse)
    at = open_page()
    change(at, "fear", "joy")
    button(at, "Merge fear into joy").click().run()
    assert at.error[0].value == "\\*Not\\* so."
    assert box(at, "replaced_class").value == "fear"  # to try again


def test_the_effect_in_words() -> None:
    none = pd.DataFrame()
    one = classes.effect(ClassUse(1, 0, none, ("Run 2", "Run 1")), "a", "b")
    assert one.startswith("1 example of a becomes b: 1 as the file says, 0 by decisions. Exports")
    assert "have it as b. Run 2 and Run 1 have learned a and keep their scores; what they say of a" in one
    many = classes.effect(ClassUse(1200, 0, none, ("R5", "R4", "R3", "R2", "R1")), "a", "b")
    assert "1,200 examples" in many
    assert "R5, R4 and 3 more runs have learned" in many
