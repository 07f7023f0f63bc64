"""Arrow and Parquet: types, schema, metadata and pieces come back as pyarrow sees them."""

from __future__ import annotations

import datetime
import io
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from lane_core.data import read_table, write_corrected
from lane_core.data.formats import arrow_tables
from lane_core.data.formats.arrow_messages import body_compression
from lane_core.errors import DataError

FEATURES = {
    "info": {
        "features": {"text": {"_type": "Value"}, "label": {"names": ["joy", "fear"], "_type": "ClassLabel"}}
    }
}
RICH = pa.table(
    {
        "text": pa.array(["a", None, "ç😀"], pa.large_string()),
        "label": pa.array([0, 1, None], pa.int8()),
        "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
        "when": pa.array(
            [datetime.datetime(2020, 1, 2, 3, 4, 5, 6), None, None], pa.timestamp("ns", "Europe/Paris")
        ),
        "price": pa.array([Decimal("1.10"), None, Decimal("-2.00")], pa.decimal128(9, 2)),
        "tags": pa.array([["p", None], [], None], pa.list_(pa.string())),
        "nested": pa.array([{"a": 1, "b": ["x"]}, None, {"a": None, "b": []}]),
        "score": pa.array([1.5, float("nan"), None], pa.float32()),
        "raw": pa.array([b"\xff", b"", None], pa.binary()),
        "none": pa.nulls(3),
    }
).replace_schema_metadata({"huggingface": json.dumps(FEATURES), "origin": "a test"})


def ipc_bytes(table, kind="file", compression=None, chunk=None, metadata=None):
    stream = io.BytesIO()
    options = ipc.IpcWriteOptions(compression=compression)
    if kind == "file":
        writer = ipc.new_file(stream, table.schema, options=options, metadata=metadata)
    else:
        writer = ipc.new_stream(stream, table.schema, options=options)
    with writer:
        writer.write_table(table, max_chunksize=chunk)
    return stream.getvalue()


def parquet_bytes(table, **options):
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def opened(data):
    return ipc.open_file(data) if data.startswith(b"ARROW1") else ipc.open_stream(data)


def batches(data):
    reader = opened(data)
    if isinstance(reader, ipc.RecordBatchFileReader):
        return [reader.get_batch(index) for index in range(reader.num_record_batches)]
    return list(reader)


@pytest.fixture
def write(tmp_path):
    def to_file(content, name):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return to_file


def corrected(path, labels=None, excluded=frozenset(), column="label"):
    target = path.with_name(f"out{path.suffix}")
    write_corrected(read_table(path), column, labels or {}, set(excluded), target)
    return target.read_bytes()


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize(
    ("kind", "name"), [("file", "a.arrow"), ("stream", "a.arrows"), ("stream", "a.arrow")]
)
def test_an_arrow_file_comes_back_as_the_same_kind(write, kind, name, compression):
    big = pa.concat_tables([RICH] * 50).combine_chunks()  # large enough to be worth packing
    given_bytes = ipc_bytes(big, kind, compression, chunk=60)
    path = write(given_bytes, name)
    table = read_table(path)
    assert table.file_format == "arrow"
    assert table.notes == (f"an Arrow {kind}",)
    assert table.values("label") == [0, 1, None] * 50
    assert table.values("kind")[:2] == ["x", "y"]
    assert corrected(path) == given_bytes

    again = corrected(path, {2: "0", 3: "1"}, {1, 62})
    expected = big.to_pylist()
    expected[1]["label"], expected[2]["label"] = 0, 1
    expected = [row for number, row in enumerate(expected, start=1) if number not in (1, 62)]
    assert str(opened(again).read_all().to_pylist()) == str(expected)  # as text: NaN differs from itself
    assert opened(again).schema.equals(big.schema, check_metadata=True)
    assert [batch.num_rows for batch in batches(again)] == [59, 59, 30]
    assert again.startswith(b"ARROW1") == (kind == "file")
    assert body_compression(again, 8 if kind == "file" else 0) == compression


def test_feather_is_an_arrow_file(write, tmp_path):
    path = tmp_path / "a.feather"
    feather.write_feather(RICH, path, compression="lz4")
    before = path.read_bytes()
    assert corrected(path) == before
    path.write_bytes(corrected(path, {1: "1"}))
    found = feather.read_table(path)
    assert found.column("label").to_pylist() == [1, 1, None]
    assert found.drop_columns("label").schema.equals(RICH.drop_columns("label").schema, check_metadata=True)


