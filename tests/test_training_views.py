"""Views in training: made once, kept, read by both networks, and only of training rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lane_core.config import RunConfig
from lane_core.data.augment import TranslationTable
from lane_core.training.encoder import UpperLayers, load_encoder
from lane_core.training.loop import TrainingRun, back_translation
from lane_core.training.translator import BackTranslator
from tests.test_training_loop import TrainingData, Watcher, assert_same, config_of, run
from tests.tiny_encoder import tiny_texts, write_tiny_encoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_encoder(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def data() -> TrainingData:
    texts, names = tiny_texts(48)
    codes = np.array([sorted(set(names)).index(name) for name in names])
    splits = np.array(["train"] * 40 + ["validation"] * 8)
    return TrainingData(texts, codes, splits, num_classes=3)


def with_views(encoder: str, **changes: object) -> RunConfig:
    changes = {
        "num_views": 3,
        "augmentations": ("switchout",),
        "epochs": 2,
        "trainable_layers": None,
        **changes,
    }
    return config_of(encoder, **changes)


def test_a_batch_holds_every_view_of_its_examples(data: TrainingData, encoder: str, tmp_path: Path) -> None:
    training = TrainingRun(data, with_views(encoder), Watcher(), tmp_path / "state")
    training.train()
    index = torch.tensor([4, 7])
    batch = training._batch(index, num_views=3)
    alone = training._batch(index)
    assert batch.features.shape[0] == 6
    assert batch.num_views == 3
    width = alone.features.shape[1]
    assert torch.equal(batch.features[:2, :width][alone.mask], alone.features[alone.mask])
    views = training.features.padded(torch.arange(3 * 48))[0].reshape(3, 48, -1)
    assert (views[1:, :40] != views[0, :40]).any(), "SwitchOut changed nothing in forty texts"
    assert torch.equal(views[1, 40:], views[0, 40:]), "a held-out text was augmented"


def test_views_are_kept_for_a_resumed_run(data: TrainingData, encoder: str, tmp_path: Path) -> None:
    config = with_views(encoder)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = run(data, config, tmp_path / "one" / "state")
    assert (tmp_path / "one" / "views.parquet").exists()
    second = run(data, config, tmp_path / "two" / "state")
    assert_same(first.reports[-1], second.reports[-1])
    plain = run(data, with_views(encoder, num_views=1), tmp_path / "plain")
    assert not np.array_equal(first.reports[-1].examples["alm"], plain.reports[-1].examples["alm"])


@pytest.mark.parametrize("layers", [0, 1])
def test_views_go_through_the_frozen_layers(
    data: TrainingData, encoder: str, tmp_path: Path, layers: int
) -> None:
    report = run(data, with_views(encoder, trainable_layers=layers), tmp_path / "state").reports[-1]
    assert len(report.examples["label_score"]) == 48
    assert np.isfinite(report.examples["label_score"]).all()


def test_where_back_translations_come_from(tmp_path: Path) -> None:
    cpu = torch.device("cpu")
    assert back_translation(RunConfig(), cpu) is None
    table = tmp_path / "table.csv"
    table.write_text("id,text\n1,so said\n", encoding="utf-8")
    assert isinstance(back_translation(RunConfig(translation_table=str(table)), cpu), TranslationTable)
    models = RunConfig(translation_models=("there", "back"))
    assert isinstance(back_translation(models, cpu), BackTranslator)


def test_layers_between_are_frozen_and_change_nothing(encoder: str) -> None:
    loaded = load_encoder(encoder)
    hidden, mask = torch.randn(2, 5, loaded.hidden_size), torch.ones(2, 5, dtype=torch.bool)
    both, upper = UpperLayers(loaded, 2, 2).eval(), UpperLayers(loaded, 2, 1).train()
    assert [parameter.requires_grad for parameter in upper.frozen.parameters()] == [False] * len(
        list(upper.frozen.parameters())
    )
    assert sum(parameter.requires_grad for parameter in upper.parameters()) * 2 == sum(
        parameter.requires_grad for parameter in both.parameters()
    )
    torch.testing.assert_close(upper.eval()(hidden, mask), both(hidden, mask))
    upper.train()
    assert not upper.frozen.training
    upper(hidden, mask).sum().backward()
    assert all(parameter.grad is not None for parameter in upper.layers.parameters())
