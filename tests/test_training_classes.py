"""Classes with no example, with one, and with held-out ones alone: no run stumbles over them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lane_core.methods import METHODS
from lane_core.training.loop import TrainingData, TrainingRun
from lane_core.training.progress import EpochReport
from tests.test_training_loop import Watcher, assert_same, config_of, run
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

NUM_CLASSES = 6
EMPTY, SINGLE, HELD_OUT = 1, 3, 5
"""Codes: of no example, of one training example, of one test example."""


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_encoder(tmp_path_factory.mktemp("tiny")))


def rare_classes(num_examples: int) -> TrainingData:
    texts, names = tiny_texts(num_examples)
    codes = np.array([{"anger": 0, "fear": 2, "joy": 4}[name] for name in names])
    codes[[5, -1]] = SINGLE, HELD_OUT
    splits = np.array(["train"] * (num_examples - 10) + ["validation"] * 5 + ["test"] * 5)
    return TrainingData(texts, codes, splits, NUM_CLASSES)


@pytest.mark.parametrize("preset", ["quick", "default", "paper"])
@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_number_is_one(encoder: str, tmp_path: Path, method: str, preset: str) -> None:
    # aum needs 30 threshold samples: one training example in six.
    data = rare_classes(200 if method == "aum" else 40)
    layers = {"quick": 0, "default": 1, "paper": None}[preset]
    config = config_of(encoder, preset, method=method, epochs=2, trainable_layers=layers, num_views=1)
    training = TrainingRun(data, config, watcher := Watcher(), tmp_path / "state")
    training.train()
    for report in watcher.reports:
        check_numbers(report, data)
        folds = training.fold_probabilities()
        assert (folds[:, EMPTY] == 0).all()
        given = folds[np.arange(len(data.labels)), data.labels]
        np.testing.assert_allclose(report.examples["self_confidence"], given, rtol=1e-6)
        assert report.examples["held_out_predicted"].tolist() == folds.argmax(axis=1).tolist()


def check_numbers(report: EpochReport, data: TrainingData) -> None:
    for name, values in report.examples.items():
        assert np.isfinite(values).all(), name
    for name, value in report.metrics.items():
        assert np.isfinite(value) if name not in ("mu", "sigma") else value is None or np.isfinite(value), (
            name
        )
    rows = np.arange(len(data.labels))
    probabilities = report.probabilities.astype(np.float32)
    assert report.probabilities.dtype == np.float16
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=2e-3)
    assert (probabilities[:, EMPTY] == 0).all()
    for code, value in (("predicted", "predicted_probability"), ("suggested", "suggested_probability")):
        assert (report.examples[code] != EMPTY).all()
        found = probabilities[rows, report.examples[code]]
        np.testing.assert_allclose(found, report.examples[value], rtol=1e-3)
    assert (report.examples["suggested"] != data.labels).all()
    assert (report.examples["predicted_probability"] >= probabilities.max(axis=1) - 1e-3).all()
    similarity = report.class_similarity
    np.testing.assert_allclose(similarity.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(similarity[EMPTY], 1 / NUM_CLASSES)
    assert (np.delete(similarity[:, EMPTY], EMPTY) == 0).all()


@pytest.mark.parametrize("method", ["lane", "base"])
def test_a_class_without_an_example_changes_nothing(encoder: str, tmp_path: Path, method: str) -> None:
    data = rare_classes(60)
    used, labels = np.unique(data.labels, return_inverse=True)
    alone = TrainingData(data.texts, labels, data.splits, len(used))
    config = config_of(encoder, method=method, epochs=2)
    first, second = (run(one, config, tmp_path / str(one.num_classes)).reports[-1] for one in (data, alone))
    for name in ("predicted", "suggested", "held_out_predicted"):
        second.examples[name] = used[second.examples[name]]
    similarity = first.class_similarity[np.ix_(used, used)]
    kept = EpochReport(2, first.examples, first.probabilities[:, used], similarity, first.metrics, {})
    assert_same(kept, second)
