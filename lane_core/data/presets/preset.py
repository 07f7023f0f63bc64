"""What every preset is given, and what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Audited:
    """The examples that are exported, with what a run found and people decided."""

    name: str
    """What people call the project."""
    classes: tuple[str, ...]
    """Class names in the project's order, those that were replaced left out."""
    frame: pd.DataFrame
    """One row an example, in order of the file: index, text, split and ``AUDIT_COLUMNS``. Labels are class names."""
    annotations: pd.DataFrame
    """Labels of several people that came with the file: index, annotator, label; a row each."""
    dynamics: pd.DataFrame
    """Of training examples, over the epochs: index, confidence, variability, correctness (number of epochs)."""
    manifest: Mapping[str, object]
    """What the export says about itself."""


Preset = Callable[[Audited, Path, str], Path]
"""Writes the examples into a folder under a stem; returns the file or folder that it made. DataError if it cannot."""
