"""The Data page: a file comes in as it was understood, or not at all."""

from __future__ import annotations

import gc
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.components.plain_text import plain
from app.services import importing, workspaces
from app.services.importing import IncomingFile
from lane_core.data import Fixes, ReadOptions
from lane_core.home import DEMO_NAME, Home
from lane_core.records import ColumnChoice
from lane_core.store import datasets
from lane_core.store.annotations import file_annotations
from tests.small_project import SmallProject

MAIN = Path(__file__).resolve().parent.parent / "app" / "main.py"
REVIEWS = (
    b"key,comment,mood,part\n"
    b'a1,"It came late, broken",anger,train\n'
    b"a2,What a day,joy,train\n"
    b"a3,Thank you,joy,train\n"
    b"a4,Who is there?,fear,test\n"
)
SCRIPT = "<script>rater"
PEOPLE = (
    b"text,label,ann_1,<script>rater,source\n"
    b"one,joy,joy,joy,bbc\n"
    b"two,fear,fear,joy,cnn\n"
    b"three,joy,joy, ,bbc\n"
    b"four,fear,fear,sad,bbc\n"
    b"five,fear,joy,fear,bbc\n"
)
COLUMNS = ColumnChoice("comment", "mood", "key", "part")


@pytest.fixture
def page(app_home: Home) -> AppTest:
    return opened()


def opened() -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    at.switch_page("../pages/data.py").run()
    assert not at.exception
    return at


def upload(at: AppTest, name: str, data: bytes) -> None:
    at.file_uploader[0].set_value((name, data, "application/octet-stream"))
    at.run()
    assert not at.exception


def select(at: AppTest, label: str):
    return next(box for box in at.selectbox if box.label == label)


def create_button(at: AppTest):
    return next(button for button in at.button if button.label == "Create project")


def texts(elements) -> str:
    return "\n".join(str(element.value) for element in elements)


def test_an_empty_home_offers_upload_and_sample(page: AppTest) -> None:
    assert page.title[0].value == "Data"
    assert len(page.dataframe) == 0
    assert list(page.segmented_control[0].options) == ["Upload a file", "Path or data set", "Use the sample"]
    assert len(page.file_uploader) == 1
    assert all(button.label != "Create project" for button in page.button)


def test_projects_are_listed(small_project: SmallProject, app_home: Home) -> None:
    listed = opened().dataframe[0].value
    row = listed.iloc[0]
    assert len(listed) == 1
    assert (row["name"], row["file"]) == ("Small project", "small.csv")
    assert (row["examples"], row["classes"], row["runs"]) == (24, 3, 1)


def test_an_upload_is_shown_as_it_is_understood(page: AppTest) -> None:
    upload(page, "reviews.csv", REVIEWS)
    assert "CSV · UTF-8 · cells separated by commas · 4 rows · 4 columns" in texts(page.markdown)
    chosen = {box.label: box.value for box in page.selectbox}
    assert chosen["Text column"] == "comment"
    # No name says which is the label: of what is no text, id or split, the values that repeat decide.
    assert chosen["Label column"] == "mood"
    assert (chosen["Id column"], chosen["Split column"]) == ("key", "part")
    preview = page.dataframe[0].value
    assert list(preview.columns) == ["key", "comment", "mood", "part"]
    assert list(preview.index) == [1, 2, 3, 4]
    assert preview["comment"][1] == "It came late, broken"


def test_chosen_columns_decide_classes_and_splits(page: AppTest) -> None:
    upload(page, "reviews.csv", REVIEWS)
    select(page, "Label column").set_value("mood")
    select(page, "Id column").set_value("key")
    select(page, "Split column").set_value("part")
    page.run()
    counts = page.dataframe[1].value
    assert dict(zip(counts["label"], counts["examples"], strict=True)) == {"joy": 2, "anger": 1, "fear": 1}
    assert page.success[0].value == "4 examples, 3 classes: 3 for training, 1 for testing."
    assert "2 classes have one example only" in page.warning[0].value
    assert "Rows 1, 4." in page.warning[0].value


