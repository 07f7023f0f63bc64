"""doccano exports: JSON or JSON Lines of text classification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lane_core.data.formats.content import Content
from lane_core.data.formats.tool_answers import (
    Answer,
    FlatCells,
    Layout,
    Record,
    are_ids,
    columns_of,
    listed,
    section,
)
from lane_core.records import ColumnChoice


def doccano_layout(objects: Sequence[Record]) -> Layout | None:
    """Return how to read an export of doccano before 1.5, which has annotations with their users; None if it is none.

    Newer exports are flat as they are: ``note_doccano`` is for them.
    """
    if all(isinstance(record.get("text"), str) and _has_users(record) for record in objects):
        return Layout("doccano", "texts", _answers, _flat)
    return None


def note_doccano(content: Content, objects: Sequence[Record]) -> Content:
    """Return content with its columns named if doccano wrote it: id, text, a list of labels and comments."""
    for key in ("label", "cats"):
        if all(_is_flat(record, key) for record in objects) and ("Comments" in objects[0] or key == "cats"):
            example_id = "id" if are_ids([record["id"] for record in objects]) else None
            return replace(
                content,
                columns=ColumnChoice("text", key, example_id),
                notes=(f"doccano export, {len(objects):,} texts", *content.notes),
            )
    return content


def _is_flat(record: Record, key: str) -> bool:
    labels = record.get(key)
    are_names = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    return are_names and isinstance(record.get("text"), str) and record.get("id") is not None


def _has_users(record: Record) -> bool:
    return isinstance(record.get("annotations"), list) and all(
        {"label", "user"} <= set(annotation) for annotation in listed(record, "annotations")
    )


def _answers(record: Record) -> list[Answer]:
    return [
        Answer("label", annotation.get("label"), ("annotations", at, "label"), str(annotation.get("user")))
        for at, annotation in enumerate(listed(record, "annotations"))
    ]


def _flat(records: list[Record]) -> FlatCells:
    cells: dict[str, list[object]] = {}
    numbers = [record.get("id") for record in records]
    if are_ids(numbers):
        cells["id"] = numbers
    cells["text"] = [record["text"] for record in records]
    cells |= columns_of([section(record, "meta") for record in records], cells, "meta")
    return FlatCells(cells, "text", "id" if "id" in cells else None)
