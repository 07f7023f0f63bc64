"""Examples that somebody marked on a chart: kept under a short id, so that a queue of them has an address."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lane_core.errors import StoreError
from lane_core.store.frames import now_utc, readable
from lane_core.store.lookups import class_names
from lane_core.store.store import Store


@dataclass(frozen=True)
class Selection:
    """A kept selection."""

    selection_id: str
    words: str
    """Where and how it was made, for instance "marked on the map"."""
    num_examples: int


def keep_selection(store: Store, dataset_id: str, indices: Sequence[int], words: str) -> Selection:
    """Keep some examples of a data set; ``QueueFilter.selection`` takes the id.

    Args:
        store: The open store.
        dataset_id: The data set.
        indices: The examples, in any order, each once or more often.
        words: Where and how they were selected.

    Returns:
        The selection; the same one for the same examples and words.

    Raises:
        StoreError: If there is no such data set, or nothing is selected.

    Tables: writes selections.
    """
    chosen = np.unique(np.asarray(indices, dtype=np.int32))
    if not len(chosen):
        raise StoreError("Nothing is selected. Mark at least one example.")
    words = readable(words)
    content = f"{dataset_id}\n{words}\n".encode() + chosen.tobytes()
    selection_id = hashlib.sha256(content).hexdigest()[:16]
    insert = "insert into selections values ($id, $dataset_id, $words, $indices, $now) on conflict do nothing"
    with store.transaction() as cursor:
        class_names(cursor, dataset_id)
        cursor.execute(
            insert,
            {
                "id": selection_id,
                "dataset_id": dataset_id,
                "words": words,
                "indices": chosen.tolist(),
                "now": now_utc(),
            },
        )
    return Selection(selection_id, words, len(chosen))


def find_selection(store: Store, dataset_id: str, selection_id: str) -> Selection | None:
    """Return a kept selection of a data set; None where it has none of this id.

    Tables: reads selections.
    """
    query = "select words, len(indices) from selections where selection_id = ? and dataset_id = ?"
    with store.cursor() as cursor:
        found = cursor.execute(query, [selection_id, dataset_id]).fetchone()
    return Selection(selection_id, found[0], found[1]) if found else None
