"""A table in every format, written by somebody else: what goes in comes out, but for the decided label cells.

Each generated table is written in all formats. Who writes and who compares is an independent program: the csv and json
modules, pyarrow, openpyxl, Hugging Face's datasets.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, load_from_disk
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import ReadOptions, read_table, write_corrected
from lane_core.data.formats.hf_datasets import quiet

Rows = list[list[Any]]

# Every character that a format gives a meaning, some that programs trip over, a lone surrogate, and any other.
SPECIAL = st.sampled_from([*",;\t|\"'\n\r\\ =0.1-{}[]<:é😀\u2028\x85\x0b\x1c\ufeff", "\r\n", "\ud83d"])
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
WORDS = st.lists(SPECIAL | ANY, max_size=8).map("".join)
TEXT = st.one_of(WORDS, WORDS, WORDS, st.just("so long, " * 5000), st.none())
NAME = st.sampled_from(["text", "label", "id", "id ", "a,b", 'a "b"', "two\nlines", "é😀", "0", "=1+1", "", " "])
CLASSES = {
    "names": ("joy", "fear", "007", "a,b", 'say "hi"', "two\nlines", "tab\there", "é😀"),
    "numbers": (0, 1, 7, -1),
}
NEW = {"names": ("joy", "007", "new", 'new "b", c\nd', "ñ😀"), "numbers": ("0", "7", "12")}
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
STRING = pa.string()
KINDS = {
    "text": (TEXT, STRING),
    "number": (st.none() | st.integers(-(2**53), 2**53), pa.int64()),
    "share": (st.none() | st.floats(allow_nan=False, allow_infinity=False), pa.float64()),
    "flag": (st.none() | st.booleans(), pa.bool_()),
    "day": (st.none() | st.dates(datetime.date(1950, 1, 1), datetime.date(2050, 1, 1)), pa.date32()),
    "time": (
        st.none() | st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(2050, 1, 1)),
        pa.timestamp("us"),
    ),
    "words": (st.none() | st.lists(WORDS, max_size=2), pa.list_(STRING)),
    "object": (
        st.none() | st.fixed_dictionaries({"n": st.integers(0, 9), "words": st.lists(WORDS, max_size=2)}),
        pa.struct({"n": pa.int64(), "words": pa.list_(STRING)}),
    ),
    "json": (JSON_VALUE, STRING),
}


@dataclass(frozen=True)
class Sheet:
    """A generated table, and what people decided about its labels."""

    names: list[str]
    kinds: list[str]
    rows: Rows
    label: int
    """Position of the label column."""
    labels: dict[int, str]
    excluded: set[int]

    @property
    def types(self) -> list[pa.DataType]:
        """Arrow type of each column."""
        return [LABEL_TYPES.get(kind) or KINDS[kind][1] for kind in self.kinds]

    @property
    def unique(self) -> list[str]:
        """Names for formats that can have each only once, none of them blank."""
        return [f"{name} {at}" for at, name in enumerate(self.names)]

    def cells(self, convert: Callable[[Any], Any]) -> Rows:
        return [[convert(cell) for cell in row] for row in self.rows]

    def decided(self, rows: Rows, convert: Callable[[str, Any], Any] = lambda label, old: label) -> Rows:
        """Return what is to become of the rows that an independent program read from the file."""
        return [
            [
                convert(self.labels[row], cell) if at == self.label and row in self.labels else cell
                for at, cell in enumerate(cells)
            ]
            for row, cells in enumerate(rows, start=1)
            if row not in self.excluded
        ]

    def class_of(self, label: str, _old: Any = None) -> Any:
        """Return a class as a typed column holds it."""
        return int(label) if self.kinds[self.label] == "numbers" else label


LABEL_TYPES = {"names": pa.large_string(), "numbers": pa.int16()}


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    num_rows = draw(st.integers(1, 5))
    labels = draw(st.sampled_from(sorted(CLASSES)))
    kinds = ["ids", "text", labels, *draw(st.lists(st.sampled_from(sorted(KINDS)), max_size=3))]
    kinds = draw(st.permutations(kinds))
    cells: dict[str, st.SearchStrategy[Any]] = {
        "ids": st.integers(0, 99999).map("{:06}".format),
        labels: st.none() | st.sampled_from(CLASSES[labels]),
    }
    rows = [[draw(cells.get(kind) or KINDS[kind][0]) for kind in kinds] for _ in range(num_rows)]
    label = kinds.index(labels)
    rows[0][label] = CLASSES[labels][0]  # a label column says what its labels are
    names = draw(st.lists(NAME | WORDS.map(printed), min_size=len(kinds), max_size=len(kinds)))
    numbers = st.integers(1, num_rows)
    return Sheet(
        names,
        ["text" if kind == "ids" else kind for kind in kinds],
        rows,
        label,
        draw(st.dictionaries(numbers, st.sampled_from(NEW[labels]))),
        draw(st.sets(numbers)),
    )


def printed(text: str) -> str:
    """Return a text without lone surrogates, which names and some formats cannot hold."""
    return text.replace("\ud83d", "?")


def as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else value


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(as_json(value))


def to_utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# Delimited text


class Csv(NamedTuple):
    """One way to write delimited text."""

    name: str
    delimiter: str
    has_header: bool = True
    quoting: int = csv.QUOTE_MINIMAL

    @property
    def options(self) -> ReadOptions:
        return ReadOptions("utf-8", self.delimiter, self.has_header)

    def written(self, sheet: Sheet, ends: list[str]) -> bytes:
        header = [sheet.names] if self.has_header else []
        lines = []
        for number, cells in enumerate([*header, *sheet.cells(as_text)]):
            stream = io.StringIO(newline="")
            # Up to Python 3.12 the writer quotes a bare CR only if it is part of the line ending.
            csv.writer(stream, delimiter=self.delimiter, quoting=self.quoting).writerow(cells)
            lines.append(stream.getvalue().removesuffix("\r\n") + ends[number % len(ends)])
        return to_utf8("".join(lines))

    def read(self, content: bytes) -> Rows:
        text = content.decode("utf-8", "surrogateescape")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter))


CSVS = [
    Csv("a.csv", ","),
    Csv("a.tsv", "\t"),
    Csv("b.csv", ";", quoting=csv.QUOTE_ALL),
    Csv("c.csv", ",", has_header=False),
    Csv("d.txt", "|"),
]


def round_trip(room: Path, name: str, content: bytes, sheet: Sheet, at: int | str, **options: Any) -> Trip:
    """Return the cells that were read, and the corrected file; with nothing to correct it is the same file."""
    source, target = room / name, room / f"out-{name}"
    source.write_bytes(content)
    table = read_table(source, options.get("options"))
    column = table.columns[at] if isinstance(at, int) else at
    write_corrected(table, column, {}, set(), target)
    assert target.read_bytes() == content
    labels = options.get("labels", sheet.labels)
    write_corrected(table, column, labels, sheet.excluded, target)
    cells = [list(row) for row in zip(*map(table.values, table.columns), strict=True)]
    return Trip(cells, target.read_bytes())


class Trip(NamedTuple):
    cells: Rows
    corrected: bytes


def same(found: Any, expected: Any) -> None:
    assert found == expected
    assert repr(found) == repr(expected)  # 1 is not 1.0, and not True


def check_delimited(room: Path, sheet: Sheet, form: Csv, ends: list[str]) -> bytes:
    content = form.written(sheet, ends)
    trip = round_trip(room, form.name, content, sheet, sheet.label, options=form.options)
    rows = form.read(content)
    header = rows[: form.has_header]
    same(trip.cells, rows[form.has_header :])
    same(form.read(trip.corrected), header + sheet.decided(rows[form.has_header :]))
    return content


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all examples write their files in."""
    return tmp_path_factory.mktemp("room")


