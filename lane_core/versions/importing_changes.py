"""A changes file as decisions of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

import pandas as pd

from lane_core.data import Table, read_changes
from lane_core.store import datasets
from lane_core.store.classes import counted_classes
from lane_core.store.taken_decisions import append_missing
from lane_core.wording import counted
from lane_core.workspace import Workspace

NOBODY = "changes file"
"""Who has decided where a changes file names nobody."""


@dataclass(frozen=True)
class ImportedChanges:
    """What became of the changes of a changes file; the frames have the columns of ``read_changes``."""

    num_decisions: int
    """Decisions that were stored."""
    already_right: pd.DataFrame
    """The example has the corrected label already."""
    newer_decisions: pd.DataFrame
    """Somebody has decided on the example since, or the change names no time: that decision stands."""
    conflicts: pd.DataFrame
    """The label that the project's file gives is not the one that was corrected."""
    unknown_classes: pd.DataFrame
    """The corrected label is no class of the project."""
    not_found: pd.DataFrame
    """The project has no example of this id."""

    def words(self) -> str:
        """Say what became of the changes, in a sentence for each that happened."""
        said = [f"{counted(self.num_decisions, 'decision')} stored."]
        for rows, words in (
            (self.already_right, "had the new label already"),
            (self.newer_decisions, "left alone: there is a newer decision"),
            (
                self.conflicts,
                "left alone: the project's file gives another label than the one that was corrected",
            ),
            (self.unknown_classes, "left alone: the new label is no class of the project"),
            (self.not_found, "of no example of the project"),
        ):
            if len(rows):
                said.append(f"{counted(len(rows), 'change')} {words}.")
        return " ".join(said)


def import_changes(workspace: Workspace, dataset_id: str, changes: Table) -> ImportedChanges:
    """Store the changes of a changes file as decisions, each by the annotator and at the time that the file names.

    The same file again changes nothing, also where a decision was taken back meanwhile. A change without a time is as
    old as can be: it is stored as of now, but not over any decision.

    Args:
        workspace: The open workspace.
        dataset_id: The project.
        changes: The changes file, see ``lane_core.data.read_changes``.

    Raises:
        DataError: If it is no changes file; nothing is stored then.
        StoreError: If there is no such data set.
    """
    store = workspace.store
    wanted = read_changes(changes)
    with store.deciding:
        names = datasets.dataset_classes(store, dataset_id)
        examples = datasets.current_labels(store, dataset_id).set_index("example_id")
        found = wanted.join(
            examples[["index", "current_label", "updated_at"]]
            .rename(columns={"updated_at": "decided_at"})
            .assign(file_label=examples["given_label"]),
            on="row_id",
        )
        counts_as = dict(zip(names, counted_classes(store, dataset_id), strict=True))
        why = _why_not(found, counts_as)
        taken = _decisions(dataset_id, found[why == ""])
        num_decisions = append_missing(store, dataset_id, taken)
    parts = {
        name: wanted[why == name].reset_index(drop=True)
        for name in ("already_right", "newer_decisions", "conflicts", "unknown_classes", "not_found")
    }
    return ImportedChanges(num_decisions, **parts)


def _why_not(found: pd.DataFrame, counts_as: Mapping[str, str]) -> pd.Series[str]:
    """Return why each change is not stored; "" if it is.

    Args:
        found: The changes with the examples that they are about.
        counts_as: What each class of the project counts as.
    """
    corrected = found["corrected_label"].map(counts_as)
    why = pd.Series("", index=found.index, dtype=object)
    is_older = found["decided_at"].notna() & ~(found["updated_at"] > found["decided_at"])
    # The last that holds says why: there is no example before all, then no class, and so on.
    for name, holds in (
        ("newer_decisions", is_older),
        ("conflicts", found["file_label"] != found["given_label"]),
        ("already_right", found["current_label"] == corrected),
        ("unknown_classes", corrected.isna()),
        ("not_found", found["index"].isna()),
    ):
        why[holds] = name
    return why


def _decisions(dataset_id: str, found: pd.DataFrame) -> pd.DataFrame:
    """Return the decisions that some changes are, the oldest first."""
    now = pd.Timestamp.now("UTC").as_unit("us")
    found = found.assign(created_at=found["updated_at"].fillna(now)).sort_values("created_at", kind="stable")
    said = zip(
        found["row_id"], found["corrected_label"], found["annotator"], found["updated_at"], strict=True
    )
    return pd.DataFrame(
        {
            "decision_id": [uuid5(NAMESPACE_URL, repr((dataset_id, *map(str, row)))).hex for row in said],
            "index": found["index"].astype("int64").to_numpy(),
            "action": "relabel",
            "label": found["corrected_label"].to_numpy(),
            "seen_label": found["file_label"].to_numpy(),
            "final_label": found["corrected_label"].to_numpy(),
            "annotator": found["annotator"].where(found["annotator"] != "", NOBODY).to_numpy(),
            "lead_time_s": None,
            "note": "",
            "created_at": found["created_at"].array,
            "batch_id": None,
            "is_settling": False,
        }
    )
