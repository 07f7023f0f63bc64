"""Read a folder: a data set that Hugging Face's ``datasets`` saved, or texts in a folder for each class."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lane_core.data.formats.class_folders import MAX_TEXT_BYTES, find_layout, is_hidden, read_class_tree
from lane_core.data.formats.content import Content, ReadOptions
from lane_core.data.formats.hf_datasets import is_saved_dataset, read_saved_dataset
from lane_core.data.formats.registry import is_data_name
from lane_core.data.formats.unpacking import MOST_BYTES
from lane_core.data.whole_files import write_whole_folder
from lane_core.errors import DataError

MOST_FILES = 1_000_000
_FILES_NAMED = 3


@dataclass(frozen=True)
class FolderFiles:
    """The files of a folder that are neither hidden nor links."""

    path: Path
    names: tuple[str, ...]
    """From the folder on, with ``/`` between the names, in order."""
    num_links: int
    """Symbolic links; they are not followed: they may lead anywhere."""

    def members(self, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield every name with the bytes of those that are wanted, and nothing for the others."""
        is_wanted = frozenset(wanted)
        for name in self.names:
            yield name, self._bytes(name) if name in is_wanted else b""

    def write(self, path: Path, renamed: Mapping[str, str | None]) -> None:
        """Copy the files to another folder, some under another name, without those whose new name is None."""

        def copy(temporary: Path) -> None:
            targets = {name: target for name in self.names if (target := renamed.get(name, name)) is not None}
            for folder in {target.rpartition("/")[0] for target in targets.values()} | {""}:
                (temporary / folder).mkdir(parents=True, exist_ok=True)
            for name, target in targets.items():
                shutil.copyfile(f"{self.path}/{name}", f"{temporary}/{target}", follow_symlinks=False)

        write_whole_folder(path, copy)

    def _bytes(self, name: str) -> bytes:
        try:
            with (self.path / name).open("rb") as stream:
                data = stream.read(min(os.fstat(stream.fileno()).st_size, MAX_TEXT_BYTES) + 1)
        except OSError as error:
            raise DataError(
                f"{self.path / name} cannot be read: {error.strerror or error}. Check who may read it."
            ) from error
        if len(data) > MAX_TEXT_BYTES:
            raise DataError(
                f"{self.path / name} has more than {MAX_TEXT_BYTES // 10**6} MB, too much for one text. "
                "Cut it into single texts, or take it out of the folder."
            )
        return data


def read_folder(path: Path, options: ReadOptions) -> Content:
    """Read a folder as what it is.

    Raises:
        DataError: If it is none of the two; the message says what it holds.
    """
    if is_saved_dataset(path):
        return read_saved_dataset(path, options)
    files = list_files(path)
    layout = find_layout(files.names)
    if layout is None:
        raise DataError(_what_it_holds(files))
    content = read_class_tree(files.members(layout.paths), layout, path.name, options, files.write)
    links = [f"left out, not followed: {files.num_links:,} symbolic links"] if files.num_links else []
    return replace(content, notes=(*content.notes, *links))


def holds_tables_only(path: Path) -> bool:
    """Return whether a folder can be read only after its data files are put together, as those of the hub are.

    Raises:
        DataError: If it holds more than can be read.
    """
    if is_saved_dataset(path):
        return False
    names = list_files(path).names
    return find_layout(names) is None and any(is_data_name(name) for name in names)


def list_files(path: Path) -> FolderFiles:
    """List the files below a folder without opening one.

    Raises:
        DataError: If there are more, or larger ones, than can be read.
    """
    names: list[str] = []
    num_links = num_bytes = 0

    def refuse(error: OSError) -> None:
        raise DataError(
            f"{error.filename} cannot be read: {error.strerror}. Check who may read it."
        ) from error

    for folder, folders, files in os.walk(path, onerror=refuse):
        inside = Path(folder)
        before = "" if inside == path else f"{inside.relative_to(path).as_posix()}/"
        links = {name for name in folders if (inside / name).is_symlink()}
        num_links += len(links)
        folders[:] = sorted(name for name in folders if not is_hidden(name) and name not in links)
        for name in files:
            if is_hidden(name):
                continue
            status = os.lstat(f"{folder}/{name}")
            num_links += stat.S_ISLNK(status.st_mode)
            if stat.S_ISREG(status.st_mode):
                names.append(before + name)
                num_bytes += status.st_size
        if len(names) > MOST_FILES or num_bytes > MOST_BYTES:
            raise DataError(
                f"{path} holds more than {MOST_FILES:,} files or {MOST_BYTES >> 30} GiB. "
                "Choose the folder of the data set itself, or split it."
            )
    return FolderFiles(path, tuple(sorted(names)), num_links)


def _what_it_holds(files: FolderFiles) -> str:
    tables = [name for name in files.names if is_data_name(name)]
    if not files.names:
        return f"The folder {files.path} holds no files. Choose one with a data set in it."
    if tables:
        more = f" and {len(tables) - _FILES_NAMED:,} more" if len(tables) > _FILES_NAMED else ""
        return (
            f"The folder {files.path} holds {', '.join(tables[:_FILES_NAMED])}{more}. Choose one of these files, "
            "not the folder."
        )
    return (
        f"The folder {files.path} is no data set: it holds {', '.join(files.names[:_FILES_NAMED])}, but no folder for "
        "each class (joy/1.txt, anger/2.txt), and was not saved by Hugging Face's save_to_disk."
    )
