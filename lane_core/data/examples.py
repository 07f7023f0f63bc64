"""The labelled examples of a file, checked, with an id and a position that never change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from lane_core.data.annotators import annotation_frame
from lane_core.data.cells import cell_text
from lane_core.data.checks import annotator_labels, check, label_names
from lane_core.data.columns import guess_columns
from lane_core.data.formats.content import ReadOptions
from lane_core.data.splits import split_of
from lane_core.data.tables import Table, read_table
from lane_core.errors import DataError
from lane_core.records import ColumnChoice, Problem


@dataclass(frozen=True)
class Examples:
    """The labelled rows of a file.

    ``frame`` has the columns index (0…N-1), row (data row of the file, from 1), example_id, text, given_label (class
    name) and split (train, validation or test), in order of index.
    """

    frame: pd.DataFrame
    classes: tuple[str, ...]
    """Class names in natural order (numbers by value, then names without regard to case): those of the label column,
    then those that only the columns of several people hold."""
    columns: ColumnChoice
    problems: tuple[Problem, ...]
    """What the checks found and did not stop at."""
    num_rows: int
    """Data rows of the file, unlabelled ones included."""
    annotations: pd.DataFrame = field(default_factory=annotation_frame)
    """Labels of several people: index, annotator (name of the column), label (class name), a row each."""


def read_examples(
    path: Path | str,
    text: str | None = None,
    label: str | None = None,
    example_id: str | None = None,
    split: str | None = None,
    options: ReadOptions | None = None,
    drop_unlabelled: bool = False,
) -> Examples:
    """Read and check the examples of a CSV, TSV, JSON Lines or Parquet file.

    Args:
        path: The file.
        text: Column with the texts; None = guessed, as the three that follow.
        label: Column with the labels.
        example_id: Column with ids; without one the ids are zero-padded row numbers.
        split: Column that says train, validation or test; without one all rows are for training.
        options: How to read it; None = as found.
        drop_unlabelled: Leave rows without a label out, where they would otherwise stop the import.

    Raises:
        DataError: If the file cannot be read, or a blocking problem is in it; all of them are named.
    """
    table = read_table(path, options)
    return examples_of(table, guess_columns(table, text, label, example_id, split), drop_unlabelled)


def examples_of(table: Table, columns: ColumnChoice, drop_unlabelled: bool = False) -> Examples:
    """Return the examples of a table that was read.

    The words of a split column count in any case: train/training/tr, val/valid/validation/dev, test/testing/eval;
    every other word, and a blank cell, means train. A blank cell in the column of one of several people is an example
    that this person has not seen.

    Raises:
        DataError: If a blocking problem is in the table, or no row is for training.
    """
    problems = [
        replace(problem, blocking=False) if problem.kind == "missing_label" and drop_unlabelled else problem
        for problem in check(table, columns)
    ]
    blocking = [problem.message for problem in problems if problem.blocking]
    if blocking:
        raise DataError("\n".join(blocking))
    labels = label_names(table, columns.label)
    width = len(str(table.num_rows))
    frame = pd.DataFrame(
        {
            "row": range(1, table.num_rows + 1),
            "example_id": [f"{row:0{width}}" for row in range(1, table.num_rows + 1)]
            if columns.example_id is None
            else [cell_text(value).strip() for value in table.values(columns.example_id)],
            "text": [cell_text(value) for value in table.values(columns.text)],
            "given_label": labels,
            "split": "train"
            if columns.split is None
            else [split_of(value) for value in table.values(columns.split)],
        }
    )
    frame = frame[[label is not None for label in labels]].reset_index(drop=True)
    frame.insert(0, "index", range(len(frame)))
    if not (frame["split"] == "train").any():
        raise DataError(
            f"Column {columns.split!r} of {table.name} leaves no labelled row for training. "
            "Choose another split column, or none."
        )
    annotations = annotation_frame(
        {name: annotator_labels(table, name, labels) for name in columns.annotators}, frame["row"].tolist()
    )
    given = natural_order(frame["given_label"])
    classes = given + natural_order(set(annotations["label"]) - set(given))
    return Examples(frame, classes, columns, tuple(problems), table.num_rows, annotations)


def natural_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct labels: numbers by value first, then names without case, digits in them by value.

    Example:
        >>> natural_order(["b10", "B2", "a", "10", "9", "-1", "a"])
        ('-1', '9', '10', 'a', 'B2', 'b10')
    """
    return tuple(sorted(set(labels), key=_natural_key))


def _natural_key(label: str) -> tuple[bool, float, list[tuple[str, int, str]], str]:
    is_number = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", label) is not None
    parts = re.findall(r"([^0-9]*)([0-9]*)", label.casefold())
    # Digits compare by length, then text: by value, without turning very long ones into numbers.
    key = [(word, len(digits.lstrip("0")), digits.lstrip("0")) for word, digits in parts]
    return not is_number, float(label) if is_number else 0.0, key, label
