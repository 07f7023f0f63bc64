"""A made-up project as a data lead finds it: two runs, three people's columns, and decisions of three people between.

The packaged sample's texts, or made-up ones of any number of classes and examples. Nothing is trained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.lead_events import write_lead_run
from benchmarks.lead_world import Codes, World, noisy_labels, uneven_classes, world_of
from benchmarks.review_project import lay_down_run, made_up_texts
from lane_core.home import Home
from lane_core.records import ColumnChoice, DatasetRecord, Decision, RunRecord
from lane_core.store import datasets, result_queries
from lane_core.store.decisions import record_decisions
from lane_core.store.ingest import ingest_run
from lane_core.workspace import Workspace

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data"
PEOPLE = ("Ann", "Ben", "Cleo")
"""The last is more often wrong than the others."""
NUM_EPOCHS = 5
MOST_REVIEWED = 1500
_SEEN_SHARE = (0.3, 0.2, 0.2)
"""Of the examples, by person: those that they labelled in the file."""
_WRONG_SHARE = (0.06, 0.08, 0.3)
_REVIEWED_SHARE = 0.3
"""Of the suspects, up to MOST_REVIEWED."""
_SECOND_LOOK = 0.3
"""Share of the reviewed that a second person decides on too."""
_SHORTEST, _LONGEST = 30, 120
"""Characters of a made-up text."""


@dataclass(frozen=True)
class LeadProject:
    """What a home holds."""

    home: Home
    dataset: DatasetRecord
    first: RunRecord
    """On the labels of the file."""
    second: RunRecord
    """On the labels that people corrected after it."""

    def query(self, run: RunRecord | None = None) -> str:
        """Return the address parameters that choose the project and a run, the second if none is given."""
        return f"project={self.dataset.dataset_id}&run={(run or self.second).run_id}"


def make_lead_project(home: Home, num_examples: int, num_classes: int) -> LeadProject:
    """Make a project of made-up texts; the home is closed afterwards. 100,000 examples take some ten seconds."""
    rng = np.random.default_rng(7)
    world = world_of(rng, uneven_classes(rng, num_examples, num_classes), num_classes)
    names = [f"topic {code:03}" for code in range(num_classes)]
    split = rng.choice(["train", "validation", "test"], num_examples, p=[0.8, 0.1, 0.1])
    frame = pd.DataFrame(
        {
            "id": [f"p{number:06}" for number in range(num_examples)],
            "text": made_up_texts(rng, num_examples, _SHORTEST, _LONGEST),
            "split": split,
        }
    )
    return _make(home, rng, world, names, frame, f"Posts of {num_classes} topics")


def make_lead_sample(home: Home) -> LeadProject:
    """Make a project of the packaged sample: 1,620 texts of 8 classes, with its own wrong labels."""
    rng = np.random.default_rng(7)
    frame = pd.read_csv(SAMPLE / "emotions.csv", dtype=str)
    true_label = pd.read_csv(SAMPLE / "emotions_truth.csv", dtype=str).set_index("id")["true_label"]
    names = sorted(frame["label"].unique())
    code_of = {name: code for code, name in enumerate(names)}
    truth = frame["id"].map(true_label).map(code_of).to_numpy(dtype=np.int64)
    world = world_of(rng, truth, len(names))
    labels = frame["label"].map(code_of).to_numpy(dtype=np.int64)
    return _make(home, rng, world, names, frame.drop(columns="label"), "Sample: feelings", labels)


def _make(
    home: Home,
    rng: np.random.Generator,
    world: World,
    names: list[str],
    frame: pd.DataFrame,
    title: str,
    labels: Codes | None = None,
) -> LeadProject:
    home.path.mkdir(parents=True, exist_ok=True)
    labels = noisy_labels(rng, world) if labels is None else labels
    by_code = np.array(names, dtype=object)
    frame = frame.assign(label=by_code[labels], **_people_columns(rng, world, by_code))
    source = home.path / "posts.csv"
    frame.to_csv(source, index=False)
    workspace = Workspace(home)
    columns = ColumnChoice("text", "label", "id", "split", PEOPLE)
    dataset = workspace.add_dataset(source, columns, title)
    first = _add_run(workspace, dataset, world, "Run 1", seed=1)
    _review(workspace, dataset, first, rng, names)
    second = _add_run(workspace, dataset, world, "Run 2", seed=2)
    workspace.close()
    return LeadProject(home, dataset, first, second)


def _people_columns(
    rng: np.random.Generator, world: World, by_code: npt.NDArray[np.object_]
) -> dict[str, npt.NDArray[np.object_]]:
    """Return what each person labelled in the file, "" where they did not look."""
    columns = {}
    for name, seen, wrong in zip(PEOPLE, _SEEN_SHARE, _WRONG_SHARE, strict=True):
        is_wrong = rng.random(len(world.truth)) < wrong
        label = by_code[np.where(is_wrong, world.mistaken(rng, world.truth), world.truth)]
        columns[name] = np.where(rng.random(len(label)) < seen, label, "")
    return columns


def _add_run(workspace: Workspace, dataset: DatasetRecord, world: World, name: str, seed: int) -> RunRecord:
    run_dir, run = lay_down_run(workspace, dataset, name)
    examples = run_dir.examples()
    names = datasets.dataset_classes(workspace.store, dataset.dataset_id)
    code_of = {name: code for code, name in enumerate(names)}
    labels = examples["given_label"].map(code_of).to_numpy(dtype=np.int64)
    splits = examples["split"].to_numpy(dtype=np.str_)
    write_lead_run(run_dir, world, labels, splits, NUM_EPOCHS, seed)
    run_dir.log.write_text("Made up: nothing was trained.\n", encoding="utf-8")
    run_dir.write_status(
        replace(run_dir.status(), state="finished", epoch=NUM_EPOCHS, device="cpu", message="")
    )
    ingest_run(workspace.store, run_dir)
    return run


def _review(
    workspace: Workspace,
    dataset: DatasetRecord,
    run: RunRecord,
    rng: np.random.Generator,
    names: list[str],
) -> None:
    """Let people decide on the worst suspects; some twice, and not always alike."""
    found = result_queries.predictions(workspace.store, run.run_id)
    suspects = found[found["is_label_issue"]].sort_values(["label_score", "index"])
    number = min(MOST_REVIEWED, round(_REVIEWED_SHARE * len(suspects)))
    rows = list(suspects.head(number).itertuples(index=False))
    again = [row for row in rows if rng.random() < _SECOND_LOOK]
    decisions = []
    for turn, row in enumerate([*rows, *again]):
        is_second = turn >= len(rows)
        person = PEOPLE[(row.index + is_second) % len(PEOPLE)]
        action = str(rng.choice(["relabel", "keep", "exclude", "flag"], p=[0.68, 0.2, 0.07, 0.05]))
        other = row.predicted_label if row.predicted_label != row.run_label else names[turn % len(names)]
        decisions.append(
            Decision(
                decision_id=f"{dataset.dataset_id}-{turn}",
                dataset_id=dataset.dataset_id,
                index=int(row.index),
                action=action,  # type: ignore[arg-type]
                label=other if action == "relabel" and other != row.run_label else None,
                seen_label=row.run_label,
                run_id=run.run_id,
                annotator=person,
                lead_time_s=float(rng.gamma(4, 1.5)),
            )
        )
    usable = [one for one in decisions if one.action != "relabel" or one.label is not None]
    record_decisions(workspace.store, usable)
