"""A home with a backup of it, and what two homes are compared by."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lane_core.exports import export_run
from lane_core.home import Home
from lane_core.records import Decision
from lane_core.store import datasets, decision_queries, decisions
from lane_core.store.result_queries import predictions
from lane_core.upkeep.backup import back_up
from lane_core.workspace import Workspace
from tests.small_project import SmallProject, make_small_project


def make_origin(folder: Path) -> None:
    """Lay down ``home``, with one project and one decision, closed; and ``all.zip``, its backup."""
    workspace = Workspace(Home(folder / "home"))
    decide(workspace, make_small_project(workspace), 3)
    back_up(workspace, folder / "all.zip")
    workspace.close()


def decide(workspace: Workspace, project: SmallProject, index: int, label: str = "joy") -> None:
    dataset_id, run_id = project.dataset.dataset_id, project.run.run_id
    decision = Decision(f"d{index}", dataset_id, index, "relabel", label, "anger", run_id, "ada")
    decisions.record_decisions(workspace.store, [decision])


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash; what only opening a home writes is left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def contents(workspace: Workspace, project: SmallProject, folder: Path) -> list:
    store, dataset_id, run_id = workspace.store, project.dataset.dataset_id, project.run.run_id
    files = export_run(workspace, run_id, folder)
    frames = (
        datasets.current_labels(store, dataset_id),
        decision_queries.decision_history(store, dataset_id, 100),
        predictions(store, run_id),
    )
    return [*(frame.to_csv() for frame in frames), files.corrected.read_bytes(), files.audit.read_bytes()]


def project_of(workspace: Workspace) -> SmallProject:
    run = workspace.newest_run()
    return SmallProject(datasets.get_dataset(workspace.store, run.dataset_id), run, workspace.home.path)


def num_decisions(home: Home) -> int:
    workspace = Workspace(home)
    found = decision_queries.decision_history(workspace.store, workspace.newest_run().dataset_id, 1000)
    workspace.close()
    return len(found)
