"""A project small enough to compute by hand: 24 texts, 3 classes, a run of 2 epochs with made-up numbers.

Nothing is trained: the events files are written as a worker would write them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from lane_core.config import RunConfig
from lane_core.records import ColumnChoice, DatasetRecord, RunRecord
from lane_core.runs.run_dir import RunDataset, RunDir
from lane_core.store import datasets, runs
from lane_core.store.ingest import ingest_run
from lane_core.workspace import Workspace

CLASSES = ("anger", "fear", "joy")
SUSPECTS = (3, 7, 11)
"""Indices that the run flags, worst first; each is suggested the class after its given one."""
LINES = {"sure": 0.06, "balanced": 0.5, "thorough": 0.605}
"""Label scores below which an example is flagged. Of the suspects 3, 7, 11 (0.05, 0.07, 0.09) only the first is sure;
thorough takes in example 0 (0.6)."""
NOISE_RATE = 0.25


@dataclass(frozen=True)
class SmallProject:
    """What the project holds."""

    dataset: DatasetRecord
    run: RunRecord
    source: Path


def make_small_project(workspace: Workspace) -> SmallProject:
    """Import the file and lay down a finished run."""
    source = workspace.home.path / "small.csv"
    rows = [
        {
            "id": f"{number:03}",
            "text": f"text number {number}, with a comma",
            "label": CLASSES[number % 3],
            "split": "test" if number >= 21 else "validation" if number >= 18 else "train",
        }
        for number in range(24)
    ]
    pd.DataFrame(rows).to_csv(source, index=False, lineterminator="\n")
    dataset = workspace.add_dataset(source, ColumnChoice("text", "label", "id", "split"), "Small project")
    run = add_finished_run(workspace, dataset, "Run 1")
    return SmallProject(dataset, run, source)


def add_finished_run(
    workspace: Workspace, dataset: DatasetRecord, name: str, suspects: tuple[int, ...] = SUSPECTS
) -> RunRecord:
    """Lay down and read in a finished run on the labels as they stand."""
    run = RunRecord(
        run_id=name.lower().replace(" ", "-"),
        dataset_id=dataset.dataset_id,
        name=name,
        config_json=RunConfig(epochs=2).to_json(),
        label_version=0,
        created_at=datetime.now(UTC),
    )
    labels = datasets.current_labels(workspace.store, dataset.dataset_id)
    examples = labels[["index", "example_id", "text", "split"]].assign(given_label=labels["current_label"])
    run_dir = workspace.run_dir(run.run_id)
    run_dir.create(RunConfig(epochs=2), RunDataset(dataset.dataset_id, dataset.name, CLASSES, 0), examples)
    frame = labels[["index", "split"]].assign(label=labels["current_label"])
    runs.add_run(workspace.store, run, frame)
    _write_events(run_dir, examples["given_label"].map(CLASSES.index).to_numpy(), suspects)
    finished = replace(
        run_dir.status(), state="finished", epoch=2, step=4, total_steps=4, device="cpu", message=""
    )
    run_dir.write_status(finished)
    run_dir.log.write_text("made up for a test\n", encoding="utf-8")
    ingest_run(workspace.store, run_dir)
    return run


def _write_events(run_dir: RunDir, given: np.ndarray, suspects: tuple[int, ...]) -> None:
    index = np.arange(len(given))
    neighbours = pd.DataFrame(
        {
            "index": np.repeat(index, 5),
            "rank": np.tile(np.arange(1, 6), len(index)),
            "neighbour": ((index[:, None] + np.arange(1, 6)) % len(index)).ravel(),
            "cosine": np.tile([0.9, 0.8, 0.7, 0.6, 0.5], len(index)),
        }
    )
    run_dir.write_event("neighbours", 0, neighbours)
    rank = {at: place for place, at in enumerate(suspects)}
    is_suspect = np.isin(index, suspects)
    score = np.array([0.05 + 0.02 * rank[at] if at in rank else 0.6 + 0.01 * at for at in index])
    rival = (given + 1) % 3
    for epoch in (1, 2):
        margin = np.where(is_suspect, -2.0 * epoch, 1.5 * epoch)
        alm = np.where(is_suspect, -1.0 - epoch, 1.0 + epoch)
        examples = pd.DataFrame(
            {
                "index": index,
                "margin": margin,
                "label_aware_margin": margin,
                "aum": alm,
                "alm": alm,
                "weight": np.where(is_suspect, 0.25, 1.0),
                "predicted": np.where(is_suspect, rival, given),
                "predicted_probability": np.where(is_suspect, 0.9, 0.8),
                "suggested": rival,
                "suggested_probability": np.where(is_suspect, 0.9, 0.15),
                "given_probability": np.where(is_suspect, 0.05, 0.8),
                "given_log_probability": np.where(is_suspect, -3.0, -0.2),
                "is_given_predicted": ~is_suspect,
                "similarity": np.where(given == 0, 1.8, 0.5),
                "severity": np.where(given == 0, 0.0, 0.75),
                "label_score": score,
                "is_label_issue": is_suspect,
                "self_confidence": np.where(is_suspect, 0.1, 0.7),
                "held_out_predicted": np.where(is_suspect, rival, given),
            }
        )
        pairs = pd.DataFrame(
            {
                "given": np.repeat([0, 1, 2], 3),
                "predicted": np.tile([0, 1, 2], 3),
                "value": [0.7, 0.2, 0.1, 0.25, 0.65, 0.1, 0.05, 0.15, 0.8],
            }
        )
        metrics = pd.DataFrame(
            [
                {
                    "theta_loss": 1.2 / epoch,
                    "pi_loss": 1.4 / epoch,
                    "contrastive_loss": 2.0 / epoch,
                    "validation_accuracy": 0.6 + 0.1 * epoch,
                    "validation_macro_f1": 0.58 + 0.1 * epoch,
                    "test_accuracy": 0.62 + 0.1 * epoch,
                    "test_macro_f1": 0.6 + 0.1 * epoch,
                    "mu": -1.5,
                    "sigma": 0.4,
                    "num_flagged": len(suspects),
                    "noise_rate": NOISE_RATE,
                    **{f"{name}_below": line for name, line in LINES.items()},
                    **{f"{name}_precision": _precision(score, line) for name, line in LINES.items()},
                    "clipped_share": 0.0,
                    "train_seconds": 1.0,
                }
            ]
        )
        losses = pd.DataFrame(
            {
                "step": [2 * epoch - 1, 2 * epoch],
                "theta_loss": [1.2 / epoch, 1.1 / epoch],
                "pi_loss": [1.4 / epoch, 1.3 / epoch],
                "contrastive_loss": [2.0 / epoch, 1.9 / epoch],
            }
        )
        run_dir.write_probabilities(_probabilities(examples, given))
        run_dir.write_event("losses", epoch, losses)
        run_dir.write_event("similarity", epoch, pairs)
        run_dir.write_event("metrics", epoch, metrics)
        run_dir.write_event("epoch", epoch, examples)


def _probabilities(examples: pd.DataFrame, given: np.ndarray) -> np.ndarray:
    """Those that the columns of the events name; the third class has what is left."""
    rows = np.arange(len(given))
    found = np.zeros((len(given), len(CLASSES)))
    found[rows, given] = examples["given_probability"]
    found[rows, examples["suggested"]] = examples["suggested_probability"]
    found[rows, 3 - given - examples["suggested"]] = 1 - found.sum(axis=1)
    return found


def _precision(score: np.ndarray, line: float) -> float:
    """Mean probability that a flagged label is wrong."""
    flagged = score[score < line]
    return float((1 - flagged).mean()) if len(flagged) else 0.0
