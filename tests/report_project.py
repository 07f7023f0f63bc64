"""A project with two runs and reviewed labels, for reports: made-up numbers, see ``small_project``."""

from __future__ import annotations

import pandas as pd

from lane_core.records import ColumnChoice, Decision
from lane_core.store import decisions, runs
from lane_core.workspace import Workspace
from tests import small_project
from tests.small_project import SmallProject, add_finished_run, make_small_project

ELSEWHERE = "http://elsewhere.example"
HOSTILE = f"</script><img src={ELSEWHERE}/x.png onerror=pwned=1>|`a`| **b** [c]({ELSEWHERE}) @you \u202e\x1b"
"""Would rather be markup, in HTML and in Markdown."""


def make_reviewed_project(workspace: Workspace) -> SmallProject:
    """Return the small project with decisions of two people and a second run after them.

    Of the suspects both people correct 3 from anger to joy; one keeps 7, and the other, who counts, excludes it.
    """
    project = make_small_project(workspace)
    for number, (index, annotator, action, label) in enumerate(
        [
            (3, "ann", "relabel", "joy"),
            (3, "ben", "relabel", "joy"),
            (7, "ann", "keep", None),
            (7, "ben", "exclude", None),
            (12, "ann", "relabel", "joy"),
            (13, "ann", "flag", None),
        ]
    ):
        decide(workspace, project, number, index, annotator, action, label)
    second = add_finished_run(workspace, project.dataset, "Run 2", suspects=(3, 5))
    return SmallProject(project.dataset, second, project.source)


def decide(
    workspace: Workspace,
    project: SmallProject,
    number: int,
    index: int,
    annotator: str,
    action: str,
    label: str | None,
) -> None:
    decision = Decision(
        decision_id=f"d{number}",
        dataset_id=project.dataset.dataset_id,
        index=index,
        action=action,
        label=label,
        seen_label=small_project.CLASSES[index % 3],
        run_id=project.run.run_id,
        annotator=annotator,
    )
    assert decisions.record_decisions(workspace.store, [decision]) == 1


def make_hostile_project(workspace: Workspace, monkeypatch) -> SmallProject:
    """Return a project of which every name and text is ``HOSTILE``, or begins with it, with a finished run."""
    names = tuple(f"{HOSTILE} {number}" for number in range(3))
    monkeypatch.setattr(small_project, "CLASSES", names)
    source = workspace.home.path / "hostile.csv"
    rows = [
        {"id": f"{HOSTILE}{number}", "text": f"{HOSTILE}\n{number}", "label": names[number % 3]}
        for number in range(24)
    ]
    pd.DataFrame(rows).to_csv(source, index=False)
    dataset = workspace.add_dataset(
        source, ColumnChoice("text", "label", "id"), HOSTILE, source_name=f"{HOSTILE}.csv"
    )
    run = add_finished_run(workspace, dataset, "Run 1")
    runs.rename_run(workspace.store, run.run_id, HOSTILE)
    return SmallProject(dataset, run, source)
