"""The last section of a report: how it was made, enough to do it again, and what its words mean."""

from __future__ import annotations

import platform
from dataclasses import fields
from importlib.metadata import version

import pandas as pd

from lane_core import __version__
from lane_core.config import PRESETS
from lane_core.reporting.report import ReportPoints, ReportSection, ReportTable
from lane_core.reporting.report_source import ReportSource

_SHOWN = ("preset", "method", "encoder", "epochs", "batch_size", "learning_rate", "seed")
"""Settings with a row of their own; the others are named where they are not the preset's."""
_LIBRARIES = ("torch", "transformers", "scikit-learn", "numpy", "duckdb")
DEFINITIONS = (
    (
        "ALM, averaged label-aware margin.",
        "How far the model backs the given label against its strongest rival, in logits, averaged over the epochs; a "
        "negative margin counts more the less alike the two classes are.",
    ),
    ("Label score.", "Calibrated probability that the given label is right, from 0 to 1."),
    (
        "Noise rate.",
        "Share of the labels that are wrong: those that people found, and those expected among the others.",
    ),
    (
        "Strictness.",
        "A line below which a label score is flagged. Sure: few false alarms. Balanced: best use of time. Thorough: "
        "few errors missed.",
    ),
    (
        "μ.",
        "Mean ALM of the training examples with a negative one; whoever lies below weighs less in the training.",
    ),
    ("95 % interval.", "Of a hundred such intervals about 95 hold the true value."),
)


def method_section(source: ReportSource) -> ReportSection:
    """Return settings, versions and definitions."""
    table = pd.DataFrame(_rows(source), columns=["What", "Value"])
    return ReportSection(
        "method",
        "How it was made",
        "Enough to repeat it: on the same kind of machine the same settings and labels give the same numbers.",
        (ReportTable("Data, settings and versions", table), ReportPoints(DEFINITIONS)),
    )


def _rows(source: ReportSource) -> list[tuple[str, str]]:
    run, dataset, config, status = source.run, source.dataset, source.config, source.status
    preset = PRESETS[config.preset]
    changed = [
        f"{field.name} {getattr(config, field.name)}"
        for field in fields(config)
        if field.name not in _SHOWN and getattr(config, field.name) != getattr(preset, field.name)
    ]
    seconds = float(source.metrics["train_seconds"].sum())
    labels = (
        f"with all decisions up to number {run.label_version:,}"
        if run.label_version
        else "as in the file, version 0"
    )
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return [
        ("File", f"{dataset.source_name}, {dataset.num_rows:,} rows"),
        ("SHA-256 of the file", dataset.source_sha256),
        ("Run", f"{run.name} ({run.run_id})"),
        ("Labels trained on", labels),
        *((name.replace("_", " ").capitalize(), str(getattr(config, name))) for name in _SHOWN),
        ("Other settings", ", ".join(changed) or "all as in the preset"),
        ("Epochs done", f"{source.epoch} of {config.epochs}"),
        ("Device", status.device or "not known"),
        ("Started", f"{run.created_at:%Y-%m-%d %H:%M} UTC"),
        ("Time in training steps", f"{seconds:,.0f} s"),
        ("Strictness of this report", source.strictness),
        ("Written by", f"LANE Audit {__version__}, Python {platform.python_version()}, {libraries}"),
    ]
