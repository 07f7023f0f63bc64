"""The one file that a benchmark's figures go to: a Parquet table that grows by whole rows and is never half written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from lane_core.errors import DataError
from lane_core.files import replace_file

NAME = "results.parquet"
CELL = ["set", "noise", "rate", "seed"]
"""Columns that name a cell; with ``method`` they name a row."""


def read_results(folder: Path) -> pd.DataFrame:
    """Return all rows so far; an empty frame if there is no file yet."""
    path = folder / NAME
    return pd.read_parquet(path) if path.exists() else pd.DataFrame()


def require_results(folder: Path) -> pd.DataFrame:
    """Return all rows.

    Raises:
        DataError: If the folder holds no results.
    """
    frame = read_results(folder)
    if frame.empty:
        raise DataError(f"{folder} holds no {NAME}. Run benchmarks/detection.py or classification.py first.")
    return frame


def is_done(folder: Path, cell: dict[str, Any], run: str, fingerprint: str) -> bool:
    """Whether the rows of this run are there, made by the same configuration."""
    frame = read_results(folder)
    if frame.empty:
        return False
    same = (frame[CELL] == pd.Series(cell)[CELL]).all(axis=1)
    return bool((same & (frame["run"] == run) & (frame["fingerprint"] == fingerprint)).any())


def add_results(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Add rows (keys of CELL, run, method, fingerprint and any figures); older rows of the same cell and run go."""
    new = pd.DataFrame(rows)
    folder.mkdir(parents=True, exist_ok=True)
    # Two benchmarks may share a folder, on one core each.
    with FileLock(folder / f"{NAME}.lock"):
        old = read_results(folder)
        if not old.empty:
            key = [*CELL, "run"]
            replaced = pd.MultiIndex.from_frame(old[key]).isin(pd.MultiIndex.from_frame(new[key]))
            new = pd.concat([old[~replaced], new], ignore_index=True)
        replace_file(folder / NAME, lambda path: new.to_parquet(path, index=False))
