"""Guessing which column holds what."""

import json

import pytest

from lane_core.data import guess_columns, read_table
from lane_core.data.columns import guess_annotators, require_columns
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


def test_words_for_splits_are_a_split_under_any_name_and_never_the_label(table_of):
    columns = {
        "Nr": list("1234"),
        "Satz": SENTENCES,
        "Teil": ["train", "Test", "train", "train"],
        "Art": list("abab"),
    }
    assert guess_columns(table_of(columns)) == ColumnChoice("Satz", "Art", "Nr", "Teil")
    columns["Teil"] = ["train", "test", "platform", "train"]
    assert guess_columns(table_of(columns)).split is None


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


PEOPLE = {"text": SENTENCES, "label": list("abab"), "note": list("xyzw")}


@pytest.mark.parametrize(
    "names",
    [
        ("annotator_1", "annotator_2"),
        ("Annotator1", "annotatorB"),
        ("ann_a", "ann_b"),
        ("rater.1", "rater 2"),
        ("label_1", "label_2"),
        ("label1", "label2"),
        ("emotion_a", "emotion_b"),
        ("worker_17_label", "label by expert"),
    ],
)
def test_columns_that_look_like_one_persons_labels_are_found(table_of, names):
    columns = {**PEOPLE, names[0]: ["a", None, "b", "a"], names[1]: ["b", "a", " ", ""]}
    assert guess_annotators(table_of(columns), ColumnChoice("text", "label")) == names


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("predicted_label", list("abab")),  # not a person's name
        ("label_id", list("abab")),
        ("rater_age", ["31", "45", "31", "29"]),
        ("rater_2", ["a", "a", None, None]),  # one class alone may be there by chance
        ("rater_2", ["b", "c", "d", "e"]),
        ("rater_2", [["a"], ["b"], ["a"], ["b"]]),
    ],
)
def test_other_columns_are_not_taken_for_a_person(table_of, name, cells):
    table = table_of({**PEOPLE, "rater_1": list("abba"), name: cells, "rater_3": list("aabb")})
    assert guess_annotators(table, ColumnChoice("text", "label")) == ("rater_1", "rater_3")


def test_half_of_a_persons_labels_may_be_new(table_of):
    table = table_of({**PEOPLE, "rater_1": list("abba"), "rater_2": list("abcd")})
    assert guess_annotators(table, ColumnChoice("text", "label")) == ("rater_1", "rater_2")


def test_one_person_is_not_several(table_of):
    table = table_of({**PEOPLE, "rater_1": list("abba")})
    assert guess_annotators(table, ColumnChoice("text", "label")) == ()


def test_a_column_that_holds_something_else_already_is_no_persons(table_of):
    table = table_of({**PEOPLE, **{f"rater_{n}": list("abba") for n in (1, 2, 3)}})
    assert guess_annotators(table, ColumnChoice("text", "rater_2")) == ("rater_1", "rater_3")
    assert guess_annotators(table, ColumnChoice("text", "rater_2", "rater_1", "rater_3")) == ()


def test_whole_numbers_with_a_decimal_point_are_the_classes(table_of):
    columns = {
        **PEOPLE,
        "label": list("1212"),
        "rater_1": ["1.0", None, "2.0", "2.0"],
        "rater_2": list("1222"),
    }
    assert guess_annotators(table_of(columns), ColumnChoice("text", "label")) == ("rater_1", "rater_2")


def test_one_of_several_peoples_columns_is_not_guessed_as_the_label(table_of):
    table = table_of({"text": SENTENCES, "rater_1": list("abab"), "rater_2": list("abba")})
    with pytest.raises(DataError) as caught:
        guess_columns(table)
    assert str(caught.value) == (
        "a.jsonl has labels of several people ('rater_1', 'rater_2') and no column with the label to audit. "
        "Add a column with the one that most of them chose, or say whose column is to be audited."
    )
    assert guess_columns(table, label="rater_2") == ColumnChoice("text", "rater_2")
    mood = table_of(
        {"text": SENTENCES, "rater_1": list("abab"), "rater_2": list("abba"), "mood": list("uvvu")}
    )
    assert guess_columns(mood) == ColumnChoice("text", "mood")


def test_a_single_persons_column_is_guessed_as_the_label(table_of):
    table = table_of({"text": SENTENCES, "rater": list("abab"), "rater_age": list("3434")})
    assert guess_columns(table) == ColumnChoice("text", "rater")


def test_persons_columns_must_exist_and_be_free(table_of):
    table = table_of({**PEOPLE, "rater_1": list("abba")})
    with pytest.raises(DataError, match=r"no column 'rater_2'; did you mean 'rater_1'\?"):
        require_columns(table, ColumnChoice("text", "label", annotators=("rater_1", "rater_2")))
    for annotators in (("label",), ("rater_1", "rater_1")):
        with pytest.raises(DataError, match="chosen for two things"):
            require_columns(table, ColumnChoice("text", "label", annotators=annotators))
