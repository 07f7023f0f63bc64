"""Writers: the corrected file in its own shape, new tables, fingerprints."""

import codecs
import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lane_core.data import (
    ReadOptions,
    Table,
    file_sha256,
    read_table,
    write_corrected,
    write_manifest,
    write_rows,
)
from lane_core.errors import DataError


@pytest.fixture
def corrected(tmp_path):
    def correct(content, name, labels, excluded=(), column="label", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        target = tmp_path / "out" / name
        write_corrected(read_table(path, ReadOptions(**options)), column, labels, set(excluded), target)
        return target.read_bytes()

    return correct


def test_only_the_label_cell_of_a_changed_row_differs(corrected):
    # No standard writer makes this file: mixed quotes and line endings, blank lines, a quote inside a bare cell.
    content = 'id,text,label\r\n"1",\'it\'s "odd"\',"joy"\n\n2,"a ""b"", c",joy\r\n3,"NA",NA\r\n\n4,d,fear'
    assert corrected(content, "a.csv", {1: "fear", 2: "a,b"}).decode() == (
        'id,text,label\r\n"1",\'it\'s "odd"\',"fear"\n\n2,"a ""b"", c","a,b"\r\n3,"NA",NA\r\n\n4,d,fear'
    )


def test_excluded_rows_go_and_the_others_stay(corrected):
    content = "id,text,label\n1,a,joy\n2,b,joy\n3,c,fear\n"
    assert corrected(content, "a.csv", {1: "fear", 2: "fear"}, {2}) == b"id,text,label\n1,a,fear\n3,c,fear\n"
    assert corrected(content, "a.csv", {}, {1, 2, 3}) == b"id,text,label\n"


@pytest.mark.parametrize(
    ("mark", "codec"), [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (b"", "cp1252")]
)
def test_the_encoding_stays(corrected, mark, codec):
    content = mark + "text;label\nçà;joie\nb;été\n".encode(codec)
    expected = mark + "text;label\nçà;été\nb;été\n".encode(codec)
    assert corrected(content, "a.csv", {1: "été"}, encoding=codec) == expected


def test_unreadable_bytes_survive_in_rows_and_as_labels(corrected):
    content = b"text,label\nx \xff\xfe,joy\ny,jo\xe9\nz,joy\n"
    assert corrected(content, "a.csv", {1: "jo\ufffd", 2: "jo\ufffd"}) == (
        b"text,label\nx \xff\xfe,jo\xe9\ny,jo\xe9\nz,joy\n"
    )


def test_a_label_that_the_encoding_cannot_hold_is_refused(corrected, tmp_path):
    with pytest.raises(DataError, match="label '喜' cannot be written in cp1252"):
        corrected("text,label\na,joy\nb,fear\n", "a.csv", {1: "喜"}, encoding="cp1252")
    assert list((tmp_path / "out").iterdir()) == [], "nothing half written is left"


def test_files_without_quotes_stay_without(corrected):
    content = 'text\tlabel\n"open\tjoy\nsay "b"\tfear\n'
    assert corrected(content, "a.tsv", {1: "fear"}).decode() == 'text\tlabel\n"open\tfear\nsay "b"\tfear\n'
    with pytest.raises(DataError, match="holds a delimiter or line break"):
        corrected(content, "a.tsv", {1: "a\tb"})


def test_json_lines_keep_null_missing_keys_spelling_and_types(corrected):
    lines = [
        '{"text": "caf\\u00e9", "label": 1, "x": 1.0}',
        '{ "label":null , "text" : "b" }',
        '{"text":"c"}',
        "{}",
        '{"label": 2, "text": {"label": 7}, "label": 3}',
        '{"text": "\\ud83d", "big": 123456789012345678901, "n": 1e5, "label": 3}',
    ]
    content = "\n".join(lines) + "\n"
    assert corrected(content, "a.jsonl", {}) == content.encode()
    changed = corrected(content, "a.jsonl", dict.fromkeys(range(1, 6), "3") | {6: "12"}).decode().splitlines()
    assert changed == [
        '{"text": "caf\\u00e9", "label": 3, "x": 1.0}',
        '{ "label":3 , "text" : "b" }',
        '{"text":"c", "label": 3}',
        '{"label": 3}',
        '{"label": 2, "text": {"label": 7}, "label": 3}',
        '{"text": "\\ud83d", "big": 123456789012345678901, "n": 1e5, "label": 12}',
    ]


def test_json_lines_stay_ascii_or_not(corrected):
    plain = '{"text": "a", "label": "joy"}\n'
    assert corrected(plain, "a.jsonl", {1: "été"}) == b'{"text": "a", "label": "\\u00e9t\\u00e9"}\n'
    accented = '{"text": "é", "label": "joy"}\n'
    assert corrected(accented, "a.jsonl", {1: "été"}).decode() == '{"text": "é", "label": "été"}\n'


@pytest.mark.parametrize(
    ("array", "label", "expected"),
    [
        (pa.array([1, 2, None], pa.int8()), "2", [2, 2, None]),
        (pa.array([1, 2, None], pa.int8()), "7", [7, 2, None]),
        (pa.array([None, None, None], pa.int64()), "7", [7, None, None]),
        (pa.array([1.0, 2.0, None]), "2", [2.0, 2.0, None]),
        (pa.array([True, False, None]), "false", [False, False, None]),
        (pa.array(["joy", "fear", None]), "fear", ["fear", "fear", None]),
        (pa.array(["joy", "fear", None]).dictionary_encode(), "new", ["new", "fear", None]),
    ],
)
def test_parquet_labels_keep_their_type(corrected, array, label, expected):
    stream = io.BytesIO()
    pq.write_table(pa.table({"text": ["a", "b", "c"], "label": array}), stream)
    table = pq.read_table(io.BytesIO(corrected(stream.getvalue(), "a.parquet", {1: label})))
    assert table.column("label").to_pylist() == expected
    assert table.schema == pq.read_table(stream).schema
    fewer = pq.read_table(io.BytesIO(corrected(stream.getvalue(), "a.parquet", {1: label}, {2})))
    assert fewer.column("text").to_pylist() == ["a", "c"]


def test_a_label_that_a_parquet_column_cannot_hold_is_refused(corrected):
    stream = io.BytesIO()
    pq.write_table(pa.table({"text": ["a", "b"], "label": pa.array([1, 2], pa.int8())}), stream)
    for label in ("joy", "1000"):
        with pytest.raises(DataError, match=f"holds int8 values and cannot take a new label .*{label}"):
            corrected(stream.getvalue(), "a.parquet", {1: label})


def test_unknown_columns_and_rows_are_refused(corrected):
    content = "text,label\na,joy\nb,fear\n"
    with pytest.raises(DataError, match="no column 'mood'"):
        corrected(content, "a.csv", {}, column="mood")
    for labels, excluded in (({3: "joy"}, ()), ({}, {0})):
        with pytest.raises(ValueError, match=r"row [03] is not in a\.csv, which has rows 1 to 2"):
            corrected(content, "a.csv", labels, excluded)


def test_a_table_from_memory_has_no_file_to_write_back(tmp_path):
    table = Table(Path("two texts"), "jsonl", pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]}))
    with pytest.raises(DataError, match="two texts was not read from a file"):
        write_corrected(table, "label", {}, set(), tmp_path / "a.jsonl")


