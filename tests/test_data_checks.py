"""What is said about a file before it is stored."""

import json
import shutil
from pathlib import Path

import pytest

from lane_core.data import Fixes, ReadOptions, check, examples_of, read_table
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

COLUMNS = ColumnChoice("text", "label")


@pytest.fixture
def table_of(tmp_path):
    def make(rows, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(
            b"id,text,label\n" + "".join(f"{row}\n" for row in rows).encode("utf-8", "surrogateescape")
        )
        # Said, as the byte alone would be found to be cp1252.
        return read_table(path, ReadOptions("utf-8"))

    return make


def only(problems, kind):
    (problem,) = [problem for problem in problems if problem.kind == kind]
    return problem


def test_a_good_file_has_no_problem(table_of):
    table = table_of(["1,a,joy", "2,b,joy", "3,c,fear", "4,d,fear"])
    assert check(table, ColumnChoice("text", "label", "id")) == []


def test_missing_labels_block(table_of):
    problem = only(check(table_of(["1,a,joy", "2,b,", "3,c,fear", "4,d, "]), COLUMNS), "missing_label")
    assert (problem.count, problem.rows, problem.blocking) == (2, (2, 4), True)
    assert problem.message == (
        "2 rows (first: 2, 4) have no label in a.csv. Fill in, or import without the 2 rows."
    )
    one = only(check(table_of(["1,a,joy", "2,b,", "3,c,fear"]), COLUMNS), "missing_label")
    assert one.message == "Row 2 has no label in a.csv. Fill in, or import without the row."


@pytest.mark.parametrize(
    ("rows", "seen"), [(["1,a,joy", "2,b,joy"], "only 'joy'"), (["1,a,", "2,b,"], "no label at all")]
)
def test_fewer_than_two_classes_block(table_of, rows, seen):
    problem = only(check(table_of(rows), COLUMNS), "single_class")
    assert problem.blocking
    assert seen in problem.message


def test_repeated_and_blank_ids_block(table_of):
    table = table_of(["x,a,joy", "y,b,joy", "x,c,fear", ",d,fear"])
    problem = only(check(table, ColumnChoice("text", "label", "id")), "duplicate_id")
    assert (problem.count, problem.rows, problem.blocking) == (3, (1, 3, 4), True)
    assert "(the first holds 'x')" in problem.message
    assert [found.kind for found in check(table, COLUMNS)] == []


def test_what_does_not_block_comes_after_what_does(table_of):
    table = table_of(["1,,joy", "2,b,joy", "3, b,fear", "4,caf\udcff,fear", "5,d,sad", "6,e,"])
    problems = check(table, COLUMNS)
    assert [(problem.kind, problem.rows, problem.blocking) for problem in problems] == [
        ("missing_label", (6,), True),
        ("empty_text", (1,), False),
        ("rare_class", (5,), False),
        ("conflicting_duplicates", (2, 3), False),
        ("unreadable_bytes", (4,), False),
    ]
    assert "'sad'" in problems[2].message
    assert "'b' is 'fear' and 'joy'" in problems[3].message


def test_at_most_twenty_rows_are_listed(table_of):
    rows = [*(f"{n},,{'ab'[n % 2]}" for n in range(1, 51)), "51,x,a"]
    problem = only(check(table_of(rows), COLUMNS), "empty_text")
    assert problem.count == 50
    assert problem.rows == tuple(range(1, 21))
    assert problem.message.startswith("50 rows (first: 1, 2, 3) have no text")


def test_a_file_without_any_text_is_refused_alike_in_every_shape(table_of, tmp_path):
    in_csv = table_of(["1, ,joy", '2,"\n",joy', "3,,fear", "4,,fear"])
    folder = tmp_path / "posts"
    for name, text in (("joy/1", " "), ("joy/2", "\n"), ("fear/1", ""), ("fear/2", "")):
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    zipped = Path(shutil.make_archive(str(tmp_path / "zipped"), "zip", folder))
    for table in (in_csv, read_table(folder), read_table(zipped)):
        for fixes in (Fixes(), Fixes(drop_empty=True)):
            problem = only(check(table, ColumnChoice("text", "label"), fixes), "empty_text")
            assert (problem.count, problem.rows, problem.blocking, problem.fix) == (
                4,
                (1, 2, 3, 4),
                True,
                None,
            )
            assert problem.message.startswith(f"No row of {table.name} has a text: it is blank in all 4.")
            with pytest.raises(DataError, match=r"No row of .* has a text"):
                examples_of(table, ColumnChoice("text", "label"), fixes)


def test_equal_texts_with_the_same_label_are_no_conflict(table_of):
    assert (
        check(table_of(["1,a,joy", "2,a,joy", "3,,joy", "4,,fear", "5,c,fear"]), COLUMNS)[0].kind
        == "empty_text"
    )
    (problem,) = check(table_of(["1,a,joy", "2,a,joy", "3,b,fear", "4,c,fear"]), COLUMNS)
    assert (problem.kind, problem.rows, problem.fix) == ("duplicates", (2,), "drop_duplicates")


def test_rows_with_lists_of_labels_block_and_lists_of_one_are_read(tmp_path):
    path = tmp_path / "a.jsonl"
    labels = ["joy", ["joy", "fear"], ["fear"], [], ["joy", "joy"], ["fear"]]
    path.write_text(
        "".join(json.dumps({"text": f"t{n}", "label": label}) + "\n" for n, label in enumerate(labels))
    )
    problems = check(read_table(path), COLUMNS)
    assert [(problem.kind, problem.rows, problem.blocking) for problem in problems] == [
        ("multi_label", (2,), True),
        ("missing_label", (4,), True),
    ]
    assert problems[0].message == (
        "Row 2 has several labels in a.jsonl. One class a text can be audited: leave these rows out, or give each of "
        "them one label."
    )


def test_objects_as_labels_are_refused_by_row(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"text": "a", "label": "joy"}, {"text": "b", "label": {"name": "joy"}}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=r"Row 2 of a\.jsonl, column 'label': a dict"):
        check(read_table(path), COLUMNS)


