"""Numbers as labels with a list of class names: read, checked, stored, and written back as numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lane_core.data import check, examples_of, guess_columns, read_table, write_corrected
from lane_core.data.checking.fixes import Fixes
from lane_core.data.class_names import named_class, number_cells, parse_class_names
from lane_core.errors import DataError
from lane_core.records import ColumnChoice
from lane_core.store.datasets import _columns
from lane_core.workspace import Workspace

NAMES = ("joy", "anger", "fear")
COLUMNS = ColumnChoice("text", "label", class_names=NAMES)


def csv_of(path: Path, *labels: str) -> Path:
    path.write_text("text,label\n" + "".join(f"text {n},{label}\n" for n, label in enumerate(labels)))
    return path


def test_numbers_are_read_as_names_in_the_order_of_the_list(tmp_path: Path) -> None:
    table = read_table(csv_of(tmp_path / "a.csv", "2", "0.0", "2.0", "0"))
    found = examples_of(table, COLUMNS)
    assert found.frame["given_label"].tolist() == ["fear", "joy", "fear", "joy"]
    assert found.classes == ("joy", "fear")  # not by name, and none that no row has


def test_minus_one_is_no_label(tmp_path: Path) -> None:
    table = read_table(csv_of(tmp_path / "a.csv", "0", "-1", "1", ""))
    missing = next(problem for problem in check(table, COLUMNS) if problem.kind == "missing_label")
    assert (missing.rows, missing.blocking) == ((2, 4), True)
    found = examples_of(table, COLUMNS, Fixes(drop_unlabelled=True))
    assert found.frame["row"].tolist() == [1, 3]
    assert found.frame["given_label"].tolist() == ["joy", "anger"]


def test_a_number_outside_the_list_stops_the_import(tmp_path: Path) -> None:
    table = read_table(csv_of(tmp_path / "a.csv", "0", "3", "1", "joy", "-2"))
    problem = next(problem for problem in check(table, COLUMNS) if problem.kind == "unknown_number")
    assert problem.blocking
    assert (problem.count, problem.rows) == (3, (2, 4, 5))
    assert "'3', 'joy', '-2'" in problem.message
    assert "0 to 2" in problem.message
    with pytest.raises(DataError, match="3 rows"):
        examples_of(table, COLUMNS)


def test_several_people_write_numbers_too(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("text,label,rater_a,rater_b\na,0,0,1\nb,1,1.0,\nc,2,-1,2\nd,2,2,2\n")
    columns = ColumnChoice("text", "label", annotators=("rater_a", "rater_b"), class_names=NAMES)
    found = examples_of(read_table(path), columns).annotations
    assert found[["index", "annotator", "label"]].values.tolist() == [
        [0, "rater_a", "joy"],
        [0, "rater_b", "anger"],
        [1, "rater_a", "anger"],
        [2, "rater_b", "fear"],
        [3, "rater_a", "fear"],
        [3, "rater_b", "fear"],
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [(["0", "1"], ["2", "1"]), (["0.0", "1.0"], ["2.0", "1.0"]), (["1", "1.0"], ["2", "1.0"])],
)
def test_a_csv_gets_the_number_as_it_writes_numbers(
    tmp_path: Path, before: list[str], after: list[str]
) -> None:
    path = csv_of(tmp_path / "a.csv", *before)
    write_corrected(read_table(path), "label", {1: "fear"}, set(), tmp_path / "out.csv", NAMES)
    assert (tmp_path / "out.csv").read_bytes() == csv_of(tmp_path / "b.csv", *after).read_bytes()


def test_json_lines_and_parquet_get_an_int(tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"text": "a", "label": 0}\n{"text": "b", "label": 1}\n')
    write_corrected(read_table(lines), "label", {2: "fear"}, set(), tmp_path / "out.jsonl", NAMES)
    assert (tmp_path / "out.jsonl").read_text() == '{"text": "a", "label": 0}\n{"text": "b", "label": 2}\n'

    table = pa.table({"text": ["a", "b"], "label": pa.array([0, 1], pa.int8())})
    pq.write_table(table, tmp_path / "a.parquet")
    found = read_table(tmp_path / "a.parquet")
    write_corrected(found, "label", {1: "fear"}, set(), tmp_path / "out.parquet", NAMES)
    written = pq.read_table(tmp_path / "out.parquet")
    assert written.schema == table.schema
    assert written["label"].to_pylist() == [2, 1]


def test_a_class_beyond_the_list_gets_the_next_number() -> None:
    assert number_cells(["grief", "fear", "awe"], NAMES, ["0", "1"], is_in_file=False) == {
        "grief": "3",
        "fear": "2",
        "awe": "4",
    }
    assert number_cells(["grief", "fear"], NAMES, [0.0], is_in_file=True) == {"grief": "grief", "fear": 2.0}


def test_labels_that_are_names_stay_names() -> None:
    assert named_class("joy", NAMES) == "joy"
    assert named_class("9999999999999", NAMES) == "9999999999999"


@pytest.mark.parametrize(
    "text",
    [
        "joy\nanger\nfear\n",
        "- joy\n- anger\n\n- fear",
        "joy, anger, fear",
        "2: fear\n0: joy\n1: 'anger'",
        '["joy", "anger", "fear"]',
        '{"0": "joy", "2": "fear", "1": "anger"}',
        '{"features": {"text": {"dtype": "string"}, "label": {"names": ["joy", "anger", "fear"], "_type": "x"}}}',
        '{"model": "bert", "id2label": {"0": "joy", "1": "anger", "2": "fear"}}',
        "names:\n0: joy\n1: anger\n2: fear".removeprefix("names:\n"),
    ],
)
def test_lists_as_people_have_them(text: str) -> None:
    assert parse_class_names(text) == NAMES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no class name"),
        ("joy\njoy", "same name"),
        ('["joy", " "]', "no name"),
        ("0: joy\n2: fear", "no name for 1"),
        ('{"a": 1}', "holds no class names"),
        ("[1, 2", "is none"),
        ("[" * 100_000, "is none"),
    ],
)
def test_lists_that_cannot_be_understood(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_class_names(text)


def test_the_list_is_stored_with_the_data_set(workspace: Workspace, tmp_path: Path) -> None:
    path = csv_of(tmp_path / "a.csv", "0", "1", "2", "1", "0", "2", "1", "0")
    record = workspace.add_dataset(path, COLUMNS, "numbers")
    found = workspace.find_dataset("numbers")
    assert found is not None
    assert found.columns == COLUMNS == record.columns


def test_a_data_set_of_an_earlier_version_has_no_list() -> None:
    stored = {"text": "t", "label": "l", "example_id": None, "split": None}
    assert _columns(json.dumps(stored)) == ColumnChoice("t", "l")


def test_the_names_a_format_holds_are_guessed(tmp_path: Path) -> None:
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "mood": {"names": list(NAMES), "_type": "ClassLabel"},
    }
    table = pa.table({"category": ["a", "b"], "text": ["x", "y"], "mood": [0, 2]})
    held = json.dumps({"info": {"features": features}}).encode()
    pq.write_table(table.replace_schema_metadata({b"huggingface": held}), tmp_path / "a.parquet")
    assert guess_columns(read_table(tmp_path / "a.parquet")) == ColumnChoice(
        "text", "mood", class_names=NAMES
    )
    named = guess_columns(read_table(tmp_path / "a.parquet"), label="category")
    assert (named.label, named.class_names) == ("category", ())
