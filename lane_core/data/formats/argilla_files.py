"""Argilla exports: records of versions 1 and 2, nested and flattened as data sets have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lane_core.data.formats.tool_answers import (
    Answer,
    FlatCells,
    Layout,
    Record,
    are_ids,
    columns_of,
    listed,
    section,
    text_key,
)

_SUBMITTED = (None, "submitted")
"""Status of an answer that counts; the others are draft and discarded."""
_OWN_KEYS = {"id", "external_id", "status", "_server_id", "metadata", "vectors"}


def argilla_layout(objects: Sequence[Record]) -> Layout | None:
    """Return how to read an Argilla export; None if this is none."""
    if all(isinstance(record.get("fields"), dict) for record in objects):
        kinds = {type(record.get(key)) for record in objects for key in ("responses", "suggestions")}
        if dict in kinds and kinds <= {dict, type(None)}:
            return Layout("Argilla", "records", _answers, _flat_records, _suggested)
        if list in kinds and kinds <= {list, type(None)}:
            return Layout("Argilla", "records", _answers_of_v1, _flat_records, _suggested_of_v1)
    if all({"prediction", "annotation", "multi_label", "inputs"} <= set(record) for record in objects):
        return Layout("Argilla", "records", _annotation, _flat_classic, _prediction)
    keys = {str(key) for record in objects[:1] for key in record}
    if any(key.endswith(".responses.users") for key in keys) or any(
        key.endswith(".suggestion.agent") for key in keys
    ):
        return _flattened(keys)
    if any(f"{key}-suggestion" in keys for key in keys):
        return _flattened_v1(keys)
    return None


def _sheet(response: Record, number: int) -> tuple[str | None, int]:
    user = response.get("user_id")
    return (None if user is None else str(user)), number


def _answers(record: Record) -> list[Answer]:
    return [
        Answer(
            str(question), response.get("value"), ("responses", question, at, "value"), *_sheet(response, at)
        )
        for question in section(record, "responses")
        for at, response in enumerate(listed(section(record, "responses"), question))
        if response.get("status") in _SUBMITTED
    ]


def _suggested(record: Record) -> list[Answer]:
    suggestions = section(record, "suggestions")
    return [
        Answer(str(question), section(suggestions, question).get("value"), ("suggestions", question, "value"))
        for question in suggestions
    ]


def _answers_of_v1(record: Record) -> list[Answer]:
    return [
        Answer(
            str(question),
            section(section(response, "values"), question).get("value"),
            ("responses", at, "values", question, "value"),
            *_sheet(response, at),
        )
        for at, response in enumerate(listed(record, "responses"))
        if response.get("status") in _SUBMITTED
        for question in section(response, "values")
    ]


def _suggested_of_v1(record: Record) -> list[Answer]:
    return [
        Answer(str(suggestion.get("question_name")), suggestion.get("value"), ("suggestions", at, "value"))
        for at, suggestion in enumerate(listed(record, "suggestions"))
    ]


def _annotation(record: Record) -> list[Answer]:
    if record.get("status") == "Discarded":
        return []
    person = record.get("annotation_agent")
    return [
        Answer(
            "annotation", record.get("annotation"), ("annotation",), None if person is None else str(person)
        )
    ]


def _prediction(record: Record) -> list[Answer]:
    """Return the first, likeliest class: predictions are objects, or pairs of class and probability."""
    predictions = record.get("prediction")
    if not isinstance(predictions, list) or not predictions:
        return []
    first = predictions[0]
    if isinstance(first, dict):
        return [Answer("annotation", first.get("label"), ("prediction", 0, "label"))]
    return [Answer("annotation", first[0], ("prediction", 0, 0))] if isinstance(first, list) and first else []


def _own_cells(records: Sequence[Record]) -> tuple[dict[str, list[object]], str | None]:
    for key in ("id", "external_id", "_server_id"):
        values = [record.get(key) for record in records]
        if are_ids(values):
            return {"id": values, "status": [record.get("status") for record in records]}, "id"
    return {"status": [record.get("status") for record in records]}, None


def _flat_records(records: list[Record]) -> FlatCells:
    cells, example_id = _own_cells(records)
    fields = [section(record, "fields") for record in records]
    text = text_key(fields)
    in_fields = columns_of(fields, cells, "fields")
    named = f"fields.{text}" if text in cells else text
    cells |= in_fields
    cells |= columns_of([section(record, "metadata") for record in records], cells, "metadata")
    return FlatCells(cells, named, example_id)


def _flat_classic(records: list[Record]) -> FlatCells:
    cells, example_id = _own_cells(records)
    inputs = [
        {"text": record["text"]} if isinstance(record.get("text"), str) else section(record, "inputs")
        for record in records
    ]
    cells |= columns_of(inputs, cells, "inputs")
    cells |= columns_of([section(record, "metadata") for record in records], cells, "metadata")
    return FlatCells(cells, text_key(inputs), example_id)


def _flattened(keys: set[str]) -> Layout:
    questions = sorted(
        {key.removesuffix(".responses") for key in keys if key.endswith(".responses")}
        | {key.removesuffix(".suggestion") for key in keys if key.endswith(".suggestion")}
    )

    def answers(record: Record) -> list[Answer]:
        found = []
        for question in questions:
            key = f"{question}.responses"
            users, states = _values(record, f"{key}.users"), _values(record, f"{key}.status")
            for at, value in enumerate(_values(record, key)):
                status = states[at] if at < len(states) else None
                user = users[at] if at < len(users) else None
                if status in _SUBMITTED:
                    found.append(Answer(question, value, (key, at), None if user is None else str(user), at))
        return found

    def suggested(record: Record) -> list[Answer]:
        return [
            Answer(question, record.get(f"{question}.suggestion"), (f"{question}.suggestion",))
            for question in questions
        ]

    return Layout("Argilla", "records", answers, _flat_without(questions, "."), suggested)


def _flattened_v1(keys: set[str]) -> Layout:
    questions = sorted(key for key in keys if f"{key}-suggestion" in keys)

    def answers(record: Record) -> list[Answer]:
        return [
            Answer(question, response.get("value"), (question, at, "value"), *_sheet(response, at))
            for question in questions
            for at, response in enumerate(listed(record, question))
            if response.get("status") in _SUBMITTED
        ]

    def suggested(record: Record) -> list[Answer]:
        return [
            Answer(question, record.get(f"{question}-suggestion"), (f"{question}-suggestion",))
            for question in questions
        ]

    return Layout("Argilla", "records", answers, _flat_without(questions, "-"), suggested)


def _values(record: Record, key: str) -> list[Any]:
    value = record.get(key)
    return value if isinstance(value, list) else []


def _flat_without(questions: Sequence[str], separator: str) -> Callable[[list[Record]], FlatCells]:
    """Return what makes the columns of records whose fields stand beside the answers."""

    def flat(records: list[Record]) -> FlatCells:
        cells, example_id = _own_cells(records)
        fields = [
            {
                key: value
                for key, value in record.items()
                if key not in _OWN_KEYS
                and not any(key == question or key.startswith(question + separator) for question in questions)
            }
            for record in records
        ]
        cells |= columns_of(fields, cells, "fields")
        return FlatCells(cells, text_key(fields), example_id)

    return flat
