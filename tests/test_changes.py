"""A changes file put to use in a later file: what changes, what is in conflict, what is not there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lane_core.data import apply_changes, read_changes, read_table, write_corrected
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

COLUMNS = ColumnChoice("text", "label", "id")
LATER = "id,text,label\n04,new,joy\n01,a,joy\n02,b,anger\n03,c,fear\n"
CHANGES = (
    "row_id,given_label,corrected_label,annotator,updated_at\n"
    "01,joy,fear,Ada,2026-03-01T12:00:00+00:00\n"
    "02,joy,anger,Ada,2026-03-01T12:00:00Z\n"
    "03,joy,anger,Ben,2026-03-01 14:00:00+02:00\n"
    "99,joy,fear,Ben,\n"
)


@pytest.fixture
def written(tmp_path: Path):
    def write(name: str, text: str):
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        return read_table(tmp_path / name)

    return write


def test_each_change_is_applied_or_told_why_not(written, tmp_path: Path) -> None:
    later = written("later.csv", LATER)
    applied = apply_changes(later, COLUMNS, written("changes.csv", CHANGES))

    assert applied.labels == {2: "fear"}
    assert applied.already_right[["row", "row_id"]].values.tolist() == [[3, "02"]]
    assert applied.conflicts[
        ["row", "row_id", "given_label", "found_label", "corrected_label"]
    ].values.tolist() == [[4, "03", "joy", "fear", "anger"]]
    assert applied.not_found["row_id"].tolist() == ["99"]
    assert not applied.is_by_row_number
    assert applied.words() == (
        "1 label changes. 1 row had the new label already. 1 row had another label than the one that was corrected, "
        "and stayed as it was: 03. 1 row of the changes file is not in the file: 99."
    )

    write_corrected(later, "label", applied.labels, set(), tmp_path / "out.csv")
    expected = LATER.replace("01,a,joy", "01,a,fear")
    assert (tmp_path / "out.csv").read_bytes() == expected.encode()


def test_without_an_id_column_rows_are_found_by_number(written) -> None:
    later = written("later.csv", "text,label\na,joy\nb,fear\n" + "c,joy\n" * 9)
    changes = written(
        "changes.csv", "row_id,given_label,corrected_label\n1,joy,anger\n0002,fear,joy\n40,joy,fear\n"
    )

    applied = apply_changes(later, ColumnChoice("text", "label"), changes)

    assert applied.labels == {1: "anger", 2: "joy"}
    assert applied.not_found["row_id"].tolist() == ["40"]
    assert "found by their number" in applied.words()


def test_a_label_that_was_missing_is_filled_in(written) -> None:
    later = written("later.csv", "id,text,label\n1,a,\n2,b,joy\n")
    changes = written("changes.csv", "row_id,given_label,corrected_label\n1,,fear\n")
    assert apply_changes(later, COLUMNS, changes).labels == {1: "fear"}


def test_times_are_read_in_utc_and_may_be_missing(written) -> None:
    found = read_changes(written("changes.csv", CHANGES))
    noon = pd.Timestamp("2026-03-01T12:00:00Z")
    assert found["updated_at"][:3].tolist() == [noon] * 3
    assert found["updated_at"].isna().tolist() == [False, False, False, True]
    assert found["annotator"].tolist() == ["Ada", "Ada", "Ben", "Ben"]


def test_an_audit_file_holds_changes_too(written) -> None:
    audit = written(
        "a.jsonl",
        '{"row_id": "1", "given_label": "joy", "corrected_label": null, "alm": 1.5}\n'
        '{"row_id": "2", "given_label": "joy", "corrected_label": "fear", "alm": 0.5}\n'
        '{"row_id": "3", "given_label": "joy", "corrected_label": "joy", "alm": 0.5}\n',
    )
    assert read_changes(audit)["row_id"].tolist() == ["2"]


def test_the_same_change_twice_is_one(written) -> None:
    text = "row_id,given_label,corrected_label\n1,joy,fear\n1,joy,fear\n"
    assert len(read_changes(written("changes.csv", text))) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("row_id,given_label\n1,joy\n", "no column 'corrected_label'; it has: row_id, given_label"),
        (
            "row_id,given_label,corrected_label\n1,joy,fear\n2,joy,fear\n1,joy,anger\n",
            "Rows 1 and 3 of changes.csv say different things about the row '1'",
        ),
        ("row_id,given_label,corrected_label\n,joy,fear\n", "Row 1 of changes.csv has no row_id"),
        (
            "row_id,given_label,corrected_label,updated_at\n1,joy,fear,yesterday\n",
            "Row 1 of changes.csv was updated at 'yesterday'",
        ),
    ],
)
def test_what_is_no_changes_file_is_refused_in_words(written, text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        apply_changes(written("later.csv", LATER), COLUMNS, written("changes.csv", text))
    assert said in str(error.value)


def test_an_id_of_several_rows_is_refused_only_if_it_is_asked_for(written) -> None:
    changes = written("changes.csv", "row_id,given_label,corrected_label\n01,joy,fear\n")
    twice = written("twice.csv", "id,text,label\n02,a,joy\n02,b,joy\n01,c,joy\n")
    assert apply_changes(twice, COLUMNS, changes).labels == {3: "fear"}

    twice = written("twice.csv", "id,text,label\n01,a,joy\n02,b,joy\n01,c,joy\n")
    with pytest.raises(DataError, match=r"'01' stands for several rows of twice.csv \(row 3 is the second\)"):
        apply_changes(twice, COLUMNS, changes)
