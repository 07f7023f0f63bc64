"""Presets for annotation tools: what their documented schemas ask for, and the same texts, ids and labels again."""

import json
from xml.etree import ElementTree

import jsonschema
import pandas as pd
import pytest

from lane_core.data import read_table
from lane_core.data.presets.argilla import write_argilla
from lane_core.data.presets.label_studio import write_label_studio
from lane_core.data.presets.preset import Audited
from lane_core.data.presets.prodigy import write_prodigy
from lane_core.data.writing.audit_frames import AUDIT_COLUMNS

CLASSES = ("anger", "fear", "joy", 'say "é" <&>')
IDS = ["007", "b 2", "é😀", "x", "5"]
TEXTS = ["so glad", "go\naway \u2028", "<b>markup</b>", "no \ud800 byte", "é😀"]
GIVEN = ["joy", "fear", "joy", "anger", "fear"]
FINAL = ["joy", "anger", 'say "é" <&>', "anger", "fear"]
DECISIONS = ["", "relabel", "relabel", "exclude", "flag"]
SUGGESTED = [None, "anger", None, "joy", "joy"]
SCORES = [0.75, 0.25, 0.5, 0.125, 0.375]
PEOPLE = [None, "ann@example.org", "bob", "bob", "bob"]


def audited(has_run=True, has_people=True):
    frame = pd.DataFrame(
        {"index": range(5), "text": pd.Series(TEXTS, dtype=object), "split": ["train"] * 4 + ["test"]}
    )
    for name in AUDIT_COLUMNS:
        frame[name] = None
    frame["row_id"], frame["given_label"] = IDS, GIVEN
    frame["final_label"] = FINAL if has_people else GIVEN
    frame["decision"] = DECISIONS if has_people else ""
    frame["run_id"] = "r1" if has_run else ""
    frame["label_score"] = pd.Series(SCORES if has_run else [None] * 5, dtype="float32")
    frame["suggested_label"] = pd.Series(SUGGESTED if has_run else [None] * 5, dtype="str")
    frame["lead_time"] = [float("nan"), 1.5, 2.0, 3.0, 4.0] if has_people else float("nan")
    frame["annotator"] = pd.Series(PEOPLE if has_people else [None] * 5, dtype="str")
    return Audited("feelings", CLASSES, frame, pd.DataFrame(), pd.DataFrame(), {})


# https://labelstud.io/guide/task_format and /guide/predictions; completed_by as tasks/serializers.py of Label Studio
# resolves it: the number of a user, or an object with an address.
RESULT = {
    "type": "object", "required": ["from_name", "to_name", "type", "value"], "additionalProperties": False,
    "properties": {
        "id": {"type": "string"}, "from_name": {"const": "label"}, "to_name": {"const": "text"},
        "type": {"const": "choices"},
        "value": {
            "type": "object", "required": ["choices"], "additionalProperties": False,
            "properties": {"choices": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
        },
    },
}  # fmt: skip
LABEL_STUDIO = {
    "type": "array",
    "items": {
        "type": "object", "required": ["data"], "additionalProperties": False,
        "properties": {
            "data": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
            "annotations": {"type": "array", "items": {
                "type": "object", "required": ["result"], "additionalProperties": False,
                "properties": {
                    "result": {"type": "array", "items": RESULT},
                    "completed_by": {"anyOf": [{"type": "integer"}, {"type": "object", "required": ["email"]}]},
                    "was_cancelled": {"type": "boolean"}, "ground_truth": {"type": "boolean"},
                    "lead_time": {"type": "number"},
                },
            }},
            "predictions": {"type": "array", "items": {
                "type": "object", "required": ["result"], "additionalProperties": False,
                "properties": {
                    "result": {"type": "array", "items": RESULT}, "model_version": {"type": "string"},
                    "score": {"type": "number", "minimum": 0, "maximum": 1},
                },
            }},
        },
    },
}  # fmt: skip
# rg.Record.from_dict of Argilla 2.8: suggestions by question, lists of responses by question.
ARGILLA = {
    "type": "array",
    "items": {
        "type": "object", "required": ["id", "fields", "metadata", "suggestions", "responses", "vectors"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "minLength": 1},
            "fields": {"type": "object", "required": ["text"], "additionalProperties": {"type": "string"}},
            "metadata": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
            "vectors": {"type": "object"},
            "suggestions": {"type": "object", "additionalProperties": {
                "type": "object", "required": ["value"], "additionalProperties": False,
                "properties": {
                    "value": {"type": "string"}, "score": {"type": ["number", "null"]},
                    "agent": {"type": "string", "pattern": "^[a-zA-Z0-9-_:./ ]+$"},
                },
            }},
            "responses": {"type": "object", "additionalProperties": {"type": "array", "items": {
                "type": "object", "required": ["value", "user_id"], "additionalProperties": False,
                "properties": {
                    "value": {"type": "string"}, "user_id": {"type": "string", "format": "uuid"},
                    "status": {"enum": ["draft", "submitted", "discarded"]},
                },
            }}},
        },
    },
}  # fmt: skip
# https://prodi.gy/docs/api-interfaces#choice
PRODIGY = {
    "type": "object", "required": ["text", "options", "accept"],
    "properties": {
        "text": {"type": "string"}, "answer": {"enum": ["accept", "reject", "ignore"]},
        "accept": {"type": "array", "items": {"enum": list(CLASSES)}, "maxItems": 1},
        "options": {"type": "array", "items": {
            "type": "object", "required": ["id", "text"], "additionalProperties": False,
            "properties": {"id": {"type": ["string", "integer"]}, "text": {"type": "string"}},
        }},
        "meta": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
    },
}  # fmt: skip


