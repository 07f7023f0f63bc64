"""What noise injection hands back, and the files it is kept in: the true labels apart from the rest."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lane_core.data.whole_files import write_whole
from lane_core.data.writing.manifest import write_manifest
from lane_core.errors import DataError

LABELS_FILE = "given_labels.csv"
MANIFEST_FILE = "noise.json"
TRUTH_FILE = "true_labels.csv"
"""The only one of the three that knows which labels are wrong; nothing but an evaluation opens it."""


@dataclass(frozen=True, eq=False)
class NoisyLabels:
    """Labels with known errors in them. All arrays are read-only and in the order of the labels given in."""

    noisy_labels: npt.NDArray[np.int64]
    """(N,), class codes in 0…K-1: what a method is given."""
    true_labels: npt.NDArray[np.int64] = field(repr=False)
    """(N,), the labels before: for evaluation alone."""
    is_flipped: npt.NDArray[np.bool_] = field(repr=False)
    """(N,), True where the two differ: for evaluation alone."""
    kind: str
    """uniform, semantic, pair, teacher or pmd."""
    rate: float
    """The rate that was asked for, in [0, 1]."""
    parameters: Mapping[str, Any]
    """What else decided the flips, as JSON would hold it; large arrays by shape and fingerprint."""
    seed: int
    num_train: int
    """Rows that could be flipped: all N, or those of ``is_train``."""
    realised_rate: float
    """Share of these rows whose label changed, in [0, 1]."""
    transition_matrix: npt.NDArray[np.float64] = field(repr=False)
    """(K, K), [true, noisy], as it came out among these rows. Rows sum to 1; a class without rows keeps itself."""

    def manifest(self) -> dict[str, Any]:
        """Return all that may be known beside the noisy labels, ready for JSON; no row's true label is in it."""
        return {
            "kind": self.kind,
            "rate": self.rate,
            "parameters": dict(self.parameters),
            "seed": self.seed,
            "num_examples": len(self.noisy_labels),
            "num_train": self.num_train,
            "num_flipped": int(self.is_flipped.sum()),
            "num_classes": len(self.transition_matrix),
            "realised_rate": self.realised_rate,
            "transition_matrix": self.transition_matrix.tolist(),
        }

    def write(self, folder: Path, truth_folder: Path) -> None:
        """Write noise.json and given_labels.csv into one folder, true_labels.csv into another.

        Two folders, so that whatever is handed the first cannot find the answers in it. The tables have the columns
        index, given_label and index, true_label, is_flipped (0 or 1); labels are class codes. Files that are there
        are replaced.

        Raises:
            DataError: If both folders are the same, or one cannot be written to.
        """
        if folder.resolve() == truth_folder.resolve():
            raise DataError(
                f"The noisy labels and the true ones would both stand in {folder}. "
                "Choose a truth_folder that no method is given."
            )
        _write_columns(folder / LABELS_FILE, "index,given_label", self.noisy_labels)
        write_manifest(self.manifest(), folder / MANIFEST_FILE)
        _write_columns(
            truth_folder / TRUTH_FILE, "index,true_label,is_flipped", self.true_labels, self.is_flipped
        )


def _write_columns(path: Path, header: str, *columns: npt.NDArray[Any]) -> None:
    rows = np.column_stack([np.arange(len(columns[0])), *columns])
    text = io.StringIO()
    np.savetxt(text, rows, fmt="%d", delimiter=",", header=header, comments="")
    write_whole(path, lambda temporary: temporary.write_text(text.getvalue(), encoding="utf-8"))
