"""Bring a labelled file in: a private copy of it, how it is understood, and the project made of it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from app.services import workspaces
from lane_core.data import (
    Examples,
    ReadOptions,
    Table,
    check,
    examples_of,
    file_sha256,
    guess_columns,
    read_table,
    with_validation,
)
from lane_core.data.cells import cell_text
from lane_core.data.checks import label_names
from lane_core.data.columns import guess_annotators
from lane_core.errors import DataError
from lane_core.home import DEMO_NAME, SAMPLE_DATA
from lane_core.records import ColumnChoice, DatasetRecord, Problem
from lane_core.store import datasets, runs
from lane_core.wording import counted

PREVIEW_ROWS = 50
SAMPLE = SAMPLE_DATA / "emotions.csv"

_PREVIEW_CHARS = 300
_FORMATS = {"csv": "CSV", "tsv": "Tab-separated", "jsonl": "JSON Lines", "parquet": "Parquet"}
_SPLIT_WORDS = {"train": "for training", "validation": "for validation", "test": "for testing"}


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


@dataclass(frozen=True)
class Findings:
    """What one choice of columns makes of a file."""

    problems: tuple[Problem, ...]
    """Blocking ones first."""
    class_counts: pd.DataFrame
    """label, examples; most examples first, then the classes that only several people's columns hold."""
    result: str = ""
    """What the import would give, in a line; empty while something blocks it."""

    @property
    def num_blocking(self) -> int:
        """Problems that must be mended before the import."""
        return sum(problem.blocking for problem in self.problems)

    @property
    def num_unlabelled(self) -> int:
        """Rows without a label."""
        return next((problem.count for problem in self.problems if problem.kind == "missing_label"), 0)


class IncomingFile:
    """A file on its way in. Every reading and every check is done once, so that widgets answer at once."""

    def __init__(self, key: str, path: Path) -> None:
        self.key = key
        """Differs between any two uploads, also of the same file."""
        self.path = path
        self._remove_copy: weakref.finalize[..., IncomingFile] | None = None
        self._reading: Reading | None = None
        self._findings: dict[tuple[ColumnChoice, bool], Findings] = {}
        self._annotators: dict[ColumnChoice, tuple[str, ...]] = {}

    @classmethod
    def uploaded(cls, key: str, name: str, data: bytes) -> IncomingFile:
        """Write an upload to a temporary folder; it goes with ``discard``, with this object or with the process."""
        folder = Path(tempfile.mkdtemp(prefix="lane-upload-"))
        path = folder / (Path(name).name.lstrip(".") or "upload")
        path.write_bytes(data)
        incoming = cls(key, path)
        incoming._remove_copy = weakref.finalize(incoming, shutil.rmtree, folder, ignore_errors=True)
        return incoming

    def discard(self) -> None:
        """Remove the copy of an upload; other files stay."""
        if self._remove_copy is not None:
            self._remove_copy()

    @property
    def is_text(self) -> bool:
        """Whether the file has an encoding to choose."""
        return self.path.suffix.lower() not in {".parquet", ".pq"}

    @property
    def is_delimited(self) -> bool:
        """Whether the file has a delimiter to choose."""
        return self.is_text and self.path.suffix.lower() not in {".jsonl", ".ndjson"}

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the file."""
        return file_sha256(self.path)

    @property
    def project_name(self) -> str:
        """What to call the project, unless the person has a better name."""
        return DEMO_NAME if self.path == SAMPLE else self.path.stem

    def read(self, options: ReadOptions) -> Reading:
        """Return the file as these options read it; DataError if they cannot."""
        if self._reading is None or self._reading.options != options:
            table = read_table(self.path, options)
            self._findings, self._annotators = {}, {}
            self._reading = _reading(options, table)
        return self._reading

    def guess_annotators(self, reading: Reading, columns: ColumnChoice) -> tuple[str, ...]:
        """Return which further columns of the file as it was read last look like the labels of one person each."""
        if columns not in self._annotators:
            self._annotators[columns] = guess_annotators(reading.table, columns)
        return self._annotators[columns]

    def check(self, reading: Reading, columns: ColumnChoice, *, drop_unlabelled: bool) -> Findings:
        """Return what these columns make of the file as it was read last."""
        choice = columns, drop_unlabelled
        if choice not in self._findings:
            self._findings[choice] = _findings(reading.table, columns, drop_unlabelled=drop_unlabelled)
        return self._findings[choice]


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
    incoming: IncomingFile, reading: Reading, columns: ColumnChoice, name: str, *, drop_unlabelled: bool
) -> DatasetRecord:
    """Store the file as a project; LaneError, and nothing stored, if that cannot be."""
    return workspaces.workspace().add_dataset(
        incoming.path, columns, name, options=reading.options, drop_unlabelled=drop_unlabelled
    )


def import_result(record: DatasetRecord) -> str:
    """Return what an import gave: "1,632 examples, 8 classes"."""
    classes = datasets.dataset_classes(workspaces.workspace().store, record.dataset_id)
    num_people = len(record.columns.annotators)
    more = f", labels of {counted(num_people, 'annotator')}" if num_people else ""
    return f"{counted(record.num_examples, 'example')}, {len(classes)} classes{more}"


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
    return " · ".join([_FORMATS[table.file_format], *table.notes, *size])


def _findings(table: Table, columns: ColumnChoice, *, drop_unlabelled: bool) -> Findings:
    try:
        counts = Counter(label for label in label_names(table, columns.label) if label is not None)
        problems = check(table, columns)
    except DataError as error:
        return Findings((_as_problem(error),), pd.DataFrame({"label": [], "examples": []}))
    class_counts = _class_counts(counts)
    if drop_unlabelled:
        problems = [
            replace(problem, blocking=False) if problem.kind == "missing_label" else problem
            for problem in problems
        ]
    problems.sort(key=lambda problem: not problem.blocking)
    if problems and problems[0].blocking:
        return Findings(tuple(problems), class_counts)
    try:
        examples = examples_of(table, columns, drop_unlabelled)
    except DataError as error:
        return Findings((_as_problem(error), *problems), class_counts)
    counts.update(dict.fromkeys(examples.classes, 0))
    return Findings(tuple(problems), _class_counts(counts), _result(examples))


def _class_counts(counts: Counter[str]) -> pd.DataFrame:
    return pd.DataFrame(counts.most_common(), columns=["label", "examples"])


def _result(examples: Examples) -> str:
    splits = with_validation(examples).frame["split"].value_counts()
    parts = [f"{splits[split]:,} {words}" for split, words in _SPLIT_WORDS.items() if split in splits]
    line = f"{counted(len(examples.frame), 'example')}, {len(examples.classes)} classes: {', '.join(parts)}."
    if "validation" in splits and not (examples.frame["split"] == "validation").any():
        line += " The file has no rows for validation, so every tenth training row of a class is set aside."
    if num_people := examples.annotations["annotator"].nunique():
        given = counted(len(examples.annotations), "label")
        line += f" The file also has {given} of {counted(num_people, 'annotator')}."
    return line


def _as_problem(error: DataError) -> Problem:
    return Problem("columns", str(error), count=1, blocking=True)
