"""New files of every format: what is written reads back, with the readers of others."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import read_table, write_rows
from lane_core.data.writing.delimited_rows import write_delimited
from lane_core.data.writing.formulas import defused, defused_array, would_run
from lane_core.data.writing.workbook_rows import MAX_ROWS
from lane_core.data.writing.writers import corrected_frame
from lane_core.errors import DataError

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('",;\t\r\n=+-@\ud83d'), max_size=12
)
CELLS = TEXTS | st.none()


@settings(max_examples=60)
@given(
    st.lists(st.tuples(CELLS, CELLS, TEXTS), min_size=1, max_size=6), st.lists(TEXTS, min_size=3, max_size=3)
)
def test_any_text_reads_back_from_delimited_text(rows: list, names: list) -> None:
    for delimiter in (",", "\t"):
        stream = io.BytesIO()
        frame = pd.DataFrame(rows, dtype=object)
        frame.columns = pd.Index(names)
        write_delimited(frame, stream, delimiter)
        expected = [
            ["" if cell is None else cell.replace("\ud83d", "\ufffd") for cell in row]
            for row in [names, *rows]
        ]
        reader = csv.reader(io.StringIO(stream.getvalue().decode(), newline=""), delimiter=delimiter)
        assert list(reader) == expected


@settings(max_examples=60)
@given(st.lists(st.floats(width=64), min_size=1), st.lists(st.floats(width=32), min_size=1))
def test_floats_have_the_digits_that_python_gives_them(doubles: list[float], singles: list[float]) -> None:
    def written(values: np.ndarray) -> list[str]:
        stream = io.BytesIO()
        write_delimited(pd.DataFrame({"x": values, "y": 1}), stream, ",")
        return [line.split(",")[0] for line in stream.getvalue().decode().splitlines()[1:]]

    assert written(np.array(doubles)) == ["" if value != value else repr(value) for value in doubles]
    shorts = np.array(singles, dtype=np.float32)
    assert written(shorts) == ["" if value != value else repr(float(str(value))) for value in shorts]


def test_a_row_of_one_empty_cell_is_no_blank_line() -> None:
    stream = io.BytesIO()
    write_delimited(pd.DataFrame({"a": ["", "x"]}), stream, ",")
    assert stream.getvalue() == b'a\n""\nx\n'
    assert list(csv.reader(io.StringIO(stream.getvalue().decode()))) == [["a"], [""], ["x"]]


def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lane_core.data.writing.delimited_rows._BLOCK_ROWS", 2)
    stream = io.BytesIO()
    write_delimited(pd.DataFrame({"a": range(5), "b": list("vwxyz")}), stream, ",")
    assert stream.getvalue() == b"a,b\n0,v\n1,w\n2,x\n3,y\n4,z\n"


FORMULAS = ["=1+1", "+a", "-a", "@x", "\t=1", "\r=1", "\n=1", "＝1", "-", "-1+2"]
HARMLESS = ["", "a=1", "-1.5", "+3", "-1,234.5", "-.5e-3", "+12%", "'=1", " =1", "1-2"]


def test_what_a_spreadsheet_would_run_gets_an_apostrophe_and_numbers_stay() -> None:
    assert [defused(cell) for cell in FORMULAS] == [f"'{cell}" for cell in FORMULAS]
    assert [defused(cell) for cell in HARMLESS] == HARMLESS
    array = pa.array(FORMULAS + HARMLESS, pa.large_string())
    assert defused_array(array).to_pylist() == [defused(cell) for cell in FORMULAS + HARMLESS]
    assert not would_run(-1.5)


@given(st.lists(TEXTS.map(lambda text: text.replace("\ud83d", "")), min_size=1))
def test_one_cell_and_many_are_defused_alike(cells: list[str]) -> None:
    assert defused_array(pa.array(cells, pa.large_string())).to_pylist() == [defused(cell) for cell in cells]


def test_defused_files_leave_numbers_alone(tmp_path) -> None:
    frame = pd.DataFrame({"=id": ["=1", "-1.5"], "score": [-0.5, -2.0]})
    for name in ("csv", "tsv"):
        write_rows(frame, tmp_path / f"a.{name}", name, defuse=True)
        content = (tmp_path / f"a.{name}").read_text().replace("\t", ",")
        assert content == "'=id,score\n'=1,-0.5\n-1.5,-2.0\n"
    write_rows(frame, tmp_path / "a.jsonl", "jsonl", defuse=True)
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0]) == {"=id": "=1", "score": -0.5}


FRAME = pd.DataFrame(
    {
        "id": ["007", "008"],
        "text": pd.Series(["a\r\nb\x01", "=1+1"], dtype=object),
        "flag": pd.array([True, None], dtype="boolean"),
        "rank": pd.array([1, None], dtype="Int64"),
        "score": np.array([0.3, np.nan], dtype=np.float32),
        "at": [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None],
        "day": pd.Series([date(2026, 1, 2), None], dtype=object),
        "big": pd.Series([2**60, 5], dtype=object),
        "extra": pd.Series([{"é": [1]}, None], dtype=object),
    }
)


def test_rows_as_a_workbook(tmp_path) -> None:
    write_rows(FRAME, tmp_path / "a.xlsx", "excel")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    rows = list(sheet.values)
    assert rows[0] == tuple(FRAME.columns)
    assert rows[1] == (
        "007", "a\nb\ufffd", True, 1, 0.3, "2026-01-02T03:04:05+00:00", datetime(2026, 1, 2), str(2**60),
        '{"é": [1]}',
    )  # fmt: skip
    assert rows[2] == ("008", "=1+1", None, None, None, None, None, 5, None)
    assert sheet["B3"].data_type == "s", "text is no formula"
    write_rows(FRAME, tmp_path / "b.xlsx", "excel", defuse=True)
    assert openpyxl.load_workbook(tmp_path / "b.xlsx").active["B3"].value == "'=1+1"


def test_what_a_workbook_cannot_hold_is_said(tmp_path) -> None:
    with pytest.raises(
        DataError, match="Row 2, column 'text' has 32,768 characters; a cell of Excel holds 32,767"
    ):
        write_rows(pd.DataFrame({"text": ["a", "b" * 32_768]}), tmp_path / "a.xlsx", "excel")
    with pytest.raises(DataError, match=r"1,048,576 rows and 1 column\. Choose CSV or Parquet"):
        write_rows(pd.DataFrame({"n": np.zeros(MAX_ROWS, dtype=np.int8)}), tmp_path / "a.xlsx", "excel")
    assert list(tmp_path.iterdir()) == []


def test_rows_as_json_and_arrow(tmp_path) -> None:
    frame = FRAME[["id", "flag", "rank", "score", "extra"]]
    write_rows(frame, tmp_path / "a.json", "json")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == [
        {"id": "007", "flag": True, "rank": 1, "score": 0.3, "extra": {"é": [1]}},
        {"id": "008", "flag": None, "rank": None, "score": None, "extra": None},
    ]
    write_rows(frame.head(0), tmp_path / "b.json", "json")
    assert json.loads((tmp_path / "b.json").read_text()) == []
    write_rows(frame.drop(columns="extra"), tmp_path / "a.arrow", "arrow")
    table = pa.ipc.open_file(tmp_path / "a.arrow").read_all()
    assert table.column("rank").to_pylist() == [1, None]
    assert table.schema.field("score").type == pa.float32()


def test_the_corrected_rows_keep_their_types_in_another_format(tmp_path) -> None:
    source = pa.table(
        {
            "n": pa.array([1, None, 3], pa.int8()),
            "text": ["a", "b", "c"],
            "label": pa.array([0, 1, 0], pa.int16()),
        }
    )
    pq.write_table(source, tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    frame = corrected_frame(table, "label", {1: "1"}, {3})
    write_rows(frame, tmp_path / "a.arrow", "arrow")
    again = pa.ipc.open_file(tmp_path / "a.arrow").read_all()
    assert again.schema.types[0] == pa.int8()
    assert again.schema.field("label").type == pa.int16()
    assert again.select(["n", "label"]).to_pylist() == [{"n": 1, "label": 1}, {"n": None, "label": 1}]
    named = corrected_frame(table, "label", {1: "joy", 2: "grief"}, set(), ("fear", "joy"))
    assert named["label"].tolist() == [1, 2, 0]
    words = corrected_frame(table, "label", {1: "joy"}, set())
    assert words["label"].tolist() == ["joy", "1", "0"]


def test_cells_of_delimited_text_stay_text_in_another_format(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("id,text,label\n007,a,joy\n008,NA,fear\n")
    frame = corrected_frame(read_table(tmp_path / "a.csv"), "label", {2: "joy"}, set())
    write_rows(frame, tmp_path / "a.parquet", "parquet")
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == [
        {"id": "007", "text": "a", "label": "joy"},
        {"id": "008", "text": "NA", "label": "joy"},
    ]