def test_creating_stores_selects_and_goes_to_train(page: AppTest) -> None:
    upload(page, "reviews.csv", REVIEWS)
    select(page, "Label column").set_value("mood")
    select(page, "Id column").set_value("key")
    select(page, "Split column").set_value("part")
    page.text_input[0].set_value("Spring reviews")
    copy = page.session_state["incoming_file"].path
    assert copy.read_bytes() == REVIEWS
    create_button(page).click()
    page.run()
    assert not page.exception
    (record,) = workspaces.projects()
    assert (record.name, record.source_name, record.columns) == ("Spring reviews", "reviews.csv", COLUMNS)
    assert page.title[0].value == "Train"
    assert page.session_state["project"] == record.dataset_id
    stored = datasets.dataset_examples(workspaces.workspace().store, record.dataset_id)
    assert list(stored["example_id"]) == ["a1", "a2", "a3", "a4"]
    assert list(stored["given_label"]) == ["anger", "joy", "joy", "fear"]
    said = [toast.value for toast in page.toast]
    if "notice" in page.session_state:
        said.append(page.session_state["notice"])
    assert said == ["Spring reviews: 4 examples, 3 classes"]
    assert not copy.exists()


def test_columns_of_several_people_are_proposed_and_stored(page: AppTest) -> None:
    upload(page, "people.csv", PEOPLE)
    (people,) = page.multiselect
    assert (people.label, people.options) == ("Several people's labels", ["ann_1", SCRIPT, "source"])
    assert people.value == ["ann_1", SCRIPT]
    assert texts(page.warning).splitlines() == [
        r"**Worth knowing.** Row 4 has a label by one of several people that the label column of people.csv does not "
        r"hold: 'sad'. Such labels become classes; if one is misspelt, mend the file first.",
        "**Worth knowing.** 4 rows have labels of several people in people.csv. 3 rows (first: 2, 4, 5) have labels "
        "that differ.",
    ]
    counts = page.dataframe[1].value
    assert dict(zip(counts["label"], counts["examples"], strict=True)) == {"joy": 2, "fear": 3, "sad": 0}
    assert page.success[0].value == (
        "5 examples, 3 classes: 5 for training. The file also has 9 labels of 2 annotators."
    )
    create_button(page).click()
    page.run()
    assert not page.exception
    (record,) = workspaces.projects()
    assert record.columns == ColumnChoice("text", "label", annotators=("ann_1", SCRIPT))
    store = workspaces.workspace().store
    assert datasets.dataset_classes(store, record.dataset_id) == ["fear", "joy", "sad"]
    assert list(file_annotations(store, record.dataset_id).itertuples(index=False, name=None)) == [
        (0, SCRIPT, "joy"), (0, "ann_1", "joy"), (1, SCRIPT, "joy"), (1, "ann_1", "fear"), (2, "ann_1", "joy"),
        (3, SCRIPT, "sad"), (3, "ann_1", "fear"), (4, SCRIPT, "fear"), (4, "ann_1", "joy"),
    ]  # fmt: skip
    assert importing.import_result(record) == "5 examples, 3 classes, labels of 2 annotators"


def test_peoples_columns_can_be_chosen_by_hand_or_left_out(page: AppTest) -> None:
    upload(page, "people.csv", PEOPLE)
    page.multiselect[0].set_value(["source"])
    page.run()
    assert page.error[0].value == (
        "**Blocks the import.** Column 'source' of people.csv does not look like one person's labels: it holds 'bbc', "
        "'cnn', and the label column holds 'fear', 'joy'. Leave it out of the several people's labels."
    )
    assert create_button(page).disabled
    page.multiselect[0].set_value([])
    page.run()
    assert not page.error
    assert page.success[0].value == "5 examples, 2 classes: 5 for training."
    create_button(page).click()
    page.run()
    (record,) = workspaces.projects()
    assert record.columns == ColumnChoice("text", "label")
    assert len(file_annotations(workspaces.workspace().store, record.dataset_id)) == 0


def test_another_role_takes_a_column_from_the_people(page: AppTest) -> None:
    upload(page, "people.csv", PEOPLE)
    select(page, "Split column").set_value(SCRIPT)
    page.run()
    assert not page.exception
    assert page.multiselect[0].options == ["ann_1", "source"]
    assert page.multiselect[0].value == ["ann_1"]
    select(page, "Label column").set_value("ann_1")
    page.run()
    assert not page.exception
    assert page.multiselect[0].options == ["label", "source"]
    assert page.multiselect[0].value == []


def test_without_a_further_column_nobody_is_asked_for_people(page: AppTest) -> None:
    upload(page, "two.csv", b"text,label\none,joy\ntwo,fear\n")
    assert not page.multiselect
    upload(page, "three.csv", b"text,label,source\none,joy,bbc\ntwo,fear,cnn\n")
    assert page.multiselect[0].value == []


