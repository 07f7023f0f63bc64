"""Checks the run directories and the imported files below one LANE_HOME against its database.

The database is open here and nowhere else, so no project is being imported and no run is being created meanwhile; but
runs that were started may go on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lane_core.data import file_sha256
from lane_core.errors import LaneError
from lane_core.home import Home
from lane_core.records import ENDED_STATES, DatasetRecord, RunRecord
from lane_core.runs import launcher
from lane_core.runs.locks import is_held
from lane_core.runs.run_dir import RunDir
from lane_core.store import datasets, removal, runs
from lane_core.store.checks.finding import Finding
from lane_core.store.store import Store
from lane_core.upkeep.leftovers import check_leftovers, folders, remove
from lane_core.wording import counted
from lane_core.workspace import DELETING, find_source

_FIRST_FILES = {
    *("config.json", "dataset.json", "examples.parquet", "status.json", "events", "log.txt", "reserve"),
    *("cancel", "start.lock", "supervisor.lock"),
}
"""What a run directory may hold before anything was trained."""


def check_files(home: Home, store: Store) -> Iterator[Finding]:
    """Yield what is wrong with the files of a home.

    Args:
        home: Where they are.
        store: Its database, opened.
    """
    records = runs.list_runs(store)
    deleting = {path.name.removesuffix(DELETING) for path in home.runs.glob(f"*{DELETING}")}
    for record in records:
        if record.run_id not in deleting:
            yield from _check_run(RunDir(home.runs / record.run_id), record)
    yield from _check_run_folders(home, {record.run_id for record in records})
    known = datasets.list_datasets(store)
    for dataset in known:
        yield from _check_source(home.datasets / dataset.dataset_id, dataset)
    yield from _check_dataset_folders(home, {dataset.dataset_id for dataset in known})
    yield from check_leftovers(home)


def _check_run(run_dir: RunDir, record: RunRecord) -> Iterator[Finding]:
    name = f"{record.name!r} ({run_dir.run_id})"
    if not run_dir.path.exists():
        yield Finding(
            "missing_run_directory",
            f"The directory {run_dir.path} of the run {name} is gone.",
            "Review, charts and decisions still work; exporting and resuming the run do not. Put the directory "
            "back, or delete the run on the page Runs.",
        )
        return
    try:
        recorded, true = run_dir.status().state, launcher.status(run_dir).state
        run_dir.config()
        run_dir.dataset()
    except (LaneError, OSError, ValueError, TypeError, KeyError) as error:
        yield Finding(
            "damaged_run_directory",
            f"The directory {run_dir.path} of the run {name} is damaged: {error}",
            "Review, charts and decisions still work. Restore the directory from a backup, or delete the run "
            "on the page Runs and train it again.",
        )
        return
    if true == "interrupted" and recorded not in ENDED_STATES:
        yield Finding(
            "interrupted_run",
            f"The run {name} was {recorded} when its process was killed or the computer went off.",
            "Open the app and press Resume on the page Runs: it goes on after its last whole epoch.",
            is_fault=False,
        )


def _check_run_folders(home: Home, known: set[str]) -> Iterator[Finding]:
    for path in folders(home.runs):
        if path.name.endswith(DELETING):
            yield Finding(
                "unfinished_deletion",
                f"The deletion of the run {path.name.removesuffix(DELETING)!r} was cut off: {path} is still there.",
                "--repair deletes the rest of the run. Decisions taken in it stay.",
                partial(_finish_deletion, path),
            )
        elif path.name not in known:
            yield _unknown_run_folder(RunDir(path))


def _unknown_run_folder(run_dir: RunDir) -> Finding:
    what = f"The run directory {run_dir.path} belongs to no run in the database"
    if is_held(run_dir.lock_file):
        return Finding("unknown_run_directory", f"{what}, but it is training now.", "Wait for its end.")
    if _is_untouched(run_dir):
        return Finding(
            "unknown_run_directory",
            f"{what}: its creation was cut off before anything was trained.",
            "--repair removes it. Start the run again on the page Train.",
            partial(remove, [run_dir.path]),
        )
    return Finding(
        "unknown_run_directory",
        f"{what}, and holds {counted(len(run_dir.event_files()), 'events file')} and "
        f"{counted(_num_files(run_dir.path), 'file')} in all.",
        "The app does not show it. If the database was restored from an older backup, a newer one may know the "
        "run; otherwise move the directory away.",
    )


def _is_untouched(run_dir: RunDir) -> bool:
    """Return whether a directory holds nothing that is worth keeping, and nothing that somebody else put there."""
    return not any(
        path.name not in _FIRST_FILES and not path.match(".*.tmp")
        for path in [*run_dir.path.iterdir(), *run_dir.events.glob("*")]
    )


def _finish_deletion(path: Path, store: Store) -> None:
    run_id = path.name.removesuffix(DELETING)
    # A directory of the run's own name means that a run of this id was put back meanwhile.
    is_back = path.with_name(run_id).exists()
    if not is_back and any(record.run_id == run_id for record in runs.list_runs(store)):
        removal.delete_run(store, run_id)
    shutil.rmtree(path)


def _check_source(folder: Path, record: DatasetRecord) -> Iterator[Finding]:
    name = f"{record.name!r} ({record.dataset_id})"
    source = find_source(folder)
    if source is None:
        yield Finding(
            "missing_source",
            f"The imported file {record.source_name!r} of the project {name} is gone from {folder}.",
            "Review and training still work; exports do not. Copy the file back there as source with its ending, "
            f"such as {folder / 'source.csv'}.",
        )
    elif (found := _fingerprint(source)) != record.source_sha256:
        yield Finding(
            "changed_source",
            f"The imported file {source} of the project {name} was changed: its SHA-256 is {found} and was "
            f"{record.source_sha256} when it was imported.",
            "Exports would be wrong. Copy the file as it was imported back there, or import the changed one as a "
            "new project.",
        )
    if source is not None and not (folder / "read_options.json").exists():
        yield Finding(
            "missing_read_options",
            f"The file {folder / 'read_options.json'} of the project {name} is gone: it says how to read the "
            "imported file.",
            "Restore it from a backup. If encoding and delimiter were guessed at import, write {} there.",
        )


def _fingerprint(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        return f"unknown ({error.strerror or error})"


def _check_dataset_folders(home: Home, known: set[str]) -> Iterator[Finding]:
    for path in folders(home.datasets):
        if path.name in known:
            continue
        what = f"The folder {path} belongs to no project in the database"
        if not any(path.iterdir()):
            yield Finding(
                "unknown_dataset_folder",
                f"{what} and is empty.",
                "--repair removes it.",
                partial(remove, [path]),
            )
        else:
            # Never removed here: it may be the only copy of somebody's file.
            yield Finding(
                "unknown_dataset_folder",
                f"{what} and holds {counted(_num_files(path), 'file')}: an import was cut off, or the "
                "database is older.",
                "Import the file again if you need it, then remove the folder.",
            )


def _num_files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))
