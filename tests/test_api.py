"""AuditResult: its frame, and what it saves."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

import lane_core
from lane_core import AuditResult, RunConfig
from lane_core.data import AUDIT_COLUMNS
from lane_core.errors import DataError
from tests.tiny_encoder import tiny_texts, write_tiny_encoder


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> AuditResult:
    encoder = str(write_tiny_encoder(tmp_path_factory.mktemp("tiny")))
    texts, labels = tiny_texts(60)
    texts[7] = 'glad, "happy"\nsmile'
    return lane_core.audit(
        texts, labels, RunConfig.from_preset("quick", encoder=encoder, epochs=2, device="cpu")
    )


def test_the_frame_is_a_copy(result: AuditResult) -> None:
    frame = result.to_frame()
    pd.testing.assert_frame_equal(frame, result.frame)
    frame["label_score"] = 0
    assert (result.frame["label_score"] > 0).any()


@pytest.mark.parametrize(
    "name", ["audit.csv", "audit.TSV", "audit.jsonl", "audit.json", "audit.parquet", "audit.xlsx"]
)
def test_a_file_has_the_format_of_its_ending(result: AuditResult, tmp_path: Path, name: str) -> None:
    path = result.save(str(tmp_path / "new" / name))
    assert path == tmp_path / "new" / name
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t" if suffix == ".tsv" else ","))
    elif suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    elif suffix == ".json":
        rows = json.loads(path.read_text(encoding="utf-8"))
    else:
        reader = pd.read_parquet if suffix == ".parquet" else pd.read_excel
        rows = reader(path).to_dict("records")
    assert [row["text"] for row in rows] == result.frame["text"].tolist()
    assert list(rows[0]) == ["text", "label", *AUDIT_COLUMNS]
    scores = [float(row["label_score"]) for row in rows]
    assert scores == pytest.approx(result.frame["label_score"].tolist(), rel=1e-6)


def test_a_file_of_another_ending_has_the_format_that_was_said(result: AuditResult, tmp_path: Path) -> None:
    path = result.save(tmp_path / "audit.txt", file_format="jsonl")
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[7])["text"] == 'glad, "happy"\nsmile'


def test_a_folder_holds_what_the_command_writes(result: AuditResult, tmp_path: Path) -> None:
    folder = result.save(tmp_path / "audit-output")
    assert sorted(path.name for path in folder.iterdir()) == [
        "audit.csv",
        "class_similarity.csv",
        "manifest.json",
        "scores.csv",
    ]
    audited = pd.read_csv(folder / "audit.csv", dtype={"row_id": str})
    scores = pd.read_csv(folder / "scores.csv", dtype={"row_id": str})
    assert scores["row_id"].tolist() == audited["row_id"].tolist() == [f"{row:02}" for row in range(1, 61)]
    assert scores["alm"].to_numpy() == pytest.approx(audited["alm"].to_numpy(), rel=1e-4, abs=1e-5)
    similarity = pd.read_csv(folder / "class_similarity.csv", index_col=0)
    assert similarity.sum(axis=1).to_numpy() == pytest.approx(1)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest == json.loads(json.dumps(dict(result.manifest)))
    assert manifest["num_flagged"] == audited["is_label_issue"].sum()
    assert (manifest["num_rows"], manifest["classes"]) == (60, ["anger", "fear", "joy"])
    assert len(manifest["source_sha256"]) == 64


def test_a_folder_that_is_there_gets_the_format_that_was_said(result: AuditResult, tmp_path: Path) -> None:
    folder = tmp_path / "v1.2"
    folder.mkdir()
    result.save(folder, file_format="parquet")
    assert pd.read_parquet(folder / "audit.parquet").shape == result.frame.shape
    assert (folder / "scores.parquet").exists()


def test_an_unknown_ending_is_told(result: AuditResult, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"audit\.doc ends in '\.doc'.*\.csv"):
        result.save(tmp_path / "audit.doc")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_to_is_told(result: AuditResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        result.save(tmp_path / "file" / "audit.csv")