def test_the_metadata_of_an_arrow_file_stays(write):
    path = write(ipc_bytes(RICH, metadata={b"made": b"by hand"}), "a.arrow")
    assert ipc.open_file(corrected(path, {1: "1"})).metadata == {b"made": b"by hand"}


@pytest.mark.parametrize("name", ["a.arrow", "a.parquet"])
def test_class_names_come_from_hugging_face(write, name):
    content = ipc_bytes(RICH) if name == "a.arrow" else parquet_bytes(RICH)
    assert read_table(write(content, name)).class_names == {"label": ("joy", "fear")}


@pytest.mark.parametrize(
    "text", ["no JSON", "[]", '{"info": 1}', '{"info": {"features": [1]}}', "[" * 100_000]
)
def test_hugging_face_metadata_that_makes_no_sense_is_passed_over(write, text):
    table = RICH.replace_schema_metadata({"huggingface": text})
    assert read_table(write(parquet_bytes(table), "a.parquet")).class_names == {}


def test_parquet_keeps_row_groups_compression_and_metadata(write):
    big = pa.concat_tables([RICH] * 50).combine_chunks()
    before = parquet_bytes(
        big, row_group_size=60, compression={"text": "gzip", "label": "none", "kind": "zstd"}
    )
    path = write(before, "a.parquet")
    assert corrected(path) == before
    again = pq.ParquetFile(io.BytesIO(corrected(path, {2: "0"}, {1, 62})))
    assert [again.metadata.row_group(index).num_rows for index in range(3)] == [59, 59, 30]
    original = pq.ParquetFile(io.BytesIO(before))
    for index in range(original.metadata.num_columns):
        old, new = (file.metadata.row_group(0).column(index) for file in (original, again))
        assert (new.path_in_schema, new.compression) == (old.path_in_schema, old.compression)
    assert again.schema_arrow.equals(original.schema_arrow, check_metadata=True)
    assert again.schema_arrow.metadata[b"origin"] == b"a test"
    expected = original.read().to_pylist()
    expected[1]["label"] = 0
    expected = [row for number, row in enumerate(expected, start=1) if number not in (1, 62)]
    assert str(again.read().to_pylist()) == str(expected)


def test_the_index_of_pandas_stays(write):
    frame = (
        pa.table({"text": ["a", "b"], "label": ["x", "y"]})
        .to_pandas()
        .set_index(pa.array([7, 9]).to_pandas())
    )
    path = write(parquet_bytes(pa.Table.from_pandas(frame)), "a.parquet")
    again = pq.read_table(io.BytesIO(corrected(path, {1: "y"}))).to_pandas()
    assert again.index.tolist() == [7, 9]
    assert again["label"].tolist() == ["y", "y"]


@pytest.mark.parametrize("name", ["a.arrow", "a.parquet"])
def test_columns_of_one_name_are_told_apart_and_keep_it(write, name):
    schema = pa.schema(
        [("text", pa.string()), ("label", pa.string()), ("label", pa.string()), ("", pa.int64())]
    )
    table = pa.Table.from_arrays([["a", "b"], ["x", "y"], ["p", "q"], [1, 2]], schema=schema)
    path = write(ipc_bytes(table) if name == "a.arrow" else parquet_bytes(table), name)
    read = read_table(path)
    assert read.columns == ["text", "label", "label (2)", "column 4"]
    assert "columns of the same name are numbered" in read.notes
    again = corrected(path, {1: "q"}, column="label (2)")
    found = ipc.open_file(again).read_all() if name == "a.arrow" else pq.ParquetFile(io.BytesIO(again)).read()
    assert found.column_names == ["text", "label", "label", ""]
    assert [column.to_pylist() for column in found.columns] == [["a", "b"], ["x", "y"], ["q", "q"], [1, 2]]


def test_categories_keep_their_order_and_take_new_ones(write):
    labels = pa.DictionaryArray.from_arrays(pa.array([1, 1, None], pa.int8()), ["joy", "fear"], ordered=True)
    table = pa.table({"text": ["a", "b", "c"], "label": labels})
    again = ipc.open_file(corrected(write(ipc_bytes(table), "a.arrow"), {1: "joy", 3: "new"})).read_all()
    assert again.column("label").to_pylist() == ["joy", "fear", "new"]
    assert again.column("label").chunk(0).dictionary.to_pylist() == ["joy", "fear", "new"]
    assert again.schema.equals(table.schema)


