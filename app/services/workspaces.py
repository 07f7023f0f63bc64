"""The one workspace of the app, and what every page asks of it."""

from __future__ import annotations

import streamlit as st

from lane_core.errors import RunError
from lane_core.home import lane_home
from lane_core.records import DatasetRecord, RunRecord, RunStatus
from lane_core.runs import launcher
from lane_core.store import datasets
from lane_core.store import runs as run_store
from lane_core.store.versions import version_steps
from lane_core.upkeep.backup import backup_mailbox
from lane_core.workspace import Workspace


@st.cache_resource(show_spinner="Opening the workspace")
def workspace() -> Workspace:
    """Return the one workspace of this process; runs are read in, and backups made on demand, from then on."""
    opened = Workspace(lane_home())
    opened.ingester.start()
    opened.serve(backup_mailbox(opened))
    return opened


def projects() -> list[DatasetRecord]:
    """Return the newest version of each project, newest first."""
    older = {step.follows for step in version_steps(workspace().store).values()}
    return [record for record in all_versions() if record.dataset_id not in older]


def all_versions() -> list[DatasetRecord]:
    """Return every version of every project, newest first."""
    return sorted(
        datasets.list_datasets(workspace().store), key=lambda record: record.created_at, reverse=True
    )


def runs(dataset_id: str) -> list[RunRecord]:
    """Return the runs of a project, newest first."""
    return run_store.list_runs(workspace().store, dataset_id)


def run_status(run_id: str) -> RunStatus:
    """Return what a run is doing, or how it ended; "failed" if its directory is gone: what was read in stays."""
    try:
        return launcher.status(workspace().run_dir(run_id))
    except RunError as error:
        return RunStatus(state="failed", message=str(error))
