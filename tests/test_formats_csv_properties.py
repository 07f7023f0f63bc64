"""Whatever the bytes: one clear error, or cells as csv.reader has them and a file that comes out as it went in."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import ReadOptions
from lane_core.data.formats import byte_slices
from lane_core.data.formats.csv_files import read_csv
from lane_core.data.formats.encodings import TextEncoding
from lane_core.data.formats.headers import looks_headerless, unique_names
from lane_core.data.formats.jsonl_files import read_jsonl
from lane_core.data.formats.text_records import TextLines
from lane_core.errors import DataError

SETTINGS = settings(max_examples=60, deadline=None)
CHARACTER = st.sampled_from([*",;\t|\"'\n\r =0.1-:é😀\u2028\x85\x0b\ufeff"]) | st.characters(
    exclude_categories=["Cs"], exclude_characters="\0"
)
CELL = st.text(CHARACTER, max_size=6)
BARE = st.text("abé 1.:", min_size=1, max_size=6)
# Few different names, so that they repeat, and are like those that are made up for others.
NAME = st.sampled_from(
    ["", " ", "text", "text ", "text (2)", "label", "column 1", "column 2", "é😀", "two\nlines"]
)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    return tmp_path_factory.mktemp("out") / "out.csv"


def cells_of(read):
    return [list(row) for row in read.frame.itertuples(index=False, name=None)]


def csv_text(rows, **form):
    stream = io.StringIO(newline="")
    csv.writer(stream, **{"lineterminator": "\r\n", **form}).writerows(rows)
    return stream.getvalue()


@SETTINGS
@given(st.lists(NAME | CELL, min_size=1, max_size=6))
def test_names_of_columns_are_unique_and_stay_where_they_can(names):
    found = unique_names(names)
    assert len({*found}) == len(names)
    for position, (name, given_name) in enumerate(zip(found, names, strict=True), start=1):
        assert name.strip()
        if given_name.strip() and names.index(given_name) == position - 1:
            assert name == given_name


@SETTINGS
@given(st.lists(NAME, min_size=2, max_size=5), st.data())
def test_any_header_is_kept(target, header, data):
    rows = data.draw(
        st.lists(st.lists(CELL, min_size=len(header), max_size=len(header)), min_size=1, max_size=4)
    )
    text = csv_text([header, *rows])
    read = read_csv(text.encode(), "a.csv", ReadOptions(delimiter=",", has_header=True))
    assert tuple(read.frame.columns) == unique_names(header)
    assert cells_of(read) == rows
    at, row = data.draw(st.integers(0, len(header) - 1)), data.draw(st.integers(1, len(rows)))
    read.source.write_corrected(target, read.frame.columns[at], {row: "new"}, set())
    rows[row - 1][at] = "new"
    assert list(csv.reader(io.StringIO(target.read_bytes().decode(), newline=""))) == [header, *rows]


@SETTINGS
@given(st.data(), st.integers(1, 4), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_a_file_without_a_header_has_a_row_more(target, data, width, quoting):
    rows = data.draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6))
    content = csv_text(rows, quoting=quoting).encode()
    read = read_csv(content, "a.csv", ReadOptions(delimiter=",", has_header=False))
    assert cells_of(read) == rows
    read.source.write_corrected(target, "column 1", {}, set())
    assert target.read_bytes() == content
    read.source.write_corrected(target, "column 1", {1: "new"}, {len(rows)} - {1})
    expected = [["new", *rows[0][1:]], *rows[1 : max(len(rows) - 1, 1)]]
    assert list(csv.reader(io.StringIO(target.read_bytes().decode(), newline=""))) == expected


@SETTINGS
@given(st.lists(st.lists(BARE, min_size=2, max_size=2), min_size=2, max_size=40))
def test_the_first_record_is_only_data_if_a_cell_of_it_recurs_or_counts(rows):
    if looks_headerless(rows):
        first, *others = rows
        recurs = any(cell in [cells[at] for cells in others] for at, cell in enumerate(first))
        assert recurs or any(cell.isdigit() for cell in first)


@SETTINGS
@given(
    st.lists(
        st.tuples(BARE, BARE, st.sampled_from(["\n", "\r\n", "\r"]), st.integers(0, 2)),
        min_size=2,
        max_size=8,
    ),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "cp1252", "gb18030"]),
)
def test_mixed_line_endings_and_blank_lines_stay(target, records, has_header, codec):
    # A CR before a blank line that ends with LF would be one line ending, so blank lines repeat the ending.
    text = "".join(f"{a},{b}{end * (1 + blank)}" for a, b, end, blank in records)
    content = text.encode(codec)
    read = read_csv(content, "a.csv", ReadOptions(codec, ",", has_header))
    rows = [cells for cells in csv.reader(io.StringIO(text, newline="")) if cells]
    assert cells_of(read) == rows[has_header:]
    read.source.write_corrected(target, read.frame.columns[1], {}, set())
    assert target.read_bytes() == content
    read.source.write_corrected(target, read.frame.columns[1], {1: "new"}, set())
    rows[has_header][1] = "new"
    changed = csv.reader(io.StringIO(target.read_bytes().decode(codec), newline=""))
    assert [cells for cells in changed if cells] == rows


@SETTINGS
@given(
    st.text(CHARACTER, max_size=60),
    st.sampled_from(["utf-8", "utf-16-le", "utf-32-be", "shift_jis", "cp1252"]),
    st.integers(8, 40),
)
def test_lines_of_small_slices_are_the_lines_of_the_text(text, codec, size):
    content = text.encode(codec, "ignore")
    text = content.decode(codec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(byte_slices, "_SLICE_BYTES", size)
        lines = TextLines(content, TextEncoding(codec, b""), "a.txt")
        found = list(lines)
    assert found == list(io.StringIO(text, newline=""))
    position, ends = 0, []
    for line in found:
        position += len(line.encode(codec))
        ends.append(position)
    assert lines.ends().tolist() == ends


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=80) | st.text(CHARACTER, max_size=40).map(str.encode),
    st.sampled_from(
        [None, "cp1252", "latin-1", "shift_jis", "gb18030", "utf-16", "utf-7", "cp037", "iso2022_jp"]
    ),
    st.sampled_from([None, True, False]),
)
def test_any_bytes_come_out_as_they_went_in_or_give_a_clear_error(target, content, encoding, has_header):
    for read_format in (read_csv, read_jsonl):
        try:
            read = read_format(content, "a.csv", ReadOptions(encoding, None, has_header))
        except DataError:
            continue
        read.source.write_corrected(target, read.frame.columns[0], {}, set())
        assert target.read_bytes() == content


@SETTINGS
@given(
    st.lists(
        st.dictionaries(NAME | CELL, st.integers() | CELL, min_size=1, max_size=4), min_size=1, max_size=4
    )
)
def test_any_key_of_json_lines_is_kept(target, objects):
    content = "".join(json.dumps(values) + "\n" for values in objects).encode()
    read = read_jsonl(content, "a.jsonl", ReadOptions())
    keys = list(dict.fromkeys(key for values in objects for key in values))
    assert tuple(read.frame.columns) == unique_names(keys)
    assert cells_of(read) == [[values.get(key) for key in keys] for values in objects]
    read.source.write_corrected(target, read.frame.columns[0], {1: "new"}, set())
    objects[0][keys[0]] = "new"
    assert [json.loads(line) for line in target.read_text().splitlines()] == objects
