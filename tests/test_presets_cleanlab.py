"""The cleanlab preset, read as cleanlab's users read it: with pandas."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lane_core.data.presets.cleanlab import write_cleanlab
from lane_core.data.presets.preset import Audited
from tests.audited_examples import audited_examples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cleanlab(audited_examples(), tmp_path, "posts")


def test_the_issues_are_a_frame_of_datalab(folder: Path) -> None:
    assert folder.name == "posts.cleanlab"
    issues = pd.read_csv(folder / "label_issues.csv", index_col="row_id", dtype={"row_id": str})
    assert list(issues.columns) == [
        "text", "is_label_issue", "label_score", "label_quality", "given_label", "predicted_label",
    ]  # fmt: skip
    assert issues.index.tolist() == ["007", "008", "009", "=010"]
    assert issues["is_label_issue"].dtype == bool
    assert issues["is_label_issue"].tolist() == [True, False, False, False]
    assert issues["label_score"].tolist()[:3] == [0.1, 0.8, 0.9]
    assert issues["label_score"].isna().tolist() == [False, False, False, True]
    assert issues["label_quality"].equals(issues["label_score"].rename("label_quality"))
    assert issues["given_label"].tolist() == ["joy", "anger", "joy", "joy"]
    assert issues.loc["008", "text"] == 'a "quoted", text\nof two lines'


def test_the_classes_are_in_the_order_of_the_project(folder: Path) -> None:
    assert json.loads((folder / "classes.json").read_text(encoding="utf-8")) == ["joy", "anger", "fear"]


def test_labels_of_several_people_are_a_matrix_of_class_numbers(folder: Path) -> None:
    matrix = pd.read_csv(folder / "labels_multiannotator.csv", index_col="row_id", dtype={"row_id": str})
    assert list(matrix.columns) == ["ann", "bob"]
    assert matrix.index.tolist() == ["007", "008", "009", "=010"]
    expected = [[0, 1], [1, np.nan], [np.nan, np.nan], [np.nan, 2]]
    np.testing.assert_array_equal(matrix.to_numpy(dtype=float), expected)


def test_without_people_there_is_no_matrix_not_even_an_old_one(folder: Path, tmp_path: Path) -> None:
    alone: Audited = audited_examples()
    write_cleanlab(replace(alone, annotations=alone.annotations.head(0)), tmp_path, "posts")
    assert sorted(path.name for path in folder.iterdir()) == ["classes.json", "label_issues.csv"]
