"""Exports of annotation tools: flat columns out of what people answered, and the export written back."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import shorten

import pandas as pd

from lane_core.data.cells import printable
from lane_core.data.formats.argilla_files import argilla_layout
from lane_core.data.formats.content import Content, ReadOptions
from lane_core.data.formats.doccano_files import doccano_layout, note_doccano
from lane_core.data.formats.json_records import JsonRecords, JsonSource
from lane_core.data.formats.json_spans import JsonPath, with_value
from lane_core.data.formats.jsonl_files import JsonlSource
from lane_core.data.formats.label_studio import label_studio_layout
from lane_core.data.formats.prodigy_files import prodigy_layout
from lane_core.data.formats.text_records import TextRecords
from lane_core.data.formats.tool_answers import Answer, FlatCells, Layout, Record, labels_in
from lane_core.data.splits import TRAIN_WORDS
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

_LAYOUTS = (label_studio_layout, argilla_layout, prodigy_layout, doccano_layout)
_MAX_PEOPLE = 500
"""A column is made for each of them."""
_FEW_CLASSES = 10
_LABEL = "label"


Records = JsonRecords | TextRecords
"""The records of a JSON document or of JSON Lines, as they stand in the file."""


@dataclass(frozen=True)
class ToolSource:
    """What is needed to write an export back with other labels."""

    records: Records
    members: tuple[tuple[int, ...], ...]
    """Records (from 1) about the text of each row; the first holds its label."""
    label_path: Callable[[Record], JsonPath | None]
    """Where the label stands in a record; None if it has none, or several."""
    tool: str
    escape: bool
    """Whether characters beyond ASCII are written as escapes."""

    def write_corrected(
        self, path: Path, column: str, changes: Mapping[int, object], excluded: Set[int]
    ) -> None:
        """Write the export with other labels (by row, from 1), without the records of the excluded rows.

        Raises:
            DataError: If another column than the label is to be written, or a row has no single label to replace.
        """
        if column != _LABEL and changes:
            raise DataError(
                f"Only the label of a {self.tool} export can be written back, not column {column!r}. "
                "Import the file with its label, or export the audit file."
            )
        left_out = {record for row in excluded for record in self.members[row - 1]}
        edited = {self.members[row - 1][0]: label for row, label in changes.items()}
        self.records.rewrite(path, edited, left_out, self._edited)

    def _edited(self, record: str, label: object) -> str:
        path = self.label_path(json.loads(record))
        if path is None:
            raise DataError(
                f"The label {label!r} has no place in a record of this {self.tool} export that nobody has given one "
                f"label: {printable(record.strip()[:60])}. Label it in {self.tool} first."
            )
        return with_value(record, path, json.dumps(label, ensure_ascii=self.escape))


def as_tool_export(content: Content, name: str, options: ReadOptions) -> Content:
    """Return what was read from JSON or JSON Lines with flat columns, if an annotation tool wrote it; else as it is.

    A label is read from the first person who answered (in Label Studio from an annotation that is marked as ground
    truth, if there is one); it is written back there. If two people or more answered about one text, each has a column
    of labels. Where nobody has answered anything, the labels are what a model proposes.

    Args:
        content: What the file holds.
        name: Name of the file, for messages.
        options: How to read it; ``part`` names the question whose answers are the labels, if there are several.

    Raises:
        DataError: If it is the export of a tool with no class for any text.
    """
    if not isinstance(content.source, JsonSource | JsonlSource) or not _may_be_export(content.frame.columns):
        return content
    objects: list[Record] = content.frame.to_dict("records")  # type: ignore[assignment]
    for recognise in _LAYOUTS:
        layout = recognise(objects)
        if layout is not None:
            return _flattened(content, content.source, objects, layout, name, options.part)
    return note_doccano(content, objects)


def _may_be_export(columns: Iterable[str]) -> bool:
    """Return whether there are columns that only tools write: a look at the names, before a look at all rows."""
    known = {
        "data",
        "fields",
        "accept",
        "answer",
        "annotations",
        "annotation_id",
        "annotation",
        "Comments",
        "cats",
    }
    return any(name in known or name.endswith((".responses", "-suggestion")) for name in columns)


def _flattened(
    content: Content,
    written: JsonSource | JsonlSource,
    objects: list[Record],
    layout: Layout,
    name: str,
    part: str | None,
) -> Content:
    found, from_people = _answers(objects, layout)
    questions = _questions(found)
    if not questions:
        raise DataError(
            f"{name} is a {layout.tool} export in which no text has a class. Texts with one class each can be audited, "
            f"not marked spans, ratings of pairs or written answers. Label the texts with one choice in {layout.tool}."
        )
    if part in content.parts:  # it named a list of the document, which has been read
        part = None
    if part is not None and part not in questions:
        raise DataError(f"{name} has no question {part!r}. It has: {shorten(', '.join(questions), 200)}.")
    question = part or questions[0]
    members = _rows(objects, layout)
    rows = [
        _Row.of([(record, answer) for record in numbers for answer in found[record - 1]], question, numbers)
        for numbers in members
    ]
    flat = layout.flat([objects[row.records[0] - 1] for row in rows])
    if flat.text is None:
        raise DataError(f"{name} is a {layout.tool} export without texts: no key holds one.")
    frame, columns, people = _frame(rows, flat)
    of_record = layout.answers if from_people else layout.suggested
    source = ToolSource(
        written.records,
        tuple(row.records for row in rows),
        lambda record: _single_path(of_record(record), question),
        layout.tool,
        written.escape,
    )
    notes = [f"{layout.tool} export, {len(rows):,} {layout.unit}"]
    if people:
        notes[0] += f", {people:,} annotator{'s' * (people != 1)}"
    if people > _MAX_PEOPLE:
        notes.append(f"more than {_MAX_PEOPLE} annotators: no columns of what each of them said")
    if not from_people:
        notes.append("labels are what a model suggested: nobody has answered")
    if len(questions) > 1:
        notes.append(f"labels answer {question!r}")
    ordered = (question, *(other for other in questions if other != question))
    unreadable = set(content.unreadable_rows)
    return replace(
        content,
        frame=frame,
        source=source,
        notes=(*notes, *layout.notes, *content.notes),
        unreadable_rows=tuple(
            row for row, numbers in enumerate(source.members, 1) if unreadable & set(numbers)
        ),
        parts=ordered if len(ordered) > 1 else content.parts,
        columns=columns,
    )


@dataclass(frozen=True)
class _Row:
    records: tuple[int, ...]
    label: object
    """A class, a list of several, or None."""
    by_person: Mapping[str, object]

    @classmethod
    def of(cls, answers: Sequence[tuple[int, Answer]], question: str, records: tuple[int, ...]) -> _Row:
        """Return the row of a text; the record that holds its label comes first."""
        sheets: dict[Hashable, list[tuple[int, Answer]]] = defaultdict(list)
        for record, answer in answers:
            if answer.question == question:
                sheets[answer.person, answer.sheet].append((record, answer))
        if not sheets:
            return cls(records, None, {})
        by_person: dict[str, object] = {}
        for sheet in sheets.values():
            person = sheet[0][1].person
            if person is not None:
                by_person.setdefault(person, _label([answer for _, answer in sheet]))
        first = next(iter(sheets.values()))
        holder = first[0][0]
        ordered = (holder, *(record for record in records if record != holder))
        return cls(ordered, _label([answer for _, answer in first]), by_person)


def _label(answers: Sequence[Answer]) -> object:
    labels = list(dict.fromkeys(label for label, _ in labels_in(answers)))
    return labels[0] if len(labels) == 1 else labels


def _single_path(answers: Sequence[Answer], question: str) -> JsonPath | None:
    """Return where the label of a record stands; None if there is none, or several."""
    asked = [answer for answer in _labelled(answers) if answer.question == question]
    if not asked:
        return None
    sheet = [answer for answer in asked if (answer.person, answer.sheet) == (asked[0].person, asked[0].sheet)]
    labels = labels_in(sheet)
    return labels[0][1] if len(labels) == 1 else None


def _answers(objects: Sequence[Record], layout: Layout) -> tuple[list[list[Answer]], bool]:
    """Return the answers of every record, and whether people gave them; what models propose if nobody did."""
    found = [_labelled(layout.answers(record)) for record in objects]
    if any(found):
        return found, True
    return [_labelled(layout.suggested(record)) for record in objects], False


def _labelled(answers: Sequence[Answer]) -> list[Answer]:
    return [answer for answer in answers if labels_in([answer])]


def _questions(found: Sequence[Sequence[Answer]]) -> list[str]:
    """Return the questions that were answered with classes, the likeliest to be audited first."""
    times: Counter[str] = Counter()
    classes: dict[str, set[object]] = defaultdict(set)
    for answers in found:
        for answer in answers:
            times[answer.question] += 1
            classes[answer.question].update(label for label, _ in labels_in([answer]))
    # Written answers hardly repeat; classes do.
    return sorted(
        times, key=lambda asked: (len(classes[asked]) > max(times[asked] / 2, _FEW_CLASSES), -times[asked])
    )


def _rows(objects: Sequence[Record], layout: Layout) -> list[tuple[int, ...]]:
    """Return the records (from 1) of each row, in order of the first ones."""
    if layout.text_of is None:
        return [(number,) for number in range(1, len(objects) + 1)]
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for number, record in enumerate(objects, start=1):
        groups[layout.text_of(record)].append(number)
    return [tuple(numbers) for numbers in groups.values()]


def _frame(rows: Sequence[_Row], flat: FlatCells) -> tuple[pd.DataFrame, ColumnChoice, int]:
    """Return the columns, which is which, and the number of people."""
    cells = {_renamed(key): list(values) for key, values in flat.cells.items()}
    text = _renamed(str(flat.text))
    people = list(dict.fromkeys(person for row in rows for person in row.by_person))
    columns = {}
    for key, values in cells.items():
        columns[key] = values
        if key == text:
            columns[_LABEL] = [row.label for row in rows]
    names: dict[str, str] = {}
    if any(len(row.by_person) > 1 for row in rows) and len(people) <= _MAX_PEOPLE:
        for person in people:
            name = f"annotator_{person}" if person.isdecimal() else printable(person)
            while name in columns or name in names.values():
                name = f"annotator {name}"
            names[person] = name
        columns |= {name: [row.by_person.get(person) for row in rows] for person, name in names.items()}
    split = "split" if "split" in cells and _says_training(cells["split"]) else None
    frame = pd.DataFrame({key: pd.Series(values, dtype=object) for key, values in columns.items()})
    choice = ColumnChoice(text, _LABEL, flat.example_id, split, tuple(names.values()))
    return frame, choice, len(people)


def _renamed(key: str) -> str:
    """Return the name of a column that came with the texts; the label is what was answered about them."""
    return printable("label of the data" if key == _LABEL else key)


def _says_training(values: Sequence[object]) -> bool:
    return any(isinstance(value, str) and value.strip().lower() in TRAIN_WORDS for value in values)