@pytest.mark.parametrize("label", ["anger", "300"])
def test_a_label_that_the_column_cannot_hold_is_refused(write, label):
    path = write(ipc_bytes(RICH), "a.arrow")
    with pytest.raises(DataError, match="Column 'label' holds int8 values and cannot take a new label"):
        corrected(path, {1: label})
    assert not path.with_name("out.arrow").exists()


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**62, 1], pa.timestamp("us")),
        pa.array([2**31 - 1, 1], pa.date32()),
        pa.array([[2**31 - 1], []], pa.list_(pa.date32())),
        pa.array([1, 2], pa.duration("ns")),
        pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
        pa.array(["a", "b"], pa.string_view()),
        pa.array([b"1234567890123456", None], pa.uuid()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.arrow", "a.parquet"])
def test_odd_columns_come_back(write, column, name):
    table = pa.table({"text": ["a", "b"], "odd": column, "label": ["x", "y"]})
    content = ipc_bytes(table) if name == "a.arrow" else parquet_bytes(table)
    path = write(content, name)
    read = read_table(path)
    assert read.columns == ["text", "odd", "label"]
    assert len(read.values("odd")) == len(read.frame["odd"].tolist()) == 2
    again = corrected(path, {1: "y"})
    found = ipc.open_file(again).read_all() if name == "a.arrow" else pq.read_table(io.BytesIO(again))
    original = table if name == "a.arrow" else pq.read_table(io.BytesIO(content))
    assert found.column("odd").equals(original.column("odd"))


def damaged_text():
    offsets = pa.py_buffer(b"\0\0\0\0\1\0\0\0")
    return pa.StringArray.from_buffers(1, offsets, pa.py_buffer(b"\xff"))


def bad_files():
    table = pa.table({"text": ["a"] * 100, "label": ["x"] * 100})
    arrow, stream, parquet = ipc_bytes(table), ipc_bytes(table, "stream"), parquet_bytes(table)
    empty = table.slice(0, 0)
    footer = parquet[:-8] + b"\xff\xff\xff\x7fPAR1"
    return {
        "Arrow cut off": ("a.arrow", arrow[:-20], ["a.arrow cannot be read as Arrow", "cut off"]),
        "stream cut off": ("a.arrows", stream[: len(stream) // 2], ["a.arrows cannot be read as Arrow"]),
        "Arrow without rows": ("a.arrow", ipc_bytes(empty), ["has columns (text, label) but no rows"]),
        "Arrow without columns": ("a.arrow", ipc_bytes(pa.table({})), ["no rows"]),
        "no UTF-8": ("a.arrow", ipc_bytes(pa.table({"text": damaged_text()})), ["not what it says"]),
        "Parquet cut off": ("a.parquet", parquet[:-30], ["a.parquet cannot be read as Parquet"]),
        "wrong footer": ("a.parquet", footer, ["a.parquet cannot be read as Parquet"]),
        "Parquet noise": ("a.parquet", parquet[:4] + b"\xff" * 200 + parquet[204:], ["a.parquet"]),
        "Parquet without rows": ("a.parquet", parquet_bytes(empty), ["(text, label) but no rows"]),
        "mark only": ("a.arrow", b"ARROW1\0\0", ["a.arrow cannot be read as Arrow"]),
        "stream mark only": (
            "a.arrow",
            b"\xff\xff\xff\xff\x08\0\0\0" + b"\xff" * 20,
            ["cannot be read as Arrow"],
        ),
    }


BAD = bad_files()


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_gives_one_clear_error(write, case):
    name, content, expected = BAD[case]
    with pytest.raises(DataError) as caught:
        read_table(write(content, name))
    for part in expected:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["rows", "bytes"])
@pytest.mark.parametrize("name", ["a.arrow", "a.parquet"])
def test_a_table_beyond_the_bound_is_refused(write, monkeypatch, kind, name):
    table = pa.table({"text": ["a" * 1000] * 10_000, "label": ["x"] * 10_000})
    path = write(ipc_bytes(table, chunk=1000) if name == "a.arrow" else parquet_bytes(table), name)
    read_table(path)
    monkeypatch.setattr(arrow_tables, "_MOST_ROWS" if kind == "rows" else "MOST_BYTES", 9_000)
    with pytest.raises(DataError, match="the most that is read"):
        read_table(path)
