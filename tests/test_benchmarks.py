"""The benchmarks run rightly: paired flips, kept results, and tiny benchmarks from folder to table."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import baselines, classification, detection, lane_runs, million_rows, predictions, speed
from benchmarks.baselines import Inputs as BaselineInputs
from benchmarks.baselines import (
    baseline_fingerprint,
    fine_tuned_probabilities,
    folds,
)  # fmt: skip
from benchmarks.cell_options import dropped_label
from benchmarks.classification_table import classification_markdown
from benchmarks.lane_runs import parse_method
from benchmarks.noise_cells import Cell, Embeddings, NoisyCell, TextSet, make_cell, near_classes, read_set
from benchmarks.results_file import add_results, is_done, read_results
from benchmarks.results_table import detection_markdown
from lane_core.config import RunConfig
from lane_core.errors import ConfigError, DataError
from lane_core.training import loop
from lane_core.training.loop import TrainingData
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

CLASSES = ("anger", "fear", "joy")


def write_set(folder: Path, name: str, count: int) -> None:
    texts, labels = tiny_texts(count)
    folder.mkdir(exist_ok=True)
    frame = pd.DataFrame({"id": range(count), "text": texts, "label": labels})
    frame.to_csv(folder / name, index=False)


def test_near_classes_are_the_three_nearest_with_ties() -> None:
    line = np.abs(np.arange(9)[:, None] - np.arange(9)[None, :]).astype(float)
    near = near_classes(line)
    assert np.flatnonzero(near[0]).tolist() == [1, 2, 3]
    # From class 4 the third nearest is two away, and so are two of them.
    assert np.flatnonzero(near[4]).tolist() == [2, 3, 5, 6]
    # Of three classes one is near: half of the others.
    assert near_classes(line[:3, :3]).sum(axis=1).tolist() == [1, 2, 1]


def test_cells_are_paired_by_their_seed_and_semantic_noise_prefers_near_classes() -> None:
    generator = np.random.default_rng(0)
    # Classes 0 and 1 point the same way, 2 and 3 another.
    centres = np.array([[1, 0.1], [1, -0.1], [0.1, 1], [-0.1, 1]])
    true = np.arange(2000) % 4
    rows = centres[true] + 0.01 * generator.standard_normal((2000, 2))
    embeddings = Embeddings(rows.astype(np.float32), 0.0, 0.0)
    text_set = TextSet("tiny", "tiny-2000", ["text"] * 2000, true, ("a", "b", "c", "d"))
    cell = make_cell(text_set, embeddings, "semantic", 0.2, seed=3)
    again = make_cell(text_set, embeddings, "semantic", 0.2, seed=3)
    other = make_cell(text_set, embeddings, "semantic", 0.2, seed=4)
    assert (cell.given == again.given).all()
    assert (cell.given != other.given).any()
    assert cell.is_flipped.sum() == 400
    # exp(8 cos): the partner class is about 1,000 times likelier than the two far ones.
    assert cell.is_near.sum() > 390
    uniform = make_cell(text_set, embeddings, "uniform", 0.2, seed=3)
    assert 90 < uniform.is_near.sum() < 180
    with pytest.raises(ConfigError, match="pair"):
        make_cell(text_set, embeddings, "pair", 0.2, seed=3)


def test_reading_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "emotions"
    write_set(folder, "train.csv", 30)
    write_set(folder, "test.csv", 9)
    whole = read_set(folder)
    assert (whole.name, len(whole.texts), whole.classes) == ("emotions-39", 39, CLASSES)
    few = read_set(folder, rows=20)
    assert few.texts == read_set(folder, rows=20).texts
    assert len(few.texts) == 20
    without = read_set(folder, drop_label="fear", files=("train.csv",))
    assert (without.name, without.classes) == ("emotions-20-without-fear", ("anger", "joy"))
    assert dropped_label(folder, ["emotions=fear"]) == "fear"
    assert dropped_label(folder, ["other=fear"]) is None
    with pytest.raises(DataError, match=r"train\.csv or all\.csv"):
        read_set(tmp_path)
    pd.DataFrame({"text": ["a"], "gold": ["b"]}).to_csv(folder / "all.csv", index=False)
    with pytest.raises(DataError, match="lacks the column 'label'"):
        read_set(folder)


def test_methods_are_presets_with_changes() -> None:
    config = parse_method('default,method=lane-sim,epochs=2,mu=null,augmentations=["synonym"]', None, seed=4)
    assert (config.method, config.epochs, config.mu, config.seed) == ("lane-sim", 2, None, 4)
    assert config.augmentations == ("synonym",)
    assert parse_method("quick", "folder", 0).encoder == "folder"
    with pytest.raises(ConfigError, match="must start with a preset"):
        parse_method("cleanlap_frozen", None, 0)


def test_a_fine_tuned_baseline_is_done_again_only_when_its_training_changes() -> None:
    def name(config: RunConfig) -> str:
        return baseline_fingerprint("cleanlab_finetuned", config)

    assert name(RunConfig()) == name(RunConfig(temperature=1.0))
    assert name(RunConfig()) != name(RunConfig(epochs=4))


def test_fine_tuned_folds_are_out_of_fold_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = str(write_tiny_encoder(tmp_path / "encoder"))
    texts, labels = tiny_texts(60)
    true = np.array([CLASSES.index(label) for label in labels])
    cell = NoisyCell(
        Cell("tiny", "uniform", 0.0, 0),
        TextSet("tiny", "tiny", texts, true, CLASSES),
        true,
        np.zeros(60, dtype=bool),
        np.zeros(60, dtype=bool),
    )
    config = RunConfig(encoder=encoder, trainable_layers=1, epochs=2)
    inputs = BaselineInputs(
        cell, Embeddings(np.ones((60, 2), dtype=np.float32), 0, 0), config, tmp_path / "work"
    )
    last, mean, wall_s, _ = fine_tuned_probabilities(inputs)
    assert last.sum(axis=1) == pytest.approx(np.ones(60), abs=1e-5)
    assert mean.sum(axis=1) == pytest.approx(np.ones(60), abs=1e-5)
    assert np.abs(last - mean).max() > 1e-4
    # A fold by itself, without sharing the frozen layers, is the same: the rows held out are no training rows.
    _, held_out = folds(cell, 3)[1]
    splits = np.where(np.isin(np.arange(60), held_out), "validation", "train")
    data = TrainingData(texts, np.where(splits == "train", true, 0), splits, 3)
    alone = predictions.train_and_predict(data, replace(config, method="base"))
    np.testing.assert_allclose(alone.last[held_out], last[held_out], atol=1e-6)
    monkeypatch.setattr(baselines, "train_and_predict", None)
    again = fine_tuned_probabilities(inputs)
    assert (again[0] == last).all()
    assert again[2] == wall_s


def test_the_frozen_layers_of_equal_texts_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = str(write_tiny_encoder(tmp_path / "encoder"))
    texts, labels = tiny_texts(30)
    codes = np.array([CLASSES.index(label) for label in labels])
    calls: list[int] = []
    prepare = loop.prepare

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return prepare(*args, **kwargs)

    monkeypatch.setattr(loop, "prepare", counted)
    config = RunConfig.from_preset("quick", epochs=1, encoder=encoder, method="base")
    with predictions.frozen_layers_run_once():
        for texts_now in (texts, texts, texts[::-1]):
            data = TrainingData(texts_now, codes, np.full(30, "train"), 3)
            predictions.train_and_predict(data, config)
    assert len(calls) == 2
    assert loop.prepare is counted


def test_an_epoch_is_timed_from_its_first_step_to_its_report(tmp_path: Path) -> None:
    encoder = str(write_tiny_encoder(tmp_path / "encoder"))
    write_set(tmp_path / "emotions", "train.csv", 60)
    started = time.perf_counter()
    epoch_s, read_s = speed.lane_epoch(read_set(tmp_path / "emotions"), encoder)
    assert 0 < epoch_s < epoch_s + read_s < time.perf_counter() - started


def test_a_small_file_goes_in_and_out(tmp_path: Path) -> None:
    million_rows.make_file(tmp_path, 2000)
    million_rows.import_file(tmp_path)
    million_rows.lay_down(tmp_path)
    cost = million_rows.measured("export", tmp_path, 2000)
    assert 0 < cost.wall_s < 60
    assert 0.05 < cost.peak_gib < 2
    corrected = pd.read_csv(tmp_path / "exports" / "posts.corrected.csv", dtype=str)
    given = pd.read_csv(tmp_path / "posts.csv", dtype=str)
    # Of ten decisions, one on every 200th row, the first excludes.
    left = given.drop(index=0).reset_index(drop=True)
    pd.testing.assert_frame_equal(corrected.drop(columns="label"), left.drop(columns="label"))
    assert np.flatnonzero(corrected["label"] != left["label"]).tolist() == [*range(199, 1999, 200)]
    assert given["text"].str.contains("日本").any()
    table = million_rows.cost_table({"export": [replace(cost, wall_s=1.0), replace(cost, wall_s=2.0)]})
    assert "| Export | 1.5 |" in table


def test_results_grow_by_cell_and_run(tmp_path: Path) -> None:
    cell = {"set": "s", "noise": "uniform", "rate": 0.2, "seed": 0}
    row = {**cell, "run": "quick", "fingerprint": "a"}
    assert not is_done(tmp_path, cell, "quick", "a")
    add_results(
        tmp_path, [{**row, "method": "quick:aum", "ap": 0.1}, {**row, "method": "quick:alm", "ap": 0.2}]
    )
    add_results(tmp_path, [{**row, "seed": 1, "method": "quick:aum", "ap": 0.3}])
    assert is_done(tmp_path, cell, "quick", "a")
    assert not is_done(tmp_path, cell, "quick", "b")
    assert not is_done(tmp_path, cell, "default", "a")
    # Another configuration of the same name takes the place of both rows of its cell.
    add_results(tmp_path, [{**row, "fingerprint": "b", "method": "quick:aum", "ap": 0.5}])
    assert read_results(tmp_path)["ap"].tolist() == [0.3, 0.5]


def test_a_tiny_benchmark_from_folder_to_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = str(write_tiny_encoder(tmp_path / "encoder"))
    write_set(tmp_path / "emotions", "train.csv", 60)
    output = tmp_path / "output"
    command = [str(tmp_path / "emotions"), "--noise", "uniform", "--seeds", "0", "1", "--encoder", encoder, "--only",
               "--methods", "nothing", "random", "tfidf", "knn", "quick,epochs=1", "--output", str(output)]  # fmt: skip
    detection.main(command)
    frame = read_results(output)
    assert set(frame["method"]) >= {
        "nothing",
        "tfidf",
        "knn",
        "quick,epochs=1:label_score",
        "quick,epochs=1:aum",
    }
    assert (frame["true_noise_rate"] == 0.2).all()
    assert frame.loc[frame["method"] == "nothing", "ap"].tolist() == pytest.approx([0.2, 0.2])
    said = capsys.readouterr().out
    assert "emotions-60-uniform-0.2-seed1  knn: AP" in said
    # All is done: nothing runs again. Without the results file, finished runs are only read.
    detection.main(command)
    assert capsys.readouterr().out == ""
    (output / "results.parquet").unlink()
    monkeypatch.setattr(lane_runs, "run_to_the_end", None)
    detection.main(command)
    timeless = [name for name in frame if name not in ("wall_s", "cpu_s")]
    pd.testing.assert_frame_equal(read_results(output)[timeless], frame[timeless])
    assert not list(output.glob("runs/*/*/result"))
    text = detection_markdown(frame, ["tfidf"])
    assert "### emotions-60, uniform noise, 20%" in text
    assert "| knn | tfidf | 2 |" in text


def test_classification_from_folder_to_verdict(tmp_path: Path) -> None:
    encoder = str(write_tiny_encoder(tmp_path / "encoder"))
    folder, output = tmp_path / "isear", tmp_path / "output"
    write_set(folder, "train.csv", 120)
    write_set(folder, "test.csv", 30)
    classification.main(
        [str(folder), "--encoder", encoder, "--preset", "quick,epochs=2", "--rate", "0.2", "--seeds", "0", "1",
         "--output", str(output)]
    )  # fmt: skip
    frame = read_results(output)
    assert len(frame) == 10
    assert frame["weighted_f1"].between(0, 1).all()
    dropped = frame.loc[frame["method"] == "aum_deletion", "note"]
    assert dropped.str.fullmatch(r"dropped \d+").all()
    paper = tmp_path / "paper.csv"
    paper.write_text(
        "setting,dataset,method,mean\nuniform20,ISEAR,BASE,37.6\nuniform20,ISEAR,LANE,40.4\n",
        encoding="utf-8",
    )
    text = classification_markdown(frame, paper)
    assert "120 training and 30 clean test texts" in text
    assert "The paper puts LANE +2.8 points from BASE" in text
    assert "| 37.6 |" in text