def test_columns_that_do_not_exist_are_refused(table_of):
    with pytest.raises(DataError, match="no column 'mood'"):
        check(table_of(["1,a,joy"]), ColumnChoice("text", "mood"))


def test_a_column_of_ids_is_not_a_label_column(table_of):
    rows = [f"{row},text {row},label-{row}" for row in range(1001)]
    problems = check(table_of(rows), ColumnChoice("text", "label"))
    assert problems[0].kind == "too_many_classes"
    assert problems[0].blocking
    assert "holds 1,001 different labels in 1,001 rows; at most 1,000 classes" in problems[0].message


def test_long_labels_are_shortened_in_messages(table_of):
    problems = check(table_of([f"1,a,{'x' * 5000}", "2,b,joy", "3,c,joy"]), ColumnChoice("text", "label"))
    assert problems[0].kind == "rare_class"
    assert len(problems[0].message) < 300


@pytest.fixture
def people_of(tmp_path):
    """A table with the columns text, label, ann and bob, and what is found in it."""

    def make(*rows):
        path = tmp_path / "p.csv"
        lines = [f"text {number},{row}\n" for number, row in enumerate(rows)]
        path.write_text("text,label,ann,bob\n" + "".join(lines))
        return check(read_table(path), ColumnChoice("text", "label", annotators=("ann", "bob")))

    return make


