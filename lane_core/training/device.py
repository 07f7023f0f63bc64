"""Where a run computes, and how exactly."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from lane_core.errors import ConfigError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Compute:
    """A device, and the number format of the networks' matrix products on it; weights stay in float32."""

    device: torch.device
    dtype: torch.dtype

    def precision(self) -> AbstractContextManager[Any]:
        """Inside, matrix products are taken in ``dtype``."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def attention(self) -> AbstractContextManager[Any]:
        """On a CPU the backward pass of the fused kernel is slower than the plain formula, for texts this short."""
        return sdpa_kernel(SDPBackend.MATH) if self.device.type == "cpu" else nullcontext()

    def scaler(self) -> torch.amp.GradScaler:
        """Return what keeps small gradients above zero in float16; elsewhere it does nothing."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)


def resolve_compute(device: str, precision: str) -> Compute:
    """Return what a run's device and precision mean on this machine.

    "auto" is bf16 where it is fast: on a GPU that has it, and on a CPU with AVX-512 BF16.

    Raises:
        ConfigError: If a GPU is asked for and torch sees none, or one that cannot compute in bf16.
    """
    where = resolve_device(device)
    if precision == "bf16" and where.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise ConfigError(f"precision is 'bf16', which the GPU {where} does not have. Choose fp16 or fp32.")
    if precision == "auto":
        has_bf16 = (where.type == "cuda" and torch.cuda.is_bf16_supported()) or (
            where.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        )
        precision = "bf16" if has_bf16 else "fp32"
    return Compute(where, DTYPES[precision])


def resolve_device(name: str) -> torch.device:
    """Return the device that "auto", "cpu", "mps", "cuda" or "cuda:<n>" means on this machine.

    Raises:
        ConfigError: If the name means nothing, or torch sees no such device.
    """
    if name == "auto":
        gpu = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device(gpu)
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"There is no device {name!r}. Choose auto, cpu, mps, cuda or cuda:<n>.") from error
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise ConfigError(
            f"Device {name!r} was asked for, but torch sees no such device here. Use device auto or cpu."
        )
    return device
