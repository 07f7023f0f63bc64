"""What is said about a file before it is stored."""

import json

import pytest

from lane_core.data import check, read_table
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
        return read_table(path)

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
    table = table_of(["1,,joy", "2,b,joy", "3, b,fear", "4,caf\udce9,fear", "5,d,sad", "6,e,"])
    problems = check(table, COLUMNS)
    assert [(problem.kind, problem.rows, problem.blocking) for problem in problems] == [
        ("missing_label", (6,), True),
        ("unreadable_bytes", (4,), False),
        ("empty_text", (1,), False),
        ("conflicting_duplicates", (2, 3), False),
        ("rare_class", (5,), False),
    ]
    assert "'b' is 'fear' and 'joy'" in problems[3].message
    assert "'sad'" in problems[4].message


def test_at_most_twenty_rows_are_listed(table_of):
    problem = only(check(table_of([f"{n},,{'ab'[n % 2]}" for n in range(1, 51)]), COLUMNS), "empty_text")
    assert problem.count == 50
    assert problem.rows == tuple(range(1, 21))
    assert problem.message.startswith("50 rows (first: 1, 2, 3) have no text")


def test_equal_texts_with_the_same_label_are_no_conflict(table_of):
    assert (
        check(table_of(["1,a,joy", "2,a,joy", "3,,joy", "4,,fear", "5,c,fear"]), COLUMNS)[0].kind
        == "empty_text"
    )
    assert len(check(table_of(["1,a,joy", "2,a,joy", "3,b,fear", "4,c,fear"]), COLUMNS)) == 0


def test_lists_as_labels_are_refused_by_row(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"text": "a", "label": "joy"}, {"text": "b", "label": ["joy", "fear"]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(
        DataError, match=r"Row 2 of a\.jsonl, column 'label': a list \(\[\"joy\", \"fear\"\]\)"
    ):
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
