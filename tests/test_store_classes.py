"""Classes: definitions, one class in the place of another over all labels, and the way back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lane_core.config import RunConfig
from lane_core.errors import StoreError
from lane_core.exports import export_run
from lane_core.records import Decision, QueueFilter, ReviewPlan
from lane_core.runs import launcher
from lane_core.store import classes, datasets, decision_queries, decisions, review_queries
from lane_core.store.checks.decisions import check_decisions
from lane_core.store.class_queries import class_changes, class_use
from lane_core.store.people import person_labels
from lane_core.store.review_plans import set_review_plan
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, SmallProject, make_small_project


@pytest.fixture
def project(workspace: Workspace) -> SmallProject:
    return make_small_project(workspace)


@pytest.fixture
def dataset_id(project: SmallProject) -> str:
    return project.dataset.dataset_id


def decide(
    workspace: Workspace,
    decision_id: str,
    index: int,
    action: str,
    label: str | None = None,
    who: str = "ann",
) -> None:
    dataset = datasets.list_datasets(workspace.store)[0].dataset_id
    decision = Decision(decision_id, dataset, index, action, label, CLASSES[index % 3], "run-1", who)
    decisions.record_decisions(workspace.store, [decision])


def labels(workspace: Workspace, dataset_id: str) -> list[str]:
    return datasets.current_labels(workspace.store, dataset_id)["current_label"].tolist()


def counts(workspace: Workspace, dataset_id: str) -> dict[str, tuple[int, int]]:
    table = classes.class_table(workspace.store, dataset_id)
    return dict(zip(table["name"], zip(table["num_given"], table["num_now"], strict=True), strict=True))


def test_definitions_are_kept_changed_and_taken_away(workspace: Workspace, dataset_id: str) -> None:
    store = workspace.store
    assert classes.guidelines(store, dataset_id) == {}
    classes.set_guideline(store, dataset_id, "fear", "  <b>Afraid</b> of *something*\nnow.\n")
    classes.set_guidelines(store, dataset_id, {"joy": "Glad.", "anger": "Cross."})
    assert classes.guidelines(store, dataset_id) == {
        "anger": "Cross.",
        "fear": "<b>Afraid</b> of *something*\nnow.",
        "joy": "Glad.",
    }
    assert classes.class_table(store, dataset_id)["guideline"].tolist()[2] == "Glad."
    with pytest.raises(StoreError, match=r"There is no class 'trust'\. The classes are: anger, fear, joy"):
        classes.set_guidelines(store, dataset_id, {"joy": "Other.", "trust": "New."})
    with pytest.raises(StoreError, match="no character"):
        classes.set_guidelines(store, dataset_id, {"joy": "Other.", "fear": "\ud800"})
    classes.set_guideline(store, dataset_id, "anger", "")
    assert list(classes.guidelines(store, dataset_id).items())[1] == ("joy", "Glad.")
    assert decision_queries.label_version(store, dataset_id) == 0  # no label has changed


def test_a_new_name_stands_behind_the_others_and_bringing_back_leaves_no_trace(
    workspace: Workspace, dataset_id: str
) -> None:
    store = workspace.store
    classes.set_guideline(store, dataset_id, "fear", "Afraid.")
    before, table = labels(workspace, dataset_id), classes.class_table(store, dataset_id)
    classes.replace_class(store, dataset_id, "fear", " <i>dread</i> ", "lea")

    assert datasets.dataset_classes(store, dataset_id) == [*CLASSES, "<i>dread</i>"]
    assert classes.replaced_classes(store, dataset_id) == ["fear"]
    assert labels(workspace, dataset_id) == ["<i>dread</i>" if name == "fear" else name for name in before]
    assert counts(workspace, dataset_id) == {
        "anger": (8, 8), "fear": (8, 0), "joy": (8, 8), "<i>dread</i>": (0, 8)
    }  # fmt: skip
    found = classes.class_table(store, dataset_id)
    assert found["replaced_by"].dropna().to_dict() == {1: "<i>dread</i>"}
    assert found["guideline"].tolist() == ["", "Afraid.", "", "Afraid."]  # the same class by another name

    classes.bring_back(store, dataset_id, "fear", "lea")
    assert labels(workspace, dataset_id) == before
    pd.testing.assert_frame_equal(classes.class_table(store, dataset_id), table)
    assert classes.replaced_classes(store, dataset_id) == [
        "<i>dread</i>"
    ]  # nothing has it: nobody chooses it

    classes.replace_class(store, dataset_id, "fear", "<i>dread</i>", "lea")  # the same class again, no third
    assert datasets.dataset_classes(store, dataset_id) == [*CLASSES, "<i>dread</i>"]
    assert classes.replaced_classes(store, dataset_id) == ["fear"]


def test_a_new_name_that_somebody_has_chosen_stays(workspace: Workspace, dataset_id: str) -> None:
    classes.replace_class(workspace.store, dataset_id, "fear", "dread", "lea")
    decide(workspace, "1", 0, "relabel", "dread")
    classes.bring_back(workspace.store, dataset_id, "fear", "lea")
    assert classes.replaced_classes(workspace.store, dataset_id) == []
    assert counts(workspace, dataset_id)["dread"] == (0, 1)
    decisions.undo(workspace.store, dataset_id, "ann", "u")
    assert classes.replaced_classes(workspace.store, dataset_id) == ["dread"]


def test_decisions_before_and_after_count_as_the_new_class(workspace: Workspace, dataset_id: str) -> None:
    store = workspace.store
    decide(workspace, "1", 0, "relabel", "fear")
    decide(workspace, "2", 1, "keep")
    decide(workspace, "3", 4, "exclude")
    decide(workspace, "4", 7, "flag")
    before = datasets.current_labels(store, dataset_id)
    classes.replace_class(store, dataset_id, "fear", "joy", "lea")
    decide(workspace, "5", 3, "relabel", "fear")  # from a card that was on screen
    after = datasets.current_labels(store, dataset_id)

    assert after["current_label"][[0, 1, 3, 4, 7, 10]].tolist() == ["joy"] * 6
    assert after["given_label"].equals(before["given_label"])
    assert after["status"].drop(3).equals(before["status"].drop(3))  # nothing looks reviewed that is not
    assert counts(workspace, dataset_id)["joy"] == (8, 8 + 8 - 1 + 2)  # one of fear is excluded
    assert person_labels(store, dataset_id).query("index in (0, 3)")["label"].tolist() == ["joy", "joy"]

    decisions.undo(store, dataset_id, "ann", "u")
    assert labels(workspace, dataset_id)[3] == "anger"
    classes.bring_back(store, dataset_id, "fear", "lea")
    pd.testing.assert_frame_equal(datasets.current_labels(store, dataset_id), before)


def test_what_a_merge_has_settled_leaves_the_queue_and_comes_back(
    workspace: Workspace, dataset_id: str
) -> None:
    def suspects() -> list[int]:
        return review_queries.review_queue(workspace.store, "run-1", QueueFilter(), 50)["index"].tolist()

    assert suspects() == [3, 7, 11]  # anger -> fear, fear -> joy, joy -> anger
    classes.replace_class(workspace.store, dataset_id, "fear", "joy", "lea")
    assert suspects() == [3, 11]
    queue = review_queries.review_queue(workspace.store, "run-1", QueueFilter(), 50)
    assert queue[["given_label", "suggested_label"]].values.tolist() == [["anger", "joy"], ["joy", "anger"]]
    classes.bring_back(workspace.store, dataset_id, "fear", "lea")
    assert suspects() == [3, 7, 11]


@pytest.mark.parametrize("order", [("fear", "anger"), ("anger", "fear")])
def test_a_chain_of_replacements_is_taken_apart_in_any_order(
    workspace: Workspace, dataset_id: str, order: tuple[str, str]
) -> None:
    store, before = workspace.store, labels(workspace, dataset_id)
    classes.replace_class(store, dataset_id, "anger", "fear", "lea")
    classes.replace_class(store, dataset_id, "fear", "joy", "lea")
    assert set(labels(workspace, dataset_id)) == {"joy"}
    assert counts(workspace, dataset_id) == {"anger": (8, 0), "fear": (8, 0), "joy": (8, 24)}
    assert classes.class_table(store, dataset_id)["replaced_by"].tolist()[:2] == ["fear", "joy"]

    classes.bring_back(store, dataset_id, order[0], "lea")
    # Without the second step anger counts as fear again; without the first one only fear counts as joy.
    expected = {"fear": {"anger": "fear"}, "anger": {"fear": "joy"}}[order[0]]
    assert labels(workspace, dataset_id) == [expected.get(name, name) for name in before]
    classes.bring_back(store, dataset_id, order[1], "lea")
    assert labels(workspace, dataset_id) == before
    with pytest.raises(StoreError, match="'joy' is in use"):
        classes.bring_back(store, dataset_id, "joy", "lea")


def test_steps_drawn_by_lot_agree_with_a_dictionary(workspace: Workspace, dataset_id: str) -> None:
    random, store = np.random.default_rng(7), workspace.store
    own, links, names = list(labels(workspace, dataset_id)), dict[str, str](), list(CLASSES)
    changed = 0

    def end(name: str) -> str:
        return end(links[name]) if name in links else name

    for number in range(60):
        kind = str(random.choice(["replace", "bring back", "decide"]))
        old, new = (str(name) for name in random.choice([*names, f"new {number}"], 2))
        if kind == "decide" and old in names:
            decide(workspace, f"d{number}", index := int(random.integers(24)), "relabel", old)
            own[index] = old
        elif kind == "bring back" and links:
            back = str(random.choice(list(links)))
            del links[back]
            classes.bring_back(store, dataset_id, back, "lea")
        elif kind == "replace":
            is_possible = old in names and old != new and old not in links and new not in links
            if not is_possible:
                with pytest.raises(StoreError):
                    classes.replace_class(store, dataset_id, old, new, "lea")
                continue
            classes.replace_class(store, dataset_id, old, new, "lea")
            links[old] = new
            changed += 1
            names += [new] if new not in names else []
        assert datasets.dataset_classes(store, dataset_id) == names
        expected = [end(name) for name in own]
        assert labels(workspace, dataset_id) == expected
        for name, (_, now) in counts(workspace, dataset_id).items():
            assert now == expected.count(name)
    assert changed > 8
    assert len(names) > 5
    with store.cursor() as cursor:
        assert list(check_decisions(cursor)) == []


def test_disagreements_end_with_a_merge_and_are_back_without_it(
    workspace: Workspace, dataset_id: str
) -> None:
    store = workspace.store
    set_review_plan(store, dataset_id, ReviewPlan(overlap=2))

    def to_settle() -> list[int]:
        filters = QueueFilter(status="to_settle", suspects_only=False)
        found = review_queries.review_queue(store, "run-1", filters, 50)["index"].tolist()
        assert review_queries.queue_counts(store, "run-1", filters)["total"] == len(found)
        return sorted(found)

    for index, first, second in ((3, "fear", "joy"), (4, "joy", "anger"), (5, "anger", "anger")):
        decide(workspace, f"a{index}", index, "relabel", first, "ann")
        decide(workspace, f"b{index}", index, "relabel", second, "bob")
    assert to_settle() == [3, 4]
    classes.replace_class(store, dataset_id, "fear", "joy", "lea")
    assert to_settle() == [4]
    classes.replace_class(store, dataset_id, "joy", "anger", "lea")
    assert to_settle() == []
    classes.bring_back(store, dataset_id, "joy", "lea")
    assert to_settle() == [4]
    classes.bring_back(store, dataset_id, "fear", "lea")
    assert to_settle() == [3, 4]
    with store.cursor() as cursor:
        assert list(check_decisions(cursor)) == []


def test_what_cannot_be_replaced_is_refused_and_changes_nothing(
    workspace: Workspace, dataset_id: str
) -> None:
    store = workspace.store
    classes.replace_class(store, dataset_id, "anger", "fear", "lea")
    version, before = decision_queries.label_version(store, dataset_id), labels(workspace, dataset_id)
    for old, new, words in (
        ("trust", "joy", "There is no class 'trust'"),
        ("joy", " ", "Choose another class, or type another name"),
        ("joy", "joy", "Choose another class, or type another name"),
        ("joy", " joy ", "Choose another class, or type another name"),
        ("anger", "joy", "'anger' was replaced already. Bring it back first"),
        ("fear", "anger", "'anger' was replaced already. Bring it back first"),
        ("joy", "anger", "'anger' was replaced already. Bring it back first"),
        ("joy", "\ud800", "no character"),
    ):
        with pytest.raises(StoreError, match=words):
            classes.replace_class(store, dataset_id, old, new, "lea")
    with pytest.raises(StoreError, match="nothing to bring back"):
        classes.bring_back(store, dataset_id, "fear", "lea")
    with pytest.raises(StoreError, match="There is no data set"):
        classes.replace_class(store, "nothing", "a", "b", "lea")
    assert decision_queries.label_version(store, dataset_id) == version
    assert labels(workspace, dataset_id) == before
    assert datasets.dataset_classes(store, dataset_id) == list(CLASSES)


def test_the_label_version_moves_with_every_change_and_the_log_says_who(
    workspace: Workspace, dataset_id: str
) -> None:
    store = workspace.store
    decide(workspace, "1", 0, "keep")
    versions = [decision_queries.label_version(store, dataset_id)]
    classes.replace_class(store, dataset_id, "fear", "dread", "lea")
    versions.append(decision_queries.label_version(store, dataset_id))
    classes.bring_back(store, dataset_id, "fear", "max")
    versions.append(decision_queries.label_version(store, dataset_id))
    decide(workspace, "2", 0, "keep")
    versions.append(decision_queries.label_version(store, dataset_id))
    assert versions == sorted(set(versions))

    log = class_changes(store, dataset_id, 10)
    assert log["old"].tolist() == ["fear", "fear"]
    assert log["new"].isna().tolist() == [True, False]
    assert log["annotator"].tolist() == ["max", "lea"]
    assert str(log["created_at"].dtype).endswith("UTC]")
    assert len(class_changes(store, dataset_id, 1)) == 1


def test_who_has_a_class(workspace: Workspace, dataset_id: str) -> None:
    store = workspace.store
    decide(workspace, "1", 0, "relabel", "fear")
    decide(workspace, "2", 1, "keep")
    decide(workspace, "3", 4, "exclude")
    decide(workspace, "4", 7, "relabel", "joy")
    found = class_use(store, dataset_id, "fear", 5)
    assert (found.num_given, found.num_decided, found.total) == (6, 1, 7)
    assert found.texts["example_id"].tolist() == ["000", "001", "010", "013", "016"]
    assert found.texts["text"][1] == "text number 1, with a comma"
    assert found.runs == ("Run 1",)

    classes.replace_class(store, dataset_id, "fear", "dread", "lea")
    found = class_use(store, dataset_id, "dread", 5)
    assert (found.num_given, found.num_decided, found.runs) == (6, 1, ("Run 1",))
    with pytest.raises(StoreError, match="no class 'fear' in use"):
        class_use(store, dataset_id, "fear", 5)


def test_the_corrected_file_has_the_class_in_its_place_and_is_the_input_again_without_it(
    workspace: Workspace, project: SmallProject, dataset_id: str, tmp_path: Path
) -> None:
    def corrected() -> bytes:
        return export_run(workspace, project.run.run_id, tmp_path / "out").corrected.read_bytes()

    original = project.source.read_bytes()
    assert corrected() == original
    classes.replace_class(workspace.store, dataset_id, "fear", 'dread, "deep"', "lea")
    assert corrected() == original.replace(b",fear,", b',"dread, ""deep""",')
    files = export_run(workspace, project.run.run_id, tmp_path / "out")
    audit = pd.read_csv(files.audit)
    assert audit.index[audit["label"] == "fear"].tolist() == list(range(1, 24, 3))  # the input's own column
    changes = pd.read_csv(files.changes)
    assert len(changes) == 8
    classes.replace_class(workspace.store, dataset_id, 'dread, "deep"', "joy", "lea")
    assert corrected() == original.replace(b",fear,", b",joy,")
    classes.bring_back(workspace.store, dataset_id, 'dread, "deep"', "lea")
    classes.bring_back(workspace.store, dataset_id, "fear", "lea")
    assert corrected() == original
    assert len(pd.read_csv(export_run(workspace, project.run.run_id, tmp_path / "out").changes)) == 0


