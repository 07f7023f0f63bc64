"""Texts in a folder for each class, ``class/name.txt`` or ``split/class/name.txt``: on the disk or in a zip file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from lane_core.data.formats.content import Content, ReadOptions
from lane_core.data.formats.encodings import TextEncoding, find_encoding
from lane_core.data.formats.guessed_codecs import guess_codec
from lane_core.data.formats.registry import is_data_name
from lane_core.data.splits import is_split_word
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

MAX_TEXT_BYTES = 10_000_000
"""As many as a cell of a table may have."""
TreeWriter = Callable[[Path, Mapping[str, str | None]], None]
"""Writes all files of a tree to a path, those that are named here under another name, or not at all if that is None."""
_HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini")
_LONGEST_NAME = 255
_NEVER_IN_A_NAME = frozenset('/\\:*?"<>|') | {chr(code) for code in range(32)}
_SAMPLE_BYTES = 1_000_000
_MOST_TABLES = 10
"""One file in so many may be called like a table; where there are more, these are what is meant."""


@dataclass(frozen=True)
class ClassLayout:
    """Where the names of the files say class and split."""

    class_depth: int
    """Position of the class in a path, from 0."""
    has_splits: bool
    """Whether the folder above the class is the split."""
    paths: tuple[str, ...]
    """Files inside class folders, in order."""

    def label(self, path: str) -> str:
        """Return the class that a path says."""
        return path.split("/")[self.class_depth]

    def split(self, path: str) -> str:
        """Return the split that a path says."""
        return path.split("/")[self.class_depth - 1]

    def moved(self, path: str, label: str) -> str:
        """Return the path in the folder of another class."""
        parts = path.split("/")
        parts[self.class_depth] = label
        return "/".join(parts)


@dataclass(frozen=True)
class ClassTreeSource:
    """What is needed to write a tree back: what each row is called, and what writes files under other names."""

    name: str
    layout: ClassLayout
    rows: tuple[str, ...]
    """Path of every row."""
    others: frozenset[str]
    """Paths that are no rows; they stay where they are."""
    write_tree: TreeWriter

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the tree with every relabelled file in the folder of its new class, without the excluded ones.

        A file that would take the place of another gets a number behind its name.
        """
        if column != "label":
            raise DataError(f"The labels of {self.name} are the names of its folders, not column {column!r}.")
        renamed: dict[str, str | None] = {self.rows[row - 1]: None for row in excluded}
        moving = {row: str(label) for row, label in changes.items() if row not in excluded}
        for label in set(moving.values()):
            _check_folder_name(label)
        staying = (name for row, name in enumerate(self.rows, 1) if row not in moving and row not in excluded)
        taken = {*self.others, *staying}
        for row in sorted(moving):
            target = _free_name(self.layout.moved(self.rows[row - 1], moving[row]), taken)
            taken.add(target)
            renamed[self.rows[row - 1]] = target
        self.write_tree(path, renamed)


def is_hidden(path: str) -> bool:
    """Return whether a path is what file managers leave behind, or was hidden on purpose."""
    return any(part.startswith(".") or part in _HIDDEN for part in path.split("/"))


def find_layout(paths: Iterable[str]) -> ClassLayout | None:
    """Return how a tree of texts is laid out; None if it is none: not two classes, or files that are tables.

    A folder around everything is no class. Splits are there if every outer folder is called like one.

    Args:
        paths: Files from the root of the tree, with ``/`` between the names.

    Example:
        >>> layout = find_layout(["data/train/joy/1.txt", "data/test/anger/2.txt", "data/README"])
        >>> layout.split("data/train/joy/1.txt"), layout.label("data/train/joy/1.txt"), len(layout.paths)
        ('train', 'joy', 2)
    """
    inside = sorted(path.split("/") for path in paths if "/" in path and not is_hidden(path))
    depth, has_splits = 0, False
    while True:
        holding_folders = {parts[depth] for parts in inside if len(parts) > depth + 2}
        holding_files = {parts[depth] for parts in inside if len(parts) == depth + 2}
        if holding_folders and all(map(is_split_word, holding_folders)):
            depth, has_splits = depth + 1, True
            break
        if len(holding_folders) != 1 or not holding_files <= holding_folders:
            break
        depth += 1
    found = ["/".join(parts) for parts in inside if len(parts) > depth + 1]
    layout = ClassLayout(depth, has_splits, tuple(found))
    classes = set(map(layout.label, found))
    is_tables = sum(map(_is_table, found)) * _MOST_TABLES > len(found)
    return None if len(classes) < 2 or all(map(is_split_word, classes)) or is_tables else layout


