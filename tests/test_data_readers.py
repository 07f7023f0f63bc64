"""Readers: cells exactly as they stand, and one clear error for files that cannot be read."""

import codecs
import io
import json
import subprocess
import sys
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lane_core.data import ReadOptions, read_table
from lane_core.errors import DataError


@pytest.fixture
def write(tmp_path):
    def to_file(content, name="reviews.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


def rows_of(table):
    return [list(row) for row in table.frame.itertuples(index=False)]


def test_the_package_loads_neither_pandas_nor_pyarrow():
    program = (
        "import sys, lane_core.data; print([m for m in ('pandas', 'pyarrow', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_however_it_is_reached():
    import lane_core.data as data

    for name in data.__all__:
        assert getattr(data, name) is getattr(data, name)
        assert not isinstance(getattr(data, name), type(sys)), f"{name} is hidden by a module"
    with pytest.raises(AttributeError, match="no attribute 'read_everything'"):
        data.read_everything  # noqa: B018


def test_csv_cells_are_text_without_type_inference(write):
    table = read_table(write('id,text,label\n007,NA,1.0\n008,"two\nlines, ""quoted""",\n'))
    assert table.columns == ["id", "text", "label"]
    assert rows_of(table) == [["007", "NA", "1.0"], ["008", 'two\nlines, "quoted"', ""]]
    assert table.file_format == "csv"
    assert table.num_rows == 2
    assert table.values("id") == ["007", "008"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_although_cells_hold_the_others(write, delimiter):
    text = "a, b; c\t d | e"
    lines = [["id", "text", "label"], ["1", f'"{text}"', "joy"], ["2", f'"{text}"', "fear"]]
    table = read_table(write("\n".join(map(delimiter.join, lines))))
    assert rows_of(table) == [["1", text, "joy"], ["2", text, "fear"]]
    assert table.source.dialect.delimiter == delimiter
    assert table.file_format == ("tsv" if delimiter == "\t" else "csv")


def test_the_delimiter_can_be_given(write):
    table = read_table(write("text~label\na,b~joy\n"), ReadOptions(delimiter="~"))
    assert rows_of(table) == [["a,b", "joy"]]


def test_other_separators_of_unicode_do_not_end_a_line(write):
    text = "a\u2028b\x0bc\x85d\x1ce"
    assert rows_of(read_table(write(f"text,label\n{text},joy\n"))) == [[text, "joy"]]
    line = json.dumps({"text": text, "label": "joy"}, ensure_ascii=False)
    assert read_table(write(line + "\n", "a.jsonl")).values("text") == [text]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_endings_and_blank_lines(write, line_end):
    lines = ["", "text,label", "a,joy", "", "", "b,fear", ""]
    table = read_table(write(line_end.join(lines)))
    assert rows_of(table) == [["a", "joy"], ["b", "fear"]]


def test_a_cell_of_a_million_characters_is_read(write):
    table = read_table(write(f"text,label\n{'x' * 1_000_000},joy\n"))
    assert len(table.values("text")[0]) == 1_000_000


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_byte_order_mark_names_the_encoding(write, mark, codec, name):
    content = "text,label\nça 😀,joie\n" if name == "a.csv" else '{"text": "ça 😀", "label": "joie"}\n'
    table = read_table(write(mark + content.encode(codec), name))
    assert table.columns == ["text", "label"]
    assert table.values("text") == ["ça 😀"]
    assert table.unreadable_rows == ()


def test_an_encoding_can_be_given(write):
    path = write("text,label\nça va,joie\n".encode("cp1252"))
    assert read_table(path, ReadOptions(encoding="cp1252")).values("text") == ["ça va"]
    utf16 = write("text,label\nça va,joie\n".encode("utf-16-le"))
    assert read_table(utf16, ReadOptions(encoding="utf-16")).values("text") == ["ça va"]


def test_rows_with_unreadable_bytes_are_kept_and_reported(write):
    table = read_table(write(b'text,label\ngood,joy\nbad \xff,joy\n"two\nbad \xfe",fear\ngood,joy\n'))
    assert table.unreadable_rows == (2, 3)
    assert table.values("text")[1] == "bad \udcff"
    lines = read_table(write(b'{"text": "a", "label": "b"}\n{"text": "\xff", "label": "b"}\n', "a.jsonl"))
    assert lines.unreadable_rows == (2,)


def test_tab_separated_text_with_bare_quotes_is_read_without_quotes(write):
    table = read_table(write('text\tlabel\n"Hello\tjoy\nhe said "hi" to\tfear\nbye"\tjoy\n', "corpus.tsv"))
    assert rows_of(table) == [['"Hello', "joy"], ['he said "hi" to', "fear"], ['bye"', "joy"]]
    unclosed = read_table(write('text\tlabel\nfine\tjoy\n"open\tfear\n', "corpus.tsv"))
    assert rows_of(unclosed) == [["fine", "joy"], ['"open', "fear"]]


def test_tab_separated_text_with_real_quotes_is_read_with_quotes(write):
    table = read_table(write('text\tlabel\n"two\t\nlines"\tjoy\n"say ""hi"""\tfear\n', "corpus.tsv"))
    assert rows_of(table) == [["two\t\nlines", "joy"], ['say "hi"', "fear"]]


def test_jsonl_gives_keys_in_first_order_and_python_values(write):
    table = read_table(
        write(
            '{"text": "a", "label": 1}\n\n{"label": null, "extra": {"x": [1]}, "text": "b"}\n{"text": "c"}',
            "a.jsonl",
        )
    )
    assert table.file_format == "jsonl"
    assert table.columns == ["text", "label", "extra"]
    assert table.values("label") == [1, None, None]
    assert table.values("extra") == [None, {"x": [1]}, None]


def test_parquet_keeps_its_types(tmp_path):
    path = tmp_path / "split=train.parquet"
    pq.write_table(
        pa.table(
            {"text": ["a", "b", "c"], "label": pa.array([1, None, 3], pa.int8()), "tags": [["x"], None, []]}
        ),
        path,
    )
    table = read_table(path)
    assert table.file_format == "parquet"
    assert table.columns == ["text", "label", "tags"]
    assert table.values("label") == [1, None, 3]
    assert str(table.frame["label"].dtype) == "int8[pyarrow]"


def excel_bytes():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return stream.getvalue()


def parquet_bytes(table):
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


BAD_FILES = {
    "empty": ("a.csv", b"", ["a.csv is empty", "0 bytes"]),
    "blank": ("a.csv", b"\n \n", ["a.csv is empty"]),
    "only a mark": ("a.csv", codecs.BOM_UTF8, ["a.csv is empty"]),
    "header only": ("a.csv", b"text,label\n", ["has a header (text, label) but no rows"]),
    "too few cells": (
        "a.csv",
        b'text,label\na,joy\n"b\nc",fear\nd\n',
        ["Row 3 of a.csv (line 5) has 1 cell,", "header has 2 (text, label)"],
    ),
    "too many cells": ("a.csv", b"text,label\na,joy\nb,c,fear\n", ["Row 2 of a.csv (line 3) has 3 cells"]),
    "ragged tabs": ("a.tsv", b"text\tlabel\na\tjoy\nb\n", ["Row 2 of a.tsv (line 3) has 1 cell,"]),
    "unclosed quote": ("a.csv", b'text,label\na,joy\n"b,fear\nc,joy\n', ["opened in row 2", "never closed"]),
    "unclosed quote in the header": ("a.csv", b'"text,label\na,joy\n', ["opened in the header"]),
    "endless cell": ("a.csv", b'text,label\n"' + b"a" * 10_000_001, ["Row 1 of a.csv", "never closed"]),
    "NUL": ("a.csv", b"text,label\na,joy\nb\0,fear\n", ["Line 3 of a.csv holds a NUL byte", "utf-16-le"]),
    "broken bytes in the header": (
        "a.csv",
        b"texte,cat\xe9gorie\n" + "ça m’a plu à la fin,joie\n".encode(),
        ["column names", "cp1252"],
    ),
    "Excel": ("a.csv", excel_bytes(), ["a.csv cannot be read as an Excel workbook"]),
    "old Excel": ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 rest", ["an old Excel workbook"]),
    "CSV as Parquet": ("a.parquet", b"text,label\na,joy\n", ["a.parquet is not Parquet"]),
    "broken Parquet": ("a.parquet", b"PAR1 and nothing else", ["a.parquet cannot be read as Parquet"]),
    "Parquet without rows": (
        "a.parquet",
        parquet_bytes(pa.table({"text": pa.array([], pa.string())})),
        ["no rows"],
    ),
    "Excel by name": ("a.xlsx", excel_bytes(), ["a.xlsx cannot be read as an Excel workbook"]),
    "not JSON": ("a.jsonl", b'{"text": "a"}\n\n{"text": }\n', ["Row 2 of a.jsonl (line 3) is not JSON"]),
    "no JSON object": ("a.jsonl", b'{"a": 1}\n[1, 2]\n', ["Row 2 of a.jsonl (line 2) is not a JSON object"]),
    "JSON too deep": ("a.jsonl", b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", ["Row 1 of a.jsonl"]),
    "broken bytes in a key": (
        "a.jsonl",
        b'{"cat\xe9gorie": "joie", ' + '"texte": "ça m’a plu à la fin"}\n'.encode(),
        ["The key 'cat\ufffdgorie'", "cp1252"],
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_gives_one_clear_error(write, case):
    name, content, expected = BAD_FILES[case]
    with pytest.raises(DataError) as caught:
        read_table(write(content, name))
    for part in expected:
        assert part in str(caught.value)


def test_a_missing_file_and_a_folder_give_a_clear_error(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv cannot be read: No such file"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="holds no files"):
        read_table(tmp_path / "folder.csv")


def test_bad_options_give_a_clear_error(write):
    path = write("text,label\na,joy\n")
    with pytest.raises(DataError, match="no text encoding 'klingon'"):
        read_table(path, ReadOptions(encoding="klingon"))
    with pytest.raises(DataError, match="no text encoding 'rot13'"):
        read_table(path, ReadOptions(encoding="rot13"))
    with pytest.raises(DataError, match="delimiter is '::'"):
        read_table(path, ReadOptions(delimiter="::"))
    with pytest.raises(DataError, match="is not utf-16-le text"):
        read_table(write("text,label\nab,joys\n"), ReadOptions(encoding="utf-16"))
