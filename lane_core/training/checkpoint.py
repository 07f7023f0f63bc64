"""One safetensors file that a run resumes from: networks, dynamics, optimizer; no pickle is ever read.

Batch order and dropout are drawn from generators seeded by (seed, epoch), so no generator state is kept:
epoch 4 of a resumed run is epoch 4 of the run that was never interrupted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.amp import GradScaler
from torch.optim import Optimizer

from lane_core.errors import RunError


def save_checkpoint(
    path: Path, epoch: int, method_state: dict[str, Tensor], optimizer: Optimizer, scaler: GradScaler
) -> None:
    """Write the state after a whole epoch to ``path`` (the caller renames it into place)."""
    optimizer_state = optimizer.state_dict()
    tensors = {f"method.{name}": value.detach().cpu().contiguous() for name, value in method_state.items()}
    numbers: dict[str, dict[str, float]] = {}
    for key, entries in optimizer_state["state"].items():
        for name, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{key}.{name}"] = value.detach().cpu().contiguous()
            else:
                numbers.setdefault(str(key), {})[name] = value
    header = {
        "epoch": str(epoch),
        "optimizer_numbers": json.dumps(numbers),
        "scaler": json.dumps(scaler.state_dict()),
    }
    # safetensors refuses two names for the same memory.
    save_file({name: value.clone() for name, value in tensors.items()}, path, metadata=header)


def load_checkpoint(
    path: Path, optimizer: Optimizer, scaler: GradScaler, device: torch.device
) -> tuple[int, dict[str, Tensor]]:
    """Restore the optimizer and the scaler; return the epoch that was complete and the method's state.

    Raises:
        RunError: If the file is not such a checkpoint.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            header = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - not a dict
        epoch = int(header["epoch"])
        numbers: dict[str, dict[str, float]] = json.loads(header["optimizer_numbers"])
        scaler_state = json.loads(header["scaler"])
    except Exception as error:
        raise RunError(
            f"{path} is not a checkpoint that can be read: {error}. Start the run anew."
        ) from error
    state: dict[int, dict[str, Any]] = {int(key): dict(values) for key, values in numbers.items()}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, key, field = name.split(".", 2)
            state.setdefault(int(key), {})[field] = value if field == "step" else value.to(device)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    method_state = {
        name.removeprefix("method."): value for name, value in tensors.items() if name.startswith("method.")
    }
    if scaler.is_enabled():
        scaler.load_state_dict(scaler_state)
    return epoch, method_state