def read_class_tree(
    members: Iterable[tuple[str, bytes]],
    layout: ClassLayout,
    name: str,
    options: ReadOptions,
    write_tree: TreeWriter,
) -> Content:
    """Read one row a file: id (the path), text, label (the folder) and, where there are splits, split.

    Files that are no texts are no rows; they stay in the tree when it is written back.

    Args:
        members: Every file of the tree with its bytes, each looked at once. Whoever gives them keeps their sizes in
            bounds: none above ``MAX_TEXT_BYTES``.
        layout: Of the same files.
        name: Of the tree, for messages.
        options: How to read it; the encoding is that of every file without a byte order mark.
        write_tree: What writes it back.

    Raises:
        DataError: If no file is a text, or there is no such encoding.
    """
    wanted = set(layout.paths)
    others = set()
    data: dict[str, bytes] = {}
    for path, content in members:
        if path in wanted:
            data[path] = content
        else:
            others.add(path)
    texts, codecs, unreadable = _decoded(data, layout.paths, options.encoding)
    rows = tuple(path for path in layout.paths if path in texts)
    if not rows:
        raise DataError(
            f"None of the {len(layout.paths):,} files in the folders of {name} is a text. Choose another."
        )
    columns = {
        "id": list(rows),
        "text": [texts[path] for path in rows],
        "label": [layout.label(path) for path in rows],
        **({"split": [layout.split(path) for path in rows]} if layout.has_splits else {}),
    }
    left_out = len(layout.paths) - len(rows)
    notes = (
        "a folder for each class" + (" in each split" if layout.has_splits else ""),
        ", ".join(codecs),
        *([f"left out, no text: {left_out:,} of the files"] if left_out else []),
    )
    return Content(
        "class_folders",
        pd.DataFrame(columns, dtype=object),
        ClassTreeSource(name, layout, rows, frozenset(others | (wanted - set(rows))), write_tree),
        notes,
        tuple(row for row, path in enumerate(rows, start=1) if path in unreadable),
        columns=ColumnChoice("text", "label", "id", "split" if layout.has_splits else None),
    )


def _decoded(
    data: Mapping[str, bytes], paths: Sequence[str], asked: str | None
) -> tuple[dict[str, str], list[str], set[str]]:
    """Return the texts by path, the encodings in words, and the paths with bytes that cannot be read."""
    common = find_encoding(b"", asked) if asked else _common_encoding(data.values())
    texts, codecs, unreadable = {}, dict.fromkeys([common.in_words]), set()
    for path in paths:
        content = data[path]
        encoding = _encoding_of(content, common, asked)
        text = encoding.decode(content[len(encoding.mark) :])
        if "\0" in text:
            continue
        if not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text):
            unreadable.add(path)
        texts[path] = text
        codecs.setdefault(encoding.in_words)
    return texts, list(codecs), unreadable


def _common_encoding(contents: Iterable[bytes]) -> TextEncoding:
    """Return the encoding of the files that are not UTF-8: they are short, so it is guessed from all together."""
    sample = bytearray()
    for content in contents:
        if len(sample) < _SAMPLE_BYTES and b"\0" not in content and not _is_utf8(content):
            sample += content + b"\n"
    guessed = guess_codec(bytes(sample)) if sample else None
    return TextEncoding(guessed or "utf-8", b"", guessed=guessed is not None)


def _encoding_of(content: bytes, common: TextEncoding, asked: str | None) -> TextEncoding:
    found = find_encoding(content, asked or "utf-8")
    if found.mark or asked:
        return found
    if b"\0" in content:
        return find_encoding(content, None)
    return found if _is_utf8(content) else common


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_table(name: str) -> bool:
    return is_data_name(name) and not name.lower().endswith(".txt")


def _check_folder_name(label: str) -> None:
    unusable = not label.strip(". ") or label != label.strip() or _NEVER_IN_A_NAME & set(label)
    if unusable or len(label.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        raise DataError(
            f"The label {label[:60]!r} cannot be the name of a folder, and in this data set folders are the labels. "
            "Rename the class, or export as another format."
        )


def _free_name(path: str, taken: Set[str]) -> str:
    """Return the path, with the lowest number from 2 behind its name that makes it a new one."""
    pure = PurePosixPath(path)
    number = 2
    while path in taken:
        path = str(pure.with_name(f"{pure.stem}_{number}{pure.suffix}"))
        number += 1
    return path
