"""A made-up project, epochs of its runs, and people who decide on it without end."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.store import CLASSES, DATASET, epoch_columns, make_store
from benchmarks.store_checks import Said
from lane_core.records import Decision, DecisionAction
from lane_core.runs.run_dir import METRICS_SCHEMA, RunDir
from lane_core.store.decisions import record_decisions, redo, undo
from lane_core.store.store import Store

RUNS = ("first", "second")
"""Of ``make_project``."""
_NUM_SHARED = 4
"""Examples on which most decisions fall, so that people get in each other's way."""


def make_project(path: Path, num_examples: int) -> tuple[Store, npt.NDArray[np.int64]]:
    """Return a new database of a project with two runs, and the class codes of its labels."""
    label = np.random.default_rng(1).integers(0, len(CLASSES), num_examples)
    return make_store(path, label), label


def write_epoch(run_dir: RunDir, epoch: int, label: npt.NDArray[np.int64]) -> None:
    """Write the files of one epoch as a worker would, the examples last."""
    rng = np.random.default_rng(epoch)
    losses = pd.DataFrame({"step": range(10 * epoch, 10 * epoch + 10)})
    for name in ("theta_loss", "pi_loss", "contrastive_loss"):
        losses[name] = rng.random(10)
    run_dir.write_event("losses", epoch, losses)
    metrics = dict.fromkeys(METRICS_SCHEMA.names, 0.5) | {"num_flagged": 1}
    run_dir.write_event("metrics", epoch, pd.DataFrame([metrics]))
    run_dir.write_event("epoch", epoch, pd.DataFrame(epoch_columns(rng, label)))


class Decider:
    """One person: mostly decides, half of the time having looked what counts now; sometimes undoes or redoes.

    One decision in five settles what others disagree about, if they do.
    """

    def __init__(self, store: Store, name: str, num_examples: int) -> None:
        """``name`` is the annotator, and what the person does follows from it."""
        self.name = name
        self.seconds: dict[str, list[float]] = {"decision": [], "undo": [], "redo": [], "look": []}
        """How long each call took, by what it was."""
        self._store = store
        self._num_examples = num_examples
        self._chance = Random(name)
        self._number = 0

    def step(self) -> Said:
        """Store one decision, undo or redo and return what the store said."""
        step_id = f"{self.name}/{self._number}"
        self._number += 1
        kind = self._chance.choices(("decision", "undo", "redo"), (7, 2, 1))[0]
        if kind == "decision":
            return self._decide(step_id)
        start = time.perf_counter()
        target = (undo if kind == "undo" else redo)(self._store, DATASET, self.name, step_id)
        self.seconds[kind].append(time.perf_counter() - start)
        return Said(step_id, kind, target and target.index, target and target.decision_id)

    def _decide(self, decision_id: str) -> Said:
        is_shared = self._chance.random() < 0.8
        index = self._chance.randrange(
            min(_NUM_SHARED, self._num_examples) if is_shared else self._num_examples
        )
        seen_version = self._look(index) if self._chance.random() < 0.5 else None
        action: DecisionAction = self._chance.choice(("keep", "relabel", "exclude", "flag"))
        label = self._chance.choice(CLASSES) if action == "relabel" else None
        decision = Decision(
            decision_id,
            DATASET,
            index,
            action,
            label,
            CLASSES[0],
            RUNS[0],
            self.name,
            seen_version=seen_version,
            is_settling=self._chance.random() < 0.2,
        )
        start = time.perf_counter()
        num_stored = record_decisions(self._store, [decision])
        self.seconds["decision"].append(time.perf_counter() - start)
        if num_stored != 1:
            raise RuntimeError(
                f"The store says that it stored {num_stored} of the one decision {decision_id}."
            )
        return Said(decision_id, "decision", index, None)

    def _look(self, index: int) -> int:
        start = time.perf_counter()
        with self._store.cursor() as cursor:
            query = "select seq from current_decisions where dataset_id = ? and index = ?"
            found = cursor.execute(query, [DATASET, index]).fetchone()
        self.seconds["look"].append(time.perf_counter() - start)
        return int(found[0]) if found else 0
