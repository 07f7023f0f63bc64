"""Killed while a run trains, writes its epochs and its checkpoint; resumed, it must end as if nothing had happened."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from benchmarks.crash_case import Case
from benchmarks.crash_children import Children
from lane_core.config import RunConfig
from lane_core.runs.results import final_table
from lane_core.runs.run_dir import RunDataset, RunDir

PRELOAD = ("lane_core.runs.worker", "tests.tiny_encoder")
"""What a child needs, and what takes longer to import than the run takes to train."""
_NUM_EPOCHS = 5
_CLASSES = ("anger", "fear", "joy")
_NOUNS = ("router", "bike", "train", "parcel", "it")
_KILLS_A_RUN = 3
_COMPARED = ("neighbours", "similarity", "epoch")
"""Kinds of events files without times."""


class Train(Case):
    """A run on sixty texts is killed three times, then left alone."""

    def __init__(self, children: Children, folder: Path) -> None:
        """Train once, uninterrupted."""
        super().__init__(children, folder, 0.0)
        self._encoder = folder / "encoder"
        children.run("write encoder", self._encoder)
        self._whole, self._killed = RunDir(folder / "whole"), RunDir(folder / "killed")
        self._num_kills = 0
        self._make_run(self._whole)
        self._make_run(self._killed)
        self.longest_s = 0.7 * children.run("train", self._whole.path)  # what is resumed takes less

    def kill(self, after_s: float) -> int:
        """Kill while the run trains, from its start or on from its checkpoint."""
        self._num_kills += 1
        return self.children.run_and_kill(after_s, "train", self._killed.path)

    def look(self) -> tuple[str, list[str]]:
        """Compare the files so far; after the third kill, let the run end and compare everything."""
        last = self._killed.last_epoch()
        moment = {0: "before the first epoch", _NUM_EPOCHS: "after the last epoch"}.get(
            last, "between epochs"
        )
        if any(self._killed.path.rglob("*.tmp")):
            moment = "a file half written"
        findings = self._differences()
        if self._num_kills == _KILLS_A_RUN:
            self.children.run("train", self._killed.path)
            findings += self._differences()
            if not final_table(self._killed).equals(final_table(self._whole)):
                findings.append("the final table is not that of the run that was left alone")
            missing = {file.name for file in self._whole.event_files()} - {
                f.name for f in self._killed.event_files()
            }
            if missing:
                findings.append(f"the resumed run lacks {sorted(missing)}")
            shutil.rmtree(self._killed.path)
            self._make_run(self._killed)
            self._num_kills = 0
        return moment, findings

    def _differences(self) -> list[str]:
        """Return the events files that are not those of the run that was left alone: each is there whole or not."""
        return [
            f"{file.name} is not that of the run that was left alone"
            for file in self._killed.event_files()
            if file.kind in _COMPARED
            and not self._killed.read_event(file.kind, file.epoch).equals(
                self._whole.read_event(file.kind, file.epoch)
            )
        ]

    def _make_run(self, run_dir: RunDir) -> None:
        examples = pd.DataFrame({"index": range(60)})
        examples["example_id"] = examples["index"].astype(str)
        examples["given_label"] = [_CLASSES[number % 3] for number in range(60)]
        examples["text"] = [
            f"{_NOUNS[number % 3]} is {_NOUNS[number // 3 % 4]} and {_NOUNS[number % 5]}"
            for number in range(60)
        ]
        examples["split"] = ["train"] * 48 + ["validation"] * 6 + ["test"] * 6
        config = RunConfig.from_preset(
            "default",
            encoder=str(self._encoder),
            epochs=_NUM_EPOCHS,
            batch_size=8,
            trainable_layers=1,
            learning_rate=5e-3,
        )
        run_dir.create(config, RunDataset("d", "Tiny", _CLASSES, 0), examples)