TABLES = settings(max_examples=300, deadline=None)
ENDS = st.sampled_from([["\r\n"], ["\n"], ["\n", "\r\n"], ["\r\n", "\n", "\r"]])


@TABLES
@given(sheets(), ENDS)
def test_delimited_text(room: Path, sheet: Sheet, ends: list[str]) -> None:
    for form in CSVS:
        content = check_delimited(room, sheet, form, ends)
        if form.name == "a.csv":
            packed = gzip.compress(content, mtime=1)
            trip = round_trip(room, "a.csv.gz", packed, sheet, sheet.label, options=form.options)
            plain = (room / "out-a.csv").read_bytes()
            assert gzip.decompress(trip.corrected) == plain


# JSON


def objects_of(sheet: Sheet, is_sparse: bool) -> list[dict[str, Any]]:
    """Return the rows as objects; sparse ones leave out what is null."""
    names = sheet.unique
    return [
        {
            name: cell
            for at, (name, cell) in enumerate(zip(names, row, strict=True))
            if not (is_sparse and cell is None and at != sheet.label)
        }
        for row in sheet.cells(as_json)
    ]


def lines_of(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.decode().replace("\r\n", "\n").split("\n") if line]


def zipped(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", "Read me")
        archive.writestr(name, content)
    return stream.getvalue()


def unzipped(name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("README.txt") == b"Read me"
        return archive.read(name)


@st.composite
def writers(draw: st.DrawFn) -> Callable[[Any], bytes]:
    """Return what writes JSON in one of the usual ways; lone surrogates are only written as escapes."""
    escape = draw(st.booleans())
    indent = draw(st.sampled_from([None, 2]))
    separators = draw(st.sampled_from([None, (",", ":"), (" , ", " : ")]))

    def write(value: Any, on_one_line: bool = False) -> str:
        text = json.dumps(value, ensure_ascii=False)
        must_escape = escape or re.search("[\ud800-\udfff]", text) is not None
        return json.dumps(
            value, ensure_ascii=must_escape, indent=None if on_one_line else indent, separators=separators
        )

    return write


def decided_objects(sheet: Sheet, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    name = sheet.unique[sheet.label]
    return [
        {**values, name: sheet.class_of(sheet.labels[row])} if row in sheet.labels else values
        for row, values in enumerate(objects, start=1)
        if row not in sheet.excluded
    ]


@TABLES
@given(sheets(), writers(), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_json(room: Path, sheet: Sheet, write: Callable[..., str], is_sparse: bool, end: str) -> None:
    objects = objects_of(sheet, is_sparse)
    names = list(dict.fromkeys(name for values in objects for name in values))
    cells = [[values.get(name) for name in names] for values in objects]
    label, expected = sheet.unique[sheet.label], decided_objects(sheet, objects)

    document = to_utf8(write(objects))
    trip = round_trip(room, "a.json", document, sheet, label)
    same(trip.cells, cells)
    same(json.loads(trip.corrected), expected)

    lines = [write(values, True) for values in objects]
    content = to_utf8(end.join([*lines, ""]))
    trip = round_trip(room, "a.jsonl", content, sheet, label)
    same(trip.cells, cells)
    same(lines_of(trip.corrected), expected)
    kept = [line for row, line in enumerate(lines, 1) if row not in {*sheet.labels, *sheet.excluded}]
    written = trip.corrected.decode().split(end)
    assert [line for line in written if line in kept] == kept, "a row without a decision is copied"

    packed = round_trip(room, "a.zip", zipped("a.jsonl", content), sheet, label)
    assert unzipped("a.jsonl", packed.corrected) == trip.corrected


# Exports of annotation tools


def label_studio(values: dict[str, Any], text: str, label: str | None, number: int) -> dict[str, Any]:
    choice = {"from_name": "s", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
    given_labels = [] if label is None else [{"completed_by": 1, "result": [choice], "was_cancelled": False}]
    return {"id": number, "data": {"text": text, **values}, "annotations": given_labels, "predictions": []}


def prodigy(values: dict[str, Any], text: str, label: str | None, number: int) -> dict[str, Any]:
    return {
        "text": text, "meta": values, "options": [{"id": "joy", "text": "Joy"}], "_input_hash": number,
        "_task_hash": -number, "accept": [] if label is None else [label],
        "answer": "ignore" if label is None else "accept",
    }  # fmt: skip


def doccano(values: dict[str, Any], text: str, label: str | None, number: int) -> dict[str, Any]:
    return {
        "id": number, "text": text, "label": [] if label is None else [label], **values, "Comments": []
    }  # fmt: skip


class Tool(NamedTuple):
    """How a tool writes its export, and where one label stands in it."""

    name: str
    record: Callable[..., dict[str, Any]]
    holder: Callable[[dict[str, Any]], list[Any]]
    takes_new: bool = False
    """Whether a text that nobody labelled can be given a label."""


TOOLS = [
    Tool(
        "label_studio.json",
        label_studio,
        lambda task: task["annotations"][0]["result"][0]["value"]["choices"],
    ),
    Tool("prodigy.jsonl", prodigy, lambda line: line["accept"]),
    Tool("doccano.jsonl", doccano, lambda line: line["label"], takes_new=True),
]


def records_of(tool: Tool, sheet: Sheet) -> list[dict[str, Any]]:
    found = []
    for number, row in enumerate(sheet.cells(as_json), start=1):
        label = row[sheet.label]
        others = dict(zip(sheet.unique, row, strict=True))
        del others[sheet.unique[sheet.label]]
        text = next(cell for cell in row if isinstance(cell, str))
        found.append(tool.record(others, text, None if label is None else str(label), number))
    return found


@TABLES
@given(sheets(), writers())
def test_exports_of_annotation_tools(room: Path, sheet: Sheet, write: Callable[..., str]) -> None:
    for tool in TOOLS:
        records = records_of(tool, sheet)
        is_lines = tool.name.endswith(".jsonl")
        text = "".join(write(record, True) + "\n" for record in records) if is_lines else write(records)
        labelled = [row for row, cells in enumerate(sheet.rows, 1) if cells[sheet.label] is not None]
        labels = {row: label for row, label in sheet.labels.items() if tool.takes_new or row in labelled}
        trip = round_trip(room, tool.name, to_utf8(text), sheet, "label", labels=labels)
        assert len(trip.cells) == len(records)
        expected = records_of(tool, sheet)
        for row, label in labels.items():
            tool.holder(expected[row - 1])[:] = [label]
        expected = [record for row, record in enumerate(expected, 1) if row not in sheet.excluded]
        same(lines_of(trip.corrected) if is_lines else json.loads(trip.corrected), expected)


# Parquet and Arrow


def arrow_of(sheet: Sheet, names: list[str]) -> pa.Table:
    def plain(value: Any) -> Any:
        if isinstance(value, str):
            return printed(value)
        if isinstance(value, list):
            return list(map(plain, value))
        return {key: plain(part) for key, part in value.items()} if isinstance(value, dict) else value

    columns = []
    for at, (kind, arrow_type) in enumerate(zip(sheet.kinds, sheet.types, strict=True)):
        cells = [row[at] for row in sheet.rows]
        cells = [json.dumps(cell) for cell in cells] if kind == "json" else list(map(plain, cells))
        columns.append(pa.array(cells, arrow_type))
    fields = [
        pa.field(name, column.type, metadata={"unit": "none"})
        for name, column in zip(names, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, {"origin": "a test"}))


def parquet_bytes(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, row_group_size=2, compression="zstd")
    return stream.getvalue()


def arrow_bytes(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    with ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return stream.getvalue()


def stream_bytes(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    with ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def feather_bytes(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    feather.write_feather(table, stream, compression="lz4")
    return stream.getvalue()


TYPED = {
    "a.parquet": (parquet_bytes, lambda data: pq.ParquetFile(io.BytesIO(data)).read(use_threads=False)),
    "a.arrow": (arrow_bytes, lambda data: ipc.open_file(data).read_all()),
    "b.arrows": (stream_bytes, lambda data: ipc.open_stream(data).read_all()),
    "a.feather": (feather_bytes, lambda data: ipc.open_file(data).read_all()),
}


def rows_of(table: pa.Table) -> Rows:
    return [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]


@TABLES
@given(sheets())
def test_parquet_and_arrow(room: Path, sheet: Sheet) -> None:
    for name, (write, read) in TYPED.items():
        # Feather refuses a name that stands twice.
        content = write(arrow_of(sheet, sheet.unique if name == "a.feather" else sheet.names))
        before = read(content)
        trip = round_trip(room, name, content, sheet, sheet.label)
        after = read(trip.corrected)
        same(trip.cells, rows_of(before))
        same(rows_of(after), sheet.decided(rows_of(before), sheet.class_of))
        assert after.schema.equals(before.schema, check_metadata=True)


# Excel, and folders that datasets saved: slow, so fewer


def excel_cell(value: Any) -> Any:
    if isinstance(value, (str, list, dict)):
        text = value if isinstance(value, str) else json.dumps(value)
        return "".join(letter for letter in printed(text) if letter.isprintable() or letter == "\n")[:30000]
    if isinstance(value, datetime.datetime):
        return value.replace(microsecond=0)
    return value


def workbook(rows: Rows) -> bytes:
    book = openpyxl.Workbook()
    for at, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            cell = book.active.cell(at, place, value)
            if isinstance(value, str):
                cell.data_type = "s"  # openpyxl takes a text that begins with = for a formula
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_rows(content: bytes) -> Rows:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [list(row) for row in book.active.iter_rows(values_only=True)]


@settings(max_examples=25, deadline=None)
@given(sheets())
def test_excel(room: Path, sheet: Sheet) -> None:
    header = [excel_cell(name) for name in sheet.unique]
    content = workbook([header, *sheet.cells(excel_cell)])
    before = sheet_rows(content)
    trip = round_trip(room, "a.xlsx", content, sheet, sheet.label, options=ReadOptions(has_header=True))
    same(trip.cells, before[1:])
    same(sheet_rows(trip.corrected), [before[0], *sheet.decided(before[1:], sheet.class_of)])


@settings(max_examples=25, deadline=None)
@given(sheets())
def test_a_folder_that_datasets_saved(tmp_path_factory: pytest.TempPathFactory, sheet: Sheet) -> None:
    room = tmp_path_factory.mktemp("saved")
    original = Dataset(arrow_of(sheet, sheet.unique).replace_schema_metadata(None))
    with quiet():
        original.save_to_disk(str(room / "in"))
    table, label = read_table(room / "in"), sheet.unique[sheet.label]
    same(rows_of(pa.Table.from_pandas(table.frame)) and [table.values(name) for name in table.columns], [
        column.to_pylist() for column in original.data.table.columns
    ])
    write_corrected(table, label, {}, set(), room / "same")
    assert dict(files_of(room / "same")) == dict(files_of(room / "in"))
    write_corrected(table, label, sheet.labels, sheet.excluded, room / "out")
    after = load_from_disk(str(room / "out"))
    assert after.features == original.features
    same(rows_of(after.data.table), sheet.decided(rows_of(original.data.table), sheet.class_of))


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()
