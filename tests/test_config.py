"""Presets, JSON and refusals."""

from __future__ import annotations

import ast
import json
import math
from itertools import pairwise
from pathlib import Path

import pytest

from lane_core import config as config_module
from lane_core.config import AUGMENTATION_NAMES, METHOD_NAMES, PRESETS, RunConfig
from lane_core.data.augment.views import OPERATIONS
from lane_core.errors import ConfigError
from lane_core.methods import METHODS


@pytest.mark.parametrize("preset", list(PRESETS))
def test_json_comes_back(preset: str) -> None:
    config = RunConfig.from_preset(preset, epochs=7, seed=3)
    assert RunConfig.from_json(config.to_json()) == config
    assert config.preset == preset


def test_the_paper_preset_is_the_printed_algorithm() -> None:
    paper = PRESETS["paper"]
    assert (paper.encoder, paper.trainable_layers) == ("bert-base-uncased", None)
    assert (paper.batch_size, paper.num_views) == (32, 8)
    assert paper.augmentations == ("synonym", "switchout", "backtranslate")
    assert (paper.similarity, paper.max_scale, paper.statistics) == ("instance", None, "batch")
    assert (paper.weight_lag, paper.warmup_epochs, paper.alm_start_epoch) == (0, 0, 1)
    assert (paper.sigma, paper.mu, paper.fit, paper.min_suspects) == ("std", None, "suspects", 2)
    assert (paper.embedding_norm, paper.temperature) == ("none", 1.0)
    assert (paper.contrastive_denominator, paper.positive_weight) == ("negatives", "inside")
    assert (paper.detach_class_weights, paper.weighted_contrastive) == (False, False)
    assert (paper.pi_coefficient, paper.contrastive_coefficient) == (1.0, 1.0)


def test_the_default_preset_is_the_plain_dataclass() -> None:
    assert RunConfig.from_preset("default") == RunConfig()
    assert RunConfig().method == "lane"


def test_every_method_has_a_class() -> None:
    assert tuple(METHODS) == METHOD_NAMES


def test_every_augmentation_can_be_made() -> None:
    assert AUGMENTATION_NAMES == OPERATIONS


def test_a_configuration_of_an_earlier_version_has_the_presets_values() -> None:
    earlier = {"preset": "quick", "method": "lane", "epochs": 4, "temperature": 0.5, "similarity_power": 1.0}
    expected = RunConfig.from_preset("quick", epochs=4, temperature=0.5, similarity_power=1.0)
    assert RunConfig.from_json(json.dumps(earlier)) == expected


@pytest.mark.parametrize(
    "changes", [{"sigma": "literal"}, {"sigma": 1.0, "mu": -1.0}, {"augmentations": ("switchout",)}]
)
def test_values_of_every_type_come_back(changes: dict[str, object]) -> None:
    config = RunConfig.from_preset("default", **changes)
    again = RunConfig.from_json(config.to_json())
    assert again == config
    assert hash(again) == hash(config)


def test_every_field_is_documented() -> None:
    tree = ast.parse(Path(config_module.__file__).read_text(encoding="utf-8"))
    body = next(
        node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "RunConfig"
    )
    for node, following in pairwise(body):
        if isinstance(node, ast.AnnAssign):
            assert isinstance(following, ast.Expr), ast.unparse(node)
            assert isinstance(following.value, ast.Constant), ast.unparse(node)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 0}, "epochs is 0; it must be at least 1"),
        ({"batch_size": 1}, "batch_size is 1; it must be at least 2"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; it must be above 0"),
        ({"trainable_layers": -1}, "trainable_layers is -1"),
        ({"similarity": "both"}, "similarity is 'both'; it must be class or instance"),
        ({"statistics": "epoch"}, "statistics is 'epoch'; it must be dataset or batch"),
        ({"weight_lag": 2}, "weight_lag is 2; it must be 0 or 1"),
        ({"sigma": "var"}, "sigma is 'var'; it must be std, literal or a number above 0"),
        ({"sigma": 0.0}, "sigma is 0.0; it must be std, literal or a number above 0"),
        ({"mu": math.nan}, "mu is nan; it must be a finite number, or None"),
        ({"fit": "all"}, "fit is 'all'; it must be suspects or below_mu"),
        ({"min_suspects": 1}, "min_suspects is 1; it must be at least 2"),
        ({"warmup_epochs": -1}, "warmup_epochs is -1; it must be 0 or more"),
        ({"alm_start_epoch": 0}, "alm_start_epoch is 0; it must be at least 1"),
        ({"alm_start_epoch": 6}, "alm_start_epoch is 6; it must be at most epochs, which is 5"),
        ({"max_scale": 0.5}, "max_scale is 0.5; it must be at least 1, or None"),
        ({"similarity_power": -1.0}, "similarity_power is -1.0; it must be 0 or more"),
        ({"similarity_floor": 0.0}, "similarity_floor is 0.0; it must be above 0"),
        ({"temperature": math.inf}, "temperature is inf; it must be above 0"),
        ({"embedding_norm": "l1"}, "embedding_norm is 'l1'; it must be l2 or none"),
        (
            {"contrastive_denominator": "some"},
            "contrastive_denominator is 'some'; it must be negatives or all",
        ),
        ({"positive_weight": "up"}, "positive_weight is 'up'; it must be inside or outside"),
        ({"pi_coefficient": -0.1}, "pi_coefficient is -0.1; it must be 0 or more"),
        ({"contrastive_coefficient": math.nan}, "contrastive_coefficient is nan; it must be 0 or more"),
        ({"num_views": 0}, "num_views is 0; it must be at least 1"),
        ({"margin_views": "all"}, "margin_views is 'all'; it must be original or mean"),
        (
            {"augmentations": ("shuffle",)},
            "augmentations is ('shuffle',); it must be some of synonym, switchout",
        ),
        ({"augmentations": ["dropout", "dropout"]}, "backtranslate, dropout, each once"),
        ({"threshold_set": 3}, "threshold_set is 3; it must be 1 or 2"),
        (
            {"colour": "red"},
            "RunConfig has no field 'colour'. It has: alm_start_epoch, augmentations, batch_size",
        ),
        ({"method": "lore"}, "method is 'lore'; it must be lane or lane-sim or lane-alm or base or aum"),
    ],
)
def test_values_that_cannot_work_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as error:
        RunConfig.from_preset("default", **changes)
    assert words in str(error.value)


def test_unknown_presets_and_foreign_json_are_named() -> None:
    with pytest.raises(
        ConfigError, match=r"There is no preset 'fast'\. Choose one of: quick, default, paper"
    ):
        RunConfig.from_preset("fast")
    for text in ("", "[]", "3", '{"epochs": 2}', "{"):
        with pytest.raises(ConfigError, match="This is not a run configuration"):
            RunConfig.from_json(text)