def test_the_next_run_is_given_the_labels_as_they_count(
    workspace: Workspace, dataset_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "start", lambda *_: None)
    decide(workspace, "1", 0, "relabel", "fear")
    classes.replace_class(workspace.store, dataset_id, "fear", "dread", "lea")
    run = workspace.start_run(dataset_id, RunConfig(epochs=1))
    run_dir = workspace.run_dir(run.run_id)
    assert run_dir.examples()["given_label"].tolist() == labels(workspace, dataset_id)
    assert run_dir.dataset().classes == (*CLASSES, "dread")
    assert "fear" not in set(run_dir.examples()["given_label"])
    assert run.label_version == decision_queries.label_version(workspace.store, dataset_id)
    # A run has learned it now, so it stays when the old class is back.
    classes.bring_back(workspace.store, dataset_id, "fear", "lea")
    assert classes.replaced_classes(workspace.store, dataset_id) == []
    assert class_use(workspace.store, dataset_id, "dread", 1).runs == (run.name,)


def test_a_change_outlives_the_program(workspace: Workspace, dataset_id: str) -> None:
    classes.replace_class(workspace.store, dataset_id, "fear", "dread", "lea")
    classes.set_guideline(workspace.store, dataset_id, "dread", "Deep fear.")
    before = classes.class_table(workspace.store, dataset_id)
    workspace.close()
    again = Workspace(workspace.home)
    pd.testing.assert_frame_equal(classes.class_table(again.store, dataset_id), before)
    classes.bring_back(again.store, dataset_id, "fear", "lea")
    assert set(labels(again, dataset_id)) == set(CLASSES)
    again.close()
