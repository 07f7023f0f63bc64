"""Everything below one LANE_HOME, joined: the one door of the app and the command line to it."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from lane_core.config import RunConfig
from lane_core.data import (
    ReadOptions,
    Table,
    audit_frame,
    changes_frame,
    examples_of,
    file_sha256,
    read_table,
    with_validation,
    write_corrected,
    write_manifest,
    write_rows,
)
from lane_core.errors import RunError, StoreError
from lane_core.home import Home
from lane_core.records import ENDED_STATES, ColumnChoice, DatasetRecord, RunRecord, Strictness
from lane_core.runs import launcher
from lane_core.runs.results import final_table, manifest_values
from lane_core.runs.run_dir import RunDataset, RunDir
from lane_core.store import datasets, decision_queries, removal, runs
from lane_core.store.classes import replaced_classes
from lane_core.store.ingest import Ingester
from lane_core.store.snapshot import compact
from lane_core.store.store import Store, open_store

DELETING = ".deleting"
"""Ends the name of a run directory that is being deleted."""
SUFFIXES = {"csv": ".csv", "tsv": ".tsv", "jsonl": ".jsonl", "parquet": ".parquet"}


@dataclass(frozen=True)
class ExportedFiles:
    """Paths of one export."""

    corrected: Path
    audit: Path
    changes: Path
    manifest: Path


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
        drop_unlabelled: bool = False,
    ) -> DatasetRecord:
        """Check a file and store it; nothing is stored if it has a blocking problem.

        Args:
            path: The file; it is copied, never changed.
            columns: Which column holds what.
            name: What people call the project.
            source_name: File name to remember, if ``path`` is a temporary one.
            options: How to read it.
            drop_unlabelled: Leave rows without a label out of training and review (exports keep them).

        Raises:
            DataError: With every blocking problem in words.
        """
        options = options or ReadOptions()
        table = read_table(path, options)
        found = with_validation(examples_of(table, columns, drop_unlabelled=drop_unlabelled))
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
        folder.mkdir(parents=True)
        try:
            shutil.copyfile(path, folder / f"source{SUFFIXES[table.file_format]}")
            (folder / "read_options.json").write_text(json.dumps(asdict(options)), encoding="utf-8")
            datasets.add_dataset(self.store, record, found.frame, found.classes, found.annotations)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return record

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
        sources = list(folder.glob("source.*"))
        if not sources:
            raise StoreError(
                f"The imported file of {dataset_id} is not in {folder} any more. Put it back there."
            )
        options = ReadOptions(**json.loads((folder / "read_options.json").read_text(encoding="utf-8")))
        return read_table(sources[0], options)

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
        """Delete a run and its directory; the decisions taken in it stay, and so do the labels.

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

    def export(self, run_id: str, folder: Path, strictness: Strictness = "balanced") -> ExportedFiles:
        """Write the corrected file, the audit file, the changes file and the manifest.

        The strictness says which labels the audit file calls an issue; the other files are the same at each. All have
        the input's format. Files of the same name in ``folder`` are replaced, each whole or not at all.
        """
        run = runs.get_run(self.store, run_id)
        record = datasets.get_dataset(self.store, run.dataset_id)
        table = self.source_table(run.dataset_id)
        current = datasets.current_labels(self.store, run.dataset_id)
        final = final_table(self.run_dir(run_id), strictness)
        audit = audit_frame(
            table,
            record.columns,
            current[["index", "row", "example_id", "text", "given_label", "split"]],
            final,
            current,
            run_id,
        )
        changes = changes_frame(audit)
        stem, suffix = Path(record.source_name).stem, SUFFIXES[table.file_format]
        files = ExportedFiles(
            corrected=folder / f"{stem}.corrected{suffix}",
            audit=folder / f"{stem}.audit{suffix}",
            changes=folder / f"{stem}.changes{suffix}",
            manifest=folder / f"{stem}.manifest.json",
        )
        folder.mkdir(parents=True, exist_ok=True)
        relabelled = current[current["current_label"] != current["given_label"]]
        excluded = set(current.loc[current["status"] == "exclude", "row"])
        labels = dict(zip(relabelled["row"], relabelled["current_label"], strict=True))
        write_corrected(table, record.columns.label, labels, excluded, files.corrected)
        write_rows(audit, files.audit, table.file_format)
        write_rows(changes, files.changes, table.file_format)
        num_flagged = int(final["is_label_issue"].sum())
        write_manifest(
            self._manifest(record, run, current, len(changes), strictness, num_flagged), files.manifest
        )
        return files

    def _manifest(
        self,
        record: DatasetRecord,
        run: RunRecord,
        current: pd.DataFrame,
        num_changes: int,
        strictness: Strictness,
        num_flagged: int,
    ) -> Mapping[str, Any]:
        decided = current.loc[current["status"] != "", "status"].value_counts().to_dict()
        replaced = replaced_classes(self.store, record.dataset_id)
        return manifest_values(
            record.source_name,
            record.source_sha256,
            record.num_rows,
            record.num_examples,
            [
                name
                for name in datasets.dataset_classes(self.store, record.dataset_id)
                if name not in replaced
            ],
            RunConfig.from_json(run.config_json),
            self.run_dir(run.run_id),
            {action: int(decided.get(action, 0)) for action in ("keep", "relabel", "exclude", "flag")},
            num_changes,
            strictness,
            num_flagged,
        )


def _new_id(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "data"
    return f"{slug}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