def test_a_file_of_people_alone_is_told_to_add_a_label(page: AppTest) -> None:
    upload(page, "people.csv", b"text,rater_1,rater_2\na,x,x\nb,y,x\nc,x,y\nd,y,y\n")
    assert plain("has labels of several people ('rater_1', 'rater_2') and no column") in page.info[0].value
    assert select(page, "Label column").value is None
    select(page, "Text column").set_value("text")
    select(page, "Label column").set_value("rater_1")
    page.run()
    assert page.multiselect[0].options == ["rater_2"]
    page.multiselect[0].set_value(["rater_2"])
    page.run()
    assert page.success[0].value == (
        "4 examples, 2 classes: 4 for training. The file also has 4 labels of 1 annotator."
    )


def test_a_path_is_named_by_those_who_lead(app_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANE_LEADS", "Lea")
    assert list(opened().segmented_control[0].options) == ["Upload a file", "Use the sample"]


def test_another_upload_replaces_the_copy_of_the_first(page: AppTest) -> None:
    upload(page, "reviews.csv", REVIEWS)
    first = page.session_state["incoming_file"].path
    upload(page, "again.csv", REVIEWS)
    second = page.session_state["incoming_file"].path
    assert (first.exists(), second.exists()) == (False, True)
    page.segmented_control[0].set_value("Use the sample")
    page.run()
    assert not second.exists()
    assert importing.SAMPLE.exists()


def test_the_sample_needs_no_upload(page: AppTest) -> None:
    page.segmented_control[0].set_value("Use the sample")
    page.run()
    assert not page.exception
    assert page.success[0].value.startswith("1,632 examples, 8 classes: ")
    assert len(page.dataframe[0].value) == 50
    create_button(page).click()
    page.run()
    (record,) = workspaces.projects()
    assert (record.name, record.num_examples) == (DEMO_NAME, 1632)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("reviews.xlsx", b"PK\x03\x04rest", "reviews.xlsx"),
        ("reviews.csv", b"PK\x03\x04rest", "reviews.csv"),
        ("reviews.csv", b"text,label\nhello,joy\nfine\n", "Row 2 of reviews.csv (line 3) has 1 cell"),
        ("reviews.csv", b"", "reviews.csv is empty"),
        ("reviews.jsonl", b"{'text': 1}\n", "Row 1 of reviews.jsonl (line 1) is not JSON"),
        ("..", b"text,label\n", "upload has a header"),
    ],
)
def test_a_bad_file_is_refused_in_words(page: AppTest, name: str, data: bytes, message: str) -> None:
    upload(page, name, data)
    assert plain(message) in page.error[0].value
    assert all(button.label != "Create project" for button in page.button)
    assert workspaces.projects() == []


def test_unlabelled_rows_block_until_they_are_left_out(page: AppTest) -> None:
    upload(page, "gaps.csv", b"text,label\none,joy\ntwo,\nthree,fear\nfour,joy\nfive, \nsix,fear\n")
    assert page.error[0].value.startswith("**Blocks the import.** 2 rows (first: 2, 5) have no label")
    assert create_button(page).disabled
    assert "1 problem blocks the import" in texts(page.caption)
    assert not page.success
    (toggle,) = page.toggle
    assert toggle.label == "Leave out"
    toggle.set_value(True)
    page.run()
    assert not page.error
    assert page.info[0].value.startswith("**Left out.** 2 rows (first: 2, 5) have no label")
    assert page.success[0].value == (
        "4 of 6 examples, 2 classes: 4 for training. 2 rows are left out; exported files keep them."
    )
    create_button(page).click()
    page.run()
    (record,) = workspaces.projects()
    assert (record.num_examples, record.num_rows) == (4, 6)


def test_the_encoding_that_was_found_can_be_overridden(page: AppTest) -> None:
    data = "text,label\ncafé,joy\nthé,fear\nau lait,joy\nnon,fear\n".encode("cp1252")
    upload(page, "menu.csv", data)
    select(page, "Encoding").set_value("utf-8")
    page.run()
    assert "2 rows (first: 1, 2) hold bytes of menu.csv that cannot be read" in page.warning[0].value
    assert page.dataframe[0].value["text"][1] == "caf\ufffd"
    select(page, "Encoding").set_value("cp1252")
    page.run()
    assert not page.exception
    assert not page.warning
    assert page.dataframe[0].value["text"][1] == "café"
    create_button(page).click()
    page.run()
    (record,) = workspaces.projects()
    stored = datasets.dataset_examples(workspaces.workspace().store, record.dataset_id)
    assert list(stored["text"]) == ["café", "thé", "au lait", "non"]


