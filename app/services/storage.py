"""What takes the room in LANE_HOME, what waits to be read in, and giving room back.

Sizes are those of the files, in bytes. The history of a run has no file of its own: its size is an estimate.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from app.services import backups, review_queue
from app.services.workspaces import run_status, workspace
from lane_core.errors import LaneError
from lane_core.records import ENDED_STATES, RunRecord, RunState
from lane_core.runs.run_dir import RunDir
from lane_core.store import datasets, ingest, run_queries
from lane_core.store import runs as run_store
from lane_core.store.sizes import DatabaseSize, database_size, history_rows
from lane_core.store.snapshot import compact, database_files

LEAST_FREE_BYTES = 1_000_000_000
"""Below this much free room there is a warning, whatever the runs take."""
MOST_BYTES_A_ROW = 40
"""Of the history: a small database is mostly other things, which must not count as history."""


@dataclass(frozen=True)
class RunRoom:
    """A run, and the room it takes in bytes."""

    record: RunRecord
    project: str
    state: RunState
    events: int
    history: int
    """Of its rows in the database; an estimate."""
    checkpoint: int
    classifier: int
    """The result folder: network, embeddings and scores."""
    other: int
    """The rest of its directory."""
    old_history: int
    """What dropping its history would give back, of events files and database together; an estimate."""

    @property
    def files(self) -> int:
        """Its whole directory."""
        return self.events + self.checkpoint + self.classifier + self.other

    @property
    def total(self) -> int:
        """Everything, in the directory and in the database."""
        return self.files + self.history

    @property
    def is_ended(self) -> bool:
        """Whether it can be deleted."""
        return self.state in ENDED_STATES


@dataclass(frozen=True)
class HomeRoom:
    """What LANE_HOME takes on its disk."""

    path: Path
    parts: Mapping[str, int]
    """What -> bytes, most first; nothing that takes no room."""
    free: int
    """Free bytes on the disk."""
    wanted: int
    """Free bytes below which people should be warned: the next large run, or a second database, may not fit."""
    reusable: int
    """Bytes of the database that deleted rows left: new rows use them, or ``give_back`` frees them."""

    @property
    def total(self) -> int:
        """Everything in LANE_HOME, bytes."""
        return sum(self.parts.values())

    @property
    def is_short(self) -> bool:
        """Whether the disk may soon be full."""
        return self.free < self.wanted


@dataclass(frozen=True)
class ReadingIn:
    """Events files that are not in the database."""

    num_files: int
    """That wait to be read in."""
    num_runs: int
    """That they belong to."""
    set_aside: pd.DataFrame
    """project, run, file, reason of those that cannot be used."""


def run_rooms() -> list[RunRoom]:
    """Return what every run takes, the largest first."""
    size, rows = database_size(workspace().store), history_rows(workspace().store)
    projects = {record.dataset_id: record for record in datasets.list_datasets(workspace().store)}
    rooms = []
    for record in run_store.list_runs(workspace().store):
        project = projects[record.dataset_id]
        rooms.append(_run_room(record, project.name, project.num_examples, size, rows))
    return sorted(rooms, key=lambda room: room.total, reverse=True)


def home_room(rooms: Sequence[RunRoom]) -> HomeRoom:
    """Return what LANE_HOME takes; ``rooms`` are those of its runs."""
    home = workspace().home
    entries = _bytes_by_entry(home.path)
    places = {
        "Database": database_files(home.database),
        "Runs": [home.runs],
        "Imported files": [home.datasets],
        "Exports": [home.exports],
        "Backups": [backups.folder()],
        "Moved aside by restoring": backups.moved_aside(),
    }
    parts = {what: sum(entries.pop(path.name, 0) for path in paths) for what, paths in places.items()}
    parts["Other files"] = sum(entries.values())
    largest = max((room.total for room in rooms), default=0)
    return HomeRoom(
        path=home.path,
        parts={what: size for what, size in sorted(parts.items(), key=lambda part: -part[1]) if size},
        free=shutil.disk_usage(home.path).free,
        wanted=max(LEAST_FREE_BYTES, largest + parts["Database"]),
        reusable=database_size(workspace().store).free_bytes,
    )


def runs_folder() -> Path:
    """Return the folder of the run directories."""
    return workspace().home.runs


def reading_in() -> ReadingIn:
    """Return how many files wait to be read in, and which cannot be."""
    store = workspace().store
    projects = {record.dataset_id: record.name for record in datasets.list_datasets(store)}
    waiting, rejected = [], []
    for record in run_store.list_runs(store):
        # Somebody may delete the run at this moment.
        with suppress(LaneError):
            waiting.append(ingest.num_waiting(store, workspace().run_dir(record.run_id)))
        for row in run_queries.rejected_files(store, record.run_id).itertuples(index=False):
            rejected.append((projects[record.dataset_id], record.name, row.name, row.reason))
    return ReadingIn(
        num_files=sum(waiting),
        num_runs=sum(number > 0 for number in waiting),
        set_aside=pd.DataFrame(rejected, columns=["project", "run", "file", "reason"]),
    )


def run_room(run_id: str) -> RunRoom:
    """Return what one run takes; StoreError if there is none with this id."""
    record = run_store.get_run(workspace().store, run_id)
    project = datasets.get_dataset(workspace().store, record.dataset_id)
    size, rows = database_size(workspace().store), history_rows(workspace().store)
    return _run_room(record, project.name, project.num_examples, size, rows)


def drop_history(run_id: str) -> int:
    """Drop the history of a finished run; return how many bytes that gave back, measured.

    Raises:
        LaneError: If the run has not finished, or there is no room to write the database anew.
    """
    before = _bytes_with_database(run_id)
    workspace().drop_history(run_id)
    review_queue.forget()
    return max(0, before - _bytes_with_database(run_id))


def delete_run(run_id: str) -> int:
    """Delete an ended run; return how many bytes that gave back, measured.

    The room of its rows in the database is free for new rows; ``give_back`` frees it for other programs too.

    Raises:
        LaneError: If the run has not ended, or is not there any more.
    """
    before = _bytes_with_database(run_id)
    workspace().delete_run(run_id)
    return max(0, before - _bytes_with_database(run_id))


def give_back() -> int:
    """Write the database anew without the room of deleted rows; return how many bytes that gave back, measured.

    Raises:
        StoreError: If there is no room for a second database beside the first.
    """
    database = workspace().home.database
    before = _bytes_of(database_files(database))
    compact(workspace().store)
    return max(0, before - _bytes_of(database_files(database)))


def folder_bytes(folder: Path) -> int:
    """Return what the files in a folder and below take; 0 if there is none."""
    return _bytes_of(Path(place, name) for place, _, names in os.walk(folder) for name in names)


def _bytes_by_entry(folder: Path) -> dict[str, int]:
    """Return name -> bytes of the files and folders in a folder, which is walked through once."""
    return {
        path.name: folder_bytes(path) if path.is_dir() else _bytes_of([path]) for path in folder.glob("*")
    }


def _run_room(
    record: RunRecord, project: str, num_examples: int, size: DatabaseSize, rows_by_run: Mapping[str, int]
) -> RunRoom:
    run_dir = workspace().run_dir(record.run_id)
    rows = rows_by_run.get(record.run_id, 0)
    a_row = _bytes_a_row(size, sum(rows_by_run.values()))
    entries = _bytes_by_entry(run_dir.path)
    events, checkpoint, classifier = (
        entries.pop(folder.name, 0) for folder in (run_dir.events, run_dir.checkpoint.parent, run_dir.result)
    )
    return RunRoom(
        record=record,
        project=project,
        state=run_status(record.run_id).state,
        events=events,
        history=round(rows * a_row),
        checkpoint=checkpoint,
        classifier=classifier,
        other=sum(entries.values()),
        old_history=round(max(0, rows - num_examples) * a_row) + _old_events(run_dir),
    )


def _bytes_a_row(size: DatabaseSize, rows: int) -> float:
    return min(MOST_BYTES_A_ROW, (size.num_bytes - size.free_bytes) / rows) if rows else 0.0


def _old_events(run_dir: RunDir) -> int:
    """Return what the examples' files before the newest epoch take."""
    last_epoch = run_dir.last_epoch()
    files = run_dir.event_files()
    return _bytes_of(file.path for file in files if file.kind == "epoch" and file.epoch < last_epoch)


def _bytes_with_database(run_id: str) -> int:
    home = workspace().home
    return folder_bytes(home.runs / run_id) + _bytes_of(database_files(home.database))


def _bytes_of(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        # Runs replace and remove files at any moment.
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
