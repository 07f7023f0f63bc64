"""What changed between two runs, and F1 against scikit-learn's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from lane_core.config import RunConfig
from lane_core.reporting.changes import changes
from lane_core.store import decisions, result_queries
from lane_core.workspace import Workspace
from tests.review_store import decision
from tests.small_project import CLASSES, SmallProject, add_finished_run


@pytest.fixture
def opened(small_project: SmallProject, home) -> Iterator[Workspace]:
    workspace = Workspace(home)
    yield workspace
    workspace.close()


def finished(run_id: str) -> bool:
    return True


def test_flags_and_labels_are_compared_with_the_run_before(
    small_project: SmallProject, opened: Workspace
) -> None:
    dataset_id = small_project.dataset.dataset_id
    # Index 3 is anger and flagged, 22 is fear and of the test split.
    taken = [
        replace(
            decision(f"d{at}", at, "joy"), dataset_id=dataset_id, run_id="run-1", seen_label=CLASSES[at % 3]
        )
        for at in (3, 22)
    ]
    decisions.record_decisions(opened.store, taken)
    later = add_finished_run(opened, small_project.dataset, "Run 2", suspects=(7, 12))
    found = changes(opened.store, later.run_id, finished)
    assert found is not None
    assert (found.before.name, found.after.name) == ("Run 1", "Run 2")
    assert (found.flagged_before, found.flagged_after, found.gained, found.lost) == (3, 2, 1, 2)
    assert (found.relabelled, found.relabelled_flagged_before, found.relabelled_flagged_after) == (2, 1, 0)
    # Each run predicts the labels that it was given, but for its suspects. The test labels of today are anger, joy
    # (decided), joy for 21, 22, 23: Run 1 says anger, fear, joy, Run 2 all three.
    assert found.f1 is not None
    assert (found.f1.split, found.f1.examples, found.f1.after) == ("test", 3, 1)
    assert found.f1.before == pytest.approx(f1_score(["a", "j", "j"], ["a", "f", "j"], average="macro"))


def test_the_first_run_has_nothing_before_it(small_project: SmallProject, opened: Workspace) -> None:
    assert changes(opened.store, small_project.run.run_id, finished) is None


def test_runs_that_did_not_finish_are_passed_over(small_project: SmallProject, opened: Workspace) -> None:
    add_finished_run(opened, small_project.dataset, "Run 2")
    last = add_finished_run(opened, small_project.dataset, "Run 3")
    found = changes(opened.store, last.run_id, lambda run_id: run_id != "run-2")
    assert found is not None
    assert found.before.name == "Run 1"
    assert changes(opened.store, last.run_id, lambda run_id: False) is None


def test_f1_is_not_compared_between_presets(small_project: SmallProject, opened: Workspace) -> None:
    later = add_finished_run(opened, small_project.dataset, "Run 2")
    with opened.store.transaction() as cursor:
        other = RunConfig.from_preset("quick").to_json()
        cursor.execute("update runs set config_json = ? where run_id = ?", [other, later.run_id])
    found = changes(opened.store, later.run_id, finished)
    assert found is not None
    assert found.f1 is None


def test_f1_equals_scikit_learn_without_what_people_excluded(
    small_project: SmallProject, opened: Workspace
) -> None:
    later = add_finished_run(opened, small_project.dataset, "Run 2")
    random = np.random.default_rng(3)
    with opened.store.transaction() as cursor:
        cursor.execute("update examples set split = 'test'")
        for index in range(24):
            said = "update example_results set predicted = ? where run_id = ? and index = ?"
            cursor.execute(said, [int(random.integers(0, 3)), later.run_id, index])
    excluded = replace(
        decision("x", 5, "exclude"), dataset_id=small_project.dataset.dataset_id, run_id="run-1"
    )
    decisions.record_decisions(opened.store, [excluded])
    found = changes(opened.store, later.run_id, finished)
    both = result_queries.predictions(opened.store, later.run_id)
    kept = both[both["index"] != 5]
    expected = f1_score(kept["current_label"], kept["predicted_label"], average="macro", zero_division=0)
    assert found is not None
    assert found.f1 is not None
    assert (found.f1.examples, found.f1.after) == (23, pytest.approx(expected))
