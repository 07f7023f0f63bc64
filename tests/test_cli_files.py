"""Import, export, diff and apply from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from lane_core.cli import main
from lane_core.home import Home
from lane_core.records import ColumnChoice, Decision
from lane_core.store import datasets, decisions
from lane_core.workspace import Workspace
from tests.small_project import SmallProject

ROWS = [f"{number:03};text number {number}, so;{('joy', 'fear')[number % 2]}" for number in range(12)]


@pytest.fixture
def labelled_file(tmp_path: Path) -> Path:
    path = tmp_path / "posts.csv"
    path.write_text("\n".join(["ref;sentence;emotion", *ROWS]) + "\n")
    return path


def stored(home: Home) -> list:
    workspace = Workspace(home)
    try:
        return datasets.list_datasets(workspace.store)
    finally:
        workspace.close()


def test_a_file_becomes_a_project(
    labelled_file: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(labelled_file), "--project", "Posts", "--id-column", "ref"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert "semicolons" in told[0]
    assert told[1] == "Text in 'sentence', label in 'emotion'."
    assert told[2].startswith("Stored: Posts, 12 examples (posts-")
    [record] = stored(home)
    assert (record.name, record.source_name, record.num_examples) == ("Posts", "posts.csv", 12)
    assert record.columns == ColumnChoice("sentence", "emotion", "ref")


def test_a_format_that_was_found_wrong_is_overridden_and_kept(
    tmp_path: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "posts.xyz"
    path.write_text("\n".join(["ref;sentence;emotion", *ROWS]) + "\n")
    command = ["import", str(path), "--project", "Posts"]
    assert main(command) == 1
    assert "ends in '.xyz'" in capsys.readouterr().err
    assert main([*command, "--format", "excel"]) == 1
    assert "posts.xyz is not an Excel workbook." in capsys.readouterr().err
    assert stored(home) == []
    assert main([*command, "--format", "csv"]) == 0
    [record] = stored(home)
    opened = Workspace(home)
    assert opened.read_options(record.dataset_id).format == "csv"
    assert opened.source_table(record.dataset_id).num_rows == 12
    opened.close()


def test_faults_are_dealt_with_as_asked_or_told(
    labelled_file: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with labelled_file.open("a") as stream:
        stream.write("012;no label here;\n")
    command = ["import", str(labelled_file), "--project", "Posts"]
    assert main(command) == 1
    assert "Error: " in capsys.readouterr().err
    assert stored(home) == []
    assert main([*command, "--drop-unlabelled"]) == 0
    assert "Stored: Posts, 12 examples; 1 row left out" in capsys.readouterr().err


def test_a_name_that_is_taken_is_told_and_a_newer_file_follows(
    labelled_file: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["import", str(labelled_file), "--project", "Posts"]
    assert main([*command, "--newer-version"]) == 1
    assert "There is no project 'Posts'" in capsys.readouterr().err
    assert main(command) == 0
    assert main(command) == 1
    assert "say --newer-version" in capsys.readouterr().err
    with labelled_file.open("a") as stream:
        stream.write("012;a new text;joy\n")
    assert main([*command, "--newer-version"]) == 0
    assert "Version 2 of Posts. 1 row is new" in capsys.readouterr().err
    assert sorted(record.num_examples for record in stored(home)) == [12, 13]


def test_numbers_get_their_names_and_people_their_columns(tmp_path: Path, home: Home) -> None:
    path = tmp_path / "numbers.tsv"
    lines = [f"text {n}\t{n % 2}\t{n % 2}\t{(n + 1) % 2}" for n in range(8)]
    path.write_text("\n".join(["text\tlabel\tann\tbob", *lines]) + "\n")
    (tmp_path / "classes.txt").write_text("fear\njoy\n")
    command = ["import", str(path), "--project", "Numbers", "--class-names", str(tmp_path / "classes.txt")]
    assert main([*command, "--annotator-column", "ann", "--annotator-column", "bob"]) == 0
    [record] = stored(home)
    assert record.columns.class_names == ("fear", "joy")
    assert record.columns.annotators == ("ann", "bob")


@pytest.mark.parametrize(
    ("source", "words"),
    [("no.csv", "There is no file or folder"), ("hf:a/b/c", "is no name of a data set")],
)
def test_a_source_that_is_not_there_is_told(
    home: Home, capsys: pytest.CaptureFixture[str], source: str, words: str
) -> None:
    assert main(["import", source, "--project", "Posts"]) == 1
    assert words in capsys.readouterr().err
    assert not home.database.exists()


def test_stopping_an_import_stores_nothing(
    labelled_file: Path, home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets, "add_dataset", stop)
    assert main(["import", str(labelled_file), "--project", "Posts"]) == 130
    assert capsys.readouterr().err.endswith("Stopped. Nothing was stored.\n")
    assert stored(home) == []
    assert list(home.datasets.iterdir()) == []


def decide(project: SmallProject, home: Home) -> None:
    workspace = Workspace(home)
    dataset_id, run_id = project.dataset.dataset_id, project.run.run_id
    decision = Decision("d3", dataset_id, 3, "relabel", "joy", "anger", run_id, "ann")
    decisions.record_decisions(workspace.store, [decision])
    workspace.close()


def test_export_with_every_choice(
    small_project: SmallProject, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decide(small_project, home)
    output = tmp_path / "files"
    command = [
        "export",
        small_project.run.run_id,
        "-o",
        str(output),
        "--format",
        "jsonl",
        "--only",
        "changed",
    ]
    command += [
        "--keep-excluded",
        "--defuse-formulas",
        "--weights",
        "--preset",
        "aum",
        "--preset",
        "cleanlab",
    ]
    assert main(command) == 0
    told = capsys.readouterr().err.splitlines()
    assert [Path(line).name for line in told[1:]] == [
        "small.corrected.jsonl", "small.audit.jsonl", "small.changes.jsonl", "small.weights.jsonl",
        "small.manifest.json", "small.aum_values.csv", "small.cleanlab",
    ]  # fmt: skip
    [row] = [json.loads(line) for line in (output / "small.corrected.jsonl").read_text().splitlines()]
    assert (row["id"], row["label"]) == ("003", "joy")
    assert json.loads((output / "small.manifest.json").read_text())["export"] == {
        "file_format": "jsonl", "rows": "changed", "keep_excluded": True, "rows_out": 1,
        "formulas_defused": False, "sample_weights": True, "presets": ["aum", "cleanlab"],
    }  # fmt: skip


def test_an_unknown_run_or_preset_is_told(
    small_project: SmallProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "no-run", "-o", str(tmp_path / "out")]) == 1
    assert "no-run" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["export", "-o", str(tmp_path / "out"), "--preset", "weka"])
    assert "choose from 'cleanlab', 'aum'" in capsys.readouterr().err


def test_changes_of_an_export_are_made_in_another_file_and_the_difference_is_told(
    small_project: SmallProject, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decide(small_project, home)
    assert main(["export", "-o", str(tmp_path)]) == 0
    later = tmp_path / "later.csv"
    lines = small_project.source.read_text().splitlines(keepends=True)
    later.write_text("".join([lines[0], *reversed(lines[1:]), "100,another one,joy,train\n"]))
    out = tmp_path / "out.csv"
    assert main(["apply", str(tmp_path / "small.changes.csv"), str(later), "-o", str(out)]) == 0
    assert "1 label changes." in capsys.readouterr().err
    third = '003,"text number 3, with a comma"'
    assert out.read_text() == later.read_text().replace(f"{third},anger", f"{third},joy")
    differences = tmp_path / "differences.csv"
    assert main(["diff", str(small_project.source), str(out), "-o", str(differences)]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("1 row is new and 1 has another label; 23 are as they were.")
    found = pd.read_csv(differences, dtype=str)
    assert found[["change", "row_id"]].values.tolist() == [["label", "003"], ["new", "100"]]


def test_apply_refuses_what_is_no_changes_file_and_writes_no_folder(
    labelled_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    assert main(["apply", str(labelled_file), str(labelled_file), "-o", str(out)]) == 1
    assert "has no column 'row_id'" in capsys.readouterr().err
    assert main(["apply", str(labelled_file), str(labelled_file), "-o", str(tmp_path)]) == 1
    assert "is a folder. Name the file to write." in capsys.readouterr().err
    assert not out.exists()


def test_changes_become_decisions_of_a_project_once(
    small_project: SmallProject, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = tmp_path / "changes.csv"
    changes.write_text(
        "row_id,given_label,corrected_label,annotator,updated_at\n003,anger,joy,Ana,2026-05-01T10:00:00+00:00\n"
    )
    name = small_project.dataset.name
    for told in ("1 decision stored.", "0 decisions stored. 1 change had the new label already."):
        assert main(["apply", str(changes), "--project", name]) == 0
        assert capsys.readouterr().err.strip() == told
    workspace = Workspace(home)
    labels = datasets.current_labels(workspace.store, small_project.dataset.dataset_id).set_index(
        "example_id"
    )
    workspace.close()
    assert labels.loc["003", ["current_label", "status", "annotator"]].tolist() == ["joy", "relabel", "Ana"]
    assert main(["apply", str(changes), "--project", "Nobody's"]) == 1
    assert 'There is no project "Nobody\'s"' in capsys.readouterr().err
    for more in ([], [str(changes)], [str(changes), "--project", name], ["-o", str(tmp_path / "out.csv")]):
        assert main(["apply", str(changes), *more]) == 1
        assert "Say what the changes are made in" in capsys.readouterr().err


def test_a_pushed_data_set_is_the_one_that_was_written(
    small_project: SmallProject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sent = []
    monkeypatch.setattr(
        "lane_core.data.presets.hugging_face.push", lambda *what: sent.append(what) or "https://hub/ana/posts"
    )
    assert main(["export", "-o", str(tmp_path / "out"), "--push", "ana/posts"]) == 0
    assert sent == [(tmp_path / "out" / "small.huggingface", "ana/posts")]
    assert capsys.readouterr().err.splitlines()[-1] == "https://hub/ana/posts"
    assert (tmp_path / "out" / "small.huggingface" / "README.md").exists()


@pytest.mark.parametrize(
    "command",
    ["audit", "import", "export", "report", "diff", "apply", "app", "demo", "doctor", "backup", "restore"],
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert f"python -m lane_core {command}" in told
    assert "-h, --help" in told
