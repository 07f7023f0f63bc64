"""LANE Audit: find and fix the wrong labels of a text data set.

Public names are loaded when first used, so that ``import lane_core`` takes milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "AuditResult": "lane_core.api",
    "LaneCallback": "lane_core.training.trainer_callback",
    "LaneClassifier": "lane_core.classifier",
    "RunConfig": "lane_core.config",
    "audit": "lane_core.api",
    "inject_noise": "lane_core.data.noise.injection",
    "label_aware_contrastive_loss": "lane_core.methods.contrastive",
    "label_aware_margin": "lane_core.methods.margins",
    "margin": "lane_core.methods.margins",
    "read_examples": "lane_core.data",
    "truncated_gaussian_weights": "lane_core.methods.weighting",
}

__all__ = [
    "AuditResult",
    "LaneCallback",
    "LaneClassifier",
    "RunConfig",
    "audit",
    "inject_noise",
    "label_aware_contrastive_loss",
    "label_aware_margin",
    "margin",
    "read_examples",
    "truncated_gaussian_weights",
]

if TYPE_CHECKING:
    from lane_core.api import AuditResult, audit
    from lane_core.classifier import LaneClassifier
    from lane_core.config import RunConfig
    from lane_core.data import read_examples
    from lane_core.data.noise.injection import inject_noise
    from lane_core.methods.contrastive import label_aware_contrastive_loss
    from lane_core.methods.margins import label_aware_margin, margin
    from lane_core.methods.weighting import truncated_gaussian_weights
    from lane_core.training.trainer_callback import LaneCallback


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lane_core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
