"""What an export says about itself: its fingerprint and its manifest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from lane_core.data.whole_files import write_whole


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 lower-case hexadecimal digits.

    That of a folder is made of the names and the fingerprints of its files, without hidden files and links.
    """
    if path.is_dir():
        return _folder_sha256(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copied_names(folder: Path | str, names: Iterable[str]) -> list[str]:
    """Return which of the names in a folder belong to a data set: none that is hidden or a link."""
    return sorted(
        name for name in names if not name.startswith(".") and not (Path(folder) / name).is_symlink()
    )


def write_manifest(values: Mapping[str, object], path: Path) -> None:
    """Write the values as indented JSON in UTF-8, keys in the order given.

    Raises:
        DataError: If the place cannot be written to.
    """
    text = json.dumps(dict(values), ensure_ascii=False, indent=2) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def _folder_sha256(path: Path) -> str:
    lines = []
    for folder, folders, files in os.walk(path):
        folders[:] = copied_names(folder, folders)
        for name in copied_names(folder, files):
            file = Path(folder) / name
            lines.append(f"{file_sha256(file)}  {file.relative_to(path).as_posix()}\n")
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()
