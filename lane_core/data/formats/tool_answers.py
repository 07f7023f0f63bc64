"""The exports of annotation tools in one form: what people and models answered about a text, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lane_core.data.cells import cell_text, is_null
from lane_core.data.formats.json_spans import JsonPath

Record = Mapping[str, Any]
"""One object of an export."""


class Answer(NamedTuple):
    """One answer to one question about a text."""

    question: str
    value: object
    """A class, or several in a list."""
    path: JsonPath
    """Where the value stands in its record."""
    person: str | None = None
    sheet: int | str = 0
    """Which of the forms that a person filled in for this text; the answers on one form belong together."""


@dataclass(frozen=True)
class FlatCells:
    """The columns of an export, but for the labels."""

    cells: Mapping[str, Sequence[object]]
    text: str | None
    """Column with the texts; None if there is none."""
    example_id: str | None


@dataclass(frozen=True)
class Layout:
    """How one tool writes its export."""

    tool: str
    unit: str
    """What the tool calls a text that is annotated, in the plural."""
    answers: Callable[[Record], list[Answer]]
    """Of one record: what people chose, those that count more first; skipped and unfinished ones are left out."""
    flat: Callable[[list[Record]], FlatCells]
    """Columns of the records that stand for the rows."""
    suggested: Callable[[Record], list[Answer]] = lambda record: []
    """Of one record: what models propose; read where nobody has answered anything."""
    text_of: Callable[[Record], Hashable] | None = None
    """What records about one text have in common, where a text can have several; None = a record is a text."""
    notes: tuple[str, ...] = ()


def labels_in(answers: Sequence[Answer]) -> list[tuple[object, JsonPath]]:
    """Return each label of some answers with its place, an answer that is a list taken apart.

    Example:
        >>> labels_in([Answer("topic", ["a", "b"], ("accept",)), Answer("topic", "c", ("label",))])
        [('a', ('accept', 0)), ('b', ('accept', 1)), ('c', ('label',))]
    """
    found: list[tuple[object, JsonPath]] = []
    for answer in answers:
        if isinstance(answer.value, list):
            found.extend((value, (*answer.path, at)) for at, value in enumerate(answer.value))
        else:
            found.append((answer.value, answer.path))
    return [(label, path) for label, path in found if is_label(label)]


def is_label(value: object) -> bool:
    """Return whether a value can be the name or number of a class."""
    return isinstance(value, (str, int, float)) and not is_null(value) and bool(str(value).strip())


def text_key(objects: Sequence[Record]) -> str | None:
    """Return the key of the texts: ``text``, else that of the longest strings; None if no key holds strings."""
    lengths: dict[str, int] = {}
    for values in objects:
        for key, value in values.items():
            if isinstance(value, str):
                lengths[key] = lengths.get(key, 0) + len(value)
    return "text" if "text" in lengths else max(lengths, key=lengths.__getitem__, default=None)


def columns_of(
    objects: Sequence[Record], taken: Mapping[str, object], section: str
) -> dict[str, list[object]]:
    """Return the values under each key; a key whose name is taken is named after its section too."""
    keys = dict.fromkeys(key for values in objects for key in values)
    return {
        f"{section}.{key}" if key in taken else key: [values.get(key) for values in objects]
        for key in keys
        if key.strip()
    }


def are_ids(values: Sequence[object]) -> bool:
    """Return whether every row has an id of its own among these."""
    texts = {cell_text(value).strip() for value in values}
    return len(texts) == len(values) and "" not in texts


def section(record: Record, key: str) -> Record:
    """Return the object under a key, an empty one if there is none."""
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def listed(record: Record, key: str) -> list[Record]:
    """Return the objects of the list under a key; what is no object stands as an empty one, to keep positions."""
    value = record.get(key)
    return [part if isinstance(part, dict) else {} for part in value] if isinstance(value, list) else []
