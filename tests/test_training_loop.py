"""The loop: converges, is deterministic, resumes to the same bits, stops when asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from lane_core.config import RunConfig
from lane_core.errors import ConfigError, DataError, RunError
from lane_core.runs.run_dir import EPOCH_SCHEMA, LOSSES_SCHEMA, METRICS_SCHEMA
from lane_core.training.device import resolve_compute, resolve_device
from lane_core.training.loop import TrainingData, TrainingRun
from lane_core.training.out_of_fold import out_of_fold_log_probabilities
from lane_core.training.progress import Cancelled, Clock, EpochReport, StepProgress
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

WRONG = (0, 7, 20, 33)
"""Training examples whose given label is not the true one."""


class Watcher:
    def __init__(self, stop_after: int | None = None) -> None:
        self.reports: list[EpochReport] = []
        self.steps: list[StepProgress] = []
        self.stop_after = stop_after

    def phase(self, words: str) -> None:
        assert words

    def prepared(self, embeddings: npt.NDArray[np.float32]) -> None:
        self.embeddings = embeddings

    def step(self, progress: StepProgress) -> None:
        self.steps.append(progress)

    def epoch_end(self, report: EpochReport) -> None:
        self.reports.append(report)

    def should_stop(self) -> bool:
        return self.stop_after is not None and len(self.steps) >= self.stop_after


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_encoder(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def data() -> TrainingData:
    texts, names = tiny_texts(90)
    codes = np.array([sorted(set(names)).index(name) for name in names])
    codes[list(WRONG)] = (codes[list(WRONG)] + 1) % 3
    splits = np.array(["train"] * 72 + ["validation"] * 9 + ["test"] * 9)
    return TrainingData(texts, codes, splits, num_classes=3)


def config_of(encoder: str, preset: str = "default", **changes: object) -> RunConfig:
    values = {
        "encoder": encoder,
        "epochs": 4,
        "batch_size": 12,
        "learning_rate": 5e-3,
        "head_learning_rate": 1e-2,
        "trainable_layers": 1,
    }
    return RunConfig.from_preset(preset, **{**values, **changes})


def run(data: TrainingData, config: RunConfig, checkpoint: Path, watcher: Watcher | None = None) -> Watcher:
    watcher = watcher or Watcher()
    TrainingRun(data, config, watcher, checkpoint).train()
    return watcher


@pytest.mark.parametrize("layers", [0, 1, None], ids=["heads", "upper layer", "all layers"])
def test_converges_and_finds_the_wrong_labels(
    data: TrainingData, encoder: str, tmp_path: Path, layers: int | None
) -> None:
    config = config_of(encoder, trainable_layers=layers, epochs=16 if layers == 0 else 8)
    last = run(data, config, tmp_path / "state").reports[-1]
    assert last.metrics["test_macro_f1"] == 1.0
    assert last.metrics["validation_accuracy"] >= 8 / 9
    worst = np.argsort(last.examples["label_score"])[: len(WRONG)]
    assert sorted(worst.tolist()) == sorted(WRONG)
    true_codes = (data.labels - 1) % 3
    assert (last.examples["predicted"][list(WRONG)] == true_codes[list(WRONG)]).all()
    assert last.class_similarity.shape == (3, 3)
    np.testing.assert_allclose(last.class_similarity.sum(axis=1), 1, rtol=1e-5)


def test_a_report_has_the_columns_of_the_events_files(
    data: TrainingData, encoder: str, tmp_path: Path
) -> None:
    report = run(data, config_of(encoder, epochs=1), tmp_path / "state").reports[0]
    assert set(report.examples) == set(EPOCH_SCHEMA.names)
    assert set(report.metrics) == set(METRICS_SCHEMA.names)
    assert set(report.losses) == set(LOSSES_SCHEMA.names)
    assert report.losses["step"][-1] == 6  # 72 training examples, 12 a step
    assert (report.examples["index"] == np.arange(90)).all()
    assert ((report.examples["label_score"] > 0) & (report.examples["label_score"] < 1)).all()
    assert (report.examples["suggested"] != data.labels).all()


@pytest.mark.parametrize("layers", [0, 1], ids=["two fold classifiers", "one"])
def test_self_confidence_by_hand(data: TrainingData, encoder: str, tmp_path: Path, layers: int) -> None:
    watcher = run(data, config_of(encoder, epochs=2, trainable_layers=layers), tmp_path / "state")
    is_train = data.splits == "train"
    folds = out_of_fold_log_probabilities(
        watcher.embeddings, data.texts, data.labels, is_train, 3, seed=0, use_words=layers == 0
    )
    assert len(folds) == (2 if layers == 0 else 1)
    expected = [
        np.mean([np.exp(fold[row, label]) for fold in folds]) for row, label in enumerate(data.labels)
    ]
    likeliest = np.mean([np.exp(fold) for fold in folds], axis=0).argmax(axis=1)
    for report in watcher.reports:
        assert report.examples["held_out_predicted"].tolist() == likeliest.tolist()
        found = report.examples["self_confidence"]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found[list(WRONG)].max() < np.median(found)


def test_the_probabilities_are_those_of_the_predictions(
    data: TrainingData, encoder: str, tmp_path: Path
) -> None:
    report = run(data, config_of(encoder, epochs=2), tmp_path / "state").reports[-1]
    assert report.probabilities.shape == (90, 3)
    exact = report.probabilities.astype(np.float64)
    np.testing.assert_allclose(exact.sum(axis=1), 1, atol=2**-10)
    rows = np.arange(90)
    for column, code in (("predicted", None), ("suggested", None), ("given", data.labels)):
        code = report.examples[column] if code is None else code
        np.testing.assert_array_equal(
            report.probabilities[rows, code], report.examples[f"{column}_probability"].astype(np.float16)
        )


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_the_same_seed_gives_the_same_bits(
    data: TrainingData, encoder: str, tmp_path: Path, preset: str
) -> None:
    config = config_of(encoder, preset, epochs=2)
    first = run(data, config, tmp_path / "one")
    second = run(data, config, tmp_path / "two")
    assert_same(first.reports[-1], second.reports[-1])
    other = run(data, config_of(encoder, preset, epochs=2, seed=1), tmp_path / "three")
    assert not np.array_equal(first.reports[-1].examples["alm"], other.reports[-1].examples["alm"])


@pytest.mark.parametrize("stop_after", [1, 6, 9, 17])
def test_a_resumed_run_equals_the_uninterrupted_one(
    data: TrainingData, encoder: str, tmp_path: Path, stop_after: int
) -> None:
    config = config_of(encoder, epochs=3)
    whole = run(data, config, tmp_path / "whole")
    with pytest.raises(Cancelled):
        run(data, config, tmp_path / "cut", Watcher(stop_after=stop_after))
    resumed = run(data, config, tmp_path / "cut")
    assert_same(whole.reports[-1], resumed.reports[-1])
    assert len(resumed.reports) == 3 - stop_after // 6
    assert resumed.steps[-1].step == resumed.steps[-1].total_steps == 18


def test_a_finished_run_trains_no_more(data: TrainingData, encoder: str, tmp_path: Path) -> None:
    config = config_of(encoder, epochs=1)
    run(data, config, tmp_path / "state")
    assert run(data, config, tmp_path / "state").reports == []


def test_a_damaged_checkpoint_is_named(data: TrainingData, encoder: str, tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"not a checkpoint")
    with pytest.raises(RunError, match="is not a checkpoint that can be read"):
        run(data, config_of(encoder), tmp_path / "state")


def test_held_out_rows_are_scored_but_not_trained_on(
    data: TrainingData, encoder: str, tmp_path: Path
) -> None:
    labels = data.labels.copy()
    labels[72:] = (labels[72:] + 1) % 3
    other = TrainingData(data.texts, labels, data.splits, 3)
    config = config_of(encoder, epochs=6)
    first = run(data, config, tmp_path / "one").reports[-1].examples
    second = run(other, config, tmp_path / "two").reports[-1].examples
    assert np.array_equal(first["alm"][:72], second["alm"][:72])
    assert np.array_equal(first["predicted"], second["predicted"])
    assert second["label_score"][72:].mean() < first["label_score"][72:].mean() - 0.2


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"hold 1 class\(es\); at least two"):
        TrainingData(["a", "b"], np.array([0, 0]), np.array(["train", "train"]), 2)


@pytest.mark.parametrize("name", ["cuda", "cuda:7", "mps"])
def test_a_device_that_is_not_there_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert resolve_device("auto").type == "cpu"
    with pytest.raises(ConfigError, match=f"Device '{name}' was asked for, but torch sees no such device"):
        resolve_device(name)


def test_auto_takes_the_gpu_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    assert resolve_device("auto").type == "mps"
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert resolve_device("auto").type == "cuda"
    assert resolve_device("cuda:1").index == 1
    with pytest.raises(ConfigError, match="'cuda:2'"):
        resolve_device("cuda:2")
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda: False)
    assert resolve_compute("auto", "auto").dtype == torch.float32
    with pytest.raises(ConfigError, match="which the GPU cuda does not have"):
        resolve_compute("auto", "bf16")


def test_an_unknown_device_is_named() -> None:
    with pytest.raises(ConfigError, match="There is no device 'gpu'"):
        resolve_device("gpu")


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_resumed_run_is_the_same_in_every_precision(
    data: TrainingData, encoder: str, tmp_path: Path, precision: str
) -> None:
    config = config_of(encoder, epochs=2, precision=precision)
    whole = run(data, config, tmp_path / "whole")
    with pytest.raises(Cancelled):
        run(data, config, tmp_path / "cut", Watcher(stop_after=7))
    resumed = run(data, config, tmp_path / "cut")
    assert_same(whole.reports[-1], resumed.reports[-1])
    assert np.isfinite(whole.reports[-1].examples["alm"]).all()
    assert whole.reports[-1].metrics["theta_loss"] < whole.reports[0].metrics["theta_loss"]


def test_time_left_by_hand() -> None:
    clock = Clock(total_steps=20, epochs=2)
    clock.step_seconds = [9.0, 9.0, 9.0, 0.5, 0.5, 0.7]  # the first three warm caches up
    clock.epoch_end_seconds = [2.0]
    assert clock.seconds_left(step=6, epoch=2) == pytest.approx(14 * 0.5 + 2.0)


def assert_same(first: EpochReport, second: EpochReport) -> None:
    for name, values in first.examples.items():
        assert np.array_equal(values, second.examples[name]), name
    assert np.array_equal(first.class_similarity, second.class_similarity)
    assert np.array_equal(first.probabilities, second.probabilities)
    same = {name: value for name, value in first.metrics.items() if name != "train_seconds"}
    assert same == {name: value for name, value in second.metrics.items() if name != "train_seconds"}
