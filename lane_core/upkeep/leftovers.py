"""What programs that were killed left below one LANE_HOME: temporary files, half copies, places in the queue.

The database is open here and nowhere else, so nobody is backing it up, restoring or compacting it meanwhile.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from lane_core.home import Home
from lane_core.runs.device_queue import waiting_runs
from lane_core.runs.disk_room import scraps
from lane_core.store.checks.finding import Finding
from lane_core.store.lookups import listed
from lane_core.store.snapshot import database_files
from lane_core.store.store import Store
from lane_core.wording import counted


def check_leftovers(home: Home) -> Iterator[Finding]:
    """Yield what nobody uses any more, and a restore that was not finished."""
    yield from _check_tickets(home)
    yield from _check_restore(home)
    yield from _check_copies(home)
    yield from _check_temporary_files(home)


def folders(root: Path) -> list[Path]:
    """Return the folders in a folder by name; none if it does not exist."""
    return sorted(path for path in root.glob("*") if path.is_dir())


def remove(paths: Sequence[Path], _store: Store) -> None:
    """Remove files, and folders with all they hold; one that is gone is no error."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _check_tickets(home: Home) -> Iterator[Finding]:
    waiting = waiting_runs(home.path)
    for path in sorted((home.path / "queue").glob("*/*.json")):
        if path.stem not in waiting.get(path.parent.name, []):
            yield Finding(
                "stale_ticket",
                f"The run {path.stem!r} has a place in the queue of {path.parent.name} ({path}), but nobody waits.",
                "It holds up no other run. --repair removes it.",
                partial(remove, [path]),
            )


def _check_restore(home: Home) -> Iterator[Finding]:
    staging = home.path / ".restore"
    if staging.exists():
        aside = [str(path) for path in folders(home.path) if path.name.startswith("before-restore-")]
        where = f" What was there before is in {aside[-1]}." if aside else ""
        yield Finding(
            "unfinished_restore",
            f"Restoring a backup was cut off: {staging} is still there.{where}",
            "Restore the same backup again; that also removes the folder.",
        )


def _check_copies(home: Home) -> Iterator[Finding]:
    database = home.database
    copies = {*home.path.glob(".backup"), *(home.path / "backups").glob("*.zip.part")}
    copies |= set(home.path.glob(f"{database.name}.*")) - set(database_files(database))
    if copies:
        found = sorted(copies)
        yield Finding(
            "leftover_copies",
            f"A backup or a rewriting of the database was cut off and left {listed(found)}.",
            "--repair removes what is half-written; the database and whole backups stay.",
            partial(remove, found),
        )


def _check_temporary_files(home: Home) -> Iterator[Finding]:
    for folder in (home.path, *folders(home.path)):
        found = folder.glob(".*.tmp") if folder == home.path else folder.rglob(".*.tmp")
        dead = sorted(scraps(found))
        if dead:
            yield Finding(
                "leftover_files",
                f"In {folder}: {counted(len(dead), 'temporary file')} of processes that were killed while they "
                f"wrote, the first being {dead[0]}.",
                "--repair removes them: none was ever in use.",
                partial(remove, dead),
            )
