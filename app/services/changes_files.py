"""A changes file in a project: what it would do there, and doing it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from app.services.importing import Reading
from app.services.shown_rows import first_rows
from app.services.workspaces import workspace
from lane_core.versions import ProjectChanges, find_changes, import_changes
from lane_core.wording import counted

_KINDS = {
    "fitting": (
        "To be applied",
        "They become decisions of the person, and of the time, that the file names.",
    ),
    "already_right": ("Already so", "The example has the new label already."),
    "newer_decisions": (
        "Decided since",
        "Somebody has decided on the example after the change was made, or the change names no time: that decision "
        "stands.",
    ),
    "taken_back": ("Taken back", "The change was applied before, and somebody took it back."),
    "conflicts": ("Other label", "The project's file gives another label than the one that was corrected."),
    "unknown_classes": (
        "Unknown class",
        "The new label is no class of the project. Add the class on Classes first.",
    ),
    "not_found": ("Not found", "The project has no example of this id."),
}
"""Title and meaning of each field of ``ProjectChanges``."""
_COLUMNS = ["row_id", "text", "current_label", "given_label", "corrected_label", "annotator", "updated_at"]
_FIT, _SAME = "fitting", "already_right"


@dataclass(frozen=True)
class ChangesKind:
    """What becomes of some of the changes: for a screen."""

    title: str
    meaning: str
    count: int
    rows: pd.DataFrame
    """The first of them: row_id, text, current_label, given_label, corrected_label, annotator, updated_at."""


@dataclass(frozen=True)
class ChangesPreview:
    """What a changes file would do in a project: for a screen."""

    counts: dict[str, int]
    """"Would be applied", "Already so" and "Do not fit"."""
    kinds: list[ChangesKind]
    """Those that there are."""
    num_fitting: int
    obstacle: str
    """Why there is nothing to apply; "" if there is something."""


def preview_changes(dataset_id: str, reading: Reading) -> ChangesPreview:
    """Return what a changes file would do; nothing is stored.

    Raises:
        DataError: If it is no changes file.
    """
    found = find_changes(workspace(), dataset_id, reading.table)
    counts = {name: len(getattr(found, name)) for name in _KINDS}
    total, num_fitting = sum(counts.values()), counts[_FIT]
    return ChangesPreview(
        counts={
            "Would be applied": num_fitting,
            "Already so": counts[_SAME],
            "Do not fit": total - num_fitting - counts[_SAME],
        },
        kinds=[
            ChangesKind(*_KINDS[name], count, first_rows(getattr(found, name)[_COLUMNS]))
            for name, count in counts.items()
            if count
        ],
        num_fitting=num_fitting,
        obstacle="" if num_fitting else _obstacle(found, total),
    )


def apply_changes(dataset_id: str, reading: Reading) -> tuple[str, list[int]]:
    """Store the changes that fit as decisions; return what to say, and the examples that were decided, by index.

    Raises:
        LaneError: If that cannot be; nothing is stored then.
    """
    done = import_changes(workspace(), dataset_id, reading.table)
    return done.words(), [int(index) for index in done.fitting["index"]]


def _obstacle(found: ProjectChanges, total: int) -> str:
    if not total:
        return "The file holds no change: in no row is the corrected label another one than the given label."
    if len(found.not_found) == total:
        return (
            f"None of the {counted(total, 'change')} is of an example of this project: its ids are other ones. "
            "Check that the file was exported from this project, or from one with the same ids."
        )
    if len(found.already_right) == total:
        return "The project has all of these labels already."
    return "None of the changes can be applied; the reasons stand above."
