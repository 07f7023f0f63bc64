"""Runs that wait for a device, in the order in which they will get it."""

from __future__ import annotations

from dataclasses import dataclass

from app.services.workspaces import workspace
from lane_core.runs import device_queue
from lane_core.store import datasets
from lane_core.store import runs as run_store


@dataclass(frozen=True)
class WaitingRun:
    """A run that waits, as people know it."""

    run_id: str
    name: str
    project: str
    """Empty for a run of another program that shares the device."""


def queues() -> dict[str, list[WaitingRun]]:
    """Return the waiting runs of every device that more than one waits for, the next first.

    Keys are the devices in words: "the CPU", "the GPU", "GPU 1".
    """
    waiting = device_queue.waiting_runs(workspace().home.path)
    several = {device: run_ids for device, run_ids in waiting.items() if len(run_ids) > 1}
    if not several:
        return {}
    projects = {record.dataset_id: record.name for record in datasets.list_datasets(workspace().store)}
    known = {
        record.run_id: WaitingRun(record.run_id, record.name, projects[record.dataset_id])
        for record in run_store.list_runs(workspace().store)
    }
    return {
        device_queue.device_in_words(device): [
            known.get(run_id, WaitingRun(run_id, run_id, "")) for run_id in run_ids
        ]
        for device, run_ids in several.items()
    }


def move(run_id: str, place: int) -> None:
    """Put a waiting run at another place of its queue, 0 = next; RunError if it does not wait any more."""
    device_queue.move(workspace().home.path, run_id, place)
