"""JSON documents come out as they went in, but for the decided labels."""

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import ReadOptions, guess_columns, read_table, write_corrected
from lane_core.data.formats.json_spans import with_value
from lane_core.errors import DataError

SETTINGS = settings(max_examples=40, deadline=None)
ROWS = [
    {"id": "007", "text": "so glad", "label": "joy"},
    {"id": "008", "text": 'a, b\n"c" ]}', "label": "fear"},
    {"id": "009", "text": "é😀\u2028", "label": "joy"},
]


def read(folder, content, name="a.json", **options):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, ReadOptions(**options))


def corrected(table, folder, labels, excluded=(), column="label"):
    target = folder / "out.json"
    write_corrected(table, column, labels, set(excluded), target)
    return target.read_bytes()


def rows_of(table):
    return [list(row) for row in table.frame.itertuples(index=False, name=None)]


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("key", [None, "data", "rows", "examples", "records", "items", "anything"])
def test_a_list_of_objects_alone_or_under_a_key(tmp_path, indent, key):
    document = ROWS if key is None else {"version": [1, 2], key: ROWS, "more": {"n": 1.50}}
    text = json.dumps(document, indent=indent, ensure_ascii=False) + "\n"
    table = read(tmp_path, text)
    assert table.file_format == "json"
    assert table.columns == ["id", "text", "label"]
    assert rows_of(table) == [list(row.values()) for row in ROWS]
    assert corrected(table, tmp_path, {}) == text.encode()

    found = json.loads(corrected(table, tmp_path, {2: "joy"}, {1}))
    expected = [{**ROWS[1], "label": "joy"}, ROWS[2]]
    assert found == (expected if key is None else {**document, key: expected})
    assert json.loads(corrected(table, tmp_path, {}, {3})) == (
        ROWS[:2] if key is None else {**document, key: ROWS[:2]}
    )
    assert json.loads(corrected(table, tmp_path, {}, {1, 2, 3})) == (
        [] if key is None else {**document, key: []}
    )


def test_only_the_value_changes(tmp_path):
    text = '[ {"label" :"joy" , "n":1.0e+1,"text":"\\u00e9"},\n\n{"text":"b", "label":  "fear"} ]'
    table = read(tmp_path, text)
    assert corrected(table, tmp_path, {1: "fear", 2: "é"}).decode() == (
        '[ {"label" :"fear" , "n":1.0e+1,"text":"\\u00e9"},\n\n{"text":"b", "label":  "\\u00e9"} ]'
    )


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
def test_what_pandas_writes_it_reads_again(tmp_path, orient):
    frame = pd.DataFrame(ROWS).set_index(pd.Index([5, 6, 9]))
    text = frame.to_json(orient=orient, index=orient != "records" or None)
    table = read(tmp_path, text)
    assert table.frame["text"].tolist() == frame["text"].tolist()
    assert table.frame["label"].tolist() == ["joy", "fear", "joy"]
    assert corrected(table, tmp_path, {}) == text.encode()

    found = json.loads(corrected(table, tmp_path, {1: "fear"}, {2}))
    changed = frame.assign(label=["fear", "fear", "joy"]).drop(index=6)
    assert found == json.loads(changed.to_json(orient=orient, index=orient != "records" or None))


def test_an_object_of_objects_has_the_keys_as_ids(tmp_path):
    text = '{"t1": {"text": "so glad", "label": "joy"}, "t2": {"text": "no", "label": "fear"}}'
    table = read(tmp_path, text)
    assert rows_of(table) == [["t1", "so glad", "joy"], ["t2", "no", "fear"]]
    assert guess_columns(table).example_id == "id"
    assert corrected(table, tmp_path, {2: "joy"}, {1}).decode() == '{"t2": {"text": "no", "label": "joy"}}'


def test_several_lists_are_parts(tmp_path):
    text = json.dumps({"train": ROWS[:2], "test": ROWS[2:]})
    assert read(tmp_path, text).parts == ("train", "test")
    table = read(tmp_path, text, part="test")
    assert (table.parts, table.num_rows) == (("test", "train"), 1)
    assert json.loads(corrected(table, tmp_path, {1: "fear"})) == {
        "train": ROWS[:2],
        "test": [{**ROWS[2], "label": "fear"}],
    }
    with pytest.raises(DataError, match=r"no rows under 'dev'\. It has rows under: train, test"):
        read(tmp_path, text, part="dev")


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_stay(tmp_path, codec):
    content = json.dumps(ROWS, ensure_ascii=False).encode(codec)
    table = read(tmp_path, content)
    assert rows_of(table) == [list(row.values()) for row in ROWS]
    assert corrected(table, tmp_path, {}) == content
    assert json.loads(corrected(table, tmp_path, {1: "fear"}).decode(codec)) == [
        {**ROWS[0], "label": "fear"},
        *ROWS[1:],
    ]


