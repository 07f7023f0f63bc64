"""One .zip that holds all of a LANE_HOME that cannot be made again; ``restore`` puts it back.

    lane.duckdb     a snapshot of the database, taken first
    datasets/...    the imported files
    runs/...        the run directories, without locks, temporary files, and checkpoints of finished runs
    manifest.json   format, version, time; size, sha256 and time of each of the others

Work goes on meanwhile. The files of a run are copied after the database, so they hold all that its ledger says was
read in; what is newer is read in after restoring. Within a run the status comes first and the checkpoint second: a
checkpoint never belongs to a later epoch than the events beside it, and no run looks more finished than its files are.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from lane_core import __version__
from lane_core.errors import BackupError, RunError
from lane_core.files import flush_folder
from lane_core.home import Home
from lane_core.runs.disk_room import full_disk_in_words, is_disk_full
from lane_core.runs.run_dir import RunDir
from lane_core.store.snapshot import write_snapshot
from lane_core.upkeep.mailbox import Mailbox, ask, is_answered
from lane_core.workspace import Workspace

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK_BYTES = 1 << 20

_COMPRESSED_SUFFIXES = (".parquet", ".safetensors", ".gz", ".zst", ".zip")
_COMMAND = "backup"
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Member:
    """What the manifest says of a file."""

    size: int
    sha256: str
    mtime_ns: int


def backup_mailbox(workspace: Workspace) -> Mailbox:
    """Return the thread by which the running app makes the backups that a command line asks for."""
    return Mailbox(workspace.home, {_COMMAND: lambda target: str(back_up(workspace, Path(target)))})


def backup_folder(home: Home) -> Path:
    """Return the folder of the backups for which nobody chose another."""
    return home.path / "backups"


def back_up_home(home: Home, target: Path | None = None) -> Path:
    """Make a backup of a home, by the app that has it open or, without one, by this process.

    Args:
        home: What to back up.
        target: As in ``back_up``; None = the folder ``backups`` of the home.

    Raises:
        BackupError: If there is nothing to back up, or it cannot be written, or the app does not answer.
        StoreError: If a program that is no app has the database open.
    """
    if not home.database.exists():
        raise BackupError(f"There is nothing to back up in {home.path}: it has no {home.database.name}.")
    absolute = (target or backup_folder(home)).expanduser().absolute()
    if is_answered(home):
        return Path(ask(home, _COMMAND, str(absolute)))
    workspace = Workspace(home)
    try:
        return back_up(workspace, absolute)
    finally:
        workspace.close()


def back_up(workspace: Workspace, target: Path) -> Path:
    """Write a consistent copy of everything while people work and runs train; the file is whole or not there.

    Args:
        workspace: What to back up.
        target: A file that ends in .zip (replaced if it is there), or a folder, in which the file is named by the time.

    Returns:
        The file.

    Raises:
        BackupError: If it cannot be written.
        StoreError: If the copy of the database cannot be written.
    """
    path = (
        target if target.suffix == ".zip" else target / f"lane-backup-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    )
    part = path.with_name(f"{path.name}.part")
    with _ONE_AT_A_TIME:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.parent == backup_folder(workspace.home):
                _remove_parts(path.parent)
            with part.open("wb") as stream:
                _write_archive(stream, workspace)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
            flush_folder(path.parent)
        except OSError as error:
            raise BackupError(_why_not_written(error, path)) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return path


def _remove_parts(folder: Path) -> None:
    """Remove what killed attempts left; whoever has the database open is alone with this folder."""
    for part in folder.glob("*.zip.part"):
        part.unlink(missing_ok=True)


def _why_not_written(error: OSError, path: Path) -> str:
    if is_disk_full(error):
        return f"{full_disk_in_words(error, path.parent)} Make room there, or choose another folder."
    return f"The backup cannot be written to {path}: {error.strerror or error}. Choose another folder."


def _write_archive(stream: BinaryIO, workspace: Workspace) -> None:
    home = workspace.home
    folder = home.path / ".backup"
    shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was killed
    folder.mkdir()
    members: dict[str, Member] = {}
    try:
        snapshot = folder / home.database.name
        write_snapshot(workspace.store, snapshot)
        with zipfile.ZipFile(stream, "w") as archive:
            for path in (snapshot, *_files_to_keep(home)):
                name = path.relative_to(folder if path == snapshot else home.path).as_posix()
                member = _add(archive, path, name)
                if member is not None:
                    members[name] = member
            archive.writestr(MANIFEST, _manifest(members), zipfile.ZIP_DEFLATED)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _manifest(members: dict[str, Member]) -> str:
    values = {
        "format": FORMAT,
        "version": __version__,
        "created_at": datetime.now(UTC).isoformat(),
        "files": {name: asdict(member) for name, member in members.items()},
    }
    return json.dumps(values, indent=1, ensure_ascii=False)


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> Member | None:
    """Copy a file as it is when it is opened; None if it was deleted since it was listed."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return None
    with stream:
        mtime_ns = os.fstat(stream.fileno()).st_mtime_ns
        info = zipfile.ZipInfo(
            name, time.localtime(max(mtime_ns // 10**9, 315_619_200))[:6]
        )  # zip begins in 1980
        info.external_attr = 0o100644 << 16
        if path.suffix not in _COMPRESSED_SUFFIXES:
            info.compress_type = zipfile.ZIP_DEFLATED
            info._compresslevel = 1  # type: ignore[attr-defined]  # has no public name before Python 3.13
        digest, size = hashlib.sha256(), 0
        with archive.open(info, "w", force_zip64=True) as member:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
                member.write(chunk)
                size += len(chunk)
    return Member(size, digest.hexdigest(), mtime_ns)


def _files_to_keep(home: Home) -> Iterator[Path]:
    """Yield the imported files, then those of one run after the other."""
    yield from _walk(home.datasets)
    if home.runs.is_dir():
        for path in sorted(home.runs.iterdir()):
            # Workspace.delete_run renames the directory before it removes it.
            if path.is_dir() and path.suffix != ".deleting":
                yield from _run_files(RunDir(path))


def _run_files(run_dir: RunDir) -> Iterator[Path]:
    checkpoint, status = run_dir.checkpoint.parent, run_dir.path / "status.json"
    is_finished = _is_finished(run_dir)  # looked at before the status is copied, which may say "running" then
    yield status
    if not is_finished:
        yield from _walk(checkpoint)
    left_out = (status, run_dir.cancel_file, run_dir.path / "reserve")
    for path in _walk(run_dir.path):
        if path not in left_out and not path.is_relative_to(checkpoint):
            yield path


def _is_finished(run_dir: RunDir) -> bool:
    try:
        return run_dir.status().state == "finished"
    except (RunError, ValueError, TypeError):
        return False


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder but locks and temporary ones; links to folders are not followed."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            is_temporary = name.startswith(".") and name.endswith(".tmp")
            if not is_temporary and not name.endswith(".lock"):
                yield Path(root) / name
