"""Bring a labelled file in: a private copy of it, how it is understood, and the project made of it."""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from app.services import workspaces
from app.services.import_findings import Findings, findings_of, refusal
from lane_core.data import Fixes, ReadOptions, Table, file_sha256, guess_columns, read_table
from lane_core.data.cells import cell_label, cell_text
from lane_core.data.checking.checks import Look, Progress, look, survey
from lane_core.data.class_names import parse_class_names
from lane_core.data.columns import guess_annotators
from lane_core.data.formats.asked_format import FORMATS, TEXT_FORMATS
from lane_core.data.formats.registry import format_by_name, split_name
from lane_core.data.sources import fetch
from lane_core.errors import DataError
from lane_core.home import DEMO_NAME, SAMPLE_DATA
from lane_core.records import ColumnChoice, DatasetRecord
from lane_core.store import datasets, runs
from lane_core.wording import counted

PREVIEW_ROWS = 50
SAMPLE = SAMPLE_DATA / "emotions.csv"

_PREVIEW_CHARS = 300
FORMAT_NAMES = {
    "csv": "CSV",
    "tsv": "Tab-separated",
    "jsonl": "JSON Lines",
    "json": "JSON",
    "parquet": "Parquet",
    "arrow": "Arrow",
    "excel": "Excel",
    "huggingface": "Hugging Face data set",
    "class_folders": "A folder for each class",
}
"""What the screens call each format that a table may have."""
_LARGE_BYTES = 20_000_000
_COPIED_BYTES = 1 << 20
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.0*)?")
_LOOKED_AT = 1000


@dataclass(frozen=True)
class Reading:
    """A file as one choice of encoding and delimiter reads it."""

    options: ReadOptions
    table: Table
    description: str
    """Format, encoding, delimiter and size in a line."""
    preview: pd.DataFrame
    """The first rows, numbered from 1; every cell a text that a browser can hold."""
    guess: ColumnChoice | None
    """None if nothing looks like a text or a label; ``guess_note`` says so."""
    guess_note: str


