"""Write a file or a folder whole or not at all, and say so in words if that fails."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from lane_core.errors import DataError
from lane_core.files import replace_file


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file that then takes the place of ``path``; missing folders are made.

    Raises:
        DataError: If the place cannot be written to.
    """
    try:
        replace_file(path, write)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror or error}. Choose another folder."
        ) from error


def write_whole_folder(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a temporary folder that then takes the place of ``path``; missing folders above are made.

    Raises:
        DataError: If the place cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as room:
            new = Path(room) / "new"
            write(new)
            if path.exists():
                path.rename(Path(room) / "old")
            new.rename(path)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror or error}. Choose another folder."
        ) from error
