"""Prodigy exports: JSON Lines of db-out, one answer a line."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from lane_core.data.formats.tool_answers import (
    Answer,
    FlatCells,
    Layout,
    Record,
    are_ids,
    columns_of,
    is_label,
    section,
)

_ANSWERS = ("accept", "reject", "ignore")
_NOT_CELLS = {"options", "accept", "label", "meta", "tokens", "spans", "config", "text"}


def prodigy_layout(objects: Sequence[Record]) -> Layout | None:
    """Return how to read a Prodigy export; None if this is none."""
    if not all(isinstance(record.get("text"), str) for record in objects):
        return None
    if any(record.get("answer") is not None and record.get("answer") not in _ANSWERS for record in objects):
        return None
    if all(isinstance(record.get("accept"), list) for record in objects):
        is_export = all(isinstance(record.get("options"), list) or _has_hash(record) for record in objects)
        return _layout(_choice, _left_out(objects)) if is_export else None
    if not all(record.get("answer") is not None and _has_hash(record) for record in objects):
        return None
    labels = {record["label"] for record in objects if is_label(record.get("label"))}
    if len(labels) == 1:
        note = f"yes or no to {next(iter(labels))!r}: the label is the answer, accept or reject"
        return _layout(_yes_or_no, (note,))
    return _layout(_label, _left_out(objects))


def _has_hash(record: Record) -> bool:
    return record.get("_task_hash") is not None or record.get("_input_hash") is not None


def _left_out(objects: Sequence[Record]) -> tuple[str, ...]:
    answers = [record.get("answer") for record in objects]
    counts = {"rejected": answers.count("reject"), "ignored": answers.count("ignore")}
    named = " and ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    return (f"{named} of {len(objects):,} lines give no label",) if named else ()


def _layout(answers: Callable[[Record], list[Answer]], notes: tuple[str, ...]) -> Layout:
    return Layout("Prodigy", "texts", answers, _flat, text_of=_text_of, notes=notes)


def _text_of(record: Record) -> Hashable:
    """Return what lines about one text share: the hash that Prodigy gives it, else the text itself."""
    given = record.get("_input_hash")
    return record["text"] if given is None else ("hash", str(given))


def _person(record: Record) -> str | None:
    """Return who answered; without names, sessions stand for people."""
    person = record.get("_annotator_id") or record.get("_session_id")
    return None if person is None else str(person)


def _choice(record: Record) -> list[Answer]:
    if record.get("answer") not in (None, "accept"):
        return []
    return [Answer("choice", record["accept"], ("accept",), _person(record))]


def _label(record: Record) -> list[Answer]:
    if record.get("answer") != "accept":
        return []
    return [Answer("label", record.get("label"), ("label",), _person(record))]


def _yes_or_no(record: Record) -> list[Answer]:
    if record.get("answer") == "ignore":
        return []
    return [Answer("answer", record["answer"], ("answer",), _person(record))]


def _flat(records: list[Record]) -> FlatCells:
    cells: dict[str, list[object]] = {"text": [record["text"] for record in records]}
    metas = [section(record, "meta") for record in records]
    for values in ([record.get("id") for record in records], [meta.get("id") for meta in metas]):
        if are_ids(values):
            cells = {"id": values} | cells
            break
    own = [
        {key: value for key, value in record.items() if key not in _NOT_CELLS and key not in cells}
        for record in records
    ]
    cells |= columns_of(own, cells, "line")
    rest = [{key: value for key, value in meta.items() if key != "id"} for meta in metas]
    cells |= columns_of(rest, cells, "meta")
    return FlatCells(cells, "text", "id" if "id" in cells else None)
