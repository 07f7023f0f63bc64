"""What is new, gone and changed between two files: by hand, and against a dictionary."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import apply_changes, diff, read_table
from lane_core.data.comparing.differences import DIFFERENCE_COLUMNS
from lane_core.data.comparing.matching import match_rows
from lane_core.data.tables import Table
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

WITH_ID = ColumnChoice("text", "label", "id")
NO_ID = ColumnChoice("text", "label")


def table_of(name: str, *rows: tuple[str | None, ...]) -> Table:
    columns = ["id", "text", "label"] if rows and len(rows[0]) == 3 else ["text", "label"]
    return Table(Path(name), "csv", pd.DataFrame(rows, columns=columns, dtype=object))


def frame(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["row_id", "text", "label"])


OLD = table_of(
    "old.csv", ("1", "a", "x"), ("2", " b", "y"), ("3", "c", "x"), ("4", "d", "y"), ("5", "e", None)
)
NEW = table_of(
    "new.csv", ("2", "b ", "y"), ("1", "A!", "x"), ("6", "c", "x"), ("4", "D?", "x"), ("5", "e", "x")
)


def test_every_kind_of_change_is_told_apart() -> None:
    found = diff(OLD, NEW, WITH_ID, WITH_ID)

    assert found.matched_by == "id"
    assert found.num_unchanged == 1
    assert list(found.rows.columns) == list(DIFFERENCE_COLUMNS)
    told = found.rows.astype(object).where(found.rows.notna(), None).values.tolist()
    assert told == [
        ["text", "1", 1, 2, "a", "A!", "x", "x"],
        ["new", "6", None, 3, None, "c", None, "x"],
        ["text and label", "4", 4, 4, "d", "D?", "y", "x"],
        ["label", "5", 5, 5, "e", "e", None, "x"],
        ["gone", "3", 3, None, "c", None, "x", None],
    ]
    assert found.new.values.tolist() == [["6", 3, "c", "x"]]
    assert found.gone.values.tolist() == [["3", 3, "c", "x"]]
    assert found.changed_text["row_id"].tolist() == ["1", "4"]
    assert found.changed_label["new_label"].tolist() == ["x", "x"]
    assert found.words() == (
        "1 row is new, 1 is gone, 2 have another text and 2 have another label; 1 is as it was. "
        "Rows were matched by their id."
    )


def test_without_ids_texts_match_in_order_of_appearance() -> None:
    old = table_of("old.csv", ("same", "x"), ("same", "y"), ("lone", "x"))
    new = table_of("new.csv", ("same ", "z"), ("new", "x"), (" same", "y"), ("same", "x"))

    found = diff(old, new, NO_ID, NO_ID)

    assert found.matched_by == "text"
    assert found.changed_label[["row_id", "old_label", "new_label"]].values.tolist() == [["1", "x", "z"]]
    assert found.new[["row_id", "row"]].values.tolist() == [["2", 2], ["4", 4]]
    assert found.gone["row_id"].tolist() == ["3"]
    assert found.num_unchanged == 1


def test_ids_that_are_repeated_are_not_ids() -> None:
    old = frame(("1", "a", "x"), ("1", "b", "x"))
    assert match_rows(old, frame(("1", "b", "x")), have_ids=True).by == "text"
    assert match_rows(frame(("1", "b", "x")), old, have_ids=True).old_of.tolist() == [-1, 0]


def test_row_numbers_given_anew_after_a_new_first_row_are_not_ids() -> None:
    old = frame(("1", "a", "x"), ("2", "b", "x"), ("3", "c", "x"))
    new = frame(("1", "top", "x"), ("2", "a", "x"), ("3", "b", "x"), ("4", "c", "x"))

    found = match_rows(old, new, have_ids=True)

    assert (found.by, found.old_of.tolist()) == ("text", [-1, 0, 1, 2])


def test_ids_count_where_every_text_was_rewritten() -> None:
    old = frame(("1", "a", "x"), ("2", "b", "x"), ("3", "c", "x"))
    new = frame(("1", "A", "x"), ("2", "B", "x"), ("3", "C", "y"))

    found = match_rows(old, new, have_ids=True)

    assert (found.by, found.changed_text.tolist(), found.changed_label.tolist()) == ("id", [0, 1, 2], [2])


def test_one_text_in_common_does_not_outweigh_ids() -> None:
    old = frame(("1", "thanks", "x"), ("2", "b", "x"), ("3", "c", "x"))
    new = frame(("7", "thanks", "x"), ("8", "y", "x"), ("9", "z", "x"))

    found = match_rows(old, new, have_ids=True)

    assert (found.by, found.new.tolist(), found.gone.tolist()) == ("id", [0, 1, 2], [0, 1, 2])


def test_texts_that_end_in_a_zero_byte_are_two_texts() -> None:
    found = match_rows(frame(("1", "a\0b", "x")), frame(("1", "a\0c", "x")), have_ids=False)
    assert found.old_of.tolist() == [-1]


def test_nothing_differs_in_a_file_and_itself() -> None:
    found = diff(OLD, OLD, WITH_ID, WITH_ID)
    assert found.rows.empty
    assert found.words() == "Nothing is new, gone or changed in 5 rows. Rows were matched by their id."


def test_two_formats_are_compared_and_the_csv_says_what_differs(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text('key,comment,mood\n07,"one, two",1\n08,three,2\n', encoding="utf-8")
    (tmp_path / "new.jsonl").write_text(
        '{"id": "07", "text": "one, two", "label": 1}\n{"id": "08", "text": "three", "label": 1}\n',
        encoding="utf-8",
    )
    found = diff(
        read_table(tmp_path / "old.csv"),
        read_table(tmp_path / "new.jsonl"),
        ColumnChoice("comment", "mood", "key"),
        WITH_ID,
    )
    found.write(tmp_path / "what.csv")

    with (tmp_path / "what.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [list(DIFFERENCE_COLUMNS), ["label", "08", "2", "2", "three", "three", "2", "1"]]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match=r"new\.csv has no column 'mood'"):
        diff(OLD, NEW, WITH_ID, ColumnChoice("text", "mood", "id"))


@pytest.mark.parametrize("have_ids", [True, False])
def test_a_large_file_takes_a_few_seconds(have_ids: bool) -> None:
    number = 100_000
    old = pd.DataFrame(
        {
            "row_id": [f"id{place}" for place in range(number)],
            "text": [f"text {place % 90_000}" for place in range(number)],
            "label": "x",
        }
    )
    start = time.perf_counter()
    found = match_rows(old, old.iloc[::-1], have_ids=have_ids)
    assert time.perf_counter() - start < 3
    assert (len(found.new), len(found.gone)) == (0, 0)


_IDS = st.sampled_from("abcdefgh")
_TEXTS = st.sampled_from(["one", " one", "two", "three", "", "four"])
_LABELS = st.sampled_from(["x", "y"])
_ROWS = st.lists(st.tuples(_IDS, _TEXTS, _LABELS), min_size=1, max_size=10)


@settings(max_examples=50)
@given(_ROWS, _ROWS)
def test_texts_match_as_a_dictionary_says(old: list, new: list) -> None:
    found = match_rows(frame(*old), frame(*new), have_ids=False)

    waiting = defaultdict(list)
    for place, (_, text, _) in enumerate(old):
        waiting[text.strip()].append(place)
    expected = [waiting[text.strip()].pop(0) if waiting[text.strip()] else -1 for _, text, _ in new]
    assert found.old_of.tolist() == expected
    assert_parts_fit(found, old, new)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(_IDS, _TEXTS, _LABELS), min_size=1, unique_by=lambda row: row[0]),
    st.lists(st.tuples(_IDS, _TEXTS, _LABELS), min_size=1, unique_by=lambda row: row[0]),
)
def test_ids_match_as_a_dictionary_says(old: list, new: list) -> None:
    found = match_rows(frame(*old), frame(*new), have_ids=True)

    place_of = {row[0]: place for place, row in enumerate(old)}
    if found.by == "id":
        assert found.old_of.tolist() == [place_of.get(row[0], -1) for row in new]
    else:
        pairs = [(old[place_of[row[0]]][1], row[1]) for row in new if row[0] in place_of]
        assert 2 * sum(one.strip() != two.strip() for one, two in pairs) > len(pairs) or not pairs
    assert_parts_fit(found, old, new)


def assert_parts_fit(found, old: list, new: list) -> None:
    pairs = {place: old[at] for place, at in enumerate(found.old_of.tolist()) if at >= 0}
    assert sorted({*range(len(old))} - {*found.old_of.tolist()}) == found.gone.tolist()
    assert sorted({*range(len(new))} - {*pairs}) == found.new.tolist()
    texts = [place for place, row in pairs.items() if row[1].strip() != new[place][1].strip()]
    labels = [place for place, row in pairs.items() if row[2] != new[place][2]]
    assert found.changed_text.tolist() == texts
    assert found.changed_label.tolist() == labels
    assert found.unchanged.tolist() == sorted({*pairs} - {*texts} - {*labels})


@settings(max_examples=30)
@given(st.lists(st.tuples(_LABELS, _LABELS, st.booleans()), min_size=1, max_size=12), st.booleans())
def test_the_changes_of_a_difference_make_the_newer_labels(rows: list, have_ids: bool) -> None:
    columns = WITH_ID if have_ids else NO_ID
    old = table_of("old.csv", *((f"n{row}", f"t{row}", one) for row, (one, _, _) in enumerate(rows)))
    new = table_of("new.csv", *((f"n{row}", f"t{row}", two) for row, (_, two, _) in enumerate(rows)))
    left = [row for row, (_, _, is_left) in enumerate(rows) if is_left] or [0]
    part = Table(new.path, "csv", new.frame.iloc[left[::-1]].reset_index(drop=True))

    changes = Table(Path("changes.csv"), "csv", diff(old, part, columns, columns).changes())
    applied = apply_changes(old, columns, changes)

    assert applied.labels == {row + 1: rows[row][1] for row in left if rows[row][0] != rows[row][1]}
    assert applied.not_found.empty
    assert applied.conflicts.empty
