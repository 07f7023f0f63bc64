"""A made-up project to review: texts as long as posts are, a finished run, and a second one whose files come in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lane_core.config import RunConfig
from lane_core.home import Home
from lane_core.records import ColumnChoice, DatasetRecord, RunRecord
from lane_core.runs.run_dir import EVENT_SCHEMAS, RunDataset, RunDir
from lane_core.store import datasets, decision_queries, runs
from lane_core.store.ingest import ingest_run
from lane_core.workspace import Workspace

NUM_CLASSES = 28
NUM_EPOCHS = 5
NUM_NEIGHBOURS = 5
FLAGGED_SHARE = 0.12
"""Share of the labels that a run flags."""
SHORTEST, LONGEST = 100, 600
"""Characters of a text."""
LINES = {"sure": 0.1, "balanced": 0.5, "thorough": 0.7}
_SYLLABLES = ["ka", "lo", "mi", "ne", "ru", "sa", "ti", "vo", "be", "du", "fa", "gi", "ho", "je"]


@dataclass(frozen=True)
class ReviewProject:
    """What a home holds."""

    home: Home
    dataset: DatasetRecord
    run: RunRecord

    @property
    def query(self) -> str:
        """Address parameters that choose the project and its run."""
        return f"project={self.dataset.dataset_id}&run={self.run.run_id}"


def make_review_project(
    home: Home, num_examples: int, num_classes: int = NUM_CLASSES, flagged_share: float = FLAGGED_SHARE
) -> ReviewProject:
    """Import a file of so many examples and lay down a finished run; the home is closed afterwards."""
    rng = np.random.default_rng(0)
    workspace = Workspace(home)
    source = home.path / "posts.csv"
    label = rng.integers(0, num_classes, num_examples)
    classes = [f"feeling {code:02}" for code in range(num_classes)]
    pd.DataFrame(
        {
            "id": [f"p{number:06}" for number in range(num_examples)],
            "text": made_up_texts(rng, num_examples),
            "label": [classes[code] for code in label],
        }
    ).to_csv(source, index=False)
    dataset = workspace.add_dataset(source, ColumnChoice("text", "label", "id"), "Posts")
    run = add_finished_run(workspace, dataset, flagged_share)
    workspace.close()
    return ReviewProject(home, dataset, run)


def add_finished_run(
    workspace: Workspace, dataset: DatasetRecord, flagged_share: float = FLAGGED_SHARE
) -> RunRecord:
    """Lay down and read in a finished run with made-up numbers."""
    run_dir, run = lay_down_run(workspace, dataset, "Run 1")
    num_classes = len(datasets.dataset_classes(workspace.store, dataset.dataset_id))
    codes = _label_codes(workspace, dataset)
    write_epochs(run_dir, codes, num_classes, NUM_EPOCHS, flagged_share)
    run_dir.write_status(replace(run_dir.status(), state="finished", epoch=NUM_EPOCHS, device="cpu"))
    ingest_run(workspace.store, run_dir)
    return run


def stage_second_run(project: ReviewProject, folder: Path, num_epochs: int) -> RunDir:
    """Add a run of which nothing is there yet, and write its events files elsewhere; return where.

    The home must be closed.
    """
    workspace = Workspace(project.home)
    _, run = lay_down_run(workspace, project.dataset, "Run 2")
    staged = RunDir(folder / run.run_id)
    staged.events.mkdir(parents=True)
    num_classes = len(datasets.dataset_classes(workspace.store, project.dataset.dataset_id))
    write_epochs(staged, _label_codes(workspace, project.dataset), num_classes, num_epochs)
    workspace.close()
    return staged


@contextmanager
def files_coming_in(project: ReviewProject, staged: RunDir, pause_s: float) -> Iterator[None]:
    """Put one staged events file after the other into its run directory, ``pause_s`` apart, until the block ends.

    Raises:
        RuntimeError: If they did not last to the end of the block.
    """
    is_over, target = threading.Event(), RunDir(project.home.runs / staged.run_id)
    left = staged.event_files()

    def move() -> None:
        while left and not is_over.wait(pause_s):
            file = left.pop(0)
            file.path.rename(target.events / file.name)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        yield
    finally:
        is_over.set()
        mover.join()
    if not left:
        raise RuntimeError("The second run ended before the decisions did: stage more epochs.")


def write_epochs(
    run_dir: RunDir,
    label: npt.NDArray[np.int64],
    num_classes: int,
    num_epochs: int,
    flagged_share: float = FLAGGED_SHARE,
) -> None:
    """Write the files of a run as a worker would."""
    rng = np.random.default_rng(1)
    is_suspect = rng.random(len(label)) < flagged_share
    rival = (label + 1 + rng.integers(0, num_classes - 1, len(label))) % num_classes
    write_event(run_dir, "neighbours", 0, made_up_neighbours(rng, len(label)))
    pairs = np.indices((num_classes, num_classes)).reshape(2, -1)
    for epoch in range(1, num_epochs + 1):
        steps = np.arange(10 * epoch - 9, 10 * epoch + 1)
        losses = {name: rng.random(10) for name in ("theta_loss", "pi_loss", "contrastive_loss")}
        write_event(run_dir, "losses", epoch, pd.DataFrame({"step": steps, **losses}))
        value = rng.dirichlet(np.ones(num_classes), num_classes).ravel()
        similarity = pd.DataFrame({"given": pairs[0], "predicted": pairs[1], "value": value})
        write_event(run_dir, "similarity", epoch, similarity)
        write_event(run_dir, "metrics", epoch, _metrics(is_suspect))
        write_event(run_dir, "epoch", epoch, _examples(rng, label, rival, is_suspect, epoch))


def write_event(run_dir: RunDir, kind: str, epoch: int, frame: pd.DataFrame) -> None:
    """Write an events file; a column that the frame lacks is null."""
    # What a newer schema holds beyond this is null, as in files of an earlier version.
    run_dir.write_event(kind, epoch, frame.reindex(columns=EVENT_SCHEMAS[kind].names))


def lay_down_run(workspace: Workspace, dataset: DatasetRecord, name: str) -> tuple[RunDir, RunRecord]:
    """Add a run on the labels as they stand, of which nothing is there yet but its directory."""
    config, created_at = RunConfig(epochs=NUM_EPOCHS), datetime.now(UTC)
    run_id = f"{dataset.dataset_id}-{name[-1]}"
    version = decision_queries.label_version(workspace.store, dataset.dataset_id)
    run = RunRecord(run_id, dataset.dataset_id, name, config.to_json(), version, created_at)
    labels = datasets.current_labels(workspace.store, dataset.dataset_id)
    split = labels["split"].where(labels["status"] != "exclude", "excluded")
    classes = tuple(datasets.dataset_classes(workspace.store, dataset.dataset_id))
    run_dir = workspace.run_dir(run_id)
    about = RunDataset(dataset.dataset_id, dataset.name, classes, version)
    trained_on = labels[["index", "example_id", "text"]].assign(
        given_label=labels["current_label"], split=split
    )
    run_dir.create(config, about, trained_on)
    runs.add_run(workspace.store, run, trained_on[["index", "split"]].assign(label=trained_on["given_label"]))
    return run_dir, run


def _label_codes(workspace: Workspace, dataset: DatasetRecord) -> npt.NDArray[np.int64]:
    names = datasets.dataset_classes(workspace.store, dataset.dataset_id)
    labels = datasets.current_labels(workspace.store, dataset.dataset_id)["current_label"]
    return labels.map({name: code for code, name in enumerate(names)}).to_numpy(dtype=np.int64)


def made_up_texts(
    rng: np.random.Generator, count: int, shortest: int = SHORTEST, longest: int = LONGEST
) -> list[str]:
    """Return texts of so many characters, made of some thousand words."""
    words = ["".join(rng.choice(_SYLLABLES, rng.integers(1, 5))) for _ in range(3000)]
    # The mean word has six characters with its space: half as many words more than the longest text takes.
    pool = " ".join(rng.choice(words, 200_000))
    starts = rng.integers(0, len(pool) - longest, count)
    lengths = rng.integers(shortest, longest + 1, count)
    return [
        pool[start : start + length].strip().capitalize()
        for start, length in zip(starts, lengths, strict=True)
    ]


def made_up_neighbours(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Return the rows of a neighbours file for so many examples."""
    cosine = np.sort(rng.uniform(0.3, 0.95, (count, NUM_NEIGHBOURS)))[:, ::-1]
    step = rng.integers(1, max(2, count // NUM_NEIGHBOURS), (count, NUM_NEIGHBOURS)).cumsum(axis=1)
    return pd.DataFrame(
        {
            "index": np.repeat(np.arange(count), NUM_NEIGHBOURS),
            "rank": np.tile(np.arange(1, NUM_NEIGHBOURS + 1), count),
            "neighbour": ((np.arange(count)[:, None] + step) % count).ravel(),
            "cosine": cosine.ravel(),
        }
    )


def _metrics(is_suspect: npt.NDArray[np.bool_]) -> pd.DataFrame:
    fixed = dict.fromkeys(EVENT_SCHEMAS["metrics"].names, 0.6) | {"num_flagged": int(is_suspect.sum())}
    below = {f"{name}_below": line for name, line in LINES.items()}
    return pd.DataFrame([fixed | below | {"noise_rate": is_suspect.mean()}])


def _examples(
    rng: np.random.Generator,
    label: npt.NDArray[np.int64],
    rival: npt.NDArray[np.int64],
    is_suspect: npt.NDArray[np.bool_],
    epoch: int,
) -> pd.DataFrame:
    size = len(label)
    margin = np.where(is_suspect, -1.0, 1.5) * epoch + rng.normal(0, 0.5, size)
    score = np.where(is_suspect, rng.uniform(0, LINES["balanced"], size), rng.uniform(0.5, 1, size))
    probability = rng.uniform(0.4, 0.9, size)
    return pd.DataFrame(
        {
            "index": np.arange(size),
            "margin": margin,
            "label_aware_margin": 0.8 * margin,
            "aum": margin,
            "alm": 0.8 * margin,
            "weight": np.where(is_suspect, 0.3, 1.0),
            "predicted": np.where(is_suspect, rival, label),
            "predicted_probability": probability,
            "suggested": rival,
            "held_out_predicted": np.where(is_suspect, rival, label),
            "suggested_probability": np.where(is_suspect, probability, 1 - probability),
            "given_probability": np.where(is_suspect, 1 - probability, probability),
            "given_log_probability": np.log(np.where(is_suspect, 1 - probability, probability)),
            "is_given_predicted": ~is_suspect,
            "similarity": rng.uniform(0, 2, size),
            "severity": rng.random(size),
            "label_score": score,
            "is_label_issue": score < LINES["balanced"],
        }
    )
