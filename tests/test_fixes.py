"""How the faults of a file are dealt with: what is left of it, and what stays in the corrected file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import Fixes, Table, check, examples_of, read_table, write_corrected
from lane_core.errors import DataError
from lane_core.records import ColumnChoice, Problem

COLUMNS = ColumnChoice("text", "label", split="split")


def table(*rows: tuple[object, ...]) -> Table:
    """A table of (text, label) or (text, label, split)."""
    whole = [(*row, "train")[:3] for row in rows]
    return Table(Path("a.csv"), "csv", pd.DataFrame(whole, columns=["text", "label", "split"], dtype=object))


def found(of: Table, kind: str, fixes: Fixes | None = None) -> Problem:
    (problem,) = [problem for problem in check(of, COLUMNS, fixes) if problem.kind == kind]
    return problem


def left(of: Table, fixes: Fixes) -> list[int]:
    """Rows that are left, from 1."""
    return examples_of(of, COLUMNS, fixes).frame["row"].tolist()


BASE = (("a one", "joy"), ("a two", "joy"), ("a three", "fear"), ("a four", "fear"))
"""Nothing is wrong with these; rows 1 to 4."""


@pytest.mark.parametrize(
    ("rows", "kind", "fixes", "rows_found"),
    [
        ([("five", None), ("six", " ")], "missing_label", Fixes(drop_unlabelled=True), (5, 6)),
        ([(" ", "joy"), (None, "joy")], "empty_text", Fixes(drop_empty=True), (5, 6)),
        ([("a one", "joy"), (" a one ", "joy")], "duplicates", Fixes(drop_duplicates=True), (5, 6)),
        (
            [("\x00\x01\x02abc", "joy"), ("0049 151 234 567", "joy")],
            "junk_text",
            Fixes(drop_junk=True),
            (5, 6),
        ),
        ([("five", ["joy", "fear"])], "multi_label", Fixes(drop_multi_label=True), (5,)),
        ([("five", "joy|fear"), ("six", "fear; joy")], "multi_label", Fixes(drop_multi_label=True), (5, 6)),
        ([("five", "['joy', 'fear']")], "multi_label", Fixes(drop_multi_label=True), (5,)),
        ([("five", "sad")], "rare_class", Fixes(min_class_size=2), (5,)),
        ([("Это хороший день", "joy")], "other_language", Fixes(drop_other_language=True), (5,)),
    ],
)
def test_rows_that_a_fix_leaves_out(rows, kind, fixes, rows_found):
    whole = table(*BASE, *rows)
    problem = found(whole, kind)
    assert problem.rows == rows_found
    assert not problem.is_fixed
    assert getattr(fixes, str(problem.fix))
    ticked = found(whole, kind, fixes)
    assert (ticked.is_fixed, ticked.blocking, ticked.rows) == (True, False, rows_found)
    assert left(whole, fixes) == [1, 2, 3, 4]


def test_every_fix_is_of_some_check_and_every_check_names_a_fix():
    rows = [
        ("a one", "joy"), ("a one", "joy", "test"), ("x", None), ("", "joy"), ("a two", "Joy"), ("a two", "Joy"),
        ("a three", "fear|joy"), ("\x00\x00", "joy"), ("Это хороший день", "joy"), ("some", "fear"), ("so me", "joy"),
    ]  # fmt: skip
    fixes = {problem.fix for problem in check(table(*rows), COLUMNS)} - {None}
    assert fixes == {field.name for field in fields(Fixes)}


def test_leaks_leave_training_only():
    whole = table(*BASE, ("a one", "fear", "test"), ("a three", "fear", "dev"))
    problem = found(whole, "leaks")
    assert (problem.rows, problem.fix) == ((1, 3), "drop_leaks")
    assert left(whole, Fixes(drop_leaks=True)) == [2, 4, 5, 6]
    assert not [problem for problem in check(whole, COLUMNS) if problem.kind == "duplicates"], (
        "rows of two splits are a leak, not one row twice"
    )


def test_equal_texts_with_different_labels_are_for_the_review():
    whole = table(*BASE, ("a one", "fear"))
    problem = found(whole, "conflicting_duplicates")
    assert (problem.rows, problem.fix, problem.blocking) == ((1, 5), None, False)
    assert "'a one' is 'fear' and 'joy'" in problem.message
    assert left(whole, Fixes(drop_duplicates=True)) == [1, 2, 3, 4, 5]


def test_spellings_are_read_as_the_commonest(tmp_path):
    path = tmp_path / "a.csv"
    content = "text,label\none,joy\ntwo,joy\nthree,Joy\nfour,joy \nfive,fear\nsix,FEAR\nseven,fear\n"
    path.write_text(content)
    whole, columns = read_table(path), ColumnChoice("text", "label")
    problem = next(problem for problem in check(whole, columns) if problem.kind == "label_spelling")
    assert problem.rows == (3, 4, 6)
    assert "'Joy', 'joy ' for 'joy'; 'FEAR' for 'fear'" in problem.message
    assert examples_of(whole, columns).classes == ("FEAR", "fear", "Joy", "joy", "joy ")
    examples = examples_of(whole, columns, Fixes(join_spellings=True))
    assert examples.classes == ("fear", "joy")
    assert examples.frame["given_label"].tolist() == ["joy"] * 4 + ["fear"] * 3
    out = tmp_path / "b.csv"
    write_corrected(whole, "label", {3: "fear"}, set(), out)
    assert out.read_text() == content.replace("three,Joy", "three,fear"), "the other cells stay"


def test_people_are_read_in_the_joined_spelling_too():
    frame = pd.DataFrame(
        {"text": list("abcd"), "label": ["joy", "joy", "Joy", "fear"], "ann": ["JOY", "Joy", "joy", "fear "]},
        dtype=object,
    )
    columns = ColumnChoice("text", "label", annotators=("ann",))
    examples = examples_of(Table(Path("a.csv"), "csv", frame), columns, Fixes(join_spellings=True))
    assert examples.annotations["label"].tolist() == ["joy", "joy", "joy", "fear"]
    assert examples.classes == ("fear", "joy")


def test_small_classes_are_named_where_others_are_large():
    many = [(f"text {n} of many", "joy") for n in range(20)] + [(f"word {n}", "fear") for n in range(5)]
    whole = table(*many, ("some text", "sad"), ("other text", "sad"))
    problem = found(whole, "rare_class")
    assert problem.message.startswith("A class has fewer than 5 examples in a.csv ('sad').")
    assert problem.rows == (26, 27)
    assert left(whole, Fixes(min_class_size=5)) == list(range(1, 26))
    assert not check(table(*many), COLUMNS)


def test_fixes_work_on_what_those_before_have_left():
    # Once "Joy" is read as "joy", row 5 repeats row 1; without row 6 the class sad has one example.
    whole = table(*BASE, ("a one", "Joy"), ("", "sad"), ("a six", "sad"))
    fixes = Fixes(join_spellings=True, drop_duplicates=True, drop_empty=True, min_class_size=2)
    assert [problem.kind for problem in check(whole, COLUMNS, fixes)] == [
        "label_spelling", "empty_text", "duplicates", "rare_class",
    ]  # fmt: skip
    assert left(whole, fixes) == [1, 2, 3, 4]


def test_a_fix_that_leaves_too_little_blocks():
    whole = table(("a", "joy"), ("b", "joy"), ("c", "fear"))
    problems = check(whole, COLUMNS, Fixes(min_class_size=2))
    assert [(problem.kind, problem.blocking) for problem in problems] == [
        ("single_class", True),
        ("rare_class", False),
    ]
    assert "without the rows that are left out, holds only 'joy'" in problems[0].message
    with pytest.raises(DataError, match="holds only 'joy'"):
        examples_of(whole, COLUMNS, Fixes(min_class_size=2))


def test_repeated_ids_of_rows_that_are_left_out_do_not_block():
    frame = pd.DataFrame(
        {"id": ["1", "1", "2"], "text": ["a", "a", "b"], "label": ["x", "x", "y"]}, dtype=object
    )
    whole, columns = Table(Path("a.csv"), "csv", frame), ColumnChoice("text", "label", "id")
    assert [problem.kind for problem in check(whole, columns) if problem.blocking] == ["duplicate_id"]
    assert examples_of(whole, columns, Fixes(drop_duplicates=True)).frame["example_id"].tolist() == ["1", "2"]


def test_long_texts_are_counted_by_their_letters():
    words = "word " * 500
    whole = table(*BASE, (words, "joy"), ("я" * 300, "joy"), ("x" * 1000, "fear"))
    problem = found(whole, "long_text")
    assert (problem.rows, problem.fix) == ((5, 6), None)
    assert "about 256 word pieces" in problem.message


def test_lists_are_written_back_as_lists(tmp_path):
    path, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    labels = ['["joy"]', '["fear"]', '["joy", "fear"]']
    path.write_text(
        "".join(
            f'{{"text": "{text}", "label": {label}}}\n' for text, label in zip("abc", labels, strict=True)
        )
    )
    whole = read_table(path)
    write_corrected(whole, "label", {1: "fear", 2: "sad"}, set(), out)
    assert out.read_text().splitlines() == [
        '{"text": "a", "label": ["fear"]}',
        '{"text": "b", "label": ["sad"]}',
        '{"text": "c", "label": ["joy", "fear"]}',
    ]


@pytest.mark.parametrize("text", ["[]", "1", '{"drop_empty": 1}', '{"unknown": true}', "{", "null"])
def test_fixes_of_another_program_are_refused(text):
    with pytest.raises(DataError):
        Fixes.from_json(text)


@given(st.builds(Fixes, min_class_size=st.integers(0, 9)))
def test_fixes_come_back_from_json(fixes):
    assert Fixes.from_json(fixes.to_json()) == fixes


def test_fixes_of_an_earlier_version_lack_fields():
    assert Fixes.from_json('{"drop_empty": true}') == Fixes(drop_empty=True)


CELLS = st.sampled_from(["a", "b ", "A", "", None, "one two three", "\x00", "a|b", "привет мир", "['a']"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["train", "test", "dev"])), min_size=1, max_size=12),
    st.builds(Fixes, min_class_size=st.integers(0, 3)),
)
def test_whatever_is_ticked_the_rows_that_are_left_are_sound(rows, fixes):
    whole = table(*rows)
    problems = check(whole, COLUMNS, fixes)
    if any(problem.blocking for problem in problems):
        with pytest.raises(DataError):
            examples_of(whole, COLUMNS, fixes)
        return
    frame = examples_of(whole, COLUMNS, fixes).frame
    assert frame["given_label"].nunique() >= 2
    assert frame["index"].tolist() == list(range(len(frame)))
    texts = frame["text"].str.strip()
    if fixes.drop_empty:
        assert (texts != "").all()
    if fixes.drop_duplicates:
        named = frame.assign(text=texts)[texts != ""]
        assert not named.duplicated(["text", "given_label", "split"]).any()
    if fixes.min_class_size:
        assert frame["given_label"].value_counts().min() >= fixes.min_class_size
    if fixes.drop_leaks:
        is_train = frame["split"] == "train"
        assert not set(texts[is_train & (texts != "")]) & set(texts[~is_train])