def test_fixes_are_ticked_beside_what_they_mend_and_stored(page: AppTest) -> None:
    upload(
        page,
        "messy.csv",
        b"text,label\none,joy\none,joy\ntwo,Joy\nthree,fear\n,fear\nfour,joy|fear\nfive,sad\nsix,fear\n",
    )
    labels = [toggle.label for toggle in page.toggle]
    assert labels == ["Leave out", "Read as one", "Leave out", "Keep first"]
    for toggle in page.toggle:
        toggle.set_value(True)
    select(page, "Small classes").set_value(2)
    page.run()
    assert not page.exception
    assert [toggle.label for toggle in page.toggle] == labels
    assert not page.warning
    assert [element.value.split(".")[0] for element in page.info] == [
        "**Left out", "**Read as one", "**Left out", "**Left out", "**Left out",
    ]  # fmt: skip
    assert page.success[0].value == (
        "4 of 8 examples, 2 classes: 4 for training. 4 rows are left out; exported files keep them."
    )
    create_button(page).click()
    page.run()
    assert not page.exception
    (record,) = workspaces.projects()
    assert (record.num_examples, record.num_rows) == (4, 8)
    assert workspaces.workspace().fixes(record.dataset_id) == Fixes(
        drop_multi_label=True, join_spellings=True, drop_empty=True, drop_duplicates=True, min_class_size=2
    )
    stored = datasets.dataset_examples(workspaces.workspace().store, record.dataset_id)
    assert stored["given_label"].tolist() == ["joy", "joy", "fear", "fear"]


def test_a_file_of_this_machine_is_read_in_place(page: AppTest, tmp_path: Path) -> None:
    path = tmp_path / "here.csv"
    path.write_bytes(REVIEWS)
    page.segmented_control[0].set_value("Path or data set")
    page.run()
    box = next(box for box in page.text_input if "hf:owner/name" in box.placeholder)
    box.set_value(f"  {path}  ").run()
    assert not page.exception
    assert "**here.csv** · CSV" in texts(page.markdown)
    assert page.session_state["incoming_file"].path == path
    create_button(page).click()
    page.run()
    (record,) = workspaces.projects()
    assert record.source_name == "here.csv"
    assert path.read_bytes() == REVIEWS


def test_a_file_that_was_changed_meanwhile_is_not_stored(page: AppTest, tmp_path: Path) -> None:
    path = tmp_path / "here.csv"
    path.write_bytes(REVIEWS)
    page.segmented_control[0].set_value("Path or data set")
    page.run()
    next(box for box in page.text_input if "hf:owner/name" in box.placeholder).set_value(str(path)).run()
    path.write_bytes(REVIEWS + b"a5,More,joy,train\n")
    create_button(page).click()
    page.run()
    assert "here.csv was changed after it was read" in page.error[0].value
    assert workspaces.projects() == []


def test_a_place_where_nothing_is_says_so(page: AppTest, tmp_path: Path) -> None:
    page.segmented_control[0].set_value("Path or data set")
    page.run()
    box = next(box for box in page.text_input if "hf:owner/name" in box.placeholder)
    box.set_value(str(tmp_path / "no.csv")).run()
    assert not page.exception
    assert "There is no file or folder" in page.error[0].value
    assert all(button.label != "Create project" for button in page.button)


def test_numbers_are_given_names(page: AppTest) -> None:
    upload(page, "numbers.csv", b"text,label\none,0\ntwo,1\nthree,0\nfour,1\nfive,2\n")
    (box,) = page.text_area
    box.set_value("joy\nfear").run()
    assert "no class number" in page.error[0].value
    page.text_area[0].set_value("joy\nfear\n\nfear").run()
    assert "the same name" in page.error[0].value
    page.text_area[0].set_value('["joy", "fear", "sad"]').run()
    assert not page.error
    counts = page.dataframe[1].value
    assert dict(zip(counts["label"], counts["examples"], strict=True)) == {"joy": 2, "fear": 2, "sad": 1}
    create_button(page).click()
    page.run()
    (record,) = workspaces.projects()
    assert record.columns.class_names == ("joy", "fear", "sad")


