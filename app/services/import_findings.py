"""What the checks make of an incoming file: its problems, its classes, and what an import would give."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lane_core.data import Fixes
from lane_core.data.checking.checks import Survey
from lane_core.data.examples import natural_order
from lane_core.data.validation import validation_sizes
from lane_core.errors import DataError
from lane_core.records import Problem
from lane_core.wording import counted

_SPLIT_WORDS = {"train": "for training", "validation": "for validation", "test": "for testing"}


@dataclass(frozen=True)
class Findings:
    """What one choice of columns and fixes makes of a file."""

    problems: tuple[Problem, ...]
    """Blocking ones first."""
    fixes: Fixes
    """What was ticked."""
    class_counts: pd.DataFrame
    """label, examples; most examples first, then the classes that only several people's columns hold."""
    result: str = ""
    """What the import would give, in a line; empty while something blocks it."""

    @property
    def num_blocking(self) -> int:
        """Problems that must be mended before the import."""
        return sum(problem.blocking for problem in self.problems)


def findings_of(found: Survey, fixes: Fixes) -> Findings:
    """Return what was found, in the words of the page."""
    rows = found.rows
    counts = rows.class_counts()
    given = {rows.classes[code]: int(counts[code]) for code in rows.present}
    people = {name for labels in found.people.values() for name in labels if name is not None}
    only_people = natural_order(people - set(given))
    class_counts = pd.DataFrame(
        [*Counter(given).most_common(), *((name, 0) for name in only_people)], columns=["label", "examples"]
    )
    result = "" if found.blocking else _result(found, len(class_counts))
    return Findings(found.problems, fixes, class_counts, result)


def _result(found: Survey, num_classes: int) -> str:
    rows, parts = found.rows, []
    num_rows, num_examples = len(rows.kept), int(rows.labelled.sum())
    training = np.bincount(rows.label_codes[rows.labelled & rows.is_split("train")])
    set_aside = 0 if (rows.labelled & rows.is_split("validation")).any() else sum(validation_sizes(training))
    for split, words in _SPLIT_WORDS.items():
        number = int((rows.labelled & rows.is_split(split)).sum())
        number += {"train": -set_aside, "validation": set_aside}.get(split, 0)
        parts += [f"{number:,} {words}"] if number else []
    of_all = f" of {num_rows:,}" if num_examples < num_rows else ""
    examples = "example" if num_rows == 1 else "examples"
    line = f"{num_examples:,}{of_all} {examples}, {num_classes:,} classes: {', '.join(parts)}."
    if num_examples < num_rows:
        left_out = num_rows - num_examples
        line += (
            f" {counted(left_out, 'row')} {'is' if left_out == 1 else 'are'} left out; exported files keep "
        )
        line += "it." if left_out == 1 else "them."
    if set_aside:
        line += " The file has no rows for validation, so every tenth training row of a class is set aside."
    given = [sum(name is not None for name in labels) for labels in found.people.values()]
    if num_people := sum(number > 0 for number in given):
        line += f" The file also has {counted(sum(given), 'label')} of {counted(num_people, 'annotator')}."
    return line


def refusal(error: DataError, fixes: Fixes) -> Findings:
    """Return why the columns cannot be read at all."""
    problem = Problem("columns", str(error), count=1, blocking=True)
    return Findings((problem,), fixes, pd.DataFrame({"label": [], "examples": []}))
