"""The versions of a project: which there are, what changed, and what a newer file would change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import pandas as pd
import streamlit as st

from app.services.importing import IncomingFile, Reading
from app.services.review_words import ACTION_WORDS
from app.services.shown_rows import first_rows
from app.services.workspaces import workspace
from lane_core.data import Difference, Fixes, examples_of
from lane_core.records import ColumnChoice, DatasetRecord
from lane_core.store import datasets, decision_queries
from lane_core.store.versions import version_decisions, version_line
from lane_core.versions import (
    OUTCOMES,
    Outcome,
    add_version,
    columns_for,
    compare_version,
    difference_to_previous,
    kept_words,
)

_TO_LOOK_AT: dict[Outcome, str] = {"look_again": "To look at again", "conflict": "In conflict"}


@dataclass(frozen=True)
class VersionPlace:
    """Where a data set stands among the versions of its project."""

    records: tuple[DatasetRecord, ...]
    """All versions, the first file's first."""
    number: int
    """From 1."""

    @property
    def is_newest(self) -> bool:
        """Whether no newer file follows."""
        return self.number == len(self.records)


@dataclass(frozen=True)
class Changes:
    """What one version changed, or would change: for a screen."""

    counts: dict[str, int]
    """Rows by what is said of them: "New", "Gone", "Text changed", "Label changed", "Unchanged"."""
    matched_by: str
    tables: dict[str, pd.DataFrame]
    """The first rows of each kind that there is, under the names of ``counts``."""
    decisions: dict[Outcome, int]
    """What becomes of how many decisions."""
    listed: dict[str, pd.DataFrame]
    """Decisions that somebody should look at, the first rows of each kind that there is."""
    to_look_at: dict[str, list[int]]
    """All examples of each kind, by index in the newer version."""


def place_of(dataset_id: str) -> VersionPlace:
    """Return where a data set stands among the versions of its project."""
    store = workspace().store
    line = version_line(store, dataset_id)
    return VersionPlace(tuple(datasets.get_dataset(store, one) for one in line), line.index(dataset_id) + 1)


def columns_of_newer(reading: Reading, older: DatasetRecord) -> ColumnChoice:
    """Return which columns of a newer file hold what, as far as the project says it; DataError if that is unknown."""
    return columns_for(reading.table, older)


def fixes_of_newer(dataset_id: str, chosen: Fixes) -> Fixes:
    """Return how the faults of a newer file are dealt with: as those of the project's file, and as was chosen."""
    theirs = workspace().fixes(dataset_id)
    return Fixes(
        **{
            field.name: max(getattr(theirs, field.name), getattr(chosen, field.name))
            for field in fields(Fixes)
        }
    )


def changes_of_newer(dataset_id: str, reading: Reading, columns: ColumnChoice, fixes: Fixes) -> Changes:
    """Return what a newer file would change.

    Raises:
        DataError: With every problem that blocks it.
    """
    comparison = compare_version(workspace(), dataset_id, examples_of(reading.table, columns, fixes))
    decisions = comparison.decisions
    says_a_label = decisions["action"].isin(["keep", "relabel"])
    return _changes(
        comparison.difference, decisions.assign(label=decisions["final_label"].where(says_a_label))
    )


def state_of(dataset_id: str) -> int:
    """Return a number that changes with every decision: a comparison is good as long as it stays."""
    return decision_queries.label_version(workspace().store, dataset_id)


def add(
    dataset_id: str,
    incoming: IncomingFile,
    reading: Reading,
    columns: ColumnChoice,
    fixes: Fixes,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> tuple[str, str]:
    """Store the newer file; return the id of the new version and what to say; ``on_progress`` as of ``add_version``.

    Raises:
        LaneError: If that cannot be; nothing is stored then.
    """
    incoming.refuse_changed()
    result = add_version(
        workspace(),
        dataset_id,
        incoming.path,
        columns,
        reading.options,
        source_name=incoming.name,
        fixes=fixes,
        table=reading.table,
        seen=incoming.seen(reading, columns),
        on_progress=on_progress,
    )
    kept = kept_words({outcome: result.comparison.num_decisions(outcome) for outcome in OUTCOMES})
    return result.record.dataset_id, f"{result.record.name}: version {result.number}, {kept} kept"


@st.cache_data(max_entries=8, show_spinner="Comparing the two versions")
def changes_after(dataset_id: str) -> Changes:
    """Return what a version changed when it came; nothing of that changes any more."""
    store = workspace().store
    difference = difference_to_previous(workspace(), dataset_id)
    decisions = version_decisions(store, dataset_id)
    examples = datasets.dataset_examples(store, dataset_id)
    at = decisions["index"].fillna(0).astype("int64")
    named = {"row_id": "example_id", "text": "text", "file_label": "given_label"}
    cells = {name: examples[column].iloc[at].to_numpy() for name, column in named.items()}
    return _changes(difference, decisions.assign(**cells))


@st.cache_data(max_entries=2, show_spinner="Writing the file")
def changes_csv(dataset_id: str) -> bytes:
    """Return what a version changed, a row each, as CSV for spreadsheets."""
    rows = difference_to_previous(workspace(), dataset_id).rows
    return rows.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def _changes(difference: Difference, decisions: pd.DataFrame) -> Changes:
    parts = {
        "New": difference.new,
        "Gone": difference.gone,
        "Text changed": difference.changed_text,
        "Label changed": difference.changed_label,
    }
    outcomes = decisions["outcome"].value_counts()
    kinds = {
        words: decisions[decisions["outcome"] == outcome]
        for outcome, words in _TO_LOOK_AT.items()
        if outcome in outcomes
    }
    return Changes(
        counts={
            **{words: len(rows) for words, rows in parts.items()},
            "Unchanged": difference.num_unchanged,
        },
        matched_by=difference.matched_by,
        tables={words: first_rows(rows) for words, rows in parts.items() if len(rows)},
        decisions={outcome: int(outcomes.get(outcome, 0)) for outcome in OUTCOMES},
        listed={words: _shown_decisions(rows) for words, rows in kinds.items()},
        to_look_at={words: sorted({int(index) for index in rows["index"]}) for words, rows in kinds.items()},
    )


def _shown_decisions(decisions: pd.DataFrame) -> pd.DataFrame:
    shown = first_rows(decisions[["row_id", "text", "annotator", "action", "label", "file_label"]])
    return shown.assign(action=shown["action"].map(ACTION_WORDS))
