"""Puts a backup into a LANE_HOME. What was there before is moved aside, never deleted.

Everything is unpacked and checked in a folder of its own first; then folders are renamed, the database last. An
attempt that was killed leaves everything somewhere below the home, and the next one works.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import zipfile
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from lane_core.errors import BackupError, StoreError
from lane_core.files import flush_folder
from lane_core.home import Home
from lane_core.runs.disk_room import full_disk_in_words, is_disk_full
from lane_core.runs.locks import is_held
from lane_core.store.snapshot import database_files, kept_closed
from lane_core.store.store import open_store
from lane_core.upkeep.backup import CHUNK_BYTES, FORMAT, MANIFEST, Member

_MAX_MANIFEST_BYTES = 1 << 28
_DATABASE = Home(Path()).database.name


def restore(archive: Path, home: Home) -> Path | None:
    """Put back what a backup holds.

    Args:
        archive: A file that ``back_up`` wrote.
        home: Where it goes; need not exist.

    Returns:
        The folder of what was in the home before; None if it was empty.

    Raises:
        BackupError: If the file is no whole backup of this or an earlier version, a run of the home is going, or
            there is no room. Nothing was changed.
        StoreError: If a program has the database of the home open. Nothing was changed.
    """
    staging = Home(home.path / ".restore")
    with kept_closed(home.database):
        _refuse_going_runs(home)
        shutil.rmtree(staging.path, ignore_errors=True)  # of an attempt that was killed
        try:
            _unpack(archive, staging)
            _check_database(archive, staging)
            return _swap(staging, home)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise BackupError(f"{archive} is damaged, or no backup: {error}. Take another one.") from error
        except OSError as error:
            raise BackupError(_why_not_restored(error, archive, home)) from error
        finally:
            shutil.rmtree(staging.path, ignore_errors=True)


def _refuse_going_runs(home: Home) -> None:
    going = sorted(path.parent.name for path in home.runs.glob("*/*.lock") if is_held(path))
    if going:
        raise BackupError(
            f"In {home.path} a run is going: {', '.join(dict.fromkeys(going))}. Wait for its end or cancel it first."
        )


def _why_not_restored(error: OSError, archive: Path, home: Home) -> str:
    if is_disk_full(error):
        return f"{full_disk_in_words(error, home.path)} Make room there and try again."
    return f"{archive} cannot be restored into {home.path}: {error}."


def _unpack(archive: Path, staging: Home) -> None:
    """Fill ``staging`` with the files of the archive, each compared with the manifest."""
    with zipfile.ZipFile(archive) as opened:
        members = _manifest(opened, archive)
        _check_names(opened, members, archive)
        _check_room(members, staging.path.parent)
        for folder in (staging.datasets, staging.runs):
            folder.mkdir(parents=True)
        for name, member in members.items():
            _unpack_one(opened, name, member, staging.path / name, archive)


def _manifest(opened: zipfile.ZipFile, archive: Path) -> dict[str, Member]:
    names = opened.namelist()
    if MANIFEST not in names or opened.getinfo(MANIFEST).file_size > _MAX_MANIFEST_BYTES:
        raise BackupError(f"{archive} has no {MANIFEST}, so it is no backup of LANE Audit.")
    try:
        values = json.loads(opened.read(MANIFEST))
        if values["format"] != FORMAT:
            raise BackupError(
                f"{archive} was made by version {values['version']} of LANE Audit in a format of its own "
                f"({values['format']}; this version reads {FORMAT}). Restore it with that version."
            )
        members = {name: Member(**member) for name, member in values["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(
            f"The {MANIFEST} of {archive} cannot be read: {error!r}. Take another one."
        ) from error
    if _DATABASE not in members:
        raise BackupError(f"{archive} has no {_DATABASE}, so it is no whole backup. Take another one.")
    return members


def _check_names(opened: zipfile.ZipFile, members: dict[str, Member], archive: Path) -> None:
    found = [info for info in opened.infolist() if info.filename != MANIFEST]
    for info in found:
        if not _is_safe(info):
            raise BackupError(
                f"{archive} holds {info.filename!r}, which no backup does. Nothing was unpacked."
            )
    names = [info.filename for info in found]
    odd = sorted(set(names) ^ members.keys()) or sorted(name for name in set(names) if names.count(name) > 1)
    if odd:
        raise BackupError(f"{archive} does not hold what its {MANIFEST} says: {odd[0]!r}. Take another one.")


def _is_safe(info: zipfile.ZipInfo) -> bool:
    """Return whether the member is a plain file that belongs below the home."""
    name = info.orig_filename  # zipfile cuts the other one off where it finds a zero byte
    path = PurePosixPath(name)
    is_plain = path.as_posix() == name and ".." not in path.parts and not set(name) & {"\\", "\0"}
    is_expected = name == _DATABASE or (len(path.parts) > 1 and path.parts[0] in ("datasets", "runs"))
    return is_plain and is_expected and not stat.S_ISLNK(info.external_attr >> 16)


def _check_room(members: dict[str, Member], home: Path) -> None:
    needed = sum(member.size for member in members.values())
    folder = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise BackupError(
            f"The backup needs {needed / 1e6:,.1f} MB in {home}, and {free / 1e6:,.1f} MB are free. Make room there."
        )


def _unpack_one(opened: zipfile.ZipFile, name: str, member: Member, path: Path, archive: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with opened.open(name) as source, path.open("xb") as target:
        while size <= member.size and (chunk := source.read(CHUNK_BYTES)):
            digest.update(chunk)
            size += target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise BackupError(
            f"{name} in {archive} is not what was backed up: it was changed since. Take another one."
        )
    os.utime(path, ns=(member.mtime_ns, member.mtime_ns))


def _check_database(archive: Path, staging: Home) -> None:
    """Open the database, which brings one of an older version up to date."""
    try:
        open_store(staging.database).close()
    except StoreError as error:
        raise BackupError(f"The database in {archive} cannot be used. {error}") from error


def _swap(staging: Home, home: Home) -> Path | None:
    aside = _new_folder(home)
    old = database_files(home.database)
    # Whole in the other folder before anything changes here: a database without its log lacks decisions.
    for path in old:
        _link(path, aside / path.name)
    _exchange([(home.datasets, staging.datasets), (home.runs, staging.runs)], aside)
    for path in old:
        if path != home.database:
            path.unlink()
    # Never absent: an app that starts now finds the old one, which is kept closed, or the new one.
    staging.database.replace(home.database)
    flush_folder(home.path)
    if not any(aside.iterdir()):
        aside.rmdir()
        return None
    return aside


def _exchange(folders: list[tuple[Path, Path]], aside: Path) -> None:
    """Move each first folder aside and its second in its place; all or, after an error, none."""
    moved: list[tuple[Path, Path]] = []
    try:
        for folder, restored in folders:
            for source, to in ((folder, aside / folder.name), (restored, folder)):
                if source.exists():
                    source.rename(to)
                    moved.append((source, to))
    except OSError:
        for source, to in reversed(moved):
            to.rename(source)
        raise


def _new_folder(home: Home) -> Path:
    name = f"before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    number = 1
    while True:
        folder = home.path / (name if number == 1 else f"{name}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
        number += 1


def _link(path: Path, to: Path) -> None:
    try:
        os.link(path, to)
    except OSError:  # file systems without links
        shutil.copy2(path, to)
