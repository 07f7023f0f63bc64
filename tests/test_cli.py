"""The command line on real files with a tiny encoder, and the Python function behind it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import lane_core
from lane_core.cli import main
from lane_core.config import RunConfig
from lane_core.data import AUDIT_COLUMNS
from lane_core.errors import DataError
from lane_core.home import Home
from tests.small_project import SmallProject
from tests.tiny_encoder import tiny_texts, write_tiny_encoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_encoder(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def labelled_file(tmp_path: Path) -> Path:
    texts, labels = tiny_texts(60)
    labels[4] = "anger" if labels[4] != "anger" else "joy"
    frame = pd.DataFrame({"ref": [f"{n:04}" for n in range(60)], "sentence": texts, "emotion": labels})
    frame["split"] = ["train"] * 48 + ["test"] * 12
    path = tmp_path / "posts.csv"
    frame.to_csv(path, index=False)
    return path


def audit_arguments(path: Path, output: Path, encoder: str) -> list[str]:
    return [
        *("audit", str(path), "--text-column", "sentence", "--label-column", "emotion", "--id-column", "ref"),
        *("--output", str(output), "--encoder", encoder, "--epochs", "3", "--batch-size", "8"),
        *("--learning-rate", "0.005", "--seed", "1", "--device", "cpu"),
    ]


def test_audit_writes_every_row_with_a_score(labelled_file: Path, tmp_path: Path, encoder: str) -> None:
    output = tmp_path / "out"
    assert main(audit_arguments(labelled_file, output, encoder)) == 0
    audited = pd.read_csv(output / "audit.csv", dtype={"ref": str, "row_id": str})
    given = pd.read_csv(labelled_file, dtype=str)
    assert list(audited.columns) == [*given.columns, *AUDIT_COLUMNS]
    pd.testing.assert_frame_equal(audited[given.columns].astype(str), given.astype(str))
    assert audited["label_score"].between(0, 1).all()
    assert audited["alm"].notna().all()
    assert (audited["row_id"] == given["ref"]).all()
    assert audited["label_score"].idxmin() == 4
    scores = pd.read_csv(output / "scores.csv", dtype={"row_id": str})
    assert scores["row_id"].tolist() == audited["row_id"].tolist()
    assert scores["alm"].to_numpy() == pytest.approx(audited["alm"].to_numpy(), rel=1e-4, abs=1e-5)
    assert scores["knn_agreement"].between(0, 1).all()
    similarity = pd.read_csv(output / "class_similarity.csv", index_col=0)
    assert similarity.shape == (3, 3)
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["classes"] == ["anger", "fear", "joy"]
    assert (manifest["num_rows"], manifest["epochs_done"], manifest["seed"]) == (60, 3, 1)
    assert manifest["strictness"] == "balanced"
    assert manifest["num_flagged"] == audited["is_label_issue"].sum()
    assert manifest["config"]["encoder"] == encoder
    assert len(manifest["source_sha256"]) == 64
    assert (output / "run" / "events" / "epoch-0003.parquet").exists()
    assert "epoch 3" in (output / "run" / "log.txt").read_text()


def test_the_same_command_goes_on_and_other_settings_are_refused(
    labelled_file: Path, tmp_path: Path, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    arguments = audit_arguments(labelled_file, output, encoder)
    assert main(arguments) == 0
    before = (output / "audit.csv").read_bytes()
    assert main(arguments) == 0
    assert (output / "audit.csv").read_bytes() == before
    assert main([*arguments, "--seed", "2"]) == 1
    assert "holds a run of other data or other settings" in capsys.readouterr().err
    assert (output / "audit.csv").read_bytes() == before


def test_another_strictness_of_a_run_that_is_there_needs_no_training(
    labelled_file: Path, tmp_path: Path, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    arguments = audit_arguments(labelled_file, output, encoder)
    assert main(arguments) == 0
    events = output / "run" / "events"
    before = {path.name: path.stat().st_mtime_ns for path in events.iterdir()}
    [metrics] = pd.read_parquet(events / "metrics-0003.parquet").to_dict("records")
    for strictness in ("sure", "thorough"):
        assert main([*arguments, "--strictness", strictness]) == 0
        audited = pd.read_csv(output / "audit.csv")
        scores = pd.read_parquet(events / "epoch-0003.parquet")["label_score"].astype("float64")
        below = scores < metrics[f"{strictness}_below"]
        assert audited["is_label_issue"].tolist() == below.tolist()
        manifest = json.loads((output / "manifest.json").read_text())
        assert manifest["expected_precision"] == metrics[f"{strictness}_precision"]
        told = capsys.readouterr().err
        assert f"{strictness.capitalize()}: {below.sum():,} suspect" in told
    assert {path.name: path.stat().st_mtime_ns for path in events.iterdir()} == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--label-column", "feeling"], "feeling"),
        (["--encoder", "no-such/encoder"], "The encoder 'no-such/encoder' could not be loaded"),
        (["--epochs", "0"], "epochs is 0; it must be at least 1"),
        (["--method", "lore"], "method is 'lore'; it must be lane"),
        (["--device", "cuda:7"], "torch sees no such device"),
    ],
)
def test_mistakes_are_told_in_one_message(
    labelled_file: Path, tmp_path: Path, encoder: str, capsys: pytest.CaptureFixture[str],
    change: list[str], words: str,
) -> None:  # fmt: skip
    assert main([*audit_arguments(labelled_file, tmp_path / "out", encoder), *change]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


def test_a_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(tmp_path / "no.csv"), "--output", str(tmp_path / "out")]) == 1
    assert "no.csv" in capsys.readouterr().err


def test_export_from_the_command_line(small_project: SmallProject, tmp_path: Path) -> None:
    assert main(["export", "--output", str(tmp_path / "files")]) == 0
    assert (tmp_path / "files" / "small.corrected.csv").read_bytes() == small_project.source.read_bytes()


def test_export_at_a_strictness_says_what_it_comes_to(
    small_project: SmallProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--output", str(tmp_path), "--strictness", "thorough"]) == 0
    told = capsys.readouterr().err.splitlines()[0]
    # The four flagged are wrong with 0.95, 0.93, 0.91 and 0.4: 0.7975 of them.
    assert told == (
        "Thorough: 4 suspects, about 80 % wrong; 24 labels in all. About 25 % of the labels look wrong."
    )
    audit = pd.read_csv(tmp_path / "small.audit.csv")
    assert audit.index[audit["is_label_issue"]].tolist() == [0, 3, 7, 11]
    manifest = json.loads((tmp_path / "small.manifest.json").read_text())
    assert manifest["expected_precision"] == pytest.approx(0.7975)


def test_an_unknown_strictness_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--output", str(tmp_path), "--strictness", "lenient"])
    assert "choose from 'sure', 'balanced', 'thorough'" in capsys.readouterr().err


def test_export_without_a_run_is_told(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del home
    assert main(["export", "--output", str(tmp_path)]) == 1
    assert "There is no run in" in capsys.readouterr().err


def test_audit_as_a_function(encoder: str) -> None:
    texts, labels = tiny_texts(60)
    labels[5] = "anger" if labels[5] != "anger" else "joy"
    config = RunConfig(encoder=encoder, epochs=3, batch_size=8, learning_rate=5e-3)
    result = lane_core.audit(texts, labels, config)
    assert result.frame["text"].tolist() == texts
    assert result.frame["given_label"].tolist() == labels
    assert result.frame["label_score"].idxmin() == 5
    assert result.class_similarity.shape == (3, 3)


def test_audit_wants_a_label_for_each_text() -> None:
    with pytest.raises(DataError, match="There are 2 texts and 1 labels"):
        lane_core.audit(["a", "b"], ["x"])


def test_public_names() -> None:
    for name in lane_core.__all__:
        assert getattr(lane_core, name) is not None
        assert name in dir(lane_core)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lane_core.nothing
