"""Programs that write and read the generated tables, none of them ours: csv, json, pyarrow, openpyxl."""

from __future__ import annotations

import csv
import datetime
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import openpyxl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
from hypothesis import strategies as st

from lane_core.data import ReadOptions
from tests.generated_tables import Rows, Sheet, as_json, as_text, printed, to_utf8

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
        for number, (first, *others) in enumerate([*header, *sheet.cells(as_text)]):
            # What would be a byte order mark if it came first in the file.
            cells = [first.lstrip("\ufeff"), *others]
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


class JsonWriter(NamedTuple):
    """One of the usual ways to write JSON."""

    escape: bool
    indent: int | None
    separators: tuple[str, str] | None

    def written(self, value: Any) -> str:
        # A lone surrogate is only written as an escape.
        escape = self.escape or "\ud83d" in json.dumps(value, ensure_ascii=False)
        return json.dumps(value, ensure_ascii=escape, indent=self.indent, separators=self.separators)

    def line(self, value: Any) -> str:
        return self._replace(indent=None).written(value)


WRITERS = st.builds(
    JsonWriter,
    st.booleans(),
    st.sampled_from([None, 2, 3]),
    st.sampled_from([None, (",", ":"), (" , ", " : ")]),
)


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


# Excel


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
