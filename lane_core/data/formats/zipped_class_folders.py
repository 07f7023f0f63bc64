"""Texts in a folder for each class, in a zip file: the only way a browser sends a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lane_core.data.formats.class_folders import MAX_TEXT_BYTES, ClassLayout, read_class_tree
from lane_core.data.formats.content import Content, ReadOptions
from lane_core.data.formats.zip_archives import ZipArchive
from lane_core.data.whole_files import write_whole
from lane_core.errors import DataError


@dataclass(frozen=True)
class _ZippedFiles:
    archive: ZipArchive

    def members(self, layout: ClassLayout) -> Iterator[tuple[str, bytes]]:
        wanted = set(layout.paths)
        for name in self.archive.members:
            if name not in wanted:
                yield name, b""
        for name, data in self.archive.contents(layout.paths):
            if len(data) > MAX_TEXT_BYTES:
                raise DataError(
                    f"{name!r} in {self.archive.name} has {len(data) / 1e6:.0f} MB, too much for one text. "
                    "Cut it into single texts, or take it out."
                )
            yield name, data

    def write(self, path: Path, renamed: Mapping[str, str | None]) -> None:
        if not renamed:
            write_whole(path, lambda temporary: temporary.write_bytes(self.archive.data))
            return
        dropped = frozenset(name for name, new in renamed.items() if new is None)
        moved = {name: new for name, new in renamed.items() if new is not None}
        write_whole(path, lambda temporary: self.archive.write(temporary, {}, dropped, moved))


def read_zipped_classes(archive: ZipArchive, layout: ClassLayout, options: ReadOptions) -> Content:
    """Read the texts of an archive; written back, each is in the folder of its class as it stands.

    Raises:
        DataError: If no file is a text, or one is too large for one.
    """
    files = _ZippedFiles(archive)
    content = read_class_tree(files.members(layout), layout, archive.name, options, files.write)
    return replace(content, notes=("a zip file with " + content.notes[0], *content.notes[1:]))
