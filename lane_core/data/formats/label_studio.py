"""Label Studio exports: JSON, one task an object, and JSON-MIN, one annotation an object."""

from __future__ import annotations

from collections.abc import Sequence

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

_MIN_KEYS = {"annotation_id", "annotator", "lead_time", "id"}
_AFTER_ANSWERS = {"annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}


def label_studio_layout(objects: Sequence[Record]) -> Layout | None:
    """Return how to read a Label Studio export; None if this is none."""
    if all(_is_task(record) for record in objects):
        return Layout("Label Studio", "tasks", _answers, _flat_tasks, _suggested)
    if all(set(record) >= _MIN_KEYS for record in objects):
        return _min_layout(objects)
    return None


def _is_task(record: Record) -> bool:
    answered = [record.get(key) for key in ("annotations", "completions", "predictions")]
    return isinstance(record.get("data"), dict) and any(isinstance(answers, list) for answers in answered)


def _answers(task: Record) -> list[Answer]:
    key = "annotations" if isinstance(task.get("annotations"), list) else "completions"
    numbered = [
        (number, annotation)
        for number, annotation in enumerate(listed(task, key))
        if not (annotation.get("was_cancelled") or annotation.get("skipped"))
    ]
    numbered.sort(key=lambda part: not part[1].get("ground_truth"))
    return [
        answer
        for number, annotation in numbered
        for answer in _results(annotation, (key, number), _person(annotation.get("completed_by")), number)
    ]


def _suggested(task: Record) -> list[Answer]:
    return [
        answer
        for number, prediction in enumerate(listed(task, "predictions"))
        for answer in _results(prediction, ("predictions", number), None, number)
    ]


def _results(holder: Record, path: tuple[str | int, ...], person: str | None, sheet: int) -> list[Answer]:
    return [
        Answer(
            str(result.get("from_name")),
            section(result, "value")["choices"],
            (*path, "result", at, "value", "choices"),
            person,
            sheet,
        )
        for at, result in enumerate(listed(holder, "result"))
        if isinstance(section(result, "value").get("choices"), list)
    ]


def _person(completed_by: object) -> str | None:
    """Return who annotated: a number in exports of the community edition, an object with an address in others."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("username") or completed_by.get("id")
    return None if completed_by is None or not str(completed_by).strip() else str(completed_by)


def _flat_tasks(tasks: list[Record]) -> FlatCells:
    data = [section(task, "data") for task in tasks]
    numbers = [task.get("id") for task in tasks]
    cells: dict[str, list[object]] = {}
    example_id = None
    if are_ids(numbers):
        has_own = all("id" in values for values in data) and are_ids([values["id"] for values in data])
        cells["task id" if has_own else "id"] = numbers
        example_id = "id"
    elif all("id" in values for values in data) and are_ids([values["id"] for values in data]):
        example_id = "id"
    return FlatCells(cells | columns_of(data, cells, "data"), text_key(data), example_id)


def _min_layout(objects: Sequence[Record]) -> Layout:
    """Return how to read JSON-MIN: the keys of the task, its id, one key a question, then who answered and when.

    A task that has an ``id`` among its data keeps its place there: then the last key before who answered is the
    question.
    """
    keys = list(objects[0])
    before = keys[: keys.index("annotator")]
    questions = before[before.index("id") + 1 :] if before[:1] != ["id"] else before[-1:]
    own = [key for key in keys if key not in questions and key not in _AFTER_ANSWERS]

    def answers(record: Record) -> list[Answer]:
        sheet = str(record["annotation_id"])
        person = _person(record["annotator"])
        found = []
        for question in questions:
            value = record.get(question)
            if isinstance(value, str):
                found.append(Answer(question, value, (question,), person, sheet))
            elif isinstance(value, dict) and isinstance(value.get("choices"), list):
                found.append(Answer(question, value["choices"], (question, "choices"), person, sheet))
        return found

    def flat(records: list[Record]) -> FlatCells:
        data = [{key: record.get(key) for key in own} for record in records]
        texts = [{key: value for key, value in values.items() if key != "id"} for values in data]
        return FlatCells(columns_of(data, {}, "data"), text_key(texts), "id")

    return Layout("Label Studio", "tasks", answers, flat, text_of=lambda record: str(record["id"]))
