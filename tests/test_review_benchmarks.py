"""The benchmarks of review count rightly: shares found, times, sessions that go wrong, and other people's kappa."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import review_sessions
from benchmarks.review_browser import Press
from benchmarks.review_project import make_review_project
from benchmarks.review_sessions import Session, agreement_findings, session_findings
from benchmarks.review_speed import figures, findings, stored_decisions
from benchmarks.simulated_annotator import found_after, random_curve, shares_found
from lane_core.evidence.agreement import Agreement
from lane_core.home import Home
from lane_core.records import Decision
from lane_core.store.decisions import record_decisions
from lane_core.workspace import Workspace


def press(number: int, key: str = "x", next_ms: float = 10.0, disk_ms: float = 100.0) -> Press:
    began = 1000.0 * number
    example = f"p{number:06}"
    return Press(key, example, began, "other", began, began + next_ms, began + disk_ms, [f"d{number}"])


def test_the_share_found_is_that_of_errors_among_the_first_with_ties_by_place() -> None:
    is_wrong = np.array([False, True, False, True, True])
    curve = found_after(np.array([0.5, 0.1, 0.1, 0.9, 0.2]), is_wrong)
    assert curve.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1])
    assert shares_found(curve, [0.2, 0.4, 1]) == pytest.approx([1 / 3, 1 / 3, 1])
    assert shares_found(random_curve(40)) == pytest.approx([0.05, 0.1, 0.15, 0.2])


def test_times_are_from_the_key_and_bursts_are_told_apart() -> None:
    made = [press(number, next_ms=number, disk_ms=900 if number >= 40 else 100) for number in range(50)]
    at = pd.to_datetime([press.began + 40 for press in made], unit="ms", utc=True)
    found = figures(
        pd.DataFrame({"decision_id": [f"d{number}" for number in range(50)], "created_at": at}), made
    )
    assert (found["written_p50"], found["written_max"]) == (pytest.approx(40), pytest.approx(40))
    assert (found["next_p50"], found["next_max"]) == (24.5, 49)
    assert (found["disk_max"], found["disk_paced_max"]) == (900, 100)


def test_a_lost_a_doubled_and_a_misplaced_decision_are_found(home: Home) -> None:
    project = make_review_project(home, 6, num_classes=2)
    dataset_id, run_id = project.dataset.dataset_id, project.run.run_id
    workspace = Workspace(home)
    stored = [("d0", 0, "ana"), ("d1", 1, "ana"), ("d2", 1, "ben"), ("d3", 1, "ben")]
    for decision_id, index, who in stored:
        made = Decision(decision_id, dataset_id, index, "keep", None, "feeling 00", run_id, who)
        record_decisions(workspace.store, [made])
    workspace.close()
    sessions = [Session("ana", ["d0", "d1"], True), Session("ben", ["d2", "d3", "lost"], True)]
    found = session_findings(project, sessions, 1)
    assert found[:3] == [
        "ben made 3 decisions, 2 are stored",
        "ben decided 2 times on 1",
        "2 people decided on 1",
    ]
    assert found[3].startswith("5 examples lack decisions")
    # The page says that the third key was pressed on another example.
    wrong = findings(stored_decisions(project), [press(0), press(1), press(2), press(3)])
    assert wrong == ["stored example_ids are not those of the keys, in order"]


def test_another_coefficient_than_other_programs_have_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.array([[0, 0, -1], [1, 0, -1], [1, -1, 1], [0, -1, 0], [-1, 1, 1]])
    assert agreement_findings(table) == []
    monkeypatch.setattr(review_sessions, "krippendorff_alpha", lambda table: Agreement(0.5, 0.4, 0.6, 5))
    (found,) = agreement_findings(table)
    assert found.startswith("alpha is 0.5; krippendorff says")
