"""Any file that a standard writer makes comes out as it went in, but for the decided label cells."""

import csv
import io
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import ReadOptions, read_table, write_corrected

SETTINGS = settings(max_examples=60, deadline=None)

# Every character that a format gives a meaning, some that programs trip over, and any other.
SPECIAL = st.sampled_from([*",;\t|\"'\n\r\\ =0.1-{}[]:é😀\u2028\x85\x0b\x1c\ufeff"])
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
CELL = st.text(SPECIAL | ANY, max_size=8)
NAME = CELL.filter(str.strip)
LABEL = st.sampled_from(["joy", "fear", "007", "a,b", 'say "hi"', "two\nlines", "tab\there", "é😀"])


@st.composite
def grids(draw, name=NAME):
    """Return column names, rows of cells and the position of the label column."""
    header = draw(st.lists(name, min_size=2, max_size=4, unique=True))
    row = st.lists(CELL, min_size=len(header), max_size=len(header))
    rows = draw(st.lists(row, min_size=1, max_size=6))
    return header, rows, draw(st.integers(0, len(header) - 1))


def decisions(num_rows):
    rows = st.integers(1, num_rows)
    return st.tuples(st.dictionaries(rows, LABEL), st.sets(rows))


def written(content, name, column, labels, excluded, **options):
    """Return the table that was read from these bytes and the bytes of the corrected file."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / name, Path(folder) / f"corrected-{name}"
        source.write_bytes(content)
        table = read_table(source, ReadOptions(**options))
        write_corrected(table, column, labels, excluded, target)
        return table, target.read_bytes()


def csv_bytes(rows, delimiter, quoting, line_end):
    stream = io.StringIO(newline="")
    # Up to Python 3.12 the writer quotes a bare CR only if it is part of the line ending.
    csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(rows)
    text = stream.getvalue()
    if line_end == "\n" and "\r" not in "".join(map("".join, rows)):
        text = text.replace("\r\n", "\n")
    return text.encode()


@SETTINGS
@given(
    grids(),
    st.sampled_from([(",", "a.csv"), ("\t", "a.tsv"), (";", "a.csv"), ("|", "a.csv")]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
def test_delimited_files(grid, kind, quoting, line_end, data):
    header, rows, position = grid
    delimiter, name = kind
    content = csv_bytes([header, *rows], delimiter, quoting, line_end)
    column = header[position]

    table, same = written(content, name, column, {}, set(), delimiter=delimiter, has_header=True)
    assert table.columns == header
    assert [list(row) for row in table.frame.itertuples(index=False, name=None)] == rows
    assert same == content

    labels, excluded = data.draw(decisions(len(rows)))
    _, corrected = written(content, name, column, labels, excluded, delimiter=delimiter, has_header=True)
    expected = [
        [labels.get(row, cell) if at == position else cell for at, cell in enumerate(cells)]
        for row, cells in enumerate(rows, start=1)
        if row not in excluded
    ]
    found = list(csv.reader(io.StringIO(corrected.decode(), newline=""), delimiter=delimiter))
    assert found == [header, *expected]


@SETTINGS
@given(
    grids(name=st.text("abcdefgh_ é😀", min_size=1, max_size=6).filter(str.strip)), st.sampled_from(",;\t|")
)
def test_the_delimiter_is_found_whatever_the_cells_hold(grid, delimiter):
    header, rows, position = grid
    content = csv_bytes([header, *rows], delimiter, csv.QUOTE_MINIMAL, "\n")
    table, same = written(content, "a.csv", header[position], {}, set(), has_header=True)
    assert table.source.dialect.delimiter == delimiter
    assert [list(row) for row in table.frame.itertuples(index=False, name=None)] == rows
    assert same == content


JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | CELL,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(CELL, inner, max_size=2),
    max_leaves=4,
)


@SETTINGS
@given(
    st.lists(st.dictionaries(NAME, JSON_VALUE, max_size=3), min_size=1, max_size=5),
    st.lists(LABEL | st.integers(0, 9) | st.none(), min_size=5, max_size=5),
    st.booleans(),
    st.sampled_from([None, (",", ":"), (" , ", " : ")]),
    st.data(),
)
def test_json_lines(objects, given_labels, escape, separators, data):
    for values, label in zip(objects, given_labels, strict=False):
        values["label"] = label
    lines = [json.dumps(values, ensure_ascii=escape, separators=separators) for values in objects]
    content = ("\n".join(lines) + "\n").encode()

    _, same = written(content, "a.jsonl", "label", {}, set())
    assert same == content

    labels, excluded = data.draw(decisions(len(objects)))
    _, corrected = written(content, "a.jsonl", "label", labels, excluded)
    expected = [
        {**values, "label": labels.get(row, values["label"])}
        for row, values in enumerate(objects, start=1)
        if row not in excluded
    ]
    found = [json.loads(line) for line in corrected.decode().split("\n")[:-1]]
    assert [list(values.items()) for values in found] == [list(values.items()) for values in expected]
    for row, line in enumerate(lines, start=1):
        if row not in labels and row not in excluded:
            assert line in corrected.decode().split("\n")


@SETTINGS
@given(
    st.lists(
        st.tuples(st.none() | CELL, st.none() | st.integers(0, 3), st.lists(CELL, max_size=2)),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_parquet_with_int_labels(rows, data):
    schema = pa.schema(
        [
            pa.field("text", pa.large_string()),
            pa.field("label", pa.int16(), metadata={"unit": "class"}),
            pa.field("tags", pa.list_(pa.string())),
        ],
        metadata={"origin": "a test"},
    )
    stream = io.BytesIO()
    pq.write_table(
        pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema), stream
    )
    original = pq.read_table(stream)

    _, same = written(stream.getvalue(), "a.parquet", "label", {}, set())
    assert pq.read_table(io.BytesIO(same)).equals(original, check_metadata=True)

    num_rows = st.integers(1, len(rows))
    labels = data.draw(st.dictionaries(num_rows, st.integers(0, 12)))
    excluded = data.draw(st.sets(num_rows))
    names = {row: str(label) for row, label in labels.items()}
    _, corrected = written(stream.getvalue(), "a.parquet", "label", names, excluded)
    expected = [
        {"text": text, "label": labels.get(row, label), "tags": tags}
        for row, (text, label, tags) in enumerate(rows, start=1)
        if row not in excluded
    ]
    found = pq.read_table(io.BytesIO(corrected))
    assert found.to_pylist() == expected
    assert found.schema.equals(original.schema, check_metadata=True)
    assert found.schema.metadata == {b"origin": b"a test"}
