"""What a run does about the room on its disk: a reserve for its last words, and no scraps left behind.

A full disk ends a run like any other error, in words. For these words to fit, each run directory holds a small
reserve file while the run has not ended; ``RunDir.write_status`` gives it up to write how the run ended.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from lane_core.wording import size

RESERVE_BYTES = 65_536
"""Room for a status and some lines of log, on file systems with blocks of up to 16 KiB."""

_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
_RUST_WORDS = tuple(f"(os error {number})" for number in _ERRNOS)
"""How safetensors and tokenizers name these errors; theirs are no OSError."""
_TEMPORARY_NAME = re.compile(r"\..+\.(\d{1,9})-\d+\.tmp")


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error, or one that it came from, says that the disk or a quota is used up."""
    return any(_says_full(one) for one in _chain(error))


def full_disk_in_words(error: BaseException, folder: Path) -> str:
    """Return which folder has no room and how much is free there now; what to do is for the caller to say.

    Args:
        error: An error of which ``is_disk_full`` is true.
        folder: Where the file belongs if the error does not say, or if it names a file below it.
    """
    place = next((found for one in _chain(error) if (found := _folder_of(one))), folder)
    if place.is_relative_to(folder):
        place = folder
    is_quota = any(getattr(one, "errno", None) == errno.EDQUOT for one in _chain(error))
    what = "The quota of this user on the disk is used up" if is_quota else "The disk is full"
    return f"{what}: there is no room for a file in {place}, {size(_free_bytes(place))} free now."


def end_of_full_disk(error: BaseException, run_folder: Path) -> str:
    """Return the last words of a run that a full disk ended."""
    return (
        f"{full_disk_in_words(error, run_folder)} The epochs already written stay readable. "
        "Make room there, then resume the run: it goes on after its last whole epoch."
    )


def keep_reserve(folder: Path) -> None:
    """Put the reserve into a run directory unless it is there; OSError if there is no room."""
    path = _reserve(folder)
    if path.exists() and path.stat().st_size >= RESERVE_BYTES:
        return
    try:
        with path.open("wb") as stream:
            # Random: some file systems give zeros no room.
            stream.write(os.urandom(RESERVE_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def give_up_reserve(folder: Path) -> None:
    """Free the room that ``keep_reserve`` took."""
    _reserve(folder).unlink(missing_ok=True)


def remove_scraps(folder: Path) -> None:
    """Remove what ``scraps`` finds."""
    for path in scraps(folder.rglob(".*.tmp")):
        path.unlink(missing_ok=True)


def scraps(paths: Iterable[Path]) -> list[Path]:
    """Return the temporary files of ``replace_file`` whose process is gone: it was killed while it wrote."""
    matches = ((path, _TEMPORARY_NAME.fullmatch(path.name)) for path in paths)
    return [path for path, match in matches if match and not _is_alive(int(match[1]))]


def _reserve(folder: Path) -> Path:
    return folder / "reserve"


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _ERRNOS
    return any(words in str(error) for words in _RUST_WORDS)


def _folder_of(error: BaseException) -> Path | None:
    name = getattr(error, "filename", None)
    if not isinstance(name, str | Path) or not _says_full(error):
        return None
    folder = Path(name).parent
    return folder if folder.is_dir() else None


def _free_bytes(folder: Path) -> int:
    while not folder.exists():  # it may not have been made yet
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
