"""Folders that Hugging Face's ``datasets`` saved with ``save_to_disk``: read, and written back with other labels."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lane_core.data.formats.arrow_tables import ArrowTable, first_line
from lane_core.data.formats.content import Content, ReadOptions
from lane_core.data.formats.headers import check_column_names, names_in_words
from lane_core.data.whole_files import write_whole_folder
from lane_core.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_SPLITS = "dataset_dict.json"
_STATE = "state.json"
_INFO = "dataset_info.json"
_DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, pa.ArrowException)
"""What datasets raises on a folder that is not as it was saved."""


@dataclass(frozen=True)
class SavedPart:
    """One split of a saved data set, or the whole of one without splits."""

    folder: str
    """Below the data set; empty without splits."""
    dataset: Dataset
    """Its cells stay on the disk until they are used."""
    first_row: int
    """Row of the table before its first one."""

    def changed(
        self, column: str, changes: Mapping[int, object], excluded: Set[int], new: Sequence[str]
    ) -> Dataset:
        """Return it with other cells in one column (by row of the table), without the excluded rows.

        Args:
            column: The column.
            changes: New cells; names for the classes in ``new``.
            excluded: Rows to leave out.
            new: Names that the column's list of classes does not hold; they are added to it.
        """
        from datasets import ClassLabel
        from datasets import Dataset as Whole

        dataset, rows = self.dataset, range(self.first_row + 1, self.first_row + len(self.dataset) + 1)
        info, table = dataset.info.copy(), dataset.data.table
        feature = info.features[column]
        if isinstance(feature, ClassLabel) and new:
            feature = info.features[column] = ClassLabel(names=[*feature.names, *new])
        mine = {row - self.first_row: cell for row, cell in changes.items() if row in rows}
        if isinstance(feature, ClassLabel):
            mine = {
                row: feature.str2int(cell) if isinstance(cell, str) else cell for row, cell in mine.items()
            }
        if mine:
            whole = ArrowTable(table, tuple(table.column_names), (table.num_rows,))
            (table,) = whole.corrected(column, mine, frozenset())
        if not excluded.isdisjoint(rows):
            table = _without(table, np.array([row not in excluded for row in rows]))
        # A fingerprint of its own: the library would make one out of every byte.
        plain = table.replace_schema_metadata(None)
        changed = Whole(plain, info=info, split=dataset.split, fingerprint=secrets.token_hex(8))
        if dataset.format["type"] is not None or dataset.format["columns"] != dataset.column_names:
            changed = changed.with_format(**dataset.format)
        return changed


@dataclass(frozen=True)
class SavedDatasetSource:
    """What is needed to write a saved data set back: its folder, and the splits that were read."""

    path: Path
    parts: tuple[SavedPart, ...]
    split_column: str | None
    """Column that says the split of a row, and is not in the data set itself."""

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the data set again; splits in which nothing changes keep their files.

        A text as new cell of a column with a list of classes is the name of a class that is added to the list.
        """
        if column == self.split_column:
            raise DataError(
                f"Column {column!r} is the split of {self.path.name}, not one of its columns. Choose another."
            )
        new = self._new_classes(column, changes)
        touched = [part for part in self.parts if new or _touches(part, changes, excluded)]
        write_whole_folder(
            path, lambda temporary: self._write(temporary, touched, column, changes, excluded, new)
        )

    def _write(
        self,
        path: Path,
        touched: Sequence[SavedPart],
        column: str,
        changes: Mapping[int, object],
        excluded: Set[int],
        new: Sequence[str],
    ) -> None:
        rewritten = {self.path / part.folder for part in touched}
        shutil.copytree(self.path, path, symlinks=True, ignore=_except_files_of(rewritten))
        for part in touched:
            save(part.changed(column, changes, excluded, new), path / part.folder)

    def _new_classes(self, column: str, changes: Mapping[int, object]) -> list[str]:
        from datasets import ClassLabel

        if not isinstance(self.parts[0].dataset.features[column], ClassLabel):
            return []
        known = self.parts[0].dataset.features[column].names
        return sorted({str(cell) for cell in changes.values() if isinstance(cell, str)} - set(known))


def is_saved_dataset(path: Path) -> bool:
    """Return whether a folder was saved by ``Dataset.save_to_disk`` or ``DatasetDict.save_to_disk``."""
    return (path / _SPLITS).is_file() or (path / _STATE).is_file()