def test_labels_that_differ_are_counted(people_of):
    rows = ["joy,joy,fear", "joy,joy,joy", "fear,fear,", "fear, ,fear", "joy,fear,joy", "fear,fear,fear"]
    (problem,) = people_of(*rows)
    assert (
        problem.message
        == "4 rows have labels of several people in p.csv. 2 rows (first: 1, 5) have labels that differ."
    )
    assert (problem.kind, problem.count, problem.rows, problem.blocking) == (
        "several_labels",
        2,
        (1, 5),
        False,
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["a,a,b", "a,,", "b,b,", "b,b,"],
            "Row 1 has labels of several people in p.csv. Row 1 has labels that differ.",
        ),
        (["a,a,a", "a,,", "b,b,b", "b,b,"], "2 rows have labels of several people in p.csv. None differ."),
        (
            ["a,,a", "a,,", "b,b,", "b,b,"],
            "No row of p.csv has labels of several people: nothing says how well they agree.",
        ),
    ],
)
def test_how_many_rows_have_labels_of_several_people_is_said(people_of, rows, message):
    (problem,) = people_of(*rows)
    assert (problem.message, problem.blocking) == (message, False)


def test_labels_that_only_a_person_gave_are_named(people_of):
    problems = people_of("joy,joy,joy", "joy, joy,sad", "fear,fear,<b>", "fear,fear,sad")
    assert [problem.kind for problem in problems] == ["new_class", "several_labels"]
    assert (problems[0].rows, problems[0].blocking) == ((2, 3, 4), False)
    assert problems[0].message == (
        "3 rows (first: 2, 3, 4) have a label by one of several people that the label column of p.csv does not hold: "
        "' joy', 'sad', '<b>'. Such labels become classes; if one is misspelt, mend the file first."
    )


def test_a_column_that_shares_no_class_is_no_persons(people_of):
    (problem,) = people_of("joy,joy,bbc", "joy,fear,cnn", "fear,fear,rtr", "fear,,bbc")
    assert (problem.kind, problem.blocking) == ("annotator_column", True)
    assert problem.message == (
        "Column 'bob' of p.csv does not look like one person's labels: it holds 'bbc', 'cnn', 'rtr', and the label "
        "column holds 'fear', 'joy'. Leave it out of the several people's labels."
    )


def test_an_empty_column_is_no_persons(people_of):
    (problem,) = people_of("joy,joy,", "joy,fear, ", "fear,fear,", "fear,,")
    assert (problem.kind, problem.blocking) == ("annotator_column", True)
    assert "'bob' of p.csv does not look like one person's labels: it holds no label, and" in problem.message


def test_a_column_of_texts_is_no_persons(people_of):
    problems = people_of("a,a,a", *(f"{'ab'[n % 2]},{'ab'[n % 2]},note {n}" for n in range(1000)))
    assert [(problem.kind, problem.blocking) for problem in problems] == [("annotator_column", True)]
    assert "it holds 1,001 different labels, and the label column holds 'a', 'b'." in problems[0].message


def test_too_many_classes_of_several_people_together_block(people_of):
    rows = [f"{'ab'[n % 2]},new {n},new {n + 500}" for n in range(499)]
    assert all(not problem.blocking for problem in people_of("a,a,a", "b,b,b", *rows))
    problems = people_of("a,a,a", "b,b,b", *rows, "a,one more,a")
    assert problems[0].blocking
    assert problems[0].message == (
        "The label column of p.csv and the columns of several people hold 1,001 different labels; at most 1,000 "
        "classes can be audited. Leave a column out."
    )


def test_rows_without_a_label_say_nothing_about_people(people_of):
    problems = people_of("joy,joy,joy", "joy,joy,joy", ",sad,glad", "fear,fear,", "fear,fear,")
    assert [(problem.kind, problem.rows) for problem in problems] == [
        ("missing_label", (3,)),
        ("several_labels", ()),
    ]
    assert problems[1].message == "2 rows have labels of several people in p.csv. None differ."


def test_a_label_column_without_labels_is_said_once(people_of):
    assert [problem.kind for problem in people_of(",joy,joy", ",fear,joy")] == [
        "missing_label",
        "single_class",
    ]


def test_lists_in_a_persons_column_are_refused_by_row(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [
        {"text": "a", "label": "joy", "ann": "joy"},
        {"text": "b", "label": "fear", "ann": ["joy", "fear"]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=r"Row 2 of a\.jsonl, column 'ann': a list"):
        check(read_table(path), ColumnChoice("text", "label", annotators=("ann",)))
