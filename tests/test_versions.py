"""A newer file of a project: what becomes of each decision, and that the store agrees with itself."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from lane_core.data import read_table
from lane_core.errors import DataError, StoreError
from lane_core.home import Home
from lane_core.records import ColumnChoice, DatasetRecord, Decision, ReviewPlan
from lane_core.store import classes, datasets
from lane_core.store.decision_queries import decision_history
from lane_core.store.decisions import record_decisions, undo
from lane_core.store.review_plans import review_plan, set_review_plan
from lane_core.store.taken_decisions import standing_decisions
from lane_core.store.versions import version_decisions, version_line, version_steps
from lane_core.upkeep.doctor import examine
from lane_core.versions import add_version, columns_for, difference_to_previous, find_changes, import_changes
from lane_core.workspace import Workspace

COLUMNS = ColumnChoice("text", "label", "id")
ROWS = [
    ("a", "one", "anger"),
    ("b", "two", "fear"),
    ("c", "three", "joy"),
    ("d", "four", "anger"),
    ("e", "five", "fear"),
    ("f", "six", "joy"),
    ("g", "seven", "joy"),
    ("h", "eight", "fear"),
]
DECIDED = [
    Decision("1", "", 0, "relabel", "joy", "anger", None, "Ada", 2.5, "sure"),
    Decision("2", "", 1, "keep", None, "fear", None, "Ada", batch_id="together"),
    Decision("3", "", 2, "relabel", "fear", "joy", None, "Ada", batch_id="together"),
    Decision("4", "", 3, "exclude", None, "anger", None, "Ben"),
    Decision("5", "", 4, "flag", None, "fear", None, "Ben"),
    Decision("6", "", 5, "relabel", "anger", "joy", None, "Ben"),
    Decision("7", "", 5, "relabel", "fear", "joy", None, "Ada"),
    Decision("8", "", 6, "keep", None, "joy", None, "Ben"),
]
NEWER = [
    ("z", "brand new", "calm"),
    ("f", "six", "anger"),  # Ben's label, not Ada's
    ("c", "three", "fear"),  # as decided
    ("e", "five", "joy"),  # wanted a second opinion
    ("b", " two", "fear"),
    ("a", "one", "anger"),
    ("g", "seven!", "joy"),  # another text
    ("h", "eight", "fear"),
]


@dataclass(frozen=True)
class Project:
    workspace: Workspace
    record: DatasetRecord
    folder: Path

    def file(self, rows: list[tuple[str, str, str]], name: str = "newer.csv") -> Path:
        return write(self.folder / name, rows)


@pytest.fixture(scope="module")
def closed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a project of eight examples with eight decisions. Never changed."""
    folder = tmp_path_factory.mktemp("versions")
    opened = Workspace(Home(folder / "lane"))
    made = Project(opened, opened.add_dataset(write(folder / "first.csv", ROWS), COLUMNS, "Posts"), folder)
    record_decisions(opened.store, [replace(one, dataset_id=made.record.dataset_id) for one in DECIDED])
    opened.close()
    return folder


@pytest.fixture
def project(closed_home: Path, home: Home, tmp_path: Path) -> Iterator[Project]:
    """A copy of that project, opened; at the end the doctor must find nothing."""
    shutil.copytree(closed_home / "lane", home.path)
    shutil.copyfile(closed_home / "first.csv", tmp_path / "first.csv")
    opened = Workspace(home)
    yield Project(opened, datasets.list_datasets(opened.store)[0], tmp_path)
    opened.close()
    assert examine(home) == []


