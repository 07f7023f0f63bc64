"""Read the data file inside a zip file, and write the zip file back around it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from lane_core.data.formats.content import Content, Data, ReadOptions, Source
from lane_core.data.formats.unpacking import inside
from lane_core.data.formats.zip_archives import ZipArchive, open_archive
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError


@dataclass(frozen=True)
class ZipSource:
    """What is needed to write a zip file back: the archive, and which member was read."""

    archive: ZipArchive
    member: str
    inner: Source

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the archive with the member that was read corrected; the others stay.

        With nothing to change, so does every byte.
        """
        if not changes and not excluded:
            write_whole(path, lambda temporary: temporary.write_bytes(self.archive.data))
            return
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "plain"
            self.inner.write_corrected(plain, column, changes, excluded)
            write_whole(path, lambda temporary: self.archive.write(temporary, {self.member: plain}))


def read_zip(data: Data, name: str, options: ReadOptions) -> Content:
    """Read one file of a zip file: the one that the options name, else the one that looks most like a table.

    Raises:
        DataError: If the archive is damaged, encrypted or dangerous, or holds no table that can be read.
    """
    from lane_core.data.formats.class_folders import find_layout
    from lane_core.data.formats.registry import read_content
    from lane_core.data.formats.zipped_class_folders import read_zipped_classes

    archive = open_archive(data, name)
    # Who names a file of the archive, or a format, means a table.
    is_named = options.part is not None or options.format is not None
    layout = None if is_named else find_layout(archive.members)
    if layout is not None:
        return read_zipped_classes(archive, layout, options)
    parts = _readable(archive, name)
    if options.part is not None and options.part not in parts:
        raise DataError(f"{name} holds no table {options.part!r}. It holds: {_listed(parts)}.")
    member = parts[0] if options.part is None else options.part
    inner = archive.read(member)
    if not inner[: 1 << 20].strip():
        raise DataError(f"{member!r} in {name} is empty. Choose a file with column names and rows.")
    # The part is used up: inside a workbook inside a zip file, the first sheet is read.
    with inside(name):
        content = read_content(inner, PurePosixPath(member).name, replace(options, part=None), is_packed=True)
    others = f", 1 of {len(parts)} in the zip file" if len(parts) > 1 else " in the zip file"
    return replace(
        content,
        source=ZipSource(archive, member, content.source),
        notes=(f"{member}{others}", *content.notes),
        parts=(member, *(part for part in parts if part != member)) if len(parts) > 1 else (),
    )


def _readable(archive: ZipArchive, name: str) -> list[str]:
    """Return the members that may be tables: those with the name of one before plain texts, such as a read-me."""
    from lane_core.data.formats.registry import is_data_name

    visible = [member for member in archive.members if not _is_hidden(member)]
    found = [member for member in visible if is_data_name(member)]
    if not found and len(visible) == 1:
        found = visible  # a single file is what is meant, whatever it is called
    if not found:
        raise DataError(
            f"{name} holds no file that can be read as a table. It holds: {_listed(visible)}. "
            "Put a CSV, JSON, Parquet, Arrow or Excel file in it."
        )
    return sorted(found, key=lambda member: member.lower().endswith(".txt"))


def _is_hidden(member: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(member).parts)


def _listed(members: Sequence[str]) -> str:
    more = f" and {len(members) - 10} more" if len(members) > 10 else ""
    return (", ".join(members[:10]) or "nothing") + more
