"""What the sections of a report are written from: the run and its numbers, each asked for once."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lane_core.config import RunConfig
from lane_core.errors import RunError
from lane_core.records import DatasetRecord, RunRecord, RunStatus, Strictness
from lane_core.reporting.advice import Finding, findings
from lane_core.reporting.changes import RunChanges, changes
from lane_core.reporting.class_health import class_health
from lane_core.reporting.noise import NoiseEstimate, noise_estimate
from lane_core.reporting.sources import read_sources, worst_source
from lane_core.runs import launcher
from lane_core.runs.run_dir import RunDir
from lane_core.store import datasets, decision_queries, result_queries, run_queries, runs
from lane_core.store.result_queries import FlagLevel
from lane_core.store.store import Store
from lane_core.workspace import Workspace


@dataclass(frozen=True)
class ReportSource:
    """One run with at least one whole epoch, and what is known of it."""

    store: Store
    run: RunRecord
    dataset: DatasetRecord
    config: RunConfig
    status: RunStatus
    run_dir: RunDir
    epoch: int
    """The last one stored; every number is as of it."""
    strictness: Strictness
    """Which labels count as flagged, where a section shows one strictness only."""
    noise: NoiseEstimate
    levels: dict[Strictness, FlagLevel]
    progress: dict[str, int]
    """Of ``review_progress``."""
    metrics: pd.DataFrame
    """Of ``epoch_metrics``."""
    health: pd.DataFrame
    """Of ``class_health``."""
    findings: list[Finding]
    changes: RunChanges | None


def report_source(workspace: Workspace, run_id: str, strictness: Strictness) -> ReportSource:
    """Return what a report of a run is written from.

    Raises:
        StoreError: If there is no such run.
        RunError: If no epoch of it is stored yet.
    """
    store = workspace.store
    run = runs.get_run(store, run_id)
    epoch = run_queries.last_epoch(store, run_id)
    if epoch == 0:
        raise RunError(
            f"{run.name} ({run_id}) has no complete epoch yet, so there is nothing to report. "
            "Wait for its first epoch, or resume it."
        )
    noise = noise_estimate(store, run_id)
    health = class_health(store, run_id, noise)
    source = worst_source(store, run_id, read_sources(workspace, run.dataset_id))
    return ReportSource(
        store=store,
        run=run,
        dataset=datasets.get_dataset(store, run.dataset_id),
        config=RunConfig.from_json(run.config_json),
        status=_status(workspace, run_id),
        run_dir=workspace.run_dir(run_id),
        epoch=epoch,
        strictness=strictness,
        noise=noise,
        levels=result_queries.flag_levels(store, run_id),
        progress=decision_queries.review_progress(store, run_id),
        metrics=run_queries.epoch_metrics(store, run_id),
        health=health,
        findings=findings(store, run_id, noise, health, source),
        changes=changes(store, run_id, lambda other: _status(workspace, other).state == "finished"),
    )


def _status(workspace: Workspace, run_id: str) -> RunStatus:
    """Return how a run ended; "failed" if its directory is gone: what was read in stays."""
    try:
        return launcher.status(workspace.run_dir(run_id))
    except RunError as error:
        return RunStatus(state="failed", message=str(error))