def read_saved_dataset(path: Path, options: ReadOptions) -> Content:
    """Read a saved data set; the rows of several splits in the order of the splits, with a column that says which.

    Args:
        path: Its folder.
        options: ``part`` names one split; None = all.

    Raises:
        DataError: If the folder is damaged, there is no such split, or the splits do not have the same columns.
    """
    names = _split_names(path)
    if options.part is not None and options.part not in names:
        known = f"It has: {', '.join(names)}." if names else "It has no splits."
        raise DataError(f"{path.name} has no split {options.part!r}. {known}")
    wanted = [options.part] if options.part is not None else names or [""]
    parts: list[SavedPart] = []
    for name in wanted:
        before = parts[-1].first_row + len(parts[-1].dataset) if parts else 0
        parts.append(SavedPart(name, _load(path / name, path.name), before))
    first = parts[0].dataset
    for part in parts[1:]:
        if part.dataset.features != first.features:
            raise DataError(
                f"The splits {parts[0].folder!r} and {part.folder!r} of {path.name} do not have the same columns, or "
                "not the same classes. Choose one of them."
            )
    check_column_names(first.column_names, path.name)
    table = pa.concat_tables(
        part.dataset.data.table.select(first.column_names).replace_schema_metadata(None) for part in parts
    )
    if table.num_rows == 0:
        raise DataError(
            f"{path.name} has columns ({names_in_words(first.column_names)}) but no rows. Choose another."
        )
    split_column = _free_name("split", first.column_names) if options.part is None and names else None
    if split_column is not None:
        said = pa.chunked_array([pa.repeat(part.folder, len(part.dataset)) for part in parts], pa.string())
        table = table.append_column(split_column, said)
    return Content(
        "huggingface",
        table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True),
        SavedDatasetSource(path, tuple(parts), split_column),
        notes=("a data set saved by Hugging Face's datasets", *_splits_in_words(parts, names)),
        parts=tuple(sorted(names, key=lambda name: name != options.part)) if len(names) > 1 else (),
        class_names=_class_names(first),
    )


def save(dataset: Dataset, path: Path) -> None:
    """Save a data set, also one without rows, without a bar on the terminal."""
    with quiet():
        # Without rows, the library would save no file, and then could not load what it saved.
        dataset.save_to_disk(str(path), **({} if len(dataset) else {"num_shards": 1}))


def _load(path: Path, name: str) -> Dataset:
    from datasets import Dataset

    try:
        for file in json.loads((path / _STATE).read_text(encoding="utf-8"))["_data_files"]:
            _require_inside(file["filename"])
        with quiet():
            dataset = Dataset.load_from_disk(str(path.resolve()))
        # What a damaged file says about its own cells could lead anywhere in memory.
        dataset.data.table.validate(full=True)
        # Sets of an older version may come with an order of their own.
        return dataset if dataset._indices is None else dataset.flatten_indices(keep_in_memory=True)
    except _DAMAGED as error:
        raise DataError(
            f"{path} is a damaged part of the data set {name}: {first_line(error)}. "
            "Save it again with save_to_disk, or copy the whole folder again."
        ) from error


def _without(table: pa.Table, kept: NDArray[np.bool_]) -> pa.Table:
    """Return the rows that are kept; pieces of the file that lose none stay on the disk."""
    batches, start = [], 0
    for batch in table.to_batches():
        mine = kept[start : start + batch.num_rows]
        batches.append(batch if mine.all() else batch.filter(pa.array(mine)))
        start += batch.num_rows
    return pa.Table.from_batches(batches, table.schema)


def _split_names(path: Path) -> list[str]:
    """Return the splits in order; none for a data set without."""
    if not (path / _SPLITS).is_file():
        return []
    try:
        names = [str(name) for name in json.loads((path / _SPLITS).read_text(encoding="utf-8"))["splits"]]
        for name in names:
            _require_inside(name)
    except _DAMAGED as error:
        raise DataError(
            f"{path / _SPLITS} does not say which splits there are: {first_line(error)}. Save the data set again."
        ) from error
    if not names:
        raise DataError(
            f"The data set {path.name} has no splits, so it holds no rows. Save one that has some."
        )
    return names


def _require_inside(name: str) -> None:
    if PurePath(name).name != name:
        raise ValueError(f"{name!r} is not in the folder")


def _class_names(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    from datasets import ClassLabel

    return {
        column: tuple(feature.names)
        for column, feature in dataset.features.items()
        if isinstance(feature, ClassLabel) and feature.names
    }


def _splits_in_words(parts: Sequence[SavedPart], names: Sequence[str]) -> Iterator[str]:
    if names:
        yield "splits " + ", ".join(f"{part.folder} ({len(part.dataset):,} rows)" for part in parts)


def _free_name(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name = f"dataset_{name}"
    return name


def _touches(part: SavedPart, changes: Mapping[int, object], excluded: Set[int]) -> bool:
    last = part.first_row + len(part.dataset)
    return any(part.first_row < row <= last for row in (*changes, *excluded))


def _except_files_of(folders: Set[Path]) -> Callable[[str, list[str]], set[str]]:
    """Return what tells copytree to leave out the files of these saved parts, which are written anew."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        if Path(folder) not in folders:
            return set()
        return {name for name in names if name in (_STATE, _INFO) or name.endswith(".arrow")}

    return ignored


@contextmanager
def quiet() -> Iterator[None]:
    """Keep datasets from drawing bars on the terminal."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    was_quiet = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not was_quiet:
            enable_progress_bars()
