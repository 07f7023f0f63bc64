"""Guessing which column holds what."""

import json

import pytest

from lane_core.data import guess_columns, read_table
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

SENTENCES = [
    "the train was late again",
    "what a lovely surprise",
    "they shouted at me",
    "nobody came to the party",
]


@pytest.fixture
def table_of(tmp_path):
    def make(columns):
        path = tmp_path / "a.jsonl"
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return read_table(path)

    return make


@pytest.mark.parametrize("text", ["text", "sentence", "Utterance", "CONTENT", "comment", "review", "message"])
@pytest.mark.parametrize(
    "label", ["label", "Labels", "emotion", "intent", "class", "category", "target", "sentiment"]
)
def test_usual_names_are_known(table_of, text, label):
    # The other columns look more like text and label than these two.
    columns = {
        "remarks": ["long " * 20] * 4,
        label: list("abcd"),
        "flag": list("xyxy"),
        text: ["a", "b", "c", "d"],
    }
    assert guess_columns(table_of(columns)) == ColumnChoice(text, label)


@pytest.mark.parametrize("name", ["id", "example_id", "uuid", "row_id", "RowId", "comment_id"])
def test_an_id_column_is_taken_if_every_row_has_its_own(table_of, name):
    columns = {"text": SENTENCES, "label": list("abab")}
    assert guess_columns(table_of({name: ["1", "2", "3", "4"], **columns})).example_id == name
    assert guess_columns(table_of({name: ["1", "2", "3", "3"], **columns})).example_id is None
    assert guess_columns(table_of({name: ["1", "2", "3", ""], **columns})).example_id is None


@pytest.mark.parametrize("name", ["split", "partition", "set", "fold"])
def test_a_split_column_is_taken_if_it_names_training_rows(table_of, name):
    columns = {"text": SENTENCES, "label": list("abab")}
    assert guess_columns(table_of({name: ["Train", "test", "dev", "train"], **columns})).split == name
    assert guess_columns(table_of({name: ["1", "2", "1", "2"], **columns})).split is None
    assert guess_columns(table_of({name: ["test"] * 4, **columns})).split is None


def test_unknown_names_are_told_by_content(table_of):
    columns = {
        "a": [0.31, 0.72, 0.11, 0.52],
        "b": ["north", "south", "south", "north"],
        "c": SENTENCES,
        "d": ["2026-01-01 10:00:00 and more than a sentence"[:10]] * 4,
    }
    assert guess_columns(table_of(columns)) == ColumnChoice("c", "b")


def test_a_word_in_the_name_tells_the_label(table_of):
    columns = {
        "body": SENTENCES,
        "source": list("xxyy"),
        "emotion_label": list("abba"),
        "label_score": [1, 2, 3, 4],
    }
    assert guess_columns(table_of(columns)) == ColumnChoice("body", "emotion_label")


def test_lists_are_neither_text_nor_label(table_of):
    columns = {
        "text": [["a"], ["b"], ["c"], ["d"]],
        "labels": [[1], [2], [1], [2]],
        "x": SENTENCES,
        "y": list("abab"),
    }
    assert guess_columns(table_of(columns)) == ColumnChoice("x", "y")


def test_named_columns_are_taken_and_the_rest_is_guessed_around_them(table_of):
    table = table_of(
        {"text": SENTENCES, "label": list("abab"), "summary": list("pqrs"), "mood": list("uvuv")}
    )
    assert guess_columns(table, text="summary", label="mood") == ColumnChoice("summary", "mood")
    assert guess_columns(table, label="mood") == ColumnChoice("text", "mood")
    assert guess_columns(table, text="label") == ColumnChoice("label", "mood")


def test_what_cannot_be_found_is_named(table_of):
    with pytest.raises(DataError, match=r"No column of a\.jsonl looks like the label \(columns: text\)"):
        guess_columns(table_of({"text": SENTENCES}))
    with pytest.raises(DataError, match=r"No column of a\.jsonl looks like the text"):
        guess_columns(table_of({"label": list("abab"), "n": [1, 2, 3, 4]}))
    table = table_of({"text": SENTENCES, "label": list("abab")})
    with pytest.raises(DataError, match=r"no column 'lable'; did you mean 'label'\? It has: text, label"):
        guess_columns(table, label="lable")
    with pytest.raises(DataError, match=r"'text' of a\.jsonl is chosen for two things"):
        guess_columns(table, text="text", label="text")
