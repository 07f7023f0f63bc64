"""The trained classifier on disk, in the form that transformers reads."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file
from torch import nn

from lane_core.files import replace_file
from lane_core.training.encoder import Encoder, UpperLayers, WholeEncoder


def save_theta(folder: Path, theta: nn.Module, encoder: Encoder, classes: Sequence[str]) -> None:
    """Write theta into ``folder``.

    encoder/ holds the model and tokenizer (``AutoModel.from_pretrained``), head.safetensors what stands on its
    mean-pooled output, classes.json the class names in the order of the logits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = copy.deepcopy(encoder.model).cpu()
    body = theta.encoder
    if isinstance(body, UpperLayers):
        layers = model.encoder.layer
        trained = copy.deepcopy(body.layers).cpu()
        for at, layer in enumerate(trained):
            layers[len(layers) - len(trained) + at] = layer
    elif isinstance(body, WholeEncoder):
        model.load_state_dict(body.model.cpu().state_dict(), strict=False)
    model.save_pretrained(folder / "encoder")
    encoder.tokenizer.save_pretrained(folder / "encoder")
    head = {
        name: value.detach().cpu().contiguous()
        for name, value in theta.state_dict().items()
        if name.startswith(("classifier.", "encoder.hidden."))
    }
    replace_file(folder / "head.safetensors", lambda path: save_file(head, path))
    names = json.dumps(list(classes), ensure_ascii=False)
    replace_file(folder / "classes.json", lambda path: path.write_text(names, encoding="utf-8"))


def save_embeddings(folder: Path, embeddings: npt.NDArray[np.float32]) -> None:
    """Write theta's sentence embeddings, (N, H), as float16 into embeddings.safetensors."""
    halves = {"embeddings": embeddings.astype(np.float16)}
    replace_file(folder / "embeddings.safetensors", lambda path: save_arrays(halves, path))
