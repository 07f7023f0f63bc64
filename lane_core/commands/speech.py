"""What commands say, on standard error: results that a program reads are files."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from lane_core.wording import flagged, noise


def say(text: str) -> None:
    """Write a line."""
    sys.stderr.write(f"{text}\n")


def found(manifest: Mapping[str, Any]) -> str:
    """Say what a manifest holds about the flagged labels."""
    words = flagged(manifest["num_flagged"], manifest["expected_precision"])
    rate = manifest["estimated_noise_rate"]
    in_all = "" if rate is None else f" {noise(rate)}"
    return (
        f"{manifest['strictness'].capitalize()}: {words}; {manifest['num_examples']:,} labels in all.{in_all}"
    )
