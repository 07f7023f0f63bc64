"""Deleting a run, or its history: what goes, what stays, and that nobody notices who should not."""

import fcntl
import shutil
from dataclasses import replace

import pytest

from lane_core.errors import RunError, StoreError
from lane_core.exports import export_run
from lane_core.records import Decision, QueueFilter
from lane_core.store.datasets import current_labels
from lane_core.store.decision_queries import decision_history, unseen_decisions
from lane_core.store.decisions import record_decisions
from lane_core.store.matrix_queries import label_confusion
from lane_core.store.removal import delete_run, drop_history
from lane_core.store.review_queries import review_queue
from lane_core.store.run_queries import trajectories
from lane_core.store.runs import get_run, list_runs, note_run
from lane_core.store.sizes import history_rows
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, add_finished_run, make_small_project


@pytest.fixture
def workspace(home):
    opened = Workspace(home)
    yield opened
    opened.close()


@pytest.fixture
def project(workspace):
    """One run of two epochs, in which example 3 was relabelled."""
    made = make_small_project(workspace)
    decision = Decision("one", made.dataset.dataset_id, 3, "relabel", "fear", "anger", made.run.run_id, "ana")
    record_decisions(workspace.store, [decision])
    return made


def rows_of(workspace, run_id: str) -> dict[str, int]:
    with workspace.store.cursor() as cursor:
        tables = cursor.execute(
            "select table_name from duckdb_columns() where column_name = 'run_id' and not internal"
        ).fetchall()
        return {
            table: cursor.execute(f"select count(*) from {table} where run_id = ?", [run_id]).fetchall()[0][0]
            for (table,) in tables
        }


def test_a_deleted_run_leaves_nothing_but_its_decisions(workspace, project) -> None:
    other = add_finished_run(workspace, project.dataset, "Run 2")
    before = rows_of(workspace, other.run_id)

    workspace.delete_run(project.run.run_id)

    left = {table: count for table, count in rows_of(workspace, project.run.run_id).items() if count}
    assert set(left) <= {"decisions", "live_decisions", "newest_decisions"}
    assert left["decisions"] == 1
    assert rows_of(workspace, other.run_id) == before
    assert [run.run_id for run in list_runs(workspace.store)] == [other.run_id]
    assert sorted(path.name for path in workspace.home.runs.iterdir()) == [other.run_id]
    labels = current_labels(workspace.store, project.dataset.dataset_id)
    assert labels.loc[3, ["current_label", "status"]].tolist() == ["fear", "relabel"]
    assert len(decision_history(workspace.store, project.dataset.dataset_id, 9)) == 1


def test_a_run_that_goes_on_cannot_be_deleted(workspace, project) -> None:
    run_dir = workspace.run_dir(project.run.run_id)
    run_dir.write_status(replace(run_dir.status(), state="queued"))
    with run_dir.lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="cancel it before you delete it"):
            workspace.delete_run(project.run.run_id)
    assert get_run(workspace.store, project.run.run_id).run_id == project.run.run_id
    assert run_dir.last_epoch() == 2


def test_a_run_whose_directory_is_gone_can_be_deleted(workspace, project) -> None:
    shutil.rmtree(workspace.run_dir(project.run.run_id).path)
    workspace.delete_run(project.run.run_id)
    assert list_runs(workspace.store) == []


def test_without_its_history_a_run_can_still_be_reviewed(workspace, project, tmp_path) -> None:
    run_id = project.run.run_id
    queue = review_queue(workspace.store, run_id, QueueFilter(), 9)
    confusion = label_confusion(workspace.store, run_id).tolist()
    assert history_rows(workspace.store) == {run_id: 48}

    workspace.drop_history(run_id)

    assert history_rows(workspace.store) == {run_id: 24}
    assert review_queue(workspace.store, run_id, QueueFilter(), 9).equals(queue)
    assert label_confusion(workspace.store, run_id).tolist() == confusion
    assert trajectories(workspace.store, run_id, [3])["epoch"].tolist() == [2]
    files = [file.name for file in workspace.run_dir(run_id).event_files() if file.kind == "epoch"]
    assert files == ["epoch-0002.parquet"]
    assert export_run(workspace, run_id, tmp_path / "out").audit.exists()
    assert drop_history(workspace.store, run_id) == 0


def test_only_a_finished_run_can_do_without_its_history(workspace, project) -> None:
    run_dir = workspace.run_dir(project.run.run_id)
    run_dir.write_status(replace(run_dir.status(), state="cancelled"))
    with pytest.raises(RunError, match="only a finished run"):
        workspace.drop_history(project.run.run_id)
    assert len(run_dir.event_files()) == len({file.name for file in run_dir.event_files()})
    assert history_rows(workspace.store) == {project.run.run_id: 48}


def test_a_run_has_a_note(workspace, project) -> None:
    assert project.run.note == ""
    note_run(workspace.store, project.run.run_id, "with the old labels")
    assert get_run(workspace.store, project.run.run_id).note == "with the old labels"


def test_an_unknown_run_is_named(workspace, project) -> None:
    for act in (delete_run, drop_history, lambda store, run_id: note_run(store, run_id, "x")):
        with pytest.raises(StoreError, match="no run 'nope'"):
            act(workspace.store, "nope")


def test_a_decision_that_overlooked_another_says_whose(workspace, project) -> None:
    dataset_id, run_id = project.dataset.dataset_id, project.run.run_id
    seen = review_queue(workspace.store, run_id, QueueFilter(status="all"), 9).set_index("index")["version"]
    assert seen.loc[[3, 7]].tolist() == [1, 0]

    def decide(decision_id: str, index: int, annotator: str, version: int | None) -> None:
        one = Decision(
            decision_id, dataset_id, index, "keep", None, "anger", run_id, annotator, seen_version=version
        )
        record_decisions(workspace.store, [one])

    decide("saw it", 3, "ben", 1)
    decide("own", 3, "ben", 1)  # ben overlooks nobody but himself
    decide("did not", 3, "cleo", 1)
    decide("nobody looked", 3, "dan", None)
    decide("first", 7, "ana", 0)
    ids = ["saw it", "own", "did not", "nobody looked", "first"]
    found = unseen_decisions(workspace.store, ids)
    assert found[["decision_id", "index", "annotator", "action"]].to_numpy().tolist() == [
        ["did not", 3, "ben", "keep"]
    ]
    # In one burst too: the second of two decisions overlooked the first.
    burst = [
        Decision(name, dataset_id, 11, "keep", None, "anger", run_id, name, seen_version=0)
        for name in ("eve", "fay")
    ]
    record_decisions(workspace.store, burst)
    assert unseen_decisions(workspace.store, ["eve", "fay"])[
        ["decision_id", "annotator"]
    ].to_numpy().tolist() == [["fay", "eve"]]
    # Both are on record, and the newest counts.
    assert decision_history(workspace.store, dataset_id, 99)["decision_id"].isin(ids).sum() == 5
    assert current_labels(workspace.store, dataset_id).loc[3, "annotator"] == "dan"
    assert CLASSES[0] == current_labels(workspace.store, dataset_id).loc[3, "current_label"]
