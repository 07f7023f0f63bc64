"""A newer file of a project: stored as a data set that follows the one before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import pandas as pd

from lane_core.data import Difference, Examples, ReadOptions, Table, guess_columns, read_table
from lane_core.data.checking.checks import Look
from lane_core.data.checking.fixes import Fixes
from lane_core.data.comparing.differences import difference_of
from lane_core.errors import DataError
from lane_core.records import ColumnChoice, DatasetRecord
from lane_core.store import datasets
from lane_core.store.versions import VersionStep, follow, version_line, version_steps
from lane_core.versions.comparing import Comparison, compare_version, example_rows
from lane_core.workspace import Workspace


@dataclass(frozen=True)
class VersionResult:
    """A newer version of a project, stored."""

    record: DatasetRecord
    number: int
    """2 for the first newer file."""
    comparison: Comparison
    """With the older version; the decisions that were repeated have their new ids."""

    def words(self) -> str:
        """Say what is new and what became of the decisions."""
        return (
            f"Version {self.number} of {self.record.name}. {self.comparison.difference.words()} "
            f"{self.comparison.decision_words()}"
        )


def add_version(
    workspace: Workspace,
    dataset_id: str,
    path: Path,
    columns: ColumnChoice | None = None,
    options: ReadOptions | None = None,
    *,
    source_name: str | None = None,
    fixes: Fixes | None = None,
    table: Table | None = None,
    seen: Look | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> VersionResult:
    """Store a newer file of a project, with the decisions, definitions and replaced classes of the version before.

    Examples are matched by id where both files have ids, else by text. A decision is repeated, with its person, time
    and note, on the same example as long as the text is the same; see ``OUTCOMES``. Runs stay with the version they
    were trained on; the next one is started on the newer.

    Args:
        workspace: The open workspace.
        dataset_id: Any version of the project: the file follows the newest.
        path: The newer file; it is copied, never changed.
        columns: Which column holds what; None = as ``columns_for`` says.
        options: How to read it.
        source_name: File name to remember, if ``path`` is a temporary one.
        fixes: How its faults are dealt with; None = as those of the version before.
        table: The file as these options read it, where that was done already; None = it is read.
        seen: What ``look`` says of this table and these columns, where that was done already.
        on_progress: As of ``Workspace.add_dataset``. If it raises, nothing is stored.

    Raises:
        DataError: If the file cannot be read, or has a blocking problem; nothing is stored then.
        StoreError: If there is no such data set, or somebody else adds a newer version at the same time.
    """
    newest = version_line(workspace.store, dataset_id)[-1]
    older = datasets.get_dataset(workspace.store, newest)
    if columns is None:
        table = table or read_table(path, options)
        columns = columns_for(table, older)
    compared: list[Comparison] = []

    def put(record: DatasetRecord, found: Examples) -> None:
        # Held to the end: a decision that comes in between would be on neither version's list.
        with workspace.store.deciding:
            comparison = _with_new_ids(compare_version(workspace, newest, found))
            step = partial(follow, step=_step(record, newest, comparison), decisions=comparison.decisions)
            datasets.add_dataset(
                workspace.store, record, found.frame, comparison.classes, found.annotations, also=step
            )
        compared.append(comparison)

    record = workspace.add_dataset(
        path,
        columns,
        older.name,
        source_name,
        options,
        fixes=fixes or workspace.fixes(newest),
        table=table,
        seen=seen,
        on_progress=on_progress,
        put=put,
    )
    return VersionResult(record, len(version_line(workspace.store, record.dataset_id)), compared[0])


def columns_for(table: Table, older: DatasetRecord) -> ColumnChoice:
    """Return the columns of a newer file: the project's; where it lacks the text or label column, guessed ones.

    Raises:
        DataError: If no column looks like the text or the label.
    """
    known = set(table.columns)
    there = replace(
        older.columns,
        example_id=older.columns.example_id if older.columns.example_id in known else None,
        split=older.columns.split if older.columns.split in known else None,
        annotators=tuple(name for name in older.columns.annotators if name in known),
        class_names=tuple(table.class_names.get(older.columns.label, older.columns.class_names)),
    )
    if {there.text, there.label} <= known:
        return there
    text, label = (name if name in known else None for name in (there.text, there.label))
    return guess_columns(table, text, label, there.example_id, there.split)


def difference_to_previous(workspace: Workspace, dataset_id: str) -> Difference:
    """Return what is new, gone and changed in a version of a project since the one before it.

    Raises:
        StoreError: If there is no such data set.
        DataError: If it is the first version.
    """
    store = workspace.store
    record = datasets.get_dataset(store, dataset_id)
    step = version_steps(store).get(dataset_id)
    if step is None:
        raise DataError(
            f"{record.name} from {record.source_name} is the first version: there is none before."
        )
    old, new = (
        example_rows(datasets.dataset_examples(store, version)) for version in (step.follows, dataset_id)
    )
    return difference_of(old, new, have_ids=step.matched_by == "id")


def _step(record: DatasetRecord, older: str, comparison: Comparison) -> VersionStep:
    matching = comparison.matching
    return VersionStep(
        dataset_id=record.dataset_id,
        follows=older,
        matched_by=matching.by,
        num_new=len(matching.new),
        num_gone=len(matching.gone),
        num_changed_text=len(matching.changed_text),
        num_changed_label=len(matching.changed_label),
        num_unchanged=len(matching.unchanged),
        created_at=record.created_at,
    )


def _with_new_ids(comparison: Comparison) -> Comparison:
    """Give ids to the decisions that are repeated, and leave out of them what the newer version has no class for."""
    decisions = comparison.decisions
    is_repeated = decisions["outcome"].isin(["carried", "adopted", "conflict"])
    ids = pd.Series([uuid4().hex for _ in range(len(decisions))], index=decisions.index, dtype=object)
    seen = decisions["seen_label"]
    instead = decisions["final_label"].where(decisions["action"] != "relabel")
    return replace(
        comparison,
        decisions=decisions.assign(
            decision_id=ids.where(is_repeated, None),
            seen_label=seen.where(seen.isin(comparison.classes), instead),
        ),
    )
