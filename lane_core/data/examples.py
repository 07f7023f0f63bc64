"""The labelled examples of a file, checked, with an id and a position that never change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lane_core.data.annotators import annotation_frame
from lane_core.data.checking.checks import Survey, look, survey, texts_of
from lane_core.data.checking.fixes import Fixes
from lane_core.data.columns import guess_columns
from lane_core.data.formats.content import ReadOptions
from lane_core.data.tables import Table, read_table
from lane_core.errors import DataError
from lane_core.records import SPLITS, ColumnChoice, Problem

_BLOCK_ROWS = 65_536


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
    """Data rows of the file, those that are left out included."""
    annotations: pd.DataFrame = field(default_factory=annotation_frame)
    """Labels of several people: index, annotator (name of the column), label (class name), a row each."""


def read_examples(
    path: Path | str,
    text: str | None = None,
    label: str | None = None,
    example_id: str | None = None,
    split: str | None = None,
    options: ReadOptions | None = None,
    fixes: Fixes | None = None,
) -> Examples:
    """Read and check the examples of a labelled file.

    Args:
        path: The file.
        text: Column with the texts; None = guessed, as the three that follow.
        label: Column with the labels.
        example_id: Column with ids; without one the ids are zero-padded row numbers.
        split: Column that says train, validation or test; without one all rows are for training.
        options: How to read it; None = as found.
        fixes: How its faults are dealt with; None = no row is left out.

    Raises:
        DataError: If the file cannot be read, or a blocking problem is in it; all of them are named.
    """
    table = read_table(path, options)
    return examples_of(table, guess_columns(table, text, label, example_id, split), fixes)


def examples_of(table: Table, columns: ColumnChoice, fixes: Fixes | None = None) -> Examples:
    """Return the examples of a table that was read.

    The words of a split column count in any case: train/training/tr, val/valid/validation/dev, test/testing/eval;
    every other word, and a blank cell, means train. A blank cell in the column of one of several people is an example
    that this person has not seen.

    Raises:
        DataError: If a blocking problem is in the table.
    """
    return surveyed_examples(table, columns, survey(look(table, columns), fixes or Fixes()))


def surveyed_examples(table: Table, columns: ColumnChoice, found: Survey) -> Examples:
    """Return the examples of a table that was checked.

    Raises:
        DataError: If a blocking problem was found.
    """
    if found.blocking:
        raise DataError("\n".join(problem.message for problem in found.blocking))
    rows = found.rows
    left = np.flatnonzero(rows.labelled)
    width = len(str(table.num_rows))
    ids = (
        (f"{row:0{width}}" for row in (left + 1).tolist())
        if columns.example_id is None
        else (text.strip() for text in _at(left, texts_of(table, columns.example_id)))
    )
    frame = pd.DataFrame(
        {
            "index": range(len(left)),
            "row": left + 1,
            "example_id": _text_series(ids),
            "text": _text_series(_at(left, texts_of(table, columns.text))),
            "given_label": _named(rows.classes, rows.label_codes[left]),
            "split": _named(SPLITS, rows.split_codes[left]),
        }
    )
    annotations = annotation_frame(found.people, (left + 1).tolist())
    given = natural_order((rows.classes[code] for code in rows.present), columns.class_names)
    classes = given + natural_order(set(annotations["label"]) - set(given))
    return Examples(frame, classes, columns, found.problems, table.num_rows, annotations)


def _named(names: Sequence[str], codes: NDArray[np.int64]) -> pd.Series[str]:
    return pd.Series(pd.array(list(names), dtype="str").take(codes))


def _at(positions: NDArray[np.int64], values: Sequence[str]) -> Iterator[str]:
    return (values[position] for position in positions.tolist())


def _text_series(texts: Iterator[str]) -> pd.Series[str]:
    """Return texts as a column, made block by block: in one piece it would grow to twice its size on the way."""
    blocks = [pd.Series(block, dtype="str") for block in iter(lambda: list(islice(texts, _BLOCK_ROWS)), [])]
    return pd.concat(blocks or [pd.Series([], dtype="str")], ignore_index=True)


def natural_order(labels: Iterable[str], class_names: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the distinct labels: numbers by value first, then names without case, digits in them by value.

    Those in a list of class names come before all others, in the order of the list.

    Example:
        >>> natural_order(["b10", "B2", "a", "10", "9", "-1", "a"])
        ('-1', '9', '10', 'a', 'B2', 'b10')
    """
    known = set(labels)
    listed = tuple(name for name in class_names if name in known)
    return listed + tuple(sorted(known - set(listed), key=_natural_key))


def _natural_key(label: str) -> tuple[bool, float, list[tuple[str, int, str]], str]:
    is_number = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", label) is not None
    parts = re.findall(r"([^0-9]*)([0-9]*)", label.casefold())
    # Digits compare by length, then text: by value, without turning very long ones into numbers.
    key = [(word, len(digits.lstrip("0")), digits.lstrip("0")) for word, digits in parts]
    return not is_number, float(label) if is_number else 0.0, key, label
