"""A newer file beside the project: what differs, and what becomes of each decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from lane_core.data import Difference, Examples
from lane_core.data.comparing.differences import difference_of
from lane_core.data.comparing.matching import Matching, match_rows
from lane_core.store import datasets
from lane_core.store.classes import counted_classes
from lane_core.store.taken_decisions import standing_decisions
from lane_core.store.versions import needed_classes
from lane_core.wording import counted
from lane_core.workspace import Workspace

Outcome = Literal["carried", "adopted", "conflict", "look_again", "gone"]
OUTCOMES: tuple[Outcome, ...] = ("carried", "adopted", "conflict", "look_again", "gone")
"""What becomes of a decision. carried: it is repeated. adopted: it is, and the file itself has the label now. conflict:
it is, and counts, but the file's label was changed to another one. look_again: the text has changed, so that nobody has
decided on the one that is there now; it is not repeated. gone: the newer file has no such row."""


@dataclass(frozen=True)
class Comparison:
    """What a newer file of a project would change; nothing is stored."""

    difference: Difference
    matching: Matching
    decisions: pd.DataFrame
    """What becomes of each person's newest decision on each example: the columns of ``standing_decisions``, outcome,
    old_decision, old_index, row_id, text and file_label (as the newer file has them; missing if the row is gone).
    decision_id is not given yet; index is that in the newer file, missing if gone."""
    classes: tuple[str, ...]
    """Class names of the newer version: those of the project that it still needs in their order, then new ones."""

    def num_decisions(self, outcome: Outcome) -> int:
        """Return how many decisions end so."""
        return int((self.decisions["outcome"] == outcome).sum())

    def decision_words(self) -> str:
        """Say what becomes of the decisions, in a sentence for each that happens."""
        return decision_words({outcome: self.num_decisions(outcome) for outcome in OUTCOMES})


def kept_words(outcomes: Mapping[Outcome, int]) -> str:
    """Say how many decisions are kept: "6 of 8 decisions"; the number for each of ``OUTCOMES`` is needed."""
    num_kept = outcomes["carried"] + outcomes["adopted"] + outcomes["conflict"]
    return f"{num_kept:,} of {counted(sum(outcomes.values()), 'decision')}"


def decision_words(outcomes: Mapping[Outcome, int]) -> str:
    """Say what becomes of decisions, in a sentence for each of ``OUTCOMES`` that happens to some."""
    if not sum(outcomes.values()):
        return "There is no decision to keep."
    said = [f"{kept_words(outcomes)} kept, each with its person, time and note."]
    if num := outcomes["adopted"]:
        said.append(f"The file itself has the label of {num:,} of them now.")
    if num := outcomes["conflict"]:
        said.append(
            f"For {num:,} of them the file's label was changed to another one than was decided; the decision counts."
        )
    if num := outcomes["look_again"]:
        said.append(
            f"{num:,} {_is_or_are(num)} to be taken again: the text has changed, and nobody has seen the new one."
        )
    if num := outcomes["gone"]:
        said.append(f"{num:,} {_is_or_are(num)} on rows that are gone.")
    return " ".join(said)


def compare_version(workspace: Workspace, dataset_id: str, examples: Examples) -> Comparison:
    """Find out what a newer file would change in a project.

    Args:
        workspace: The open workspace.
        dataset_id: The newest version of the project.
        examples: Those of the newer file.

    Raises:
        StoreError: If there is no such data set.
    """
    store = workspace.store
    record = datasets.get_dataset(store, dataset_id)
    old, new = example_rows(datasets.dataset_examples(store, dataset_id)), example_rows(examples.frame)
    have_ids = record.columns.example_id is not None and examples.columns.example_id is not None
    matching = match_rows(old, new, have_ids=have_ids)
    names = datasets.dataset_classes(store, dataset_id)
    counts_as = dict(zip(names, counted_classes(store, dataset_id), strict=True))
    decisions = _with_outcomes(standing_decisions(store, dataset_id), matching, old, new, counts_as)
    repeated = decisions[decisions["outcome"].isin(["carried", "adopted", "conflict"])]
    needed = {*examples.classes, *needed_classes(store, dataset_id)}
    needed |= {*repeated["final_label"], *repeated["label"].dropna()}
    kept = [name for name in names if name in needed]
    classes = (*kept, *(name for name in examples.classes if name not in set(kept)))
    return Comparison(
        difference_of(old, new, have_ids=have_ids, matching=matching), matching, decisions, classes
    )


def example_rows(examples: pd.DataFrame) -> pd.DataFrame:
    """Return examples, in order of index, as ``lane_core.data.comparing.differences`` takes rows."""
    names = {"example_id": "row_id", "row": "row", "text": "text", "given_label": "label"}
    return examples[list(names)].rename(columns=names).reset_index(drop=True)


def _with_outcomes(
    standing: pd.DataFrame,
    matching: Matching,
    old: pd.DataFrame,
    new: pd.DataFrame,
    counts_as: Mapping[str, str],
) -> pd.DataFrame:
    """Add what becomes of each decision, and let its index be that in the newer file."""
    new_of = np.full(len(old), -1)
    matched = np.flatnonzero(matching.old_of >= 0)
    new_of[matching.old_of[matched]] = matched
    old_index = standing["index"].to_numpy(dtype=np.int64)
    index = new_of[old_index]
    is_gone = index < 0
    there = {name: new[name].astype(object).to_numpy()[np.maximum(index, 0)] for name in ("text", "label")}
    for cells in there.values():
        cells[is_gone] = None
    file_label = there["label"]
    has_other_label = np.isin(index, matching.changed_label)
    says_a_label = standing["action"].isin(["keep", "relabel"]).to_numpy()
    pairs = zip(standing["final_label"], file_label, strict=True)
    is_in_file = np.array([_counted(counts_as, one) == _counted(counts_as, two) for one, two in pairs], bool)
    outcome = np.select(
        [is_gone, np.isin(index, matching.changed_text), ~(has_other_label & says_a_label), is_in_file],
        ["gone", "look_again", "carried", "adopted"],
        "conflict",
    )
    # An exclusion and a wish for a second opinion say nothing of the label: that of the newer file holds.
    has_file_label = has_other_label & ~says_a_label
    return standing.assign(
        old_decision=standing["decision_id"],
        decision_id=None,
        outcome=outcome,
        old_index=old_index,
        index=pd.arrays.IntegerArray(np.maximum(index, 0), is_gone),
        row_id=old["row_id"].to_numpy(dtype=object)[old_index],
        text=pd.Series(there["text"], index=standing.index, dtype="str"),
        file_label=pd.Series(file_label, index=standing.index, dtype="str"),
        final_label=np.where(has_file_label, file_label, standing["final_label"].astype(object)),
    )


def _counted(counts_as: Mapping[str, str], label: str) -> str:
    """Return what a class counts as; a class that only the newer file has counts as itself."""
    return counts_as.get(label, label)


def _is_or_are(number: int) -> str:
    return "is" if number == 1 else "are"
