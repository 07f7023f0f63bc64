"""Exports of a run: formats, filters, weights, defused formulas, presets, and what the manifest says of them."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from lane_core.data import guess_columns, read_table
from lane_core.data.presets.registry import PRESETS
from lane_core.errors import DataError, StoreError
from lane_core.exports import ExportOptions, corrected_name, export_corrected, export_run
from lane_core.records import ColumnChoice, Decision
from lane_core.store import datasets, decisions
from lane_core.workspace import Workspace
from tests.small_project import SmallProject, add_finished_run, make_small_project


@pytest.fixture
def project(workspace: Workspace) -> SmallProject:
    """Index 3 is relabelled to joy, 9 kept, 6 excluded, 7 waits for a second opinion."""
    made = make_small_project(workspace)
    for index, action in ((3, "relabel"), (9, "keep"), (6, "exclude"), (7, "flag")):
        label = "joy" if action == "relabel" else None
        seen = datasets.current_labels(workspace.store, made.dataset.dataset_id).loc[index, "current_label"]
        decision = Decision(
            f"d{index}", made.dataset.dataset_id, index, action, label, seen, made.run.run_id, "ann"
        )
        assert decisions.record_decisions(workspace.store, [decision]) == 1
    return made


def exported(workspace: Workspace, project: SmallProject, folder: Path, **options):
    return export_run(workspace, project.run.run_id, folder, ExportOptions(**options))


def ids(path: Path) -> list[str]:
    return pd.read_csv(path, dtype=str)["id"].tolist()


ALL = [f"{number:03}" for number in range(24)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [name for name in ALL if name != "006"]),
        ({"keep_excluded": True}, ALL),
        ({"rows": "reviewed"}, ["003", "007", "009"]),
        ({"rows": "reviewed", "keep_excluded": True}, ["003", "006", "007", "009"]),
        ({"rows": "changed"}, ["003"]),
    ],
)
def test_filters_choose_the_rows_of_the_corrected_file(
    workspace: Workspace, project: SmallProject, tmp_path: Path, options: dict, expected: list[str]
) -> None:
    files = exported(workspace, project, tmp_path, with_weights=True, **options)
    assert ids(files.corrected) == expected
    assert pd.read_csv(files.weights, dtype=str)["row_id"].tolist() == expected
    assert ids(files.audit) == ALL
    assert pd.read_csv(files.changes, dtype=str)["row_id"].tolist() == ["003"]
    about = json.loads(files.manifest.read_text())["export"]
    assert about["rows_out"] == len(expected)
    assert (about["rows"], about["keep_excluded"]) == (
        options.get("rows", "all"),
        options.get("keep_excluded", False),
    )


def test_a_filter_that_leaves_nothing_is_told(workspace: Workspace, tmp_path: Path) -> None:
    project = make_small_project(workspace)
    for rows, words in (("reviewed", "Nobody has decided"), ("changed", "No label that would be exported")):
        with pytest.raises(DataError, match=words):
            exported(workspace, project, tmp_path / "out", rows=rows)
    assert not (tmp_path / "out").exists()


def test_weights_are_those_of_the_run_but_for_settled_labels(
    workspace: Workspace, project: SmallProject, tmp_path: Path
) -> None:
    files = exported(workspace, project, tmp_path, with_weights=True)
    weights = pd.read_csv(files.weights, dtype={"row_id": str}).set_index("row_id")
    assert list(weights.columns) == ["label", "sample_weight"]
    # The run gives its suspects 003, 007 and 011 a weight of 0.25. 003 was corrected, 007 is still open.
    assert weights.loc[["003", "007", "011", "000", "009"], "sample_weight"].tolist() == [1, 0.25, 0.25, 1, 1]
    assert weights.loc["003", "label"] == "joy"


@pytest.mark.parametrize("file_format", ["csv", "tsv", "jsonl", "json", "parquet", "arrow", "excel"])
def test_every_format_holds_the_same_cells(
    workspace: Workspace, project: SmallProject, tmp_path: Path, file_format: str
) -> None:
    files = exported(workspace, project, tmp_path, file_format=file_format, with_weights=True)
    before = pd.read_csv(project.source, dtype=str)
    before.loc[3, "label"] = "joy"
    expected = before.drop(index=6)
    table = read_table(files.corrected)
    assert table.columns == list(expected.columns)
    for name in expected.columns:
        assert table.values(name) == expected[name].tolist()
    assert read_table(files.audit).num_rows == 24
    assert read_table(files.changes).values("row_id") == ["003"]
    assert read_table(files.weights).num_rows == 23
    suffix = {"excel": "xlsx"}.get(file_format, file_format)
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} >= {
        f"small.{kind}.{suffix}" for kind in ("corrected", "audit", "changes", "weights")
    }


def test_the_corrected_file_alone_is_that_of_the_export(
    workspace: Workspace, project: SmallProject, tmp_path: Path
) -> None:
    alone = export_corrected(workspace, project.dataset.dataset_id, tmp_path / "alone")
    whole = exported(workspace, project, tmp_path / "whole").corrected
    assert alone.name == whole.name == "small.corrected.csv"
    assert alone.read_bytes() == whole.read_bytes()
    assert [path.name for path in alone.parent.iterdir()] == ["small.corrected.csv"]


def test_folders_go_back_as_folders_and_beside_them_tables(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "mails"
    for number in range(6):
        (source / ("anger", "fear", "joy")[number % 3]).mkdir(parents=True, exist_ok=True)
        (source / ("anger", "fear", "joy")[number % 3] / f"{number}.txt").write_text(f"text number {number}")
    table = read_table(source)
    dataset = workspace.add_dataset(source, guess_columns(table), "Mails")
    run = add_finished_run(workspace, dataset, "Mails 1", suspects=(0,))
    seen = datasets.current_labels(workspace.store, dataset.dataset_id)
    at = int(seen.index[seen["text"] == "text number 3"][0])
    decision = Decision("d", dataset.dataset_id, at, "relabel", "joy", "anger", run.run_id, "ann")
    decisions.record_decisions(workspace.store, [decision])
    files = export_run(workspace, run.run_id, tmp_path / "out", ExportOptions(with_weights=True))
    assert files.corrected == tmp_path / "out" / "mails.corrected"
    assert sorted(path.name for path in (files.corrected / "joy").iterdir()) == ["2.txt", "3.txt", "5.txt"]
    assert files.audit.name == "mails.audit.csv"
    assert len(pd.read_csv(files.audit)) == 6
    flat = export_run(workspace, run.run_id, tmp_path / "flat", ExportOptions(file_format="csv"))
    assert flat.corrected.name == "mails.corrected.csv"
    assert sorted(pd.read_csv(flat.corrected)["label"]) == ["anger", "fear", "fear", "joy", "joy", "joy"]


def test_names_keep_what_says_how_a_file_is_read() -> None:
    assert corrected_name("posts.v2.csv.gz") == "posts.v2.corrected.csv.gz"
    assert corrected_name("Posts 2026.XLSX") == "Posts 2026.corrected.XLSX"
    assert corrected_name("hf:dair-ai/emotion") == "hf-dair-ai-emotion.corrected"
    assert "/" not in corrected_name("../../etc/x.csv")


HOSTILE = (
    'id;text;label\r\n1;"=HYPERLINK(""x"")";joy\r\n2;-1.5;fear\r\n3;@a;joy\r\n4;plain;=fear\r\n5;x;fear\r\n'
)


@pytest.fixture
def hostile(workspace: Workspace, tmp_path: Path) -> SmallProject:
    return imported(workspace, tmp_path, HOSTILE)


def imported(workspace: Workspace, tmp_path: Path, content: str) -> SmallProject:
    source = tmp_path / "cells.csv"
    source.write_bytes(content.encode())
    columns = ColumnChoice("text", "label", content.split(";")[0])
    dataset = workspace.add_dataset(source, columns, "Cells")
    run = add_finished_run(workspace, dataset, "Cells 1", suspects=(0,))
    return SmallProject(dataset, run, source)


def test_defused_files_keep_their_shape(workspace: Workspace, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tests.small_project.CLASSES", ("=fear", "fear", "joy"))
    project = imported(workspace, tmp_path, HOSTILE)
    plain = exported(workspace, project, tmp_path / "plain")
    assert plain.corrected.read_bytes() == project.source.read_bytes()
    assert json.loads(plain.manifest.read_text())["export"]["formulas_defused"] is False
    files = exported(workspace, project, tmp_path / "out", defuse_formulas=True)
    expected = HOSTILE.replace("=HYPER", "'=HYPER").replace("@a", "'@a").replace("=fear", "'=fear")
    assert files.corrected.read_bytes().decode() == expected
    audit = pd.read_csv(files.audit, dtype=str)
    assert audit["text"].tolist() == ['\'=HYPERLINK("x")', "-1.5", "'@a", "plain", "x"]
    assert audit["given_label"].tolist() == ["joy", "fear", "joy", "'=fear", "fear"]
    assert json.loads(files.manifest.read_text())["export"]["formulas_defused"] is True
    book = exported(workspace, project, tmp_path / "book", defuse_formulas=True, file_format="excel")
    sheet = openpyxl.load_workbook(book.corrected).active
    assert next(row[1] for row in sheet.iter_rows(min_row=2, values_only=True)) == '\'=HYPERLINK("x")'
    columns = exported(workspace, project, tmp_path / "pq", defuse_formulas=True, file_format="parquet")
    assert pq.read_table(columns.corrected).column("text").to_pylist()[2] == "@a"
    assert json.loads(columns.manifest.read_text())["export"]["formulas_defused"] is False


def test_column_names_are_defused_in_a_file_that_is_written_anew(
    workspace: Workspace, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("tests.small_project.CLASSES", ("=fear", "fear", "joy"))
    project = imported(workspace, tmp_path, HOSTILE.replace("id;", "@id;"))
    files = exported(workspace, project, tmp_path / "out", defuse_formulas=True)
    assert files.corrected.read_text().splitlines()[0] == "'@id,text,label"
    assert pd.read_csv(files.corrected, dtype=str)["text"].tolist()[2] == "'@a"


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_written_and_named_in_the_manifest(
    workspace: Workspace, project: SmallProject, tmp_path: Path, name: str
) -> None:
    files = exported(workspace, project, tmp_path, presets=(name,))
    assert files.presets[name].exists()
    assert files.presets[name].name.startswith("small.")
    assert files.presets[name] in files.paths()
    assert json.loads(files.manifest.read_text())["export"]["presets"] == [name]


def test_presets_see_classes_as_they_count_now(
    workspace: Workspace, project: SmallProject, tmp_path: Path
) -> None:
    from lane_core.store import classes

    classes.replace_class(workspace.store, project.dataset.dataset_id, "fear", "dread", "lea")
    files = exported(workspace, project, tmp_path, presets=("cleanlab",))
    issues = pd.read_csv(files.presets["cleanlab"] / "label_issues.csv")
    names = json.loads((files.presets["cleanlab"] / "classes.json").read_text())
    assert names == ["anger", "joy", "dread"]
    assert set(issues["given_label"]) | set(issues["predicted_label"]) == set(names)
    assert "006" not in set(issues["row_id"].astype(str))


def test_an_unknown_preset_is_told_before_anything_is_written(
    workspace: Workspace, project: SmallProject, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"no preset 'weka'\. There are: cleanlab, aum"):
        exported(workspace, project, tmp_path / "out", presets=("weka",))
    assert not (tmp_path / "out").exists()


def test_exports_of_a_deleted_run_go_with_it(workspace: Workspace, project: SmallProject) -> None:
    folder = workspace.home.exports / project.run.run_id
    exported(workspace, project, folder)
    workspace.delete_run(project.run.run_id)
    assert not folder.exists()
    with pytest.raises(StoreError):
        exported(workspace, project, folder)
