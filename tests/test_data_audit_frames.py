"""The audit frame: every input row and column, then what is known about each."""

from datetime import UTC, datetime

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lane_core.data import AUDIT_COLUMNS, audit_frame, changes_frame, examples_of, read_table, write_rows
from lane_core.data.checking.fixes import Fixes
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

COLUMNS = ColumnChoice("text", "label", "id")
FIRST, LAST = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text,label,note\n01,a,joy,n1\n02,b,,n2\n03,c,fear,\n04,d,fear,n4\n05,e,joy,n5\n")
    return read_table(path)


@pytest.fixture
def examples(table):
    return examples_of(table, COLUMNS, fixes=Fixes(drop_unlabelled=True)).frame


@pytest.fixture
def final():
    # Not in order of index, and without index 3: a row that the run did not hold.
    return pd.DataFrame(
        {
            "index": [2, 0, 1],
            "predicted_label": ["joy", "fear", "fear"],
            "suggested_label": ["joy", "fear", "joy"],
            "suggested_probability": [0.8, 0.9, 0.2],
            "given_probability": [0.2, 0.1, 0.8],
            "is_label_issue": [True, True, False],
            "label_score": [0.25, 0.125, 0.75],
            "alm": [-2.0, -4.0, 3.0],
            "aum": [-1.0, -3.0, 2.0],
            "alm_rank": [2, 1, 3],
            "similarity": [1.5, 0.5, 1.0],
            "severity": [0.0, 0.75, 0.25],
            "weight": [0.5, 0.25, 1.0],
            "split": ["train"] * 3,
        }
    )


@pytest.fixture
def current():
    return pd.DataFrame(
        {
            "index": [0, 1, 2, 3],
            "current_label": ["fear", "fear", "fear", "joy"],
            "given_label": ["joy", "fear", "fear", "joy"],
            "status": ["relabel", "", "keep", "exclude"],
            "annotator": ["ann", None, "bob", "ann"],
            "note": ["clear", None, "", ""],
            "lead_time_s": [1.5, None, 2.0, None],
            "decided_at": [FIRST, None, FIRST, FIRST],
            "updated_at": [LAST, None, FIRST, FIRST],
            "num_decisions": [2, 0, 1, 1],
        }
    )


def column(frame, name):
    return [None if pd.isna(value) else value for value in frame[name]]


def test_input_columns_come_first_and_audit_columns_after_them(table, examples, final):
    audit = audit_frame(table, COLUMNS, examples, final)
    expected = ["lane_note" if name == "note" else name for name in AUDIT_COLUMNS]
    assert list(audit.columns) == ["id", "text", "label", "note", *expected]
    assert audit["id"].tolist() == ["01", "02", "03", "04", "05"]
    assert audit["label"].tolist() == ["joy", "", "fear", "fear", "joy"]


def test_a_second_audit_of_an_audit_keeps_every_name_apart(tmp_path, table, examples, final):
    write_rows(audit_frame(table, COLUMNS, examples, final), tmp_path / "b.csv", "csv")
    again = audit_frame(read_table(tmp_path / "b.csv"), COLUMNS, examples, final)
    assert again.columns.is_unique
    assert list(again.columns[-2:]) == ["lane_lane_note", "lane_run_id"]


def test_results_of_the_run_stand_in_their_rows(table, examples, final):
    audit = audit_frame(table, COLUMNS, examples, final, run_id="run-1")
    assert column(audit, "row_id") == ["01", None, "03", "04", "05"]
    assert column(audit, "given_label") == ["joy", None, "fear", "fear", "joy"]
    assert column(audit, "predicted_label") == ["fear", None, "fear", "joy", None]
    assert column(audit, "is_label_issue") == [True, None, False, True, None]
    assert column(audit, "suggested_label") == ["fear", None, None, "joy", None]
    assert column(audit, "label_score") == [0.125, None, 0.75, 0.25, None]
    assert column(audit, "alm") == [-4.0, None, 3.0, -2.0, None]
    assert column(audit, "aum") == [-3.0, None, 2.0, -1.0, None]
    assert column(audit, "alm_rank") == [1, None, 3, 2, None]
    assert column(audit, "class_similarity") == [0.5, None, 1.0, 1.5, None]
    assert column(audit, "severity") == [0.75, None, 0.25, 0.0, None]
    assert column(audit, "sample_weight") == [0.25, None, 1.0, 0.5, None]
    assert column(audit, "run_id") == ["run-1", None, "run-1", "run-1", "run-1"]


def test_without_review_the_final_label_is_the_given_one(table, examples, final):
    audit = audit_frame(table, COLUMNS, examples, final)
    assert column(audit, "final_label") == ["joy", None, "fear", "fear", "joy"]
    assert column(audit, "corrected_label") == [None] * 5
    assert column(audit, "decision") == ["", None, "", "", ""]
    assert column(audit, "num_annotations") == [0, None, 0, 0, 0]
    for name in ("annotator", "created_at", "updated_at", "lead_time", "annotator_agreement", "lane_note"):
        assert column(audit, name) == [None] * 5
    assert changes_frame(audit).empty


def test_decisions_stand_in_their_rows(table, examples, final, current):
    audit = audit_frame(table, COLUMNS, examples, final, current)
    assert column(audit, "corrected_label") == ["fear", None, None, None, None]
    assert column(audit, "final_label") == ["fear", None, "fear", "fear", "joy"]
    assert column(audit, "decision") == ["relabel", None, "", "keep", "exclude"]
    assert column(audit, "annotator") == ["ann", None, None, "bob", "ann"]
    assert column(audit, "created_at") == [FIRST, None, None, FIRST, FIRST]
    assert column(audit, "updated_at") == [LAST, None, None, FIRST, FIRST]
    assert column(audit, "lead_time") == [1.5, None, None, 2.0, None]
    assert column(audit, "num_annotations") == [2, None, 0, 1, 1]
    assert column(audit, "lane_note") == ["clear", None, None, "", ""]


def test_changes_are_the_rows_whose_label_is_another(table, examples, final, current):
    changes = changes_frame(audit_frame(table, COLUMNS, examples, final, current))
    assert list(changes.columns) == ["row_id", "given_label", "corrected_label", "annotator", "updated_at"]
    assert changes.values.tolist() == [["01", "joy", "fear", "ann", pd.Timestamp(LAST)]]


@pytest.mark.parametrize("file_format", ["csv", "tsv", "jsonl", "parquet"])
def test_an_audit_can_be_written_and_read_in_every_format(
    tmp_path, table, examples, final, current, file_format
):
    audit = audit_frame(table, COLUMNS, examples, final, current, "run-1")
    path = tmp_path / f"audit.{file_format}"
    write_rows(audit, path, file_format)
    again = read_table(path)
    assert again.columns == list(audit.columns)
    assert again.values("id") == ["01", "02", "03", "04", "05"]
    empty = "" if file_format in ("csv", "tsv") else None
    assert again.values("corrected_label") == ["fear", empty, empty, empty, empty]
    if file_format == "parquet":
        schema = pq.read_schema(path)
        assert [str(schema.field(name).type) for name in ("is_label_issue", "alm_rank", "alm")] == [
            "bool", "int64", "double",
        ]  # fmt: skip


def test_examples_of_another_file_are_refused(table, examples, final):
    longer = examples.assign(row=examples["row"] + 1)
    with pytest.raises(DataError, match=r"a\.csv has 5 rows, but an example is from row 6"):
        audit_frame(table, COLUMNS, longer, final)
