"""A queue of any examples: the selection is kept, so that the queue has an address."""

from __future__ import annotations

from collections.abc import Sequence

from app.services.workspaces import workspace
from lane_core.records import QueueFilter
from lane_core.store.selections import keep_selection


def selected_queue(dataset_id: str, indices: Sequence[int], words: str) -> QueueFilter:
    """Return the queue of exactly these examples, decided or not.

    Args:
        dataset_id: The project.
        indices: The examples.
        words: Which they are; they stand in the headline of the queue, after a comma.

    Raises:
        StoreError: If there is no such project, or no example.
    """
    kept = keep_selection(workspace().store, dataset_id, indices, words)
    return QueueFilter(selection=kept.selection_id, status="all", suspects_only=False)
