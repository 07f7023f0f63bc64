"""The Storage page: what takes the room, what can go, and backups; every number is compared with the files."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from streamlit.testing.v1 import AppTest

from app.services import backups, live_runs, storage
from app.services.workspaces import workspace
from lane_core import wording
from lane_core.home import Home
from lane_core.records import ColumnChoice, Decision
from lane_core.runs.locks import release, take
from lane_core.runs.run_dir import RunDir
from lane_core.store import datasets, decisions, run_queries, runs
from lane_core.store.ingest import Ingester, ingest_run
from lane_core.workspace import Workspace
from tests.small_project import SmallProject, add_finished_run

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")


def open_page() -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30).switch_page("../pages/storage.py").run()
    assert not at.exception
    assert at.title[0].value == "Storage"
    return at


def button(at: AppTest, label: str):
    return next(element for element in at.main.button if element.label == label)


def said(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.main.markdown, *at.main.caption])


def disabled(at: AppTest, label: str) -> str:
    """Return why a button that opens something cannot be used; empty if it can."""
    blocks = (block.proto.popover for block in at.main.get("popover"))
    popover = next(popover for popover in blocks if popover.label == label)
    assert popover.disabled == bool(popover.help)
    return popover.help


@contextmanager
def going(run_dir: RunDir) -> Iterator[None]:
    """Make a run look as if its supervisor were alive."""
    lock = take(run_dir.lock_file)
    assert lock is not None
    run_dir.write_status(replace(run_dir.status(), state="running"))
    yield
    release(lock)


def decide(project: SmallProject, index: int) -> None:
    decision = Decision(
        uuid4().hex, project.dataset.dataset_id, index, "exclude", None, "joy", project.run.run_id, "anna"
    )
    decisions.record_decisions(workspace().store, [decision])


def num_decided(project: SmallProject) -> int:
    return int((datasets.current_labels(workspace().store, project.dataset.dataset_id)["status"] != "").sum())


def fill(path: Path, num_bytes: int) -> None:
    """Make a file of this size that takes no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.truncate(num_bytes)


def test_without_a_project_the_page_leads_to_the_import(app_home: Home) -> None:
    at = open_page()
    assert f"`{app_home.path}`" in said(at)
    assert [element.label for element in at.main.button] == ["Import a file"]
    assert not at.dataframe


def test_without_a_run_there_is_nothing_to_drop(app_home: Home, tmp_path: Path) -> None:
    opened = Workspace(app_home)
    source = tmp_path / "two.csv"
    source.write_text("text,label\none,a\ntwo,b\nthree,a\nfour,b\n", encoding="utf-8")
    opened.add_dataset(source, ColumnChoice("text", "label"), "Two")
    opened.close()
    at = open_page()
    assert "No run yet" in said(at)
    assert [element.label for element in at.main.button] == ["Back up now"]
    assert "No backup in" in said(at)


def test_the_table_says_what_each_run_takes_the_largest_first(small_project, app_home: Home) -> None:
    opened = Workspace(app_home)
    add_finished_run(opened, small_project.dataset, "Run 2")
    opened.close()
    large = RunDir(app_home.runs / small_project.run.run_id)
    fill(large.checkpoint, 3_000_000)
    fill(large.result / "theta.safetensors", 2_200_000)
    at = open_page()
    table = at.dataframe[0].value
    assert table[["project", "run", "state"]].values.tolist() == [
        ["Small project", "Run 1", "● finished"],
        ["Small project", "Run 2", "● finished"],
    ]
    assert table["checkpoint"].tolist()[0] == 3.0
    assert table["classifier"].tolist()[0] == 2.2
    assert table[["checkpoint", "classifier"]].iloc[1].isna().all()
    assert "takes, in MB" in said(at)

    rooms = {room.record.name: room for room in storage.run_rooms()}
    # 24 examples in 2 epochs of 2 runs: far less than the database, so a row counts as much as a row may take.
    assert rooms["Run 1"].history == 2 * 24 * storage.MOST_BYTES_A_ROW
    assert rooms["Run 1"].files == storage.folder_bytes(large.path)
    assert rooms["Run 1"].events == sum(file.path.stat().st_size for file in large.event_files())
    home = storage.home_room(list(rooms.values()))
    assert home.total == storage.folder_bytes(app_home.path)
    assert home.parts["Runs"] == rooms["Run 1"].files + rooms["Run 2"].files
    assert list(home.parts.values()) == sorted(home.parts.values(), reverse=True)
    assert f"**{wording.size(home.total)}** in `{app_home.path}`" in said(at)

    fill(large.checkpoint, 3_000_000_000)
    at.run()
    assert at.dataframe[0].value["checkpoint"].tolist()[0] == 3.0
    assert "takes, in GB" in said(at)


