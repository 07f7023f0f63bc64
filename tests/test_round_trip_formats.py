"""A table in every format, written by somebody else: what goes in comes out, but for the decided label cells.

Each generated table is written in all formats. Who writes and who compares is an independent program: the csv and json
modules, pyarrow, openpyxl, Hugging Face's datasets.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from datasets import Dataset, load_from_disk
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import ReadOptions, read_table, write_corrected
from lane_core.data.formats.hf_datasets import quiet
from tests.generated_tables import Rows, Sheet, sheets, to_utf8
from tests.table_writers import (
    CSVS,
    TOOLS,
    TYPED,
    WRITERS,
    Csv,
    JsonWriter,
    arrow_of,
    excel_cell,
    lines_of,
    objects_of,
    records_of,
    rows_of,
    sheet_rows,
    unzipped,
    workbook,
    zipped,
)


class Trip(NamedTuple):
    """The cells that were read, and the corrected file."""

    cells: Rows
    corrected: bytes


def round_trip(
    room: Path,
    name: str,
    content: bytes,
    sheet: Sheet,
    at: int | str,
    *,
    options: ReadOptions | None = None,
    labels: Mapping[int, str] | None = None,
) -> Trip:
    """Read a file and write it with the decisions; with none, it must be the same file."""
    source, target = room / name, room / f"out-{name}"
    source.write_bytes(content)
    table = read_table(source, options)
    column = table.columns[at] if isinstance(at, int) else at
    write_corrected(table, column, {}, set(), target)
    assert target.read_bytes() == content
    write_corrected(table, column, sheet.labels if labels is None else labels, sheet.excluded, target)
    cells = [list(row) for row in zip(*map(table.values, table.columns), strict=True)]
    return Trip(cells, target.read_bytes())


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


ENDS = st.sampled_from([["\r\n"], ["\n"], ["\n", "\r\n"], ["\r\n", "\n", "\r"]])


def check_csv(room: Path, sheet: Sheet, ends: list[str]) -> None:
    for form in CSVS:
        content = check_delimited(room, sheet, form, ends)
        if form.name == "a.csv":
            packed = gzip.compress(content, mtime=1)
            trip = round_trip(room, "a.csv.gz", packed, sheet, sheet.label, options=form.options)
            plain = (room / "out-a.csv").read_bytes()
            assert gzip.decompress(trip.corrected) == plain


def decided_objects(sheet: Sheet, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    name = sheet.unique[sheet.label]
    return [
        {**values, name: sheet.class_of(sheet.labels[row])} if row in sheet.labels else values
        for row, values in enumerate(objects, start=1)
        if row not in sheet.excluded
    ]


def check_json(room: Path, sheet: Sheet, writer: JsonWriter, is_sparse: bool, end: str) -> None:
    objects = objects_of(sheet, is_sparse)
    names = list(dict.fromkeys(name for values in objects for name in values))
    cells = [[values.get(name) for name in names] for values in objects]
    label, expected = sheet.unique[sheet.label], decided_objects(sheet, objects)

    document = to_utf8(writer.written(objects))
    trip = round_trip(room, "a.json", document, sheet, label)
    same(trip.cells, cells)
    same(json.loads(trip.corrected), expected)

    lines = [writer.line(values) for values in objects]
    content = to_utf8(end.join([*lines, ""]))
    trip = round_trip(room, "a.jsonl", content, sheet, label)
    same(trip.cells, cells)
    same(lines_of(trip.corrected), expected)
    left = [row for row in range(1, len(lines) + 1) if row not in sheet.excluded]
    for row, line in zip(left, trip.corrected.decode().split(end), strict=False):
        assert row in sheet.labels or line == lines[row - 1], "a row without a decision is copied"

    packed = round_trip(room, "a.zip", zipped("a.jsonl", content), sheet, label)
    assert unzipped("a.jsonl", packed.corrected) == trip.corrected


def check_exports_of_tools(room: Path, sheet: Sheet, writer: JsonWriter) -> None:
    for tool in TOOLS:
        records = records_of(tool, sheet)
        is_lines = tool.name.endswith(".jsonl")
        text = (
            "".join(writer.line(record) + "\n" for record in records) if is_lines else writer.written(records)
        )
        labelled = [row for row, cells in enumerate(sheet.rows, 1) if cells[sheet.label] is not None]
        labels = {row: label for row, label in sheet.labels.items() if tool.takes_new or row in labelled}
        trip = round_trip(room, tool.name, to_utf8(text), sheet, "label", labels=labels)
        assert len(trip.cells) == len(records)
        expected = records_of(tool, sheet)
        for row, label in labels.items():
            tool.holder(expected[row - 1])[:] = [label]
        expected = [record for row, record in enumerate(expected, 1) if row not in sheet.excluded]
        same(lines_of(trip.corrected) if is_lines else json.loads(trip.corrected), expected)


def check_typed(room: Path, sheet: Sheet) -> None:
    for name, (write, read) in TYPED.items():
        # Feather refuses a name that stands twice.
        content = write(arrow_of(sheet, sheet.unique if name == "a.feather" else sheet.names))
        before = read(content)
        trip = round_trip(room, name, content, sheet, sheet.label)
        after = read(trip.corrected)
        same(trip.cells, rows_of(before))
        same(rows_of(after), sheet.decided(rows_of(before), sheet.class_of))
        assert after.schema.equals(before.schema, check_metadata=True)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that all examples write their files in, on a disk that is not waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lane_core.files.os.fsync", lambda _descriptor: None)
        yield tmp_path_factory.mktemp("room")


@settings(max_examples=300, deadline=None)
@given(sheets(), ENDS, WRITERS, st.booleans())
def test_a_table_comes_back_in_every_format(
    room: Path, sheet: Sheet, ends: list[str], writer: JsonWriter, is_sparse: bool
) -> None:
    check_csv(room, sheet, ends)
    check_json(room, sheet, writer, is_sparse, "\r\n" if ends[0] == "\r\n" else "\n")
    check_exports_of_tools(room, sheet, writer)
    check_typed(room, sheet)


# Where nobody says how it is separated


@settings(max_examples=60, deadline=None)
@given(sheets(), st.sampled_from(",;\t|"))
def test_the_delimiter_is_found_whatever_the_cells_hold(room: Path, sheet: Sheet, delimiter: str) -> None:
    form = Csv("a.csv", delimiter)
    sheet = replace(sheet, names=[re.sub("[^a-z ]", "_", name) for name in sheet.unique])
    content = form.written(sheet, ["\n"])
    trip = round_trip(
        room, form.name, content, sheet, sheet.label, options=ReadOptions("utf-8", has_header=True)
    )
    same(trip.cells, form.read(content)[1:])


# Excel, and folders that datasets saved: slow, so fewer


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
def test_a_folder_that_datasets_saved(room: Path, sheet: Sheet) -> None:
    room = Path(tempfile.mkdtemp(dir=room))
    original = Dataset(arrow_of(sheet, sheet.unique).replace_schema_metadata(None))
    with quiet():
        original.save_to_disk(str(room / "in"))
    table, label = read_table(room / "in"), sheet.unique[sheet.label]
    assert table.columns == original.column_names
    same([table.values(name) for name in table.columns], [original[name][:] for name in table.columns])
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
