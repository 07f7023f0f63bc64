"""What the Overview says about a run below its figures: what stands out, how each class stands, what changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from app.services.live_runs import LiveRun
from app.services.selected_queue import selected_queue
from app.services.workspaces import run_status, workspace
from lane_core.records import QueueFilter, ReviewPlan
from lane_core.reporting import advice, changes, class_health, noise, sources
from lane_core.reporting.advice import Finding
from lane_core.reporting.changes import RunChanges
from lane_core.reporting.noise import NoiseEstimate
from lane_core.store import decision_queries, review_plans
from lane_core.store.store import Store
from lane_core.workspace import Workspace


@dataclass(frozen=True)
class RunFindings:
    """What a run says about its labels."""

    health: pd.DataFrame
    """Of ``class_health``."""
    findings: list[Finding]


def noise_estimate(live: LiveRun) -> NoiseEstimate:
    """Return how many labels of a run are wrong; kept until an epoch comes in or a label changes."""
    store, dataset_id = workspace().store, live.record.dataset_id
    version = decision_queries.label_version(store, dataset_id)
    return _noise(store, live.record.run_id, live.stored_epoch, version)


def run_findings(live: LiveRun) -> RunFindings:
    """Return what stands out in a run; kept until an epoch comes in, a label or the review plan changes."""
    store, dataset_id = workspace().store, live.record.dataset_id
    version = decision_queries.label_version(store, dataset_id)
    plan = review_plans.review_plan(store, dataset_id)
    return _findings(workspace(), dataset_id, live.record.run_id, live.stored_epoch, version, plan)


def run_changes(live: LiveRun) -> RunChanges | None:
    """Return what changed since the last finished run before this one; None if there is none."""
    return changes.changes(
        workspace().store, live.record.run_id, lambda run_id: run_status(run_id).state == "finished"
    )


def queue_of(finding: Finding, dataset_id: str) -> QueueFilter | None:
    """Return the queue behind a finding; examples that no filter describes are kept as a selection first."""
    if not finding.indices:
        return finding.queue
    return selected_queue(dataset_id, finding.indices, finding.words)


def forget() -> None:
    """Work everything out anew: the database is another one."""
    _noise.cache_clear()
    _findings.cache_clear()
    _sources.cache_clear()


# What is kept is small: numbers by class. The arguments after the run say when the answer changes.
@lru_cache(maxsize=32)
def _noise(store: Store, run_id: str, epoch: int, version: int) -> NoiseEstimate:
    return noise.noise_estimate(store, run_id)


@lru_cache(maxsize=32)
def _findings(
    opened: Workspace, dataset_id: str, run_id: str, epoch: int, version: int, plan: ReviewPlan
) -> RunFindings:
    estimate = _noise(opened.store, run_id, epoch, version)
    health = class_health.class_health(opened.store, run_id, estimate)
    worst = sources.worst_source(opened.store, run_id, _sources(opened, dataset_id))
    return RunFindings(health, advice.findings(opened.store, run_id, estimate, health, worst))


# A file of 100,000 rows takes a second or two to read; its codes take a byte a cell.
@lru_cache(maxsize=4)
def _sources(opened: Workspace, dataset_id: str) -> pd.DataFrame:
    return sources.read_sources(opened, dataset_id)
