"""The cells of a benchmark: a set of texts x a kind of noise x a rate x a seed, the same for every method."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from lane_core.data.noise.class_distance import centroid_distance, plutchik_distance
from lane_core.data.noise.injection import inject_noise
from lane_core.errors import ConfigError, DataError
from lane_core.training.encoder import load_encoder
from lane_core.training.features import prepare

ALL_FILES = ("all.csv", "train.csv", "validation.csv", "test.csv")
SUBSAMPLE_SEED = 0
"""Draws the rows of a set that is too large; not the cell's seed, so that every seed sees the same texts."""
NEAREST = 3
"""An error is near if the given class is among this many nearest to the true one."""
CENTROID_GAMMA = 8.0
"""Steepness of eq. 10 on 1 - cosine of class centroids: P(k | y) is proportional to exp(8 cos)."""
WHEELS = ("isear", "goemotions", "empathetic_dialogues", "plutchik")
"""Folders whose labels have places on Plutchik's wheel."""
MAX_TOKENS = 64
"""Word pieces of a text that the frozen embeddings see; the same as in the preset default."""


@dataclass(frozen=True, eq=False)
class TextSet:
    """Texts with their true labels, as a folder holds them."""

    folder_name: str
    name: str
    """Folder, number of texts, and what was left out: tells two extracts of one folder apart."""
    texts: list[str]
    true: npt.NDArray[np.int64]
    """(N,), class codes."""
    classes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Frozen sentence embeddings of length 1, with what they cost."""

    rows: npt.NDArray[np.float32]
    """(N, H)."""
    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Cell:
    """What is fixed before any method starts."""

    set_name: str
    noise: str
    rate: float
    seed: int

    @property
    def key(self) -> str:
        """Name of the cell in file names."""
        return f"{self.set_name}-{self.noise}-{self.rate:g}-seed{self.seed}"

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that name the cell in a results file."""
        return {"set": self.set_name, "noise": self.noise, "rate": self.rate, "seed": self.seed}


@dataclass(frozen=True, eq=False)
class NoisyCell:
    """A cell with its flips. ``given`` is all that a method may read of the labels."""

    cell: Cell
    text_set: TextSet
    given: npt.NDArray[np.int64]
    is_flipped: npt.NDArray[np.bool_]
    is_near: npt.NDArray[np.bool_]
    """(N,), flipped to one of the NEAREST classes."""


def read_set(
    folder: Path, rows: int | None = None, drop_label: str | None = None, files: tuple[str, ...] = ALL_FILES
) -> TextSet:
    """Return the texts of a folder's CSV files (columns text, label), one file after the other.

    Args:
        folder: Holds all.csv, or train.csv with or without validation.csv and test.csv.
        rows: With more texts than this, a fixed random extract of this many.
        drop_label: Texts of this label are left out.
        files: Which of the files are read.

    Raises:
        DataError: If there is no such file, a column is missing, or fewer than two classes are left.
    """
    frame = _read_files([folder / name for name in files if (folder / name).is_file()], folder)
    frame = frame[(frame["text"].str.strip() != "") & (frame["label"] != "") & (frame["label"] != drop_label)]
    if rows is not None and rows < len(frame):
        chosen = np.random.default_rng(SUBSAMPLE_SEED).permutation(len(frame))[:rows]
        frame = frame.iloc[np.sort(chosen)]
    classes, codes = np.unique(frame["label"].to_numpy(dtype=str), return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"{folder} holds {len(classes)} class(es) after filtering; at least two are needed.")
    name = f"{folder.name}-{len(frame)}" + (f"-without-{drop_label}" if drop_label else "")
    return TextSet(folder.name, name, frame["text"].tolist(), codes.astype(np.int64), tuple(classes.tolist()))


def embed(text_set: TextSet, encoder_name: str, cache: Path) -> Embeddings:
    """Return the pretrained encoder's mean-pooled embeddings, scaled to length 1; computed once a folder ``cache``."""
    content = "\0".join([encoder_name, str(MAX_TOKENS), *text_set.texts])
    path = cache / f"{text_set.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}.npz"
    if not path.exists():
        encoder = load_encoder(encoder_name)
        wall, cpu = time.perf_counter(), time.process_time()
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        rows = encoder.tokenize(text_set.texts, MAX_TOKENS)
        found = prepare(encoder, rows, len(rows), 0, device, lambda done, total: None).embeddings
        unit = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp.npz")
        np.savez(temporary, rows=unit, wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)
        temporary.replace(path)
    with np.load(path) as stored:
        return Embeddings(stored["rows"], float(stored["wall_s"]), float(stored["cpu_s"]))


def make_cell(
    text_set: TextSet, embeddings: Embeddings, noise: str, rate: float, seed: int, use_wheel: bool = True
) -> NoisyCell:
    """Return the cell with its flips; the same arguments give the same flips.

    Noise ``semantic`` is eq. 10: by steps on Plutchik's wheel (gamma 1) for the sets that it places, else
    proportional to exp(8 cos) of the classes' mean embeddings. Near and far always go by the mean embeddings, so that
    they mean the same under every noise.
    """
    if noise not in ("uniform", "semantic"):
        raise ConfigError(f"There is no noise {noise!r} here; choose uniform or semantic.")
    num_classes = len(text_set.classes)
    centroids = centroid_distance(embeddings.rows, text_set.true, num_classes)
    inputs = {}
    if noise == "semantic" and use_wheel and text_set.folder_name in WHEELS:
        inputs = {"distance": plutchik_distance(text_set.classes, text_set.folder_name), "gamma": 1.0}
    elif noise == "semantic":
        inputs = {"distance": centroids, "gamma": CENTROID_GAMMA}
    flips = inject_noise(text_set.true, rate, noise, num_classes=num_classes, seed=seed, **inputs)
    near = near_classes(centroids)[text_set.true, flips.noisy_labels]
    return NoisyCell(
        Cell(text_set.name, noise, rate, seed),
        text_set,
        np.array(flips.noisy_labels),
        np.array(flips.is_flipped),
        near & flips.is_flipped,
    )


def near_classes(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return for each class (row) which others are near: the NEAREST, at most half of them; ties at the edge too."""
    others = len(distance) - 1
    by_distance = np.sort(distance + np.diag(np.full(len(distance), np.inf)), axis=1)
    furthest = by_distance[:, max(1, min(NEAREST, others // 2)) - 1]
    return (distance <= furthest[:, None]) & ~np.eye(len(distance), dtype=bool)


def _read_files(paths: list[Path], folder: Path) -> pd.DataFrame:
    if not paths:
        raise DataError(
            f"{folder} holds none of the files asked for. A data folder has train.csv or all.csv."
        )
    frames = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        missing = {"text", "label"} - set(frame.columns)
        if missing:
            raise DataError(
                f"{path} lacks the column {sorted(missing)[0]!r}; it has {', '.join(frame.columns)}."
            )
    return pd.concat(frames, ignore_index=True)
