"""A changes file as decisions of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from uuid import NAMESPACE_URL, uuid5

import pandas as pd

from lane_core.data import Table, read_changes
from lane_core.store import datasets
from lane_core.store.classes import counted_classes
from lane_core.store.store import Store
from lane_core.store.taken_decisions import append_taken, recorded_ids
from lane_core.wording import counted
from lane_core.workspace import Workspace

NOBODY = "changes file"
"""Who has decided where a changes file names nobody."""
_CHANGE = ("row_id", "given_label", "corrected_label", "annotator", "updated_at")


@dataclass(frozen=True)
class ProjectChanges:
    """What the changes of a changes file come to in a project.

    The frames have the columns of ``read_changes``, and index, text and current_label of the example (missing where
    there is none), before anything is stored.
    """

    fitting: pd.DataFrame
    """Those that become decisions."""
    already_right: pd.DataFrame
    """The example has the corrected label already."""
    newer_decisions: pd.DataFrame
    """Somebody has decided on the example since, or the change names no time: that decision stands."""
    taken_back: pd.DataFrame
    """The change was stored before, and somebody took that decision back."""
    conflicts: pd.DataFrame
    """The label that the project's file gives is not the one that was corrected."""
    unknown_classes: pd.DataFrame
    """The corrected label is no class of the project."""
    not_found: pd.DataFrame
    """The project has no example of this id."""

    def words(self) -> str:
        """Say what became of the changes when they were stored, in a sentence for each that happened."""
        said = [f"{counted(len(self.fitting), 'decision')} stored."]
        for rows, words in (
            (self.already_right, "had the new label already"),
            (self.newer_decisions, "left alone: there is a newer decision"),
            (self.taken_back, "left alone: stored before, and taken back since"),
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


def find_changes(workspace: Workspace, dataset_id: str, changes: Table) -> ProjectChanges:
    """Find out what ``import_changes`` would do; nothing is stored. Arguments and errors are the same."""
    found = _found(workspace.store, dataset_id, changes)
    shown = found[[*_CHANGE, "index", "text", "current_label"]]
    return ProjectChanges(
        **{
            field.name: shown[found["kind"] == field.name].reset_index(drop=True)
            for field in fields(ProjectChanges)
        }
    )


def import_changes(workspace: Workspace, dataset_id: str, changes: Table) -> ProjectChanges:
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
    with store.deciding:
        found = find_changes(workspace, dataset_id, changes)
        with store.transaction() as cursor:
            append_taken(cursor, dataset_id, _decisions(dataset_id, found.fitting))
    return found


def _found(store: Store, dataset_id: str, changes: Table) -> pd.DataFrame:
    """Return the changes with the examples that they are about, and kind: the field of ``ProjectChanges``."""
    names = datasets.dataset_classes(store, dataset_id)
    examples = datasets.current_labels(store, dataset_id).set_index("example_id")
    found = read_changes(changes).join(
        examples[["index", "text", "current_label", "updated_at"]]
        .rename(columns={"updated_at": "decided_at"})
        .assign(file_label=examples["given_label"]),
        on="row_id",
    )
    ids = _decision_ids(dataset_id, found)
    is_recorded = pd.Series(ids, index=found.index, dtype=object).isin(recorded_ids(store, ids))
    counts_as = dict(zip(names, counted_classes(store, dataset_id), strict=True))
    return found.assign(kind=_kinds(found, counts_as, is_recorded))


def _kinds(found: pd.DataFrame, counts_as: Mapping[str, str], is_recorded: pd.Series[bool]) -> pd.Series[str]:
    """Return which field of ``ProjectChanges`` each change belongs to.

    Args:
        found: The changes with the examples that they are about.
        counts_as: What each class of the project counts as.
        is_recorded: Whether the decision that the change is was stored before.
    """
    corrected = found["corrected_label"].map(counts_as)
    kinds = pd.Series("fitting", index=found.index, dtype=object)
    is_older = found["decided_at"].notna() & ~(found["updated_at"] > found["decided_at"])
    # The last that holds says why: there is no example before all, then no class, and so on.
    for name, holds in (
        ("taken_back", is_recorded),
        ("newer_decisions", is_older),
        ("conflicts", found["file_label"] != found["given_label"]),
        ("already_right", found["current_label"] == corrected),
        ("unknown_classes", corrected.isna()),
        ("not_found", found["index"].isna()),
    ):
        kinds[holds] = name
    return kinds


def _decision_ids(dataset_id: str, changes: pd.DataFrame) -> list[str]:
    """Return the ids of the decisions that some changes are: the same for the same change, whenever it comes."""
    said = zip(
        *(changes[name] for name in ("row_id", "corrected_label", "annotator", "updated_at")), strict=True
    )
    return [uuid5(NAMESPACE_URL, repr((dataset_id, *map(str, row)))).hex for row in said]


def _decisions(dataset_id: str, fitting: pd.DataFrame) -> pd.DataFrame:
    """Return the decisions that some changes are, the oldest first."""
    now = pd.Timestamp.now("UTC").as_unit("us")
    fitting = fitting.assign(created_at=fitting["updated_at"].fillna(now))
    fitting = fitting.sort_values("created_at", kind="stable")
    return pd.DataFrame(
        {
            "decision_id": _decision_ids(dataset_id, fitting),
            "index": fitting["index"].astype("int64").to_numpy(),
            "action": "relabel",
            "label": fitting["corrected_label"].to_numpy(),
            "seen_label": fitting["given_label"].to_numpy(),
            "final_label": fitting["corrected_label"].to_numpy(),
            "annotator": fitting["annotator"].where(fitting["annotator"] != "", NOBODY).to_numpy(),
            "lead_time_s": None,
            "note": "",
            "created_at": fitting["created_at"].array,
            "batch_id": None,
            "is_settling": False,
        }
    )
