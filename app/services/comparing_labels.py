"""What the review has done to the labels: those of the file against those that stand now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.services.selected_queue import selected_queue
from app.services.workspaces import workspace
from lane_core.records import QueueFilter
from lane_core.store import classes, datasets, label_queries

EXCLUDED = "(excluded)"
"""How an exclusion is called beside the classes; one of that name is another code."""
MOST_CLASSES_WHOLE = 40
"""With more, only the classes that took part in a change are drawn."""


@dataclass(frozen=True)
class Move:
    """Examples with one label in the file and one label now."""

    given: int
    """Class code."""
    now: int | None
    """Class code; None = excluded."""
    given_name: str
    now_name: str
    count: int

    @property
    def is_change(self) -> bool:
        """Whether the label, or that there is one, has changed."""
        return self.given != self.now


@dataclass(frozen=True, eq=False)
class LabelMoves:
    """What the review has done to the labels of a project."""

    moves: tuple[Move, ...]
    """Every pair with an example; changes before the others, then the most frequent first."""
    counts: pd.DataFrame
    """(K, K) examples that are not excluded; row names = labels of the file, column names = labels now."""
    excluded: pd.Series[int]
    """(K,), by label of the file."""
    num_classes: int
    """Of the project; more than K where classes without a change are left out."""

    @property
    def num_corrected(self) -> int:
        """Examples with another label now than in the file."""
        return sum(move.count for move in self.moves if move.is_change and move.now is not None)

    @property
    def num_excluded(self) -> int:
        """Examples that are excluded."""
        return sum(move.count for move in self.moves if move.now is None)

    @property
    def num_examples(self) -> int:
        """All of the project."""
        return sum(move.count for move in self.moves)


def label_moves(dataset_id: str) -> LabelMoves:
    """Return what the review has done to the labels; a class that was replaced counts as the one in its place.

    Raises:
        StoreError: If there is no such project.
    """
    store = workspace().store
    names = datasets.dataset_classes(store, dataset_id)
    replaced = set(classes.replaced_classes(store, dataset_id))
    found = label_queries.label_moves(store, dataset_id)
    moves = [
        Move(given, None, names[given], EXCLUDED, count)
        if pd.isna(now)
        else Move(given, int(now), names[given], names[now], count)
        for given, now, count in found[["given", "now", "count"]].itertuples(index=False)
    ]
    in_use = [code for code, name in enumerate(names) if name not in replaced]
    shown = _shown(in_use, moves)
    place = {code: number for number, code in enumerate(shown)}
    counts, excluded = (
        np.zeros((len(shown), len(shown)), dtype=np.int64),
        np.zeros(len(shown), dtype=np.int64),
    )
    for move in moves:
        if move.given not in place:
            continue
        if move.now is None:
            excluded[place[move.given]] = move.count
        else:
            counts[place[move.given], place[move.now]] = move.count
    labels = [names[code] for code in shown]
    return LabelMoves(
        tuple(sorted(moves, key=lambda move: (not move.is_change, -move.count))),
        pd.DataFrame(counts, index=labels, columns=labels),
        pd.Series(excluded, index=labels),
        len(in_use),
    )


def move_queue(dataset_id: str, move: Move) -> QueueFilter:
    """Return the queue of exactly the examples that a move counts."""
    indices = label_queries.moved_examples(workspace().store, dataset_id, move.given, move.now)
    return selected_queue(dataset_id, indices, f"{move.given_name} in the file, {move.now_name} now")


def moves_csv(found: LabelMoves) -> bytes:
    """Return every pair with an example as a CSV file: label_in_file, label_now (blank = excluded), examples."""
    rows = [(move.given_name, "" if move.now is None else move.now_name, move.count) for move in found.moves]
    columns = ["label_in_file", "label_now", "examples"]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n").encode("utf-8")


def _shown(in_use: list[int], moves: list[Move]) -> list[int]:
    if len(in_use) <= MOST_CLASSES_WHOLE:
        return in_use
    moved = {code for move in moves if move.is_change for code in (move.given, move.now)}
    return [code for code in in_use if code in moved]
