"""Presets, JSON and refusals."""

from __future__ import annotations

import pytest

from lane_core.config import PRESETS, RunConfig
from lane_core.errors import ConfigError


@pytest.mark.parametrize("preset", list(PRESETS))
def test_json_comes_back(preset: str) -> None:
    config = RunConfig.from_preset(preset, epochs=7, seed=3)
    assert RunConfig.from_json(config.to_json()) == config
    assert config.preset == preset


def test_the_paper_preset_is_the_printed_algorithm() -> None:
    paper = PRESETS["paper"]
    assert (paper.encoder, paper.trainable_layers) == ("bert-base-uncased", None)
    assert (paper.similarity, paper.max_scale, paper.statistics) == ("instance", None, "batch")
    assert (paper.warmup_epochs, paper.contrastive_denominator) == (0, "negatives")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 0}, "epochs is 0; it must be at least 1"),
        ({"batch_size": 1}, "batch_size is 1; it must be at least 2"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; it must be above 0"),
        ({"trainable_layers": -1}, "trainable_layers is -1"),
        ({"similarity": "both"}, "similarity is 'both'; it must be class or instance"),
        ({"colour": "red"}, "RunConfig has no field 'colour'. It has: batch_size"),
        ({"method": "lore"}, "method is 'lore'; it must be lane"),
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
    for text in ("", "[]", '{"epochs": 2}', "{"):
        with pytest.raises(ConfigError, match="This is not a run configuration"):
            RunConfig.from_json(text)