def test_the_file_that_was_read_can_be_replaced(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\na,joy\nb,fear\n")
    write_corrected(read_table(path), "label", {1: "fear"}, set(), path)
    assert path.read_bytes() == b"text,label\na,fear\nb,fear\n"
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


FRAME = pd.DataFrame(
    {
        "id": ["007", "008"],
        "text": pd.Series(['a, "b"\nc\rd', "bad \udcff"], dtype=object),
        "flag": pd.array([True, None], dtype="boolean"),
        "rank": pd.array([1, None], dtype="Int64"),
        "score": np.array([0.3, np.nan], dtype=np.float32),
        "alm": [1e-7, -2.5],
        "at": [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None],
        "extra": pd.Series([{"é": [1]}, None], dtype=object),
    }
)


def test_rows_as_csv(tmp_path):
    write_rows(FRAME, tmp_path / "a.csv", "csv")
    content = (tmp_path / "a.csv").read_bytes().decode()
    assert content == (
        "id,text,flag,rank,score,alm,at,extra\n"
        '007,"a, ""b""\nc\rd",True,1,0.3,1e-07,2026-01-02T03:04:05+00:00,"{""é"": [1]}"\n'
        "008,bad \ufffd,,,,-2.5,,\n"
    )
    write_rows(FRAME[["id", "flag"]], tmp_path / "a.tsv", "tsv")
    assert (tmp_path / "a.tsv").read_bytes() == b"id\tflag\n007\tTrue\n008\t\n"


def test_rows_as_json_lines(tmp_path):
    write_rows(FRAME, tmp_path / "a.jsonl", "jsonl")
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "id": "007", "text": 'a, "b"\nc\rd', "flag": True, "rank": 1, "score": 0.3, "alm": 1e-7,
            "at": "2026-01-02T03:04:05+00:00", "extra": {"é": [1]},
        },
        {
            "id": "008", "text": "bad \ufffd", "flag": None, "rank": None, "score": None, "alm": -2.5,
            "at": None, "extra": None,
        },
    ]  # fmt: skip
    assert "é" in lines[0]


def test_rows_as_parquet(tmp_path):
    mixed = pd.Series([1, "x"], dtype=object)
    huge = pd.Series([2**70, None], dtype=object)
    write_rows(FRAME.assign(mixed=mixed, huge=huge), tmp_path / "a.parquet", "parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == [*FRAME.columns, "mixed", "huge"]
    assert table.to_pylist()[1] == {
        "id": "008", "text": "bad \ufffd", "flag": None, "rank": None, "score": None, "alm": -2.5, "at": None,
        "extra": None, "mixed": "x", "huge": None,
    }  # fmt: skip
    assert table.column("rank").to_pylist() == [1, None]
    assert table.column("huge").to_pylist()[0] == str(2**70)
    assert table.schema.field("score").type == pa.float32()
    assert table.schema.field("at").type.tz == "UTC"


def test_any_frame_of_text_reads_back_from_csv(tmp_path):
    cells = ["", " ", "\r", "\n", '"', '""', ",", "=1+1", "0012", "\u2028", "😀", "NULL"]
    write_rows(pd.DataFrame({"a": cells, "b": cells[::-1]}), tmp_path / "a.csv", "csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [["a", "b"], *map(list, zip(cells, cells[::-1], strict=True))]


def test_a_place_that_cannot_be_written_to_gives_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file/a\.csv cannot be written: File exists"):
        write_rows(FRAME, tmp_path / "file" / "a.csv", "csv")


def test_fingerprint_and_manifest(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"abc")
    sha256 = file_sha256(tmp_path / "a.csv")
    assert sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    write_manifest({"z": "é", "a": [1, None]}, tmp_path / "manifest.json")
    text = (tmp_path / "manifest.json").read_text(encoding="utf-8")
    assert text == '{\n  "z": "é",\n  "a": [\n    1,\n    null\n  ]\n}\n'