def valid(value, schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema, format_checker=jsonschema.FormatChecker())
    return value


def labels_again(path):
    """Return what our own reader finds, once the texts and ids are the same."""
    table = read_table(path)
    columns = table.known_columns
    assert table.values(columns.text) == [text.replace("\ud800", "\ufffd") for text in TEXTS]
    assert table.values(columns.example_id) == IDS
    assert columns.split == ("split" if "split" in table.columns else None)
    return table.values(columns.label)


WITHOUT_EXCLUDED = [FINAL[0], FINAL[1], FINAL[2], None, FINAL[4]]


def test_label_studio(tmp_path):
    folder = write_label_studio(audited(), tmp_path, "feelings")
    assert sorted(path.name for path in folder.iterdir()) == ["interface.xml", "tasks.json"]
    tasks = valid(json.loads((folder / "tasks.json").read_text(encoding="utf-8")), LABEL_STUDIO)
    assert tasks[1] == {
        "data": {
            "id": "b 2", "text": "go\naway \u2028", "split": "train", "given_label": "fear", "suggested_label": "anger",
            "label_score": 0.25, "decision": "relabel", "decided_by": "ann@example.org",
        },
        "annotations": [{
            "result": [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["anger"]}}],
            "was_cancelled": False, "completed_by": {"email": "ann@example.org"}, "lead_time": 1.5,
        }],
        "predictions": [{
            "model_version": "LANE Audit r1", "score": 0.75,
            "result": [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["anger"]}}],
        }],
    }  # fmt: skip
    assert [task["annotations"][0]["was_cancelled"] for task in tasks] == [False, False, False, True, False]
    assert ["completed_by" in task["annotations"][0] for task in tasks] == [False, True, False, False, False]
    proposed = [task["predictions"][0] for task in tasks]
    assert [one["result"][0]["value"]["choices"] for one in proposed] == [
        ["joy"],
        ["anger"],
        ["joy"],
        ["joy"],
        ["joy"],
    ]
    assert [one["score"] for one in proposed] == [0.75, 0.75, 0.5, 0.875, 0.625]
    assert labels_again(folder / "tasks.json") == WITHOUT_EXCLUDED


def test_the_interface_of_label_studio_has_the_names_of_the_tasks(tmp_path):
    view = ElementTree.parse(write_label_studio(audited(), tmp_path, "a") / "interface.xml").getroot()
    assert [(part.tag, part.get("name")) for part in view] == [("Text", "text"), ("Choices", "label")]
    assert view.find("Text").get("value") == "$text"
    assert view.find("Choices").get("toName") == "text"
    assert tuple(choice.get("value") for choice in view.iter("Choice")) == CLASSES


def test_argilla(tmp_path):
    path = write_argilla(audited(), tmp_path, "feelings")
    records = valid(json.loads(path.read_text(encoding="utf-8")), ARGILLA)
    assert path.name == "feelings.argilla.json"
    assert records[1]["fields"] == {"text": "go\naway \u2028"}
    assert records[1]["suggestions"] == {"label": {"value": "anger", "score": 0.75, "agent": "LANE Audit r1"}}
    responses = [record["responses"]["label"][0] for record in records]
    assert [response["value"] for response in responses] == FINAL
    assert [response["status"] for response in responses] == ["submitted"] * 3 + ["discarded", "submitted"]
    users = [response["user_id"] for response in responses]
    assert users[2] == users[3] == users[4]
    assert len(set(users)) == 3
    assert labels_again(path) == WITHOUT_EXCLUDED


def test_prodigy(tmp_path):
    path = write_prodigy(audited(), tmp_path, "feelings")
    tasks = [valid(json.loads(line), PRODIGY) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    assert path.name == "feelings.prodigy.jsonl"
    assert [task.get("answer") for task in tasks] == [None, "accept", "accept", "ignore", None]
    assert [task["accept"] for task in tasks] == [[label] for label in FINAL]
    assert [option["id"] for option in tasks[0]["options"]] == list(CLASSES)
    assert tasks[1]["meta"] == {
        "id": "b 2", "split": "train", "given_label": "fear", "suggested_label": "anger", "label_score": 0.25,
        "decision": "relabel", "decided_by": "ann@example.org",
    }  # fmt: skip
    assert labels_again(path) == WITHOUT_EXCLUDED


@pytest.mark.parametrize("write", [write_label_studio, write_argilla, write_prodigy])
def test_without_a_run_and_without_people(tmp_path, write):
    path = write(audited(has_run=False, has_people=False), tmp_path, "a")
    path = path / "tasks.json" if path.is_dir() else path
    text = path.read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "label_score" not in text
    assert "suggested_label" not in text
    assert "predictions" not in text
    assert labels_again(path) == GIVEN


def test_with_no_example_at_all(tmp_path):
    nothing = Audited("a", CLASSES, audited().frame.iloc[:0], pd.DataFrame(), pd.DataFrame(), {})
    assert json.loads((write_label_studio(nothing, tmp_path, "a") / "tasks.json").read_text()) == []
    assert json.loads(write_argilla(nothing, tmp_path, "a").read_text()) == []
    assert write_prodigy(nothing, tmp_path, "a").read_text() == ""
