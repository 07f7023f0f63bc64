"""Exports of annotation tools are recognised, read as flat columns, and written back but for the chosen labels."""

import copy
import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data import ReadOptions, guess_columns, read_table, write_corrected
from lane_core.errors import DataError
from lane_core.records import ColumnChoice
from tests import tool_exports as exports
from tests.tool_exports import TEXTS, annotation, as_json, as_lines, task


def read(folder, objects, as_bytes=as_json, **options):
    path = folder / ("a.json" if as_bytes is as_json else "a.jsonl")
    path.write_bytes(as_bytes(objects))
    return read_table(path, ReadOptions(**options))


def corrected(table, folder, labels, excluded=()):
    target = folder / f"out{table.path.suffix}"
    write_corrected(table, table.known_columns.label, labels, set(excluded), target)
    return target.read_bytes()


def parsed(content, as_bytes):
    return (
        json.loads(content)
        if as_bytes is as_json
        else [json.loads(line) for line in content.decode().split("\n")[:-1]]
    )


BOTH = pytest.mark.parametrize("as_bytes", [as_json, as_lines])


def changed(objects, record, path, value):
    """Return the objects with one value replaced, in another way than the reader does."""
    objects = copy.deepcopy(objects)
    holder = objects[record]
    for step in path[:-1]:
        holder = holder[step]
    assert path[-1] in holder if isinstance(holder, dict) else path[-1] < len(holder)
    holder[path[-1]] = value
    return objects