class IncomingFile:
    """A file on its way in. Every reading and every look at it is done once, so that widgets answer at once."""

    def __init__(self, key: str, path: Path, name: str = "") -> None:
        self.key = key
        """Differs between any two uploads, also of the same file."""
        self.path = path
        """The file, or a folder that is a data set."""
        self.name = name or path.name
        """What it is called where it comes from."""
        self._remove_copy: weakref.finalize[..., IncomingFile] | None = None
        self._reading: Reading | None = None
        self._stamp = (0, 0)
        self._looks: dict[ColumnChoice, Look | DataError] = {}
        self._annotators: dict[ColumnChoice, tuple[str, ...]] = {}

    @classmethod
    def uploaded(cls, key: str, name: str, stream: BinaryIO) -> IncomingFile:
        """Write an upload to a temporary folder; it goes with ``discard``, with this object or with the process."""
        folder = Path(tempfile.mkdtemp(prefix="lane-upload-"))
        path = folder / (Path(name).name.lstrip(".") or "upload")
        with path.open("wb") as copy:
            # Not in one piece: an upload of gigabytes is in memory once already.
            shutil.copyfileobj(stream, copy, _COPIED_BYTES)
        return cls._of_copy(key, path, folder)

    @classmethod
    def fetched(cls, key: str, address: str) -> IncomingFile:
        """Return a file or folder of this machine, read in place, or a copy of a data set that ``hf:`` names.

        Raises:
            DataError: If it is not there, or cannot be fetched.
        """
        folder = Path(tempfile.mkdtemp(prefix="lane-fetched-"))
        try:
            path = fetch(address, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls._of_copy(key, path, folder)

    @classmethod
    def _of_copy(cls, key: str, path: Path, folder: Path) -> IncomingFile:
        incoming = cls(key, path)
        incoming._remove_copy = weakref.finalize(incoming, shutil.rmtree, folder, ignore_errors=True)
        return incoming

    def discard(self) -> None:
        """Remove the copy of an upload; other files stay."""
        if self._remove_copy is not None:
            self._remove_copy()

    def reading_choices(self, file_format: str = "") -> tuple[str, ...]:
        """Return what of "format", "encoding", "delimiter" and "header" may be chosen.

        Args:
            file_format: The format that was chosen; "" = none, so that the name of the file decides.
        """
        if not self.path.is_file():
            return ()
        kind = file_format or self._format_by_name
        is_text = kind in TEXT_FORMATS
        return tuple(
            name
            for name, is_there in (
                ("format", True),
                ("encoding", is_text),
                ("delimiter", kind == "csv"),
                ("header", kind in ("csv", "excel")),
            )
            if is_there
        )

    @property
    def _format_by_name(self) -> str:
        """What the name of the file says; delimited text where it says nothing."""
        name = self.path.name.lower().removesuffix(".gz").removesuffix(".gzip")
        kind = format_by_name(name)
        return kind if kind in FORMATS else "csv"

    @property
    def is_large(self) -> bool:
        """Whether reading it takes so long that a person wants to see how far it is."""
        return self.path.is_file() and self.path.stat().st_size > _LARGE_BYTES

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the file."""
        return file_sha256(self.path)

    @property
    def project_name(self) -> str:
        """What to call the project, unless the person has a better name."""
        return DEMO_NAME if self.path == SAMPLE else split_name(self.path.name)[0]

    def is_read(self, options: ReadOptions) -> bool:
        """Return whether ``read`` answers at once."""
        return self._reading is not None and self._reading.options == options

    def read(self, options: ReadOptions) -> Reading:
        """Return the file as these options read it; DataError if they cannot."""
        if self._reading is None or self._reading.options != options:
            self._stamp = _stamp(self.path)
            table = read_table(self.path, options)
            self._looks, self._annotators = {}, {}
            self._reading = _reading(options, table)
        return self._reading

    def refuse_changed(self) -> None:
        """Raise DataError if somebody wrote to the file after it was read."""
        if self._reading is not None and _stamp(self.path) != self._stamp:
            raise DataError(
                f"{self.name} was changed after it was read. Choose it again, to see what is in it now."
            )

    def guess_annotators(self, reading: Reading, columns: ColumnChoice) -> tuple[str, ...]:
        """Return which further columns of the file as it was read last look like the labels of one person each."""
        if columns not in self._annotators:
            self._annotators[columns] = guess_annotators(reading.table, columns)
        return self._annotators[columns]

    def is_checked(self, columns: ColumnChoice) -> bool:
        """Return whether ``check`` of these columns answers at once."""
        return columns in self._looks

    def check(
        self, reading: Reading, columns: ColumnChoice, fixes: Fixes, on_progress: Progress | None = None
    ) -> Findings:
        """Return what these columns and fixes make of the file as it was read last."""
        if columns not in self._looks:
            try:
                seen: Look | DataError = look(reading.table, columns, on_progress)
            except DataError as error:
                seen = error
            # One choice at a time: the look at a large file is large.
            self._looks = {columns: seen}
        seen = self._looks[columns]
        if isinstance(seen, DataError):
            return refusal(seen, fixes)
        return findings_of(survey(seen, fixes), fixes)

    def seen(self, reading: Reading, columns: ColumnChoice) -> Look | None:
        """Return what ``check`` saw of these columns; None if it has not looked, or cannot."""
        seen = self._looks.get(columns) if reading is self._reading else None
        return seen if isinstance(seen, Look) else None


def projects_table() -> pd.DataFrame:
    """Return the projects, newest first: name, file, examples, classes, runs, created (UTC)."""
    store = workspaces.workspace().store
    rows = [
        {
            "name": record.name,
            "file": record.source_name,
            "examples": record.num_examples,
            "classes": len(datasets.dataset_classes(store, record.dataset_id)),
            "runs": len(runs.list_runs(store, record.dataset_id)),
            "created": record.created_at,
        }
        for record in workspaces.projects()
    ]
    return pd.DataFrame(rows, columns=["name", "file", "examples", "classes", "runs", "created"])


def projects_of_same_file(incoming: IncomingFile) -> list[str]:
    """Return the names of the projects that were made of this very file."""
    return [record.name for record in workspaces.projects() if record.source_sha256 == incoming.sha256]


def create_project(
    incoming: IncomingFile,
    reading: Reading,
    columns: ColumnChoice,
    fixes: Fixes,
    name: str,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> DatasetRecord:
    """Store the file as a project; LaneError, and nothing stored, if that cannot be."""
    incoming.refuse_changed()
    return workspaces.workspace().add_dataset(
        incoming.path,
        columns,
        name,
        source_name=incoming.name,
        options=reading.options,
        fixes=fixes,
        table=reading.table,
        seen=incoming.seen(reading, columns),
        on_progress=on_progress,
    )


def import_result(record: DatasetRecord) -> str:
    """Return what an import gave: "1,632 examples, 8 classes"."""
    classes = datasets.dataset_classes(workspaces.workspace().store, record.dataset_id)
    num_people = len(record.columns.annotators)
    more = f", labels of {counted(num_people, 'annotator')}" if num_people else ""
    return f"{counted(record.num_examples, 'example')}, {len(classes)} classes{more}"


def holds_numbers(reading: Reading, column: str) -> bool:
    """Return whether the labels of a column are whole numbers, which may stand for names of classes."""
    values = reading.table.values(column)[:_LOOKED_AT]
    if any(isinstance(value, (list, dict)) for value in values):
        return False
    labels = {label for value in values if (label := cell_label(value)) is not None}
    return bool(labels) and all(_NUMBER.fullmatch(label.strip()) for label in labels)


def class_names(text: str) -> tuple[str, ...]:
    """Return the class names that somebody typed, none if nothing was; DataError if they make no list."""
    return parse_class_names(text) if text.strip() else ()


def _stamp(path: Path) -> tuple[int, int]:
    """Return size and time of the last change; zeros if the file is not there any more."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _reading(options: ReadOptions, table: Table) -> Reading:
    head = table.frame.head(PREVIEW_ROWS)
    preview = head.map(lambda value: cell_text(value)[:_PREVIEW_CHARS])
    preview.index = pd.RangeIndex(1, len(head) + 1)
    try:
        guess, note = guess_columns(table), ""
    except DataError as error:
        guess, note = None, str(error)
    return Reading(options, table, _description(table), preview, guess, note)


def _description(table: Table) -> str:
    size = [counted(table.num_rows, "row"), counted(len(table.columns), "column")]
    return " · ".join([FORMAT_NAMES.get(table.file_format, table.file_format), *table.notes, *size])