def write(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    pd.DataFrame(rows, columns=["id", "text", "label"]).to_csv(path, index=False)
    return path


def labels(project: Project, dataset_id: str) -> dict[str, tuple[str, str]]:
    now = datasets.current_labels(project.workspace.store, dataset_id)
    return {row.example_id: (row.current_label, row.status) for row in now.itertuples()}


def test_each_decision_is_kept_or_told_why_not(project: Project) -> None:
    result = add_version(project.workspace, project.record.dataset_id, project.file(NEWER))

    outcomes = result.comparison.decisions
    assert dict(zip(outcomes["old_decision"], outcomes["outcome"], strict=True)) == {
        "1": "carried",
        "2": "carried",
        "3": "adopted",
        "4": "gone",
        "5": "carried",
        "6": "adopted",
        "7": "conflict",
        "8": "look_again",
    }
    assert labels(project, result.record.dataset_id) == {
        "z": ("calm", ""),
        "f": ("fear", "relabel"),
        "c": ("fear", "relabel"),
        "e": ("joy", "flag"),
        "b": ("fear", "keep"),
        "a": ("joy", "relabel"),
        "g": ("joy", ""),
        "h": ("fear", ""),
    }
    assert result.words() == (
        "Version 2 of Posts. 1 row is new, 1 is gone, 1 has another text and 3 have another label; 3 are as they were. "
        "Rows were matched by their id. 6 of 8 decisions kept, each with its person, time and note. The file itself "
        "has the label of 2 of them now. For 1 of them the file's label was changed to another one than was decided; "
        "the decision counts. 1 is to be taken again: the text has changed, and nobody has seen the new one. 1 is on "
        "rows that are gone."
    )


def test_people_times_and_notes_come_along(project: Project) -> None:
    store = project.workspace.store
    before = standing_decisions(store, project.record.dataset_id).set_index("decision_id")

    result = add_version(project.workspace, project.record.dataset_id, project.file(NEWER))

    after = standing_decisions(store, result.record.dataset_id).set_index("decision_id")
    old_of = result.comparison.decisions.dropna(subset=["decision_id"])
    assert old_of["old_decision"].tolist() == ["1", "2", "3", "5", "6", "7"]
    assert after.index.tolist() == old_of["decision_id"].tolist()
    for name in ("annotator", "created_at", "note", "action", "batch_id", "is_settling"):
        one = before.loc[old_of["old_decision"], name].astype(object).fillna("").tolist()
        assert after[name].astype(object).fillna("").tolist() == one, name
    assert after["lead_time_s"].iloc[0] == 2.5
    history = decision_history(store, result.record.dataset_id, 10)
    assert history["run_id"].isna().all()
    # Ada and Ben still disagree on f, and Ben asks for a second opinion on e.
    with store.cursor() as cursor:
        query = "select index from current_decisions where dataset_id = ? and is_disputed"
        assert cursor.execute(query, [result.record.dataset_id]).fetchall() == [(1,)]


def test_decisions_that_were_taken_together_are_undone_together(project: Project) -> None:
    workspace = project.workspace
    undo(workspace.store, project.record.dataset_id, "Ada", "u1")
    result = add_version(workspace, project.record.dataset_id, project.file(NEWER))
    undo(workspace.store, result.record.dataset_id, "Ada", "u2")

    now = labels(project, result.record.dataset_id)
    assert (now["b"], now["c"], now["a"]) == (("fear", ""), ("fear", ""), ("joy", "relabel"))
    assert now["f"] == ("anger", "relabel")
    assert labels(project, project.record.dataset_id)["b"] == ("fear", "keep")


def test_a_kept_correction_of_a_run_stays_a_correction(project: Project) -> None:
    """Keep in a later run holds the label of that run, not of the file."""
    store = project.workspace.store
    with store.deciding, store.transaction() as cursor:
        cursor.execute("update decisions set final_label = 2 where decision_id = '2'")
        cursor.execute("update own_decisions set final_label = 2 where decision_id = '2'")
        cursor.execute("update current_decisions set final_label = 2 where decision_id = '2'")
    result = add_version(project.workspace, project.record.dataset_id, project.file(ROWS))
    assert labels(project, result.record.dataset_id)["b"] == ("joy", "keep")
    assert labels(project, result.record.dataset_id) == labels(project, project.record.dataset_id)


def test_the_line_of_versions_and_what_became_of_the_decisions_is_on_record(project: Project) -> None:
    first = project.record.dataset_id
    second = add_version(project.workspace, first, project.file(NEWER))
    third = add_version(project.workspace, first, project.file(NEWER[1:], "third.csv"))

    store = project.workspace.store
    line = [first, second.record.dataset_id, third.record.dataset_id]
    assert [version_line(store, one) for one in line] == [line] * 3
    assert (second.number, third.number, third.record.name, third.record.source_name) == (
        2,
        3,
        "Posts",
        "third.csv",
    )
    step = version_steps(store)[line[1]]
    assert (step.follows, step.matched_by) == (first, "id")
    assert (step.num_new, step.num_gone, step.num_changed_text, step.num_changed_label, step.num_unchanged) == (
        1, 1, 1, 3, 3
    )  # fmt: skip
    assert abs((datetime.now(UTC) - step.created_at).total_seconds()) < 60
    kept = version_decisions(store, line[1])
    assert kept[["outcome", "annotator", "action"]].values.tolist()[5:7] == [
        ["adopted", "Ben", "relabel"],
        ["conflict", "Ada", "relabel"],
    ]
    assert kept["index"].isna().tolist() == [False] * 3 + [True] + [False] * 4
    assert kept["label"].astype(object).where(kept["label"].notna(), None).tolist() == [
        "joy", "fear", "fear", None, None, "anger", "fear", "joy"
    ]  # fmt: skip
    assert difference_to_previous(project.workspace, line[1]).gone["row_id"].tolist() == ["d"]
    assert difference_to_previous(project.workspace, line[2]).gone["row_id"].tolist() == ["z"]
    with pytest.raises(DataError, match="is the first version"):
        difference_to_previous(project.workspace, first)
    assert project.workspace.find_dataset("Posts").dataset_id == line[2]
    assert version_decisions(store, first).empty


def test_classes_keep_their_order_definitions_and_replacements(project: Project) -> None:
    store, first = project.workspace.store, project.record.dataset_id
    classes.set_guideline(store, first, "joy", "Laughter.")
    classes.replace_class(store, first, "anger", "rage", "Ada")
    classes.replace_class(store, first, "rage", "fury", "Ben")
    set_review_plan(store, first, ReviewPlan(overlap=2))
    rows = [(key, text, "rage" if label == "anger" else label) for key, text, label in NEWER]

    result = add_version(project.workspace, first, project.file(rows))

    second = result.record.dataset_id
    assert datasets.dataset_classes(store, second) == ["anger", "fear", "joy", "rage", "fury", "calm"]
    assert classes.guidelines(store, second) == {"joy": "Laughter."}
    assert classes.counted_classes(store, second) == ["fury", "fear", "joy", "fury", "fury", "calm"]
    # Ben has decided anger, the file says rage: both count as fury.
    assert version_decisions(store, second)["outcome"].tolist()[5] == "adopted"
    assert labels(project, second)["a"] == ("joy", "relabel")
    assert review_plan(store, second).overlap == 2
    classes.bring_back(store, second, "rage", "Ada")
    assert classes.counted_classes(store, second) == ["rage", "fear", "joy", "rage", "fury", "calm"]
    assert classes.counted_classes(store, first) == ["fury", "fear", "joy", "fury", "fury"]


def test_a_class_that_was_corrected_away_in_the_file_goes(project: Project) -> None:
    rows = [(key, text, label.replace("anger", "joy")) for key, text, label in ROWS if key not in "df"]

    result = add_version(project.workspace, project.record.dataset_id, project.file(rows))

    store, second = project.workspace.store, result.record.dataset_id
    assert datasets.dataset_classes(store, second) == ["fear", "joy"]
    decided = standing_decisions(store, second)
    assert decided[["action", "label"]].iloc[0].tolist() == ["relabel", "joy"]
    assert pd.isna(decided["seen_label"].iloc[0])


def test_only_the_newest_file_is_followed_and_a_bad_one_leaves_nothing(project: Project) -> None:
    store = project.workspace.store
    before = sorted(path.name for path in project.workspace.home.datasets.iterdir())
    with pytest.raises(DataError, match="'a'"):
        add_version(project.workspace, project.record.dataset_id, project.file([*ROWS, ROWS[0]]))
    with pytest.raises(StoreError, match="There is no data set 'nowhere'"):
        add_version(project.workspace, "nowhere", project.file(NEWER))
    assert sorted(path.name for path in project.workspace.home.datasets.iterdir()) == before
    assert version_steps(store) == {}
    assert len(datasets.list_datasets(store)) == 1


def test_two_newer_files_at_once_make_one_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    add_version(project.workspace, project.record.dataset_id, project.file(NEWER))
    monkeypatch.setattr("lane_core.versions.adding.version_line", lambda store, dataset_id: [dataset_id])
    with pytest.raises(StoreError, match="There is a newer version"):
        add_version(project.workspace, project.record.dataset_id, project.file(ROWS))
    assert len(datasets.list_datasets(project.workspace.store)) == 2
    assert len(list(project.workspace.home.datasets.iterdir())) == 2


def test_columns_are_those_of_the_project_as_far_as_they_are_there(project: Project) -> None:
    def chosen(*names: str) -> ColumnChoice:
        path = project.folder / "columns.csv"
        cells = {"id": "abcd", "text": ["a b", "c d", "e f", "g h"], "label": "xyxy", "mood": "xyxy"}
        pd.DataFrame({name: list(cells.get(name, "1234")) for name in names}).to_csv(path, index=False)
        return columns_for(read_table(path), project.record)

    assert chosen("id", "text", "label", "mood") == COLUMNS
    assert chosen("key", "text", "label") == ColumnChoice("text", "label")
    assert chosen("id", "text", "mood") == ColumnChoice("text", "mood", "id")


def test_another_format_is_as_good(project: Project) -> None:
    path = project.folder / "newer.jsonl"
    frame = pd.DataFrame(NEWER, columns=["id", "text", "label"])
    frame.to_json(path, orient="records", lines=True)

    result = add_version(project.workspace, project.record.dataset_id, path)

    assert result.comparison.num_decisions("carried") == 3
    assert project.workspace.source_table(result.record.dataset_id).num_rows == 8


def test_a_file_without_ids_is_matched_by_text(project: Project) -> None:
    path = project.folder / "newer.csv"
    pd.DataFrame(NEWER, columns=["id", "text", "label"])[["text", "label"]].to_csv(path, index=False)

    result = add_version(project.workspace, project.record.dataset_id, path)

    assert result.comparison.matching.by == "text"
    outcomes = result.comparison.decisions["outcome"].tolist()
    assert outcomes == ["carried", "carried", "adopted", "gone", "carried", "adopted", "conflict", "gone"]
    assert difference_to_previous(project.workspace, result.record.dataset_id).matched_by == "text"


CHANGES = """row_id,given_label,corrected_label,annotator,updated_at
h,fear,joy,Eve,2020-01-01T12:00:00+00:00
g,joy,fear,Eve,2020-01-01T12:00:00+00:00
f,joy,fear,Eve,2020-01-01T12:00:00+00:00
a,joy,fear,Eve,2099-01-01T12:00:00+00:00
b,fear,joy,,2099-01-01T12:00:00+00:00
e,fear,bliss,Eve,2099-01-01T12:00:00+00:00
x,fear,joy,Eve,2099-01-01T12:00:00+00:00
"""


def test_a_changes_file_becomes_decisions_but_not_over_newer_ones(project: Project) -> None:
    path = project.folder / "changes.csv"
    path.write_text(CHANGES, encoding="utf-8")
    store, dataset_id = project.workspace.store, project.record.dataset_id

    before = labels(project, dataset_id)
    foreseen = find_changes(project.workspace, dataset_id, read_table(path))
    assert labels(project, dataset_id) == before
    found = import_changes(project.workspace, dataset_id, read_table(path))

    assert found.words() == foreseen.words()
    assert sorted(found.fitting["row_id"]) == ["b", "h"]
    assert found.newer_decisions["row_id"].tolist() == ["g"]
    assert found.already_right["row_id"].tolist() == ["f"]
    assert found.conflicts["row_id"].tolist() == ["a"]
    assert found.unknown_classes["row_id"].tolist() == ["e"]
    assert found.not_found["row_id"].tolist() == ["x"]
    now = labels(project, dataset_id)
    assert (now["h"], now["b"], now["g"]) == (("joy", "relabel"), ("joy", "relabel"), ("joy", "keep"))
    current = datasets.current_labels(store, dataset_id).set_index("example_id")
    assert current.loc[["h", "b"], "annotator"].tolist() == ["Eve", "changes file"]
    assert current.loc["h", "updated_at"] == pd.Timestamp("2020-01-01T12:00:00Z")

    again = import_changes(project.workspace, dataset_id, read_table(path))
    assert again.fitting.empty
    assert sorted(again.already_right["row_id"]) == ["b", "f", "h"]
    undo(store, dataset_id, "Eve", "u")
    assert labels(project, dataset_id)["h"] == ("fear", "")
    taken_back = import_changes(project.workspace, dataset_id, read_table(path))
    assert (len(taken_back.fitting), taken_back.taken_back["row_id"].tolist()) == (0, ["h"])
    assert "1 change left alone: stored before, and taken back since." in taken_back.words()
    assert labels(project, dataset_id)["h"] == ("fear", "")


def test_the_changes_of_an_export_come_back_as_they_were(project: Project) -> None:
    """What one home exports another one takes in."""
    store, first = project.workspace.store, project.record.dataset_id
    current = datasets.current_labels(store, first)
    changed = current[current["current_label"] != current["given_label"]]
    path = project.folder / "changes.csv"
    changed.assign(row_id=changed["example_id"], corrected_label=changed["current_label"])[
        ["row_id", "given_label", "corrected_label", "annotator", "updated_at"]
    ].to_csv(path, index=False)
    other = project.workspace.add_dataset(project.folder / "first.csv", COLUMNS, "Other")

    assert len(import_changes(project.workspace, other.dataset_id, read_table(path)).fitting) == 3

    names = ["example_id", "current_label", "annotator", "updated_at"]
    theirs = datasets.current_labels(store, other.dataset_id)
    theirs = theirs[theirs["status"] != ""][names].reset_index(drop=True)
    pd.testing.assert_frame_equal(theirs, changed[names].reset_index(drop=True))


def test_a_name_with_a_zero_byte_is_stored(project: Project) -> None:
    path = project.folder / "changes.jsonl"
    row = {"row_id": "h", "given_label": "fear", "corrected_label": "joy", "annotator": "E\0ve"}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")

    assert len(import_changes(project.workspace, project.record.dataset_id, read_table(path)).fitting) == 1
    assert "E\0ve" in set(standing_decisions(project.workspace.store, project.record.dataset_id)["annotator"])


def test_three_random_versions_are_what_a_dictionary_says(project: Project) -> None:
    """Random decisions, undos and edits: each version against the same thing done by hand, row by row."""
    chance = random.Random(7)
    store, newest = project.workspace.store, project.record
    rows, number = [list(row) for row in ROWS], 0
    for version in range(3):
        names = datasets.dataset_classes(store, newest.dataset_id)
        examples = datasets.dataset_examples(store, newest.dataset_id)
        made = []
        for _ in range(12):
            number += 1
            at, action = (
                chance.randrange(len(examples)),
                chance.choice(["keep", "relabel", "exclude", "flag"]),
            )
            label = chance.choice(names) if action == "relabel" else None
            seen, who = examples["given_label"][at], chance.choice(["Ada", "Ben"])
            made.append(Decision(f"r{number}", newest.dataset_id, at, action, label, seen, None, who))
        record_decisions(store, made)
        undo(store, newest.dataset_id, chance.choice(["Ada", "Ben"]), f"u{version}")
        before = standing_decisions(store, newest.dataset_id)
        before["example_id"] = before["index"].map(examples["example_id"])
        old = {row[0]: row for row in map(tuple, rows)}
        rows = [list(row) for row in rows if chance.random() < 0.9]
        for row in rows:
            row[1] += "!" if chance.random() < 0.1 else " "
            row[2] = chance.choice(["anger", "fear", "joy"]) if chance.random() < 0.4 else row[2]
        rows += [[f"new{version}{place}", f"new {version} {place}", "calm"] for place in range(2)]
        rows += [[f"two{version}", f"two {version}", "joy"], [f"three{version}", f"three {version}", "fear"]]
        chance.shuffle(rows)
        new = {row[0]: row for row in map(tuple, rows)}

        newest = add_version(
            project.workspace, newest.dataset_id, project.file(rows, f"{version}.csv")
        ).record

        expected = []
        for one in before.itertuples():
            is_kept = one.example_id in new and (
                old[one.example_id][1].strip() == new[one.example_id][1].strip()
            )
            if is_kept:
                is_relabelled = old[one.example_id][2] != new[one.example_id][2]
                says_nothing = one.action in ("exclude", "flag") and is_relabelled
                final = new[one.example_id][2] if says_nothing else one.final_label
                expected.append((one.example_id, one.annotator, one.action, final, one.created_at))
        after = standing_decisions(store, newest.dataset_id)
        after["example_id"] = after["index"].map(
            datasets.dataset_examples(store, newest.dataset_id)["example_id"]
        )
        wanted = ["example_id", "annotator", "action", "final_label", "created_at"]
        assert list(after[wanted].itertuples(index=False, name=None)) == expected
        assert len(expected) > 5