def test_a_disk_that_is_nearly_full_is_told(small_project, app_home: Home, monkeypatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12 - 999_000_000, 999_000_000))
    at = open_page()
    assert "Only 999.0 MB free; 1.0 GB should be." in at.warning[0].value
    fill(RunDir(app_home.runs / small_project.run.run_id).checkpoint, 5_000_000_000)
    at.run()
    assert "5.0 GB should be" in at.warning[0].value  # another run like the largest would not fit


def test_a_history_is_dropped_and_the_room_measured(small_project, app_home: Home) -> None:
    run_id = small_project.run.run_id
    at = open_page()
    assert disabled(at, "Drop its history") == ""
    question = next(element.value for element in at.main.markdown if element.value.startswith("Drop the"))
    assert "Queues, class matrices, metrics and exports stay" in question
    before = storage.folder_bytes(app_home.path)
    assert len(run_queries.trajectories(workspace().store, run_id, [3])) == 2
    button(at, "Drop the history").click().run()
    given_back = before - storage.folder_bytes(app_home.path)
    assert given_back > 0
    assert f"{wording.size(given_back)} given back" in at.success[0].value
    assert run_queries.trajectories(workspace().store, run_id, [3])["epoch"].tolist() == [2]
    assert disabled(at, "Drop its history") == "It keeps nothing but its newest epoch already."
    for page in ("train", "review"):
        at.switch_page(f"../pages/{page}.py").run()
        assert not at.exception


def test_a_run_that_goes_on_keeps_all_it_has(small_project, app_home: Home) -> None:
    run_dir = RunDir(app_home.runs / small_project.run.run_id)
    at = open_page()
    with going(run_dir):
        # The page was drawn before the run went on.
        button(at, "Drop the history").click().run()
        assert "only a finished run can do without its history" in at.error[0].value
        button(at, "Delete the run").click().run()
        assert "cancel it before you delete it" in at.error[0].value
        assert "Only a finished run" in disabled(at, "Drop its history")
        assert "It has not ended" in disabled(at, "Delete")
    assert len(run_queries.trajectories(workspace().store, run_dir.run_id, [3])) == 2


def test_a_run_is_deleted_and_its_decisions_stay(small_project, app_home: Home) -> None:
    fill(RunDir(app_home.runs / small_project.run.run_id).checkpoint, 3_000_000)
    at = open_page()
    decide(small_project, 3)
    button(at, "Delete the run").click().run()
    assert "Run 1 was deleted: 3." in at.success[0].value
    assert runs.list_runs(workspace().store) == []
    assert "No run yet" in said(at)
    assert num_decided(small_project) == 1


def test_the_room_of_deleted_rows_is_given_back(small_project, app_home: Home, monkeypatch) -> None:
    monkeypatch.setattr("app.components.storage_state.WORTH_GIVING_BACK", 0)
    at = open_page()
    button(at, "Give them back to the disk").click().run()
    assert "The database was written anew" in at.success[0].value
    assert len(run_queries.trajectories(workspace().store, small_project.run.run_id, [3])) == 2


def test_a_backup_is_made_listed_and_deleted(small_project, app_home: Home, monkeypatch) -> None:
    at = open_page()
    button(at, "Back up now").click().run()
    made = backups.backups()[0]
    assert made.path.parent == app_home.path / "backups"
    assert f"`{made.path}`: {wording.size(made.path.stat().st_size)}" in at.success[0].value
    assert made.path.name in said(at)
    assert [element.label for element in at.main.get("download_button")] == ["Download"]
    assert made.read() == made.path.read_bytes()
    monkeypatch.setattr(backups, "MOST_BYTES_TO_DOWNLOAD", 1000)
    at.run()
    assert not at.main.get("download_button")
    assert f"copy it from `{made.path}`" in said(at)
    button(at, "Delete the backup").click().run()
    assert "The backup was deleted" in at.success[0].value
    assert backups.backups() == []