def test_a_file_of_an_archive_is_chosen(page: AppTest) -> None:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a.csv", "text,label\none,joy\ntwo,fear\n")
        archive.writestr("b.csv", "text,label\nthree,sad\nfour,calm\nfive,calm\n")
    upload(page, "both.zip", data.getvalue())
    chosen = select(page, "File in the archive")
    assert "b.csv" in chosen.options
    chosen.set_value("b.csv").run()
    assert not page.exception
    assert "3 rows" in texts(page.markdown)
    create_button(page).click()
    page.run()
    (record,) = workspaces.projects()
    assert workspaces.workspace().source_table(record.dataset_id).num_rows == 3


def test_a_file_without_names_of_columns(page: AppTest) -> None:
    upload(page, "bare.csv", b"one,joy\ntwo,fear\nthree,joy\nfour,fear\n")
    select(page, "First row names the columns").set_value(False)
    page.run()
    assert not page.exception
    assert "4 rows" in texts(page.markdown)


def test_a_large_file_is_read_with_a_bar_and_can_be_cancelled(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_LARGE_BYTES", 10)
    upload(page, "reviews.csv", REVIEWS)
    assert page.success or page.warning
    key = page.session_state["incoming_file"].key
    page.session_state["import_cancelled"] = key
    page.run()
    assert "was cancelled; nothing is stored" in texts(page.info)
    next(button for button in page.button if button.label == "Read it after all").click()
    page.run()
    assert create_button(page)


def test_what_is_cancelled_while_it_is_stored_leaves_nothing(app_home: Home, tmp_path: Path) -> None:
    class Cancelled(BaseException):
        pass

    path = tmp_path / "reviews.csv"
    path.write_bytes(REVIEWS)
    said = []

    def on_progress(phase: str, done: int, total: int) -> None:
        said.append((phase, done, total))
        if (phase, done) == ("storing", 2):
            raise Cancelled

    opened = workspaces.workspace()
    with pytest.raises(Cancelled):
        opened.add_dataset(path, COLUMNS, "Reviews", on_progress=on_progress)
    assert [said[0], said[1], said[-1]] == [("reading", 0, 1), ("checking", 0, 5), ("storing", 2, 3)]
    assert workspaces.projects() == []
    assert list(opened.home.datasets.iterdir()) == []


def test_what_was_checked_is_not_checked_again_to_be_stored(
    app_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reviews.csv"
    path.write_bytes(REVIEWS)
    incoming = importing.IncomingFile("key", path)
    reading = incoming.read(ReadOptions())
    assert incoming.seen(reading, COLUMNS) is None
    incoming.check(reading, COLUMNS, Fixes())
    # Another reading may have other columns and other rows.
    assert incoming.seen(replace(reading), COLUMNS) is None
    monkeypatch.setattr("lane_core.workspace.look", None)
    record = importing.create_project(incoming, reading, COLUMNS, Fixes(), "Reviews")
    assert record.num_examples == 4


def test_another_delimiter_gives_other_columns_and_guesses(page: AppTest) -> None:
    upload(page, "odd.csv", b"text;label,x\nhello;joy,1\nbye;fear,2\nagain;joy,1\noh;fear,2\n")
    assert list(page.dataframe[0].value.columns) == ["text;label", "x"]
    select(page, "Delimiter").set_value(";")
    page.run()
    assert not page.exception
    assert "cells separated by semicolons" in texts(page.markdown)
    assert select(page, "Text column").value == "text"
    assert select(page, "Label column").value == "label,x"


def test_json_lines_have_no_delimiter_to_choose(page: AppTest) -> None:
    upload(page, "two.jsonl", b'{"text": "a b", "label": 1}\n{"text": "c d", "label": 2}\n')
    assert "JSON Lines · UTF-8 · 2 rows · 2 columns" in texts(page.markdown)
    labels = [box.label for box in page.selectbox]
    assert "Encoding" in labels
    assert "Delimiter" not in labels


def test_the_format_that_was_found_can_be_overridden(page: AppTest) -> None:
    upload(page, "reviews.xyz", REVIEWS)
    assert "reviews.xyz ends in" in page.error[0].value
    assert select(page, "Format").options == [
        "As found", "CSV", "JSON Lines", "JSON", "Parquet", "Arrow", "Excel",
    ]  # fmt: skip
    select(page, "Format").set_value("json").run()
    assert "is not a JSON document" in page.error[0].value
    assert "Delimiter" not in [box.label for box in page.selectbox]
    select(page, "Format").set_value("csv").run()
    assert not page.error
    assert "CSV · UTF-8 · cells separated by commas · 4 rows · 4 columns" in texts(page.markdown)
    create_button(page).click().run()
    (record,) = workspaces.projects()
    assert (record.source_name, record.num_examples) == ("reviews.xyz", 4)


def test_one_column_for_two_things_blocks(page: AppTest) -> None:
    upload(page, "reviews.csv", REVIEWS)
    select(page, "Label column").set_value("comment")
    page.run()
    assert page.error[0].value.startswith(
        "**Blocks the import.** Column 'comment' of reviews.csv is chosen for two"
    )
    assert create_button(page).disabled


def test_a_column_of_ids_is_no_label_column(page: AppTest) -> None:
    rows = "".join(f"{n},text {n},{'ab'[n % 2]}\n" for n in range(1001))
    upload(page, "many.csv", b"number,text,label\n" + rows.encode())
    assert page.success[0].value.startswith("1,001 examples, 2 classes")
    select(page, "Id column").set_value("")
    select(page, "Label column").set_value("number")
    page.run()
    assert not page.exception
    assert "label column of many.csv holds 1,001 different labels" in page.error[0].value
    assert create_button(page).disabled


def test_a_split_without_training_rows_blocks(page: AppTest) -> None:
    upload(page, "all.csv", b"text,label,split\none,joy,test\ntwo,fear,test\n")
    select(page, "Split column").set_value("split")
    page.run()
    assert "leaves no labelled row for training" in page.error[0].value
    assert create_button(page).disabled


def test_without_a_guess_the_person_chooses(page: AppTest) -> None:
    upload(page, "plain.csv", b"a,b\n1,2\n3,4\n")
    assert "No column of plain.csv looks like the text" in page.info[0].value
    assert (select(page, "Text column").value, select(page, "Label column").value) == (None, None)
    assert all(button.label != "Create project" for button in page.button)
    select(page, "Text column").set_value("a")
    select(page, "Label column").set_value("b")
    page.run()
    assert not page.exception
    assert page.success[0].value == "2 examples, 2 classes: 2 for training."


def test_a_project_needs_a_name(page: AppTest) -> None:
    upload(page, "reviews.csv", REVIEWS)
    assert page.text_input[0].value == "reviews"
    page.text_input[0].set_value("  ")
    page.run()
    assert create_button(page).disabled
    assert "The project needs a name." in texts(page.caption)


def test_a_file_that_is_there_already_is_named(small_project: SmallProject, app_home: Home) -> None:
    at = opened()
    upload(at, "copy.csv", small_project.source.read_bytes())
    assert "This very file is in Small project already." in texts(at.caption)
    assert not create_button(at).disabled


def test_rows_set_aside_for_validation_are_announced(tmp_path: Path) -> None:
    source = tmp_path / "many.csv"
    source.write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(40)))
    incoming = IncomingFile("key", source)
    reading = incoming.read(ReadOptions())
    findings = incoming.check(reading, ColumnChoice("text", "label"), Fixes())
    assert findings.result.startswith(
        "40 examples, 2 classes: 36 for training, 4 for validation. The file has no"
    )


def test_a_file_is_read_and_checked_once_a_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "reviews.csv"
    source.write_bytes(REVIEWS)
    calls = []
    read, look = importing.read_table, importing.look
    monkeypatch.setattr(importing, "read_table", lambda *args: calls.append("read") or read(*args))
    monkeypatch.setattr(importing, "look", lambda *args: calls.append("check") or look(*args))
    incoming = IncomingFile("key", source)
    for _ in range(3):
        reading = incoming.read(ReadOptions())
        incoming.check(reading, COLUMNS, Fixes())
    assert calls == ["read", "check"]
    reading = incoming.read(ReadOptions(delimiter=","))
    incoming.check(reading, COLUMNS, Fixes())
    assert calls == ["read", "check"] * 2


def test_the_copy_of_an_upload_goes_with_it() -> None:
    incoming = IncomingFile.uploaded("key", "../../etc/reviews.csv", BytesIO(REVIEWS))
    path = incoming.path
    assert path.name == "reviews.csv"
    assert path.read_bytes() == REVIEWS
    del incoming
    gc.collect()
    assert not path.parent.exists()
