"""Exports as annotation tools write them, for the tests of their readers."""

from __future__ import annotations

import json

TEXTS = ("so glad", "go away", "what now", "é😀 \u2028")


def choice(label, name="sentiment"):
    labels = label if isinstance(label, list) else [label]
    return {
        "id": "Dx_aB91ISN", "from_name": name, "to_name": "text", "type": "choices", "value": {"choices": labels}
    }  # fmt: skip


def annotation(label, person=1, **more):
    return {
        "id": 9, "completed_by": person, "result": [choice(label)], "was_cancelled": False, "ground_truth": False,
        "created_at": "2026-03-09T22:16:08.728353Z", "lead_time": 4.288, "task": 1,
    } | more  # fmt: skip


def task(number, text, annotations, **more):
    return {
        "id": number, "annotations": annotations, "drafts": [], "predictions": [], "data": {"text": text, **more},
        "meta": {}, "created_at": "2026-03-09T21:52:49.513742Z", "project": 83,
    }  # fmt: skip


LABEL_STUDIO = [
    task(11, TEXTS[0], [annotation("joy", 1), annotation("joy", 2)], split="train"),
    task(12, TEXTS[1], [annotation("fear", 1), annotation("anger", 2, ground_truth=True)], split="test"),
    task(13, TEXTS[2], [annotation("joy", 1, was_cancelled=True), annotation("fear", 3)], split="train"),
    task(14, TEXTS[3], [annotation("joy", 1, was_cancelled=True)], split="train"),
]
LABEL_STUDIO_MIN = [
    {
        "text": text, "id": number, "sentiment": label, "annotator": person, "annotation_id": key,
        "created_at": "2026-03-09T22:16:08Z", "updated_at": "2026-03-09T22:16:08Z", "lead_time": 1.5,
    }
    for number, text, label, person, key in (
        (11, TEXTS[0], "joy", 1, 101), (11, TEXTS[0], "fear", 2, 102), (12, TEXTS[1], "fear", 1, 103),
        (13, TEXTS[2], "joy", 2, 104),
    )
]  # fmt: skip
ARGILLA = [
    {
        "id": f"r{number}", "fields": {"text": text}, "metadata": {"source": "web"},
        "suggestions": {"label": {"value": "joy", "score": 0.9, "agent": "model"}},
        "responses": {"label": [{"value": label, "user_id": person} for label, person in given]},
        "vectors": {}, "status": "completed", "_server_id": f"s{number}",
    }
    for number, text, given in (
        (1, TEXTS[0], [("joy", "u-1"), ("fear", "u-2")]), (2, TEXTS[1], [("fear", "u-2")]), (3, TEXTS[2], []),
    )
]  # fmt: skip
ARGILLA_V1 = [
    {
        "external_id": f"r{number}", "fields": {"text": text}, "metadata": {}, "vectors": {},
        "suggestions": [{"question_name": "label", "value": "joy", "score": 0.9, "agent": "m", "type": "model"}],
        "responses": [
            {"values": {"label": {"value": label}}, "user_id": person, "status": status}
            for label, person, status in given
        ],
    }
    for number, text, given in (
        (1, TEXTS[0], [("anger", "u-3", "discarded"), ("joy", "u-1", "submitted")]),
        (2, TEXTS[1], [("fear", "u-2", "submitted")]),
    )
]  # fmt: skip
ARGILLA_FLAT = [
    {
        "id": f"r{number}", "status": "completed", "_server_id": f"s{number}", "text": text,
        "label.responses": labels, "label.responses.users": people,
        "label.responses.status": ["submitted"] * len(labels),
        "label.suggestion": "joy", "label.suggestion.score": 0.9, "label.suggestion.agent": "model",
    }
    for number, text, labels, people in (
        (1, TEXTS[0], ["joy", "fear"], ["u-1", "u-2"]), (2, TEXTS[1], ["fear"], ["u-1"]),
    )
]  # fmt: skip
ARGILLA_V1_FLAT = [
    {
        "text": text, "external_id": f"r{number}", "metadata": "{}",
        "label": [{"user_id": "u-1", "value": label, "status": "submitted"}],
        "label-suggestion": "joy", "label-suggestion-metadata": {"type": None, "score": None, "agent": None},
    }
    for number, text, label in ((1, TEXTS[0], "joy"), (2, TEXTS[1], "fear"))
]  # fmt: skip
ARGILLA_CLASSIC = [
    {
        "text": None, "inputs": {"text": text}, "prediction": [{"label": "joy", "score": 0.8}],
        "prediction_agent": "m", "annotation": label, "annotation_agent": "ann", "vectors": None,
        "multi_label": False, "explanation": None, "id": f"r{number}", "metadata": {}, "status": status,
        "event_timestamp": None, "metrics": None,
    }
    for number, text, label, status in (
        (1, TEXTS[0], "joy", "Validated"), (2, TEXTS[1], "fear", "Validated"), (3, TEXTS[2], None, "Default")
    )
]  # fmt: skip
OPTIONS = [{"id": name, "text": name.title()} for name in ("joy", "fear", "anger")]
PRODIGY_CHOICE = [
    {
        "text": text, "meta": {"id": f"p{key}"}, "options": OPTIONS, "_input_hash": key, "_task_hash": key + 100,
        "_view_id": "choice", "accept": accept, "answer": answer, "_annotator_id": f"db-{person}",
    }
    for key, text, accept, answer, person in (
        (1, TEXTS[0], ["joy"], "accept", "ann"), (1, TEXTS[0], ["fear"], "accept", "bob"),
        (2, TEXTS[1], ["fear"], "accept", "ann"), (3, TEXTS[2], ["joy"], "reject", "ann"),
        (4, TEXTS[3], [], "ignore", "bob"),
    )
]  # fmt: skip
PRODIGY_LABEL = [
    {"text": text, "label": label, "answer": answer, "_input_hash": key, "_task_hash": number, "meta": {}}
    for number, (key, text, label, answer) in enumerate(
        (
            (1, TEXTS[0], "joy", "accept"), (1, TEXTS[0], "fear", "reject"), (2, TEXTS[1], "joy", "reject"),
            (2, TEXTS[1], "fear", "accept"), (3, TEXTS[2], "joy", "ignore"),
        )
    )
]  # fmt: skip
PRODIGY_YES_OR_NO = [
    {"text": text, "label": "spam", "answer": answer, "_input_hash": key, "_task_hash": key}
    for key, (text, answer) in enumerate(zip(TEXTS, ("accept", "reject", "ignore", "accept"), strict=True))
]
DOCCANO = [
    {"id": number, "text": text, "label": [label], "Comments": []}
    for number, (text, label) in enumerate(zip(TEXTS, ("joy", "fear", "joy", "fear"), strict=True), start=1)
]
DOCCANO_OLD = [
    {
        "id": number, "text": text, "meta": {"source": "web"}, "annotation_approver": None,
        "annotations": [{"label": label, "user": user} for label, user in given],
    }
    for number, (text, given) in enumerate(
        ((TEXTS[0], [(4, 1), (5, 2)]), (TEXTS[1], [(5, 1)]), (TEXTS[2], [])), start=1
    )
]  # fmt: skip


def as_json(objects):
    return json.dumps(objects, ensure_ascii=False, indent=2).encode()


def as_lines(objects):
    return "".join(json.dumps(values, ensure_ascii=False) + "\n" for values in objects).encode()