def test_repeated_keys_count_last_and_both_stay(tmp_path):
    text = '[{"label": "joy", "text": "a", "label": "fear"}, {"text": "b", "label": "joy"}]'
    table = read(tmp_path, text)
    assert table.frame["label"].tolist() == ["fear", "joy"]
    assert corrected(table, tmp_path, {1: "joy"}).decode() == text.replace("fear", "joy")


def test_numbers_that_are_none_stay_as_they_are(tmp_path):
    text = '[{"text": "a", "label": "joy", "n": NaN}, {"text": "b", "label": "fear", "n": -Infinity}]'
    table = read(tmp_path, text)
    assert corrected(table, tmp_path, {2: "joy"}).decode() == text.replace("fear", "joy")


def test_json_lines_under_the_name_of_json(tmp_path):
    text = "".join(json.dumps(row) + "\n" for row in ROWS)
    table = read(tmp_path, text)
    assert table.file_format == "jsonl"
    assert corrected(table, tmp_path, {}) == text.encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        (b'[{"text": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}]", "nested too deep"),
        (b'[{"text": "a", "n": ' + b"9" * 5000 + b"}]", "too many digits"),
        (b'[{"text": "a", "label": "joy"}', "Expecting ',' delimiter at line 1, column 31"),
        (b'[{"text": "a", "label": "joy"},]', "cannot be read as JSON"),
        (b'[{"text": "a" "label": "joy"}]', "line 1, column 15"),
        (b'[{"text": "a"}] []', "goes on after the end"),
        (b"[]", "holds no rows"),
        (b"{}", "holds no rows"),
        (b"[1, 2]", "Row 1 of a.json is not an object but 1"),
        (b'[{"text": "a"}, "b"]', "Row 2 of a.json is not an object"),
        (b"[{}, {}]", "are empty"),
        (b'{"text": "a", "label": "joy"}', "Row 1 of a.json is not an object"),
        (b'[{"text": "a\x00b"}]', "NUL"),
        (b'[{"text": "a}]', "Unterminated string"),
        (b'[{text: "a"}]', "double quotes"),
    ],
)
def test_broken_documents(tmp_path, content, message):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, content)
    assert len(str(caught.value)) < 400


def test_bytes_that_are_no_utf_8_are_kept(tmp_path):
    content = (
        b'[{"text": "caf\xe9 ' + "é".encode() * 20 + b'", "label": "joy"}, {"text": "b", "label": "fear"}]'
    )
    table = read(tmp_path, content, encoding="utf-8")
    assert table.unreadable_rows == (1,)
    assert corrected(table, tmp_path, {2: "joy"}) == content.replace(b"fear", b"joy")


def test_a_label_that_the_encoding_does_not_have(tmp_path):
    table = read(
        tmp_path,
        '[{"text": "é", "label": "joy"}, {"text": "b", "label": "a"}]'.encode("latin-1"),
        encoding="latin-1",
    )
    with pytest.raises(DataError, match="cannot be written in iso8859-1"):
        corrected(table, tmp_path, {1: "😀"})
    assert not (tmp_path / "out.json").exists()


JSON_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
KEY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5)


@SETTINGS
@given(st.dictionaries(KEY, JSON_VALUE, min_size=1, max_size=3), st.data())
def test_a_value_anywhere_is_replaced(values, data):
    path, inner = (), values
    while isinstance(inner, (dict, list)) and inner and (not path or data.draw(st.booleans())):
        step = data.draw(
            st.sampled_from(sorted(inner)) if isinstance(inner, dict) else st.integers(0, len(inner) - 1)
        )
        path, inner = (*path, step), inner[step]
    found = json.loads(with_value(json.dumps(values), path, '"new"'))
    holder = values
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = "new"
    assert found == values


def test_a_path_that_leads_nowhere():
    with pytest.raises(KeyError):
        with_value('{"a": 1}', ("b", "c"), "2")
