"""From a file to examples with ids, positions, splits and classes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import Table, examples_of, read_examples, read_table, with_validation
from lane_core.data.checking.fixes import Fixes
from lane_core.data.examples import natural_order
from lane_core.errors import DataError
from lane_core.records import ColumnChoice


@pytest.fixture
def write(tmp_path):
    def to_file(content, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


def test_examples_keep_the_order_of_the_file_and_its_texts(write):
    examples = read_examples(write('id,text,label\n07,"a, b",joy\n08, c ,fear\n09,d,joy\n'))
    expected = pd.DataFrame(
        {
            "index": [0, 1, 2],
            "row": [1, 2, 3],
            "example_id": ["07", "08", "09"],
            "text": ["a, b", " c ", "d"],
            "given_label": ["joy", "fear", "joy"],
            "split": ["train"] * 3,
        }
    )
    pd.testing.assert_frame_equal(examples.frame, expected)
    assert examples.classes == ("fear", "joy")
    assert examples.columns == ColumnChoice("text", "label", "id")
    assert [problem.kind for problem in examples.problems] == ["rare_class"]
    assert examples.num_rows == 3


def test_without_an_id_column_ids_are_padded_row_numbers(write):
    lines = "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(1, 13))
    examples = read_examples(write("text,label\n" + lines))
    assert list(examples.frame["example_id"][:2]) == ["01", "02"]
    assert examples.frame["example_id"].iloc[-1] == "12"


def test_unlabelled_rows_stop_the_import_or_are_left_out(write):
    path = write("id,text,label\n1,a,joy\n2,b,\n3,c,fear\n")
    with pytest.raises(DataError, match="Row 2 has no label"):
        read_examples(path)
    examples = read_examples(path, fixes=Fixes(drop_unlabelled=True))
    assert list(examples.frame["index"]) == [0, 1]
    assert list(examples.frame["row"]) == [1, 3]
    assert list(examples.frame["example_id"]) == ["1", "3"]
    assert examples.num_rows == 3
    missing = examples.problems[0]
    assert (missing.kind, missing.rows, missing.blocking) == ("missing_label", (2,), False)


def test_every_blocking_problem_is_in_the_error(write):
    path = write("id,text,label\n1,a,joy\n1,b,\n")
    with pytest.raises(DataError) as caught:
        read_examples(path, example_id="id")
    assert len(str(caught.value).splitlines()) == 3
    for part in ("no label", "only 'joy'", "repeated id"):
        assert part in str(caught.value)


def test_words_of_a_split_column(write):
    words = [
        "train",
        "Training",
        "TR",
        "val",
        "valid",
        "validation",
        " Dev ",
        "test",
        "testing",
        "eval",
        "",
        "other",
    ]
    lines = "".join(f"{word},text {n},{'ab'[n % 2]}\n" for n, word in enumerate(words))
    examples = read_examples(write("split,text,label\n" + lines))
    assert examples.columns.split == "split"
    assert list(examples.frame["split"]) == ["train"] * 3 + ["validation"] * 4 + ["test"] * 3 + ["train"] * 2


def test_a_split_column_without_training_rows_is_refused(write):
    with pytest.raises(DataError, match=r"Column 'split' of a\.csv leaves no labelled row for training"):
        read_examples(write("split,text,label\ntest,a,x\ntest,b,y\n"), split="split")


def test_labels_that_are_numbers_or_booleans_become_names(tmp_path, write):
    lines = [{"text": str(n), "label": label} for n, label in enumerate([3, 10, True, 1.0, "x", 0.5])]
    examples = read_examples(write("".join(json.dumps(line) + "\n" for line in lines), "a.jsonl"))
    assert list(examples.frame["given_label"]) == ["3", "10", "true", "1", "x", "0.5"]
    assert examples.classes == ("0.5", "1", "3", "10", "true", "x")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a", "b", "c"], "label": pa.array([1, None, 0], pa.int32())}), path)
    frame = read_examples(path, fixes=Fixes(drop_unlabelled=True)).frame
    assert list(frame["given_label"]) == ["1", "0"]


def test_a_table_from_memory_gives_examples():
    rows = pd.DataFrame({"text": ["a", "b"], "label": [np.int64(2), np.float32(0.5)]}, dtype=object)
    examples = examples_of(Table(Path("my list"), "jsonl", rows), ColumnChoice("text", "label"))
    assert list(examples.frame["given_label"]) == ["2", "0.5"]


def test_unreadable_bytes_do_not_reach_the_examples(write):
    examples = read_examples(write(b"text,label\nbad \xff,jo\xfe\nb,fear\n"))
    assert examples.frame["text"][0] == "bad \ufffd"
    assert examples.classes == ("fear", "jo\ufffd")
    pa.Table.from_pandas(examples.frame)  # valid text for any program
    lone = read_examples(write('{"text": "\\ud800", "label": "a"}\n{"text": "x", "label": "b"}\n', "a.jsonl"))
    assert lone.frame["text"][0] == "\ufffd"


def test_other_cells_become_text(write):
    lines = ['{"text": 12, "label": "a"}', '{"text": null, "label": "b"}', '{"text": ["x", 1], "label": "b"}']
    table = read_table(write("\n".join(lines), "a.jsonl"))
    assert list(examples_of(table, ColumnChoice("text", "label")).frame["text"]) == ["12", "", '["x", 1]']


def test_natural_order():
    assert natural_order(["10", "9", "-1", "0.5", "b2", "B10", "a", "Z", "b2"]) == (
        "-1", "0.5", "9", "10", "a", "b2", "B10", "Z",
    )  # fmt: skip
    assert natural_order(["joy", "Joy", "01", "1", "nan", "inf", "9" * 5000]) == (
        "01", "1", "9" * 5000, "inf", "Joy", "joy", "nan",
    )  # fmt: skip


@given(st.lists(st.text()), st.randoms())
def test_natural_order_does_not_depend_on_the_order_of_the_rows(labels, random):
    shuffled = random.sample(labels, len(labels))
    assert natural_order(labels) == natural_order(shuffled)
    assert set(natural_order(labels)) == set(labels)


@pytest.fixture
def examples(write):
    counts = {"big": 40, "small": 5, "tiny": 4}
    rows = [f"{name} {n},{name},train\n" for name, count in counts.items() for n in range(count)]
    return read_examples(write("text,label,split\n" + "".join(rows) + "unseen,big,test\n"))


def test_a_validation_share_is_taken_class_by_class(examples):
    frame = with_validation(examples, fraction=0.2, seed=3).frame
    taken = frame.groupby(["given_label", "split"]).size().to_dict()
    assert taken == {
        ("big", "train"): 32, ("big", "validation"): 8, ("big", "test"): 1,
        ("small", "train"): 4, ("small", "validation"): 1, ("tiny", "train"): 4,
    }  # fmt: skip
    assert not (examples.frame["split"] == "validation").any(), "the examples that came in are not changed"


def test_the_validation_share_depends_on_the_seed_only(examples):
    first, again, other = (with_validation(examples, seed=seed).frame["split"] for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_a_class_never_goes_to_validation_whole(examples):
    frame = with_validation(examples, fraction=0.99).frame
    assert frame.loc[frame["given_label"] == "small", "split"].value_counts().to_dict() == {
        "validation": 4,
        "train": 1,
    }


def test_a_file_with_validation_rows_stays_as_it_is(write):
    examples = read_examples(write("text,label,split\na,x,train\nb,y,train\nc,x,dev\n"))
    assert with_validation(examples) is examples


@pytest.mark.parametrize("fraction", [0, 1, -0.1])
def test_a_share_outside_0_to_1_is_refused(examples, fraction):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        with_validation(examples, fraction=fraction)


def test_labels_of_several_people_come_with_the_examples(write):
    path = write(
        "id,text,label,bob,ann\n1,a,joy,joy,sad\n2,b,,zeal,joy\n3,c,fear, ,fear\n4,d,joy,,\n5,e,fear,joy,anger\n"
    )
    columns = ColumnChoice("text", "label", "id", annotators=("bob", "ann"))
    examples = examples_of(read_table(path), columns, fixes=Fixes(drop_unlabelled=True))
    expected = pd.DataFrame(
        {
            "index": [0, 0, 1, 3, 3],
            "annotator": ["bob", "ann", "ann", "bob", "ann"],
            "label": ["joy", "sad", "fear", "joy", "anger"],
        }
    )
    pd.testing.assert_frame_equal(examples.annotations, expected)
    assert examples.classes == ("fear", "joy", "anger", "sad"), "those of the label column keep their codes"
    assert list(examples.frame["given_label"]) == ["joy", "fear", "joy", "fear"]
    pd.testing.assert_frame_equal(with_validation(examples).annotations, expected)


def test_without_several_people_there_are_no_annotations(write):
    examples = read_examples(write("text,label,rater_1,rater_2\na,x,x,y\nb,y,y,y\n"))
    assert list(examples.annotations.columns) == ["index", "annotator", "label"]
    assert len(examples.annotations) == 0
    assert examples.columns == ColumnChoice("text", "label")


def test_a_persons_whole_numbers_with_a_decimal_point_are_the_classes(write):
    # pandas writes 1.0 for 1 where another cell of the column is empty.
    table = read_table(write("text,label,ann,bob\na,1,1.0,2.0\nb,2,,1.5\nc,1,3.0,1.00\n"))
    examples = examples_of(table, ColumnChoice("text", "label", annotators=("ann", "bob")))
    assert list(examples.annotations["label"]) == ["1", "2", "1.5", "3.0", "1.00"]
    assert examples.classes == ("1", "2", "1.00", "1.5", "3.0")
    both = read_table(write("text,label,ann\na,1,1.0\nb,1.0,1.0\n", "b.csv"))
    kept = examples_of(both, ColumnChoice("text", "label", annotators=("ann",)))
    assert list(kept.annotations["label"]) == ["1.0", "1.0"]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.text()), st.one_of(st.none(), st.text())),
        min_size=1,
    )
)
def test_every_label_of_a_person_and_nothing_else_is_kept(rows):
    # The first two rows make the label column a label column, and the people people.
    rows = [("a", "a", "a"), ("b", "b", "b"), *rows]
    frame = pd.DataFrame(rows, columns=["label", "ann", "bob"], dtype=object).assign(text="t")
    examples = examples_of(
        Table(Path("x"), "jsonl", frame), ColumnChoice("text", "label", annotators=("ann", "bob"))
    )
    expected = [
        (index, name, cell)
        for index, row in enumerate(rows)
        for name, cell in zip(("ann", "bob"), row[1:], strict=True)
        if cell is not None and cell.strip()
    ]
    found = examples.annotations
    assert list(zip(found["index"], found["annotator"], found["label"], strict=True)) == expected
    given = {row[0] for row in rows}
    assert set(examples.classes) == given | {label for _, _, label in expected}
    assert set(examples.classes[: len(given)]) == given