CASES = {
    # name: objects, note, ids, labels, people, (row, record, path) of a change, records of row 1
    "Label Studio": (
        exports.LABEL_STUDIO, "Label Studio export, 4 tasks, 3 annotators", [11, 12, 13, 14],
        ["joy", "anger", "fear", None],
        {
            "annotator_1": ["joy", "fear", None, None], "annotator_2": ["joy", "anger", None, None],
            "annotator_3": [None, None, "fear", None],
        },
        (2, 1, ("annotations", 1, "result", 0, "value", "choices", 0)), [0],
    ),
    "Label Studio JSON-MIN": (
        exports.LABEL_STUDIO_MIN, "Label Studio export, 3 tasks, 2 annotators", [11, 12, 13], ["joy", "fear", "joy"],
        {"annotator_1": ["joy", "fear", None], "annotator_2": ["fear", None, "joy"]},
        (1, 0, ("sentiment",)), [0, 1],
    ),
    "Argilla": (
        exports.ARGILLA, "Argilla export, 3 records, 2 annotators", ["r1", "r2", "r3"], ["joy", "fear", None],
        {"u-1": ["joy", None, None], "u-2": ["fear", "fear", None]},
        (1, 0, ("responses", "label", 0, "value")), [0],
    ),
    "Argilla 1": (
        exports.ARGILLA_V1, "Argilla export, 2 records, 2 annotators", ["r1", "r2"], ["joy", "fear"], {},
        (1, 0, ("responses", 1, "values", "label", "value")), [0],
    ),
    "Argilla flat": (
        exports.ARGILLA_FLAT, "Argilla export, 2 records, 2 annotators", ["r1", "r2"], ["joy", "fear"],
        {"u-1": ["joy", "fear"], "u-2": ["fear", None]}, (1, 0, ("label.responses", 0)), [0],
    ),
    "Argilla 1 flat": (
        exports.ARGILLA_V1_FLAT, "Argilla export, 2 records, 1 annotator", ["r1", "r2"], ["joy", "fear"], {},
        (1, 0, ("label", 0, "value")), [0],
    ),
    "Argilla before 1": (
        exports.ARGILLA_CLASSIC, "Argilla export, 3 records, 1 annotator", ["r1", "r2", "r3"], ["joy", "fear", None],
        {}, (1, 0, ("annotation",)), [0],
    ),
    "Prodigy choice": (
        exports.PRODIGY_CHOICE, "Prodigy export, 4 texts, 2 annotators", ["p1", "p2", "p3", "p4"],
        ["joy", "fear", None, None], {"db-ann": ["joy", "fear", None, None], "db-bob": ["fear", None, None, None]},
        (1, 0, ("accept", 0)), [0, 1],
    ),
    "Prodigy label": (
        exports.PRODIGY_LABEL, "Prodigy export, 3 texts", None, ["joy", "fear", None], {}, (2, 3, ("label",)), [0, 1],
    ),
    "Prodigy yes or no": (
        exports.PRODIGY_YES_OR_NO, "Prodigy export, 4 texts", None, ["accept", "reject", None, "accept"], {},
        (2, 1, ("answer",)), [0],
    ),
    "old doccano": (
        exports.DOCCANO_OLD, "doccano export, 3 texts, 2 annotators", [1, 2, 3], [4, 5, None],
        {"annotator_1": [4, 5, None], "annotator_2": [5, None, None]}, (1, 0, ("annotations", 0, "label")), [0],
    ),
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("case", CASES)
def test_an_export_is_read_and_written_back(tmp_path, case, as_bytes):
    objects, note, ids, labels, people, (row, record, path), first_records = CASES[case]
    table = read(tmp_path, objects, as_bytes)
    columns = table.known_columns
    assert table.notes[0] == note
    assert table.values(columns.text) == list(TEXTS[: len(labels)])
    assert table.values(columns.label) == labels
    assert columns.annotators == tuple(people)
    assert {name: table.values(name) for name in columns.annotators} == people
    assert (columns.example_id and table.values(columns.example_id)) == ids

    assert corrected(table, tmp_path, {}) == as_bytes(objects)
    new = 5 if labels[0] == 4 else "reject" if labels[0] == "accept" else "a new é"
    old = labels[row - 1]
    new = "accept" if old == "reject" else new
    content = corrected(table, tmp_path, {row: str(new)})
    assert parsed(content, as_bytes) == changed(objects, record, path, new)
    again = read_table(tmp_path / f"out{table.path.suffix}")
    assert again.values("label") == [new if at == row else label for at, label in enumerate(labels, start=1)]
    kept = [values for at, values in enumerate(objects) if at not in first_records]
    assert parsed(corrected(table, tmp_path, {}, {1}), as_bytes) == kept


def test_a_changed_export_differs_in_the_label_alone(tmp_path):
    table = read(tmp_path, exports.LABEL_STUDIO)
    before, after = as_json(exports.LABEL_STUDIO), corrected(table, tmp_path, {2: "fear"})
    assert after == before.replace(b'"anger"', b'"fear"')


def test_the_columns_of_label_studio(tmp_path):
    table = read(tmp_path, exports.LABEL_STUDIO)
    assert table.columns == ["id", "text", "label", "split", "annotator_1", "annotator_2", "annotator_3"]
    assert table.known_columns == ColumnChoice(
        "text", "label", "id", "split", ("annotator_1", "annotator_2", "annotator_3")
    )


def test_people_of_the_enterprise_edition_have_addresses(tmp_path):
    people = [{"id": 1, "email": "ann@example.org"}, {"id": 2, "email": "bob@example.org"}]
    tasks = [
        task(1, "a", [annotation("joy", people[0]), annotation("fear", people[1])]),
        task(2, "b", [annotation("fear", people[0])]),
    ]
    assert read(tmp_path, tasks).known_columns.annotators == ("ann@example.org", "bob@example.org")


def test_an_export_under_a_key_of_its_own(tmp_path):
    document = {"train": exports.LABEL_STUDIO[:2], "test": exports.LABEL_STUDIO[2:]}
    table = read(tmp_path, document, part="test")
    assert (table.parts, table.values("label")) == (("test", "train"), ["fear", None])


def test_a_crowd_gets_no_columns_and_a_word(tmp_path):
    crowd = [
        task(number, f"text {number}", [annotation("joy", number), annotation("fear", 900)])
        for number in range(501)
    ]
    table = read(tmp_path, crowd)
    assert table.columns == ["id", "text", "label"]
    assert "more than 500 annotators: no columns of what each of them said" in table.notes


def test_several_questions_are_parts(tmp_path):
    def both(first, second):
        return [{**annotation(first), "result": [exports.choice(first), exports.choice(second, "topic")]}]

    tasks = [
        task(1, "a", both("joy", "food")),
        task(2, "b", both("fear", "trips")),
        task(3, "c", both("joy", "food")),
    ]
    table = read(tmp_path, tasks)
    assert (table.parts, table.values("label")) == (("sentiment", "topic"), ["joy", "fear", "joy"])
    table = read(tmp_path, tasks, part="topic")
    assert (table.parts, table.values("label")) == (("topic", "sentiment"), ["food", "trips", "food"])
    expected = changed(tasks, 1, ("annotations", 0, "result", 1, "value", "choices", 0), "food")
    assert json.loads(corrected(table, tmp_path, {2: "food"})) == expected
    with pytest.raises(DataError, match=r"no question 'mood'\. It has: sentiment, topic"):
        read(tmp_path, tasks, part="mood")


def test_json_min_of_tasks_that_have_an_id_of_their_own(tmp_path):
    """Label Studio writes the number of the task over it, in its place."""
    rows = [{"id": row["id"], "split": "train", **row} for row in exports.LABEL_STUDIO_MIN]
    rows[3] = {"id": 13, "split": "train", "note": "only here", **rows[3]}
    table = read(tmp_path, rows)
    assert table.columns == ["id", "split", "text", "label", "note", "annotator_1", "annotator_2"]
    assert table.values("label") == ["joy", "fear", "joy"]
    assert json.loads(corrected(table, tmp_path, {1: "fear"})) == changed(rows, 0, ("sentiment",), "fear")


def test_several_choices_in_one_answer_stay_several(tmp_path):
    tasks = [
        task(1, "a", [annotation(["joy", "fear"])]),
        task(2, "b", [annotation("fear")]),
        task(3, "c", [annotation("joy")]),
    ]
    table = read(tmp_path, tasks)
    assert table.values("label") == [["joy", "fear"], "fear", "joy"]


def test_predictions_are_read_where_nobody_has_answered(tmp_path):
    tasks = [
        {
            **task(number, text, []),
            "predictions": [{"model_version": "m", "score": 0.5, "result": [exports.choice(label)]}],
        }
        for number, text, label in ((1, "a", "joy"), (2, "b", "fear"))
    ]
    table = read(tmp_path, tasks)
    assert table.values("label") == ["joy", "fear"]
    assert "labels are what a model suggested: nobody has answered" in table.notes
    expected = changed(tasks, 0, ("predictions", 0, "result", 0, "value", "choices", 0), "fear")
    assert json.loads(corrected(table, tmp_path, {1: "fear"})) == expected

    records = [{**values, "responses": {}} for values in exports.ARGILLA]
    table = read(tmp_path, records)
    assert table.values("label") == ["joy", "joy", "joy"]
    assert json.loads(corrected(table, tmp_path, {1: "fear"})) == changed(
        records, 0, ("suggestions", "label", "value"), "fear"
    )


def test_exports_without_classes_are_refused_in_words(tmp_path):
    spans = [
        {
            "from_name": "ner",
            "to_name": "text",
            "type": "labels",
            "value": {"start": 0, "end": 1, "labels": ["PER"]},
        }
    ]
    with pytest.raises(DataError, match=r"a\.json is a Label Studio export in which no text has a class"):
        read(tmp_path, [task(1, "a", [{**annotation("x"), "result": spans}])])
    line = {
        "text": "a",
        "spans": [{"start": 0, "end": 1, "label": "PER"}],
        "answer": "accept",
        "_task_hash": 1,
    }
    with pytest.raises(DataError, match="a Prodigy export in which no text has a class"):
        read(tmp_path, [line, {**line, "text": "b"}], as_lines)


def test_what_prodigy_rejected_and_ignored_is_said(tmp_path):
    table = read(tmp_path, exports.PRODIGY_CHOICE, as_lines)
    assert table.notes[1] == "1 rejected and 1 ignored of 5 lines give no label"
    table = read(tmp_path, exports.PRODIGY_YES_OR_NO, as_lines)
    assert table.notes[1] == "yes or no to 'spam': the label is the answer, accept or reject"


def test_a_text_that_nobody_labelled_takes_no_label(tmp_path):
    table = read(tmp_path, exports.LABEL_STUDIO)
    with pytest.raises(DataError, match="Label it in Label Studio first"):
        corrected(table, tmp_path, {4: "joy"})
    with pytest.raises(DataError, match="Only the label of a Label Studio export can be written back"):
        table.source.write_corrected(tmp_path / "x.json", "split", {1: "test"}, set())


@BOTH
@pytest.mark.parametrize("key", ["label", "cats"])
def test_doccano(tmp_path, as_bytes, key):
    objects = [
        {key if name == "label" else name: value for name, value in row.items()} for row in exports.DOCCANO
    ]
    table = read(tmp_path, objects, as_bytes)
    assert table.known_columns == ColumnChoice("text", key, "id")
    assert table.notes[0] == "doccano export, 4 texts"
    assert corrected(table, tmp_path, {}) == as_bytes(objects)
    assert parsed(corrected(table, tmp_path, {1: "fear"}), as_bytes) == changed(objects, 0, (key,), ["fear"])


@BOTH
@pytest.mark.parametrize(
    "rows",
    [
        [{"text": "a", "label": "joy", "data": {"n": 1}}, {"text": "b", "label": "fear", "data": {"n": 2}}],
        [{"text": "a", "label": "joy", "answer": "yes"}, {"text": "b", "label": "fear", "answer": "no"}],
        [
            {"text": "a", "label": "joy", "answer": "accept"},
            {"text": "b", "label": "fear", "answer": "accept"},
        ],
        [{"text": "a", "label": "joy", "annotations": []}, {"text": "b", "label": "fear"}],
        [{"text": "a", "label": "joy", "fields": {}}, {"text": "b", "label": "fear", "fields": {}}],
        [{"text": "a", "annotation": "joy"}, {"text": "b", "annotation": "fear"}],
        [{"id": 1, "text": "a", "label": ["joy"]}, {"id": 2, "text": "b", "label": ["fear"]}],
        [{"data": {"text": "a"}, "annotations": []}, {"data": "b", "annotations": []}],
    ],
)
def test_plain_files_stay_plain(tmp_path, rows, as_bytes):
    table = read(tmp_path, rows, as_bytes)
    assert table.columns == list(dict.fromkeys(key for row in rows for key in row))
    assert table.known_columns is None


def test_data_named_like_our_columns_keeps_its_own(tmp_path):
    tasks = [
        task(number, f"text {number}", [annotation(label)], label="old", id=f"x{number}")
        for number, label in ((1, "joy"), (2, "fear"))
    ]
    table = read(tmp_path, tasks)
    assert table.columns == ["task id", "text", "label", "label of the data", "id"]
    assert table.values("id") == ["x1", "x2"]
    assert table.values("label") == ["joy", "fear"]


@pytest.mark.parametrize(
    "damage",
    [
        {"annotations": None, "predictions": [None]}, {"annotations": [None, 3, []]}, {"data": {}},
        {"annotations": [{"result": "x"}]},
        {"annotations": [{"result": [{"value": {"choices": [None, {}, []]}}]}]}, {"data": {"text": None}},
        {"annotations": [{"result": [{"value": {"choices": ["a"]}}], "completed_by": {"id": []}}]},
    ],
)  # fmt: skip
def test_odd_tasks_do_no_harm(tmp_path, damage):
    odd = {**task(99, "odd", []), **damage}
    table = read(tmp_path, [*exports.LABEL_STUDIO, odd])
    assert table.num_rows == 5
    assert table.values("label")[:4] == ["joy", "anger", "fear", None]
    assert corrected(table, tmp_path, {}) == as_json([*exports.LABEL_STUDIO, odd])


def places(value, path=()):
    """Return where every value of some JSON stands."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, part in parts for place in places(part, (*path, step)))]


JUNK = st.sampled_from(
    [None, True, -1, 1.5, "", " ", "joy", [], ["joy"], [[]], [None], {}, {"a": {}}, {"choices": ["x"]}]
)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(CASES)), st.lists(st.tuples(st.integers(0), JUNK), min_size=1, max_size=3))
def test_damaged_exports_are_read_or_refused_in_words(case, damages):
    objects = copy.deepcopy(CASES[case][0])
    for number, junk in damages:
        inside = [place for place in places(objects) if len(place) > 1]
        path = inside[number % len(inside)]
        holder = objects
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = copy.deepcopy(junk)
    with tempfile.TemporaryDirectory() as folder:
        try:
            table = read(Path(folder), objects)
        except DataError:
            return
        write_corrected(table, table.columns[0], {}, set(), Path(folder) / "out.json")
        assert (Path(folder) / "out.json").read_bytes() == as_json(objects)


@pytest.mark.parametrize("names", [("label_score",), ("label_quality",), ("label_score", "label_quality")])
def test_the_given_label_is_the_label_of_what_cleanlab_writes(tmp_path, names):
    frame = pd.DataFrame(
        {
            "text": [f"a longer text of number {number}" for number in range(6)],
            "is_label_issue": [False, True] * 3,
            **{name: [0.9, 0.1] * 3 for name in names},
            "given_label": ["joy", "fear", "fear"] * 2,
            "predicted_label": ["joy", "joy", "fear"] * 2,
        }
    )
    frame.to_csv(tmp_path / "issues.csv", index=False)
    frame.to_json(tmp_path / "issues.json", orient="records")
    for name in ("issues.csv", "issues.json"):
        columns = guess_columns(read_table(tmp_path / name))
        assert (columns.text, columns.label) == ("text", "given_label")
