"""A classifier that a run has left, read back: texts in, class probabilities out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import linear

from lane_core.training.device import resolve_device
from lane_core.training.encoder import Encoder, load_encoder, mean_pool
from lane_core.training.features import RaggedFeatures, length_sorted_batches

_BATCH_SIZE = 128
"""Texts that are read at a time."""


@dataclass(frozen=True)
class TrainedClassifier:
    """The network theta after its training; can be pickled."""

    encoder: Encoder
    head: dict[str, Tensor]
    """What stands on the mean-pooled output, under the names of ``save_theta``, on the CPU."""
    classes: tuple[str, ...]
    """Class names in the order of the logits."""
    max_tokens: int
    """Texts are cut after this many word pieces."""

    @torch.no_grad()
    def probabilities(self, texts: list[str], device: str = "auto") -> npt.NDArray[np.float32]:
        """Return the class probabilities of the texts, (N, K), dropout off, in float32 on any device.

        Raises:
            ConfigError: If torch sees no such device.
        """
        where = resolve_device(device)
        found = np.zeros((len(texts), len(self.classes)), dtype=np.float32)
        if not texts:
            return found
        rows = self.encoder.tokenize(texts, self.max_tokens)
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        ids = RaggedFeatures(torch.from_numpy(np.concatenate(rows)), lengths, where)
        model = self.encoder.model.to(where)
        head = {name: value.to(where) for name, value in self.head.items()}
        for index in length_sorted_batches(lengths, _BATCH_SIZE):
            batch, mask = ids.padded(index)
            hidden = model(input_ids=batch, attention_mask=mask.long()).last_hidden_state
            found[index.numpy()] = _logits(mean_pool(hidden, mask), head).softmax(dim=1).cpu().numpy()
        # Back, so that a pickle of it can be opened where there is no such device.
        model.to("cpu")
        return found


def load_classifier(folder: Path, max_tokens: int) -> TrainedClassifier:
    """Read what ``save_theta`` wrote into a folder.

    Args:
        folder: The folder ``result`` of a run that has finished.
        max_tokens: What the run cut its texts at (``RunConfig.max_tokens``).

    Raises:
        EncoderError: If the folder holds no encoder that can be loaded.
    """
    classes = json.loads((folder / "classes.json").read_text(encoding="utf-8"))
    encoder = load_encoder(str(folder / "encoder"))
    return TrainedClassifier(encoder, load_file(folder / "head.safetensors"), tuple(classes), max_tokens)


def _logits(pooled: Tensor, head: dict[str, Tensor]) -> Tensor:
    if "encoder.hidden.weight" in head:
        pooled = linear(pooled, head["encoder.hidden.weight"], head["encoder.hidden.bias"]).relu()
    return linear(pooled, head["classifier.weight"], head["classifier.bias"])
