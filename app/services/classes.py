"""The classes of a project: what defines them, and one in the place of another over all labels."""

from __future__ import annotations

from io import BytesIO

import pandas as pd

from app.services.importing import IncomingFile
from app.services.workspaces import workspace
from lane_core.data import read_table
from lane_core.data.cells import cell_text
from lane_core.errors import DataError
from lane_core.store import class_queries, classes
from lane_core.store.class_queries import ClassUse
from lane_core.wording import counted

NUM_TEXTS = 5
_LONGEST_TEXT = 300
_COLUMNS = ("class", "definition")


def class_table(dataset_id: str) -> pd.DataFrame:
    """Return ``classes.class_table``: those in use and those that others took the place of."""
    return classes.class_table(workspace().store, dataset_id)


def use_of(dataset_id: str, label: str) -> ClassUse:
    """Return who has a class now, with its first texts, cut to what a table shows."""
    found = class_queries.class_use(workspace().store, dataset_id, label, NUM_TEXTS)
    found.texts["text"] = found.texts["text"].str.slice(0, _LONGEST_TEXT)
    return found


def set_definition(dataset_id: str, label: str, definition: str) -> None:
    """Store what defines a class; "" takes it away."""
    classes.set_guideline(workspace().store, dataset_id, label, definition)


def set_definitions(dataset_id: str, name: str, data: bytes) -> int:
    """Store the definitions of an uploaded table, all or nothing.

    Args:
        dataset_id: The project.
        name: Of the file.
        data: Its content: a column "class" and a column "definition"; a blank definition changes nothing.

    Returns:
        Number of classes that were given a definition.

    Raises:
        DataError: If the file cannot be read, or has not both columns, or says two things about one class.
        StoreError: If it names a class that the project has not.
    """
    incoming = IncomingFile.uploaded("definitions", name, BytesIO(data))
    try:
        table = read_table(incoming.path)
    finally:
        incoming.discard()
    by_name = {column.strip().lower(): column for column in table.columns}
    missing = [column for column in _COLUMNS if column not in by_name]
    if missing:
        raise DataError(
            f"{table.name} has no column {missing[0]!r}; its columns are: {', '.join(table.columns)}. "
            "Name two columns class and definition."
        )
    found: dict[str, str] = {}
    labels, definitions = (table.values(by_name[column]) for column in _COLUMNS)
    for label, definition in zip(map(cell_text, labels), map(cell_text, definitions), strict=True):
        if definition.strip() and found.setdefault(label.strip(), definition) != definition:
            raise DataError(f"{table.name} defines {label.strip()!r} twice. Leave one of the two.")
    classes.set_guidelines(workspace().store, dataset_id, found)
    return len(found)


def replace(dataset_id: str, old: str, new: str, annotator: str) -> None:
    """Put a class, or a new name, in the place of another."""
    classes.replace_class(workspace().store, dataset_id, old, new, annotator)


def bring_back(dataset_id: str, label: str, annotator: str) -> None:
    """Undo ``replace``."""
    classes.bring_back(workspace().store, dataset_id, label, annotator)


def history_table(dataset_id: str, limit: int, time_zone: str) -> pd.DataFrame:
    """Return the newest changes as people read them: When, Who, What."""
    changes = class_queries.class_changes(workspace().store, dataset_id, limit)
    what = [
        f"{old} brought back" if pd.isna(new) else f"{old} became {new}"
        for old, new in zip(changes["old"], changes["new"], strict=True)
    ]
    when = changes["created_at"].dt.tz_convert(time_zone).dt.strftime("%d %b %Y, %H:%M:%S")
    return pd.DataFrame({"When": when, "Who": changes["annotator"], "What": what})


def effect(use: ClassUse, old: str, new: str) -> str:
    """Say what comes of putting a class in the place of another.

    Example:
        >>> use = ClassUse(30, 7, pd.DataFrame(), ("Run 1",))
        >>> print(effect(use, "fear", "trust"))
        37 examples of fear become trust: 30 as the file says, 7 by decisions. Exports and the next run have them as \
trust. Run 1 has learned fear and keeps its scores; what it says of fear counts as trust.
        >>> effect(ClassUse(0, 0, pd.DataFrame(), ()), "fear", "trust")
        'No example is fear now. Later decisions for it count as trust.'
    """
    if not use.total:
        return f"No example is {old} now. Later decisions for it count as {new}."
    verb = "becomes" if use.total == 1 else "become"
    parts = f"{use.num_given:,} as the file says, {use.num_decided:,} by decisions"
    sentences = [
        f"{counted(use.total, 'example')} of {old} {verb} {new}: {parts}.",
        f"Exports and the next run have {'it' if use.total == 1 else 'them'} as {new}.",
    ]
    if use.runs:
        has, keeps, its, says = (
            ("has", "keeps", "its", "it says")
            if len(use.runs) == 1
            else ("have", "keep", "their", "they say")
        )
        sentences.append(
            f"{_listed(use.runs)} {has} learned {old} and {keeps} {its} scores; "
            f"what {says} of {old} counts as {new}."
        )
    return " ".join(sentences)


def _listed(names: tuple[str, ...], most: int = 3) -> str:
    """Return names with commas and an "and"; of many the first ones."""
    shown = list(names) if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more runs"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
