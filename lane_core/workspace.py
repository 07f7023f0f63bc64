"""Everything below one LANE_HOME, joined: the one door of the app and the command line to it."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import pandas as pd

from lane_core.config import RunConfig
from lane_core.data import (
    Examples,
    ReadOptions,
    Table,
    file_sha256,
    read_table,
    with_validation,
)
from lane_core.data.checking.checks import Look, look, survey
from lane_core.data.checking.fixes import Fixes
from lane_core.data.examples import surveyed_examples
from lane_core.data.formats.registry import split_name
from lane_core.data.writing.manifest import copied_names
from lane_core.errors import RunError, StoreError
from lane_core.home import Home
from lane_core.records import ENDED_STATES, ColumnChoice, DatasetRecord, RunRecord
from lane_core.runs import launcher
from lane_core.runs.run_dir import RunDataset, RunDir
from lane_core.store import datasets, decision_queries, removal, runs
from lane_core.store.ingest import Ingester
from lane_core.store.snapshot import compact
from lane_core.store.store import Store, open_store

DELETING = ".deleting"
"""Ends the name of a run directory that is being deleted."""


class Service(Protocol):
    """A thread that can be started once and stopped."""

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """End it, when what is under way is done."""


class Workspace:
    """One LANE_HOME, opened. Holds the database: a second process cannot open the same one."""

    def __init__(self, home: Home) -> None:
        """Open or make the home; StoreError if another process has it open."""
        self.home = home
        for folder in (home.path, home.runs, home.datasets):
            folder.mkdir(parents=True, exist_ok=True)
        self.store: Store = open_store(home.database)
        self.ingester = Ingester(self.store, home.runs)
        self._services: list[Service] = []

    def serve(self, service: Service) -> None:
        """Start a thread that works on this home; it is stopped when the home is closed."""
        self._services.append(service)
        service.start()

    def close(self) -> None:
        """Stop the threads, reading in included, and let go of the database."""
        for service in self._services:
            service.stop()
        self.ingester.stop()
        self.store.close()

    def add_dataset(
        self,
        path: Path,
        columns: ColumnChoice,
        name: str,
        source_name: str | None = None,
        options: ReadOptions | None = None,
        *,
        fixes: Fixes | None = None,
        table: Table | None = None,
        seen: Look | None = None,
        on_progress: Callable[[str, int, int], None] | None = None,
        put: Callable[[DatasetRecord, Examples], None] | None = None,
    ) -> DatasetRecord:
        """Check a file and store it; nothing is stored if it has a blocking problem.

        Args:
            path: The file or folder; it is copied, never changed.
            columns: Which column holds what.
            name: What people call the project.
            source_name: File name to remember, if ``path`` is a temporary one.
            options: How to read it.
            fixes: How the faults of the file are dealt with; None = no row is left out.
            table: The file as these options read it, where that was done already; None = it is read.
            seen: What ``look`` says of this table and these columns, where that was done already.
            on_progress: Called with what is done now ("reading", "checking", "storing"), the steps of it that are
                done and those there are. If it raises, nothing is stored.
            put: Puts the examples into the database; None = as a data set that has to do with no other.

        Raises:
            DataError: With every blocking problem in words.
        """
        options, fixes, say = options or ReadOptions(), fixes or Fixes(), on_progress or _silent
        found = with_validation(_examples(path, columns, options, fixes, table, seen, say))
        say("storing", 0, 3)
        record = DatasetRecord(
            dataset_id=_new_id(name),
            name=name.strip() or path.stem,
            source_name=source_name or path.name,
            source_sha256=file_sha256(path),
            columns=columns,
            num_examples=len(found.frame),
            num_rows=found.num_rows,
            created_at=datetime.now(UTC),
        )
        folder = self.home.datasets / record.dataset_id
        say("storing", 1, 3)
        folder.mkdir(parents=True)
        try:
            _copy_source(path, folder)
            (folder / "read_options.json").write_text(json.dumps(asdict(options)), encoding="utf-8")
            (folder / "fixes.json").write_text(fixes.to_json(), encoding="utf-8")
            say("storing", 2, 3)
            (put or self._put)(record, found)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return record

    def _put(self, record: DatasetRecord, found: Examples) -> None:
        datasets.add_dataset(self.store, record, found.frame, found.classes, found.annotations)

    def fixes(self, dataset_id: str) -> Fixes:
        """Return how the faults of a data set's file were dealt with."""
        path = self.home.datasets / dataset_id / "fixes.json"
        return Fixes.from_json(path.read_text(encoding="utf-8")) if path.exists() else Fixes()

    def find_dataset(self, name: str) -> DatasetRecord | None:
        """Return the newest data set of this name, or None."""
        found = [record for record in datasets.list_datasets(self.store) if record.name == name]
        return max(found, key=lambda record: record.created_at, default=None)

    def newest_run(self) -> RunRecord:
        """Return the run that was started last; StoreError if there is none."""
        records = runs.list_runs(self.store)
        if not records:
            raise StoreError(f"There is no run in {self.home.path} yet. Train one first.")
        return records[0]

    def source_table(self, dataset_id: str) -> Table:
        """Return the file of a data set as it was imported."""
        folder = self.home.datasets / dataset_id
        source = find_source(folder)
        if source is None:
            raise StoreError(
                f"The imported file of {dataset_id} is not in {folder} any more. Put it back there."
            )
        return read_table(source, self.read_options(dataset_id))

    def read_options(self, dataset_id: str) -> ReadOptions:
        """Return how the file of a data set is read."""
        path = self.home.datasets / dataset_id / "read_options.json"
        return ReadOptions(**json.loads(path.read_text(encoding="utf-8")))

    def start_run(self, dataset_id: str, config: RunConfig, name: str | None = None) -> RunRecord:
        """Start training in the background on the labels as they stand: the file's, with every correction.

        Examples that people excluded are scored but not trained on.
        """
        record = datasets.get_dataset(self.store, dataset_id)
        # Taken before the labels: a decision that comes in between is trained on and only counted next time.
        version = decision_queries.label_version(self.store, dataset_id)
        labels = datasets.current_labels(self.store, dataset_id)
        split = labels["split"].where(labels["status"] != "exclude", "excluded")
        previous = [run for run in runs.list_runs(self.store, dataset_id) if run.name.startswith("Run ")]
        run = RunRecord(
            run_id=_new_id(record.name),
            dataset_id=dataset_id,
            name=name or f"Run {len(previous) + 1}",
            config_json=config.to_json(),
            label_version=version,
            created_at=datetime.now(UTC),
        )
        run_dir = self.run_dir(run.run_id)
        run_examples = pd.DataFrame(
            {
                "index": labels["index"],
                "example_id": labels["example_id"],
                "text": labels["text"],
                "given_label": labels["current_label"],
                "split": split,
            }
        )
        classes = tuple(datasets.dataset_classes(self.store, dataset_id))
        run_dir.create(config, RunDataset(dataset_id, record.name, classes, version), run_examples)
        runs.add_run(
            self.store,
            run,
            pd.DataFrame({"index": labels["index"], "label": labels["current_label"], "split": split}),
        )
        launcher.start(run_dir, self.home.path)
        return run

    def resume_run(self, run_id: str) -> None:
        """Go on with a run that was cancelled, interrupted or failed."""
        launcher.resume(self.run_dir(run_id), self.home.path)

    def delete_run(self, run_id: str) -> None:
        """Delete a run, its directory and its exports; the decisions taken in it stay, and so do the labels.

        Raises:
            RunError: If it has not ended; cancel it first.
            StoreError: If there is no such run.
        """
        runs.get_run(self.store, run_id)
        run_dir = self.run_dir(run_id)
        # Out of the way in one step: a deletion that is cut off leaves nothing that looks like a run.
        leaving = run_dir.path.with_name(f"{run_id}{DELETING}")
        if run_dir.path.exists():
            state = launcher.status(run_dir).state
            if state not in ENDED_STATES:
                raise RunError(f"Run {run_id} is {state}; cancel it before you delete it.")
            run_dir.path.rename(leaving)
        removal.delete_run(self.store, run_id)
        shutil.rmtree(leaving, ignore_errors=True)
        shutil.rmtree(self.home.exports / run_id, ignore_errors=True)

    def drop_history(self, run_id: str) -> None:
        """Drop the history of a finished run before its newest epoch, and give the room back to the disk.

        Queues, class matrices, metrics and exports stay; the curves of single examples shrink to one point.

        Raises:
            RunError: If the run has not finished: a resumed run needs its history.
            StoreError: If there is no such run.
        """
        run_dir = self.run_dir(run_id)
        state = launcher.status(run_dir).state
        if state != "finished":
            raise RunError(f"Run {run_id} is {state}; only a finished run can do without its history.")
        removal.drop_history(self.store, run_id)
        last_epoch = run_dir.last_epoch()
        for file in run_dir.event_files():
            if file.kind == "epoch" and file.epoch < last_epoch:
                file.path.unlink()
        compact(self.store)

    def run_dir(self, run_id: str) -> RunDir:
        """Return the directory of a run."""
        return RunDir(self.home.runs / run_id)


def _examples(
    path: Path,
    columns: ColumnChoice,
    options: ReadOptions,
    fixes: Fixes,
    table: Table | None,
    seen: Look | None,
    say: Callable[[str, int, int], None],
) -> Examples:
    # A function of its own, so that the table has left the memory before the examples are stored.
    say("reading", 0, 1)
    table = table or read_table(path, options)
    seen = seen or look(table, columns, partial(say, "checking"))
    return surveyed_examples(table, columns, survey(seen, fixes))


def _silent(_phase: str, _done: int, _total: int) -> None:
    pass


def find_source(folder: Path) -> Path | None:
    """Return the imported file or folder in the folder of a data set; None if it is not there."""
    return next(
        (path for path in sorted(folder.glob("source*")) if path.stem.split(".")[0] == "source"), None
    )


def _copy_source(path: Path, folder: Path) -> None:
    """Copy a file, or a folder without hidden files and links, under the suffixes that say how it is read."""
    if path.is_dir():
        shutil.copytree(
            path,
            folder / "source",
            ignore=lambda inside, names: set(names) - set(copied_names(inside, names)),
        )
    else:
        shutil.copyfile(path, folder / f"source{split_name(path.name)[1]}")


def _new_id(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "data"
    return f"{slug}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
