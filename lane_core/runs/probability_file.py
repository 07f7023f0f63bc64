"""Class probabilities of every example in one file, of which a reader needs the memory of the rows that it asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from lane_core.errors import RunError
from lane_core.files import replace_file


def write_probabilities(path: Path, probabilities: npt.NDArray[np.floating]) -> None:
    """Replace the file whole or not at all; (N, K), kept as float16."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:  # given a path, numpy would add an ending to its name
            np.save(stream, probabilities.astype(np.float16, copy=False), allow_pickle=False)

    replace_file(path, write)


def read_probabilities(path: Path, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return the rows of some examples, (len(indices), K), also while the file is being replaced.

    Raises:
        RunError: If there is no such file, it is no table of probabilities, or it lacks one of the rows.
    """
    rows = np.asarray(indices, dtype=np.int64)
    try:
        # A file that is replaced meanwhile lives on for whoever has it mapped.
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise RunError(
            f"Run {path.parent.name} has no class probabilities yet. They are written with its first epoch; a run of "
            "an earlier version has none: train again to see them."
        ) from error
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, str(error)) from error
    if stored.ndim != 2 or stored.dtype != np.float16:
        raise _damaged(
            path, f"it holds {stored.dtype} of shape {stored.shape}, not float16 of (examples, classes)"
        )
    if len(rows) and not 0 <= rows.min() <= rows.max() < len(stored):
        raise _damaged(
            path, f"it holds {len(stored)} examples, and one of {rows.min()} to {rows.max()} is wanted"
        )
    return np.asarray(stored[rows], dtype=np.float32)


def _damaged(path: Path, reason: str) -> RunError:
    return RunError(
        f"The class probabilities in {path} cannot be read: {' '.join(reason.split())}. Remove the file; everything "
        "else of the run can still be used."
    )
