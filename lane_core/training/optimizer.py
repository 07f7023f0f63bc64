"""The optimizer and its learning rate."""

from __future__ import annotations

import torch
from torch import nn

from lane_core.config import RunConfig
from lane_core.training.encoder import FrozenFeatures

WARMUP_SHARE = 0.06
"""Share of all steps over which the learning rate rises from 0."""


def make_optimizer(networks: nn.ModuleDict, config: RunConfig) -> torch.optim.Optimizer:
    """AdamW with a rate of its own for newly made layers, and no decay on biases and layer norms."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in networks.named_parameters():
        if not parameter.requires_grad:
            continue
        is_new = "classifier" in name or isinstance(networks["theta"].encoder, FrozenFeatures)
        groups.setdefault((is_new, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": (rate := config.head_learning_rate if is_new else config.learning_rate),
                "initial_lr": rate,
                "weight_decay": 0.01 if decays else 0.0,
            }
            for (is_new, decays), parameters in groups.items()
        ],
        # One pass over all parameters instead of several.
        fused=True,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, step: int, total_steps: int) -> None:
    """Set the rates of a step (from 0): a linear rise, then a linear fall to 0 at ``total_steps``."""
    warmup = max(1, round(WARMUP_SHARE * total_steps))
    rising, falling = (step + 1) / warmup, (total_steps - step) / max(1, total_steps - warmup)
    factor = rising if step < warmup else falling
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor
