"""The backups in LANE_HOME: making one, what is there, and the way back."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.services import (
    comparing,
    confusions,
    dynamics,
    dynamics_map,
    embedding_map,
    matrices,
    overview_findings,
    people_agreement,
    people_consensus,
    review_queue,
)
from app.services.workspaces import workspace
from lane_core.errors import BackupError
from lane_core.store.ingest import Ingester
from lane_core.upkeep import backup
from lane_core.upkeep import restore as restoring

MOST_BYTES_TO_DOWNLOAD = 500_000_000
"""The app holds a download in memory; a larger file is better copied."""


@dataclass(frozen=True)
class Backup:
    """One backup file."""

    path: Path
    num_bytes: int
    made_at: datetime
    """UTC."""

    @property
    def can_be_downloaded(self) -> bool:
        """Whether the browser may fetch it."""
        return self.num_bytes <= MOST_BYTES_TO_DOWNLOAD

    def read(self) -> bytes:
        """Return the content, as it is when the download starts."""
        return self.path.read_bytes()


def folder() -> Path:
    """Return the folder that the page keeps backups in."""
    return backup.backup_folder(workspace().home)


def backups() -> list[Backup]:
    """Return the backups in the folder, newest first."""
    found = []
    for path in folder().glob("*.zip"):
        with suppress(FileNotFoundError):  # somebody deletes it at this moment
            stat = path.stat()
            found.append(Backup(path, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC)))
    return sorted(found, key=lambda one: (one.made_at, one.path.name), reverse=True)


def back_up() -> Backup:
    """Make a backup while work goes on.

    Raises:
        LaneError: If it cannot be written; nothing is left behind.
    """
    path = backup.back_up(workspace(), folder())
    return next(one for one in backups() if one.path == path)


def restore(path: Path) -> Path | None:
    """Put back what a backup holds, for everybody who has the app open; they wait meanwhile.

    Returns:
        The folder of what was there before; None if nothing was.

    Raises:
        BackupError: If a run is going, or the file cannot be used, or there is no room; nothing was changed.
    """
    opened = workspace()
    opened.ingester.stop()
    try:
        # The connection is closed meanwhile, not the store: whoever holds it goes on with the database put back.
        with opened.store.exclusive():
            return restoring.restore(path, opened.home)
    finally:
        comparing.forget()
        confusions.forget()
        dynamics.forget()
        dynamics_map.forget()
        embedding_map.forget()
        matrices.forget()
        overview_findings.forget()
        review_queue.forget()
        people_agreement.forget()
        people_consensus.forget()
        # A new one: the old one remembers which files it has read in.
        opened.ingester = Ingester(opened.store, opened.home.runs)
        opened.ingester.start()


def moved_aside() -> list[Path]:
    """Return the folders of what was there before each restoring, newest first."""
    return sorted(workspace().home.path.glob("before-restore-*"), reverse=True)


def delete_moved_aside(path: Path) -> None:
    """Delete one of these folders; nothing happens if it is gone already."""
    shutil.rmtree(path, ignore_errors=True)


def delete(path: Path) -> int:
    """Delete a backup; return the bytes given back.

    Raises:
        BackupError: If it is not there any more, or may not be deleted.
    """
    try:
        num_bytes = path.stat().st_size
        path.unlink()
    except OSError as error:
        raise BackupError(f"The backup {path} cannot be deleted: {error.strerror}.") from error
    return num_bytes