def test_a_backup_that_cannot_be_written_is_explained(small_project, app_home: Home) -> None:
    (app_home.path / "backups").write_text("in the way", encoding="utf-8")
    at = open_page()
    button(at, "Back up now").click().run()
    assert "The backup cannot be written" in at.error[0].value
    assert "No backup in" in said(at)


def test_a_backup_is_restored_while_the_app_goes_on(small_project, app_home: Home) -> None:
    at = open_page()
    decide(small_project, 3)
    button(at, "Back up now").click().run()
    decide(small_project, 4)
    with going(RunDir(app_home.runs / small_project.run.run_id)):
        button(at, "Restore it").click().run()
        assert "a run is going" in at.error[0].value
        assert num_decided(small_project) == 2
    button(at, "Restore it").click().run()
    assert "Everything is as it was on" in at.success[0].value
    assert num_decided(small_project) == 1
    aside = next(app_home.path.glob("before-restore-*"))
    assert str(aside) in at.success[0].value
    assert workspace().ingester._thread.is_alive()
    decide(small_project, 5)  # the same store writes into the database that was put back
    assert num_decided(small_project) == 2
    button(at, "Delete what was moved aside").click().run()
    assert "What was moved aside was deleted" in at.success[0].value
    assert not aside.exists()
    assert num_decided(small_project) == 2


def test_what_waits_to_be_read_in_is_told_until_it_is_in(small_project, app_home: Home, monkeypatch) -> None:
    monkeypatch.setattr(Ingester, "start", lambda self: None)
    monkeypatch.setattr("tests.small_project.ingest_run", lambda *_: 0)
    opened = Workspace(app_home)
    waiting = add_finished_run(opened, small_project.dataset, "Run 2")
    opened.close()
    at = open_page()
    assert "Reading in: 9 files left." in said(at)
    at.switch_page("../pages/train.py").run()
    at.sidebar.selectbox[1].set_value(waiting.run_id).run()
    assert "Reading in: 9 files left." in said(at)
    assert live_runs.live_run(waiting.run_id).is_moving
    ingest_run(workspace().store, RunDir(app_home.runs / waiting.run_id))
    at.run()
    assert "Reading in" not in said(at)
    assert not live_runs.live_run(waiting.run_id).is_moving
    at.switch_page("../pages/storage.py").run()
    assert "Reading in" not in said(at)


def test_the_epoch_that_has_just_ended_is_no_catching_up(small_project, app_home: Home, monkeypatch) -> None:
    monkeypatch.setattr(Ingester, "start", lambda self: None)
    run_dir = RunDir(app_home.runs / small_project.run.run_id)
    for kind in ("losses", "similarity", "metrics", "epoch"):
        shutil.copyfile(run_dir.events / f"{kind}-0002.parquet", run_dir.events / f"{kind}-0003.parquet")
    with going(run_dir):
        live = live_runs.live_run(run_dir.run_id)
        assert (live.files_waiting, live.is_catching_up) == (4, False)
        assert "Reading in" not in live_runs.state_in_words(live)
        for kind in ("losses", "metrics"):
            shutil.copyfile(run_dir.events / f"{kind}-0002.parquet", run_dir.events / f"{kind}-0004.parquet")
        live = live_runs.live_run(run_dir.run_id)
        assert live.is_catching_up
        assert live_runs.state_in_words(live).endswith("Reading in: 6 files left.")


def test_a_file_that_was_set_aside_is_named_with_its_reason(small_project, app_home: Home) -> None:
    run_dir = RunDir(app_home.runs / small_project.run.run_id)
    (run_dir.events / "epoch-0003.parquet").write_bytes(b"not parquet")
    opened = Workspace(app_home)
    ingest_run(opened.store, run_dir)
    opened.close()
    at = open_page()
    assert "1 file was set aside" in at.warning[0].value
    row = at.dataframe[0].value.iloc[0]
    assert row[["project", "run", "file"]].tolist() == ["Small project", "Run 1", "epoch-0003.parquet"]
    assert row["reason"]
    assert "Reading in" not in said(at)


def test_a_run_whose_directory_is_gone_can_still_be_deleted(small_project, app_home: Home) -> None:
    shutil.rmtree(app_home.runs / small_project.run.run_id)
    at = open_page()
    assert at.dataframe[0].value["state"].tolist() == ["✕ failed"]
    assert disabled(at, "Drop its history")
    button(at, "Delete the run").click().run()
    assert "Run 1 was deleted" in at.success[0].value
    assert "No run yet" in said(at)
