"""Where wrong labels come from: a person or a value of a further column with more flagged labels than the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lane_core.errors import LaneError
from lane_core.records import ColumnChoice
from lane_core.store import datasets, report_queries
from lane_core.store.frames import readable
from lane_core.store.store import Store
from lane_core.workspace import Workspace

SIGNIFICANCE = 0.05
SMALLEST_GROUP = 30
"""Examples that a source and the rest must each have."""
MOST_VALUES = 50
"""Different values of a column above which it names no sources."""
_Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SourceFinding:
    """A source of labels of which significantly more are flagged than of all others."""

    column: str
    """Name of the file's column; "" where the source is a person."""
    value: str
    """The value in that column, or the name of the person."""
    examples: int
    flagged: int
    rest_examples: int
    rest_flagged: int
    p_value: float
    """One-sided two-proportion test, corrected by Holm for all values and people looked at."""
    indices: tuple[int, ...]
    """The flagged examples of the source that nobody has decided on: ``keep_selection`` makes a queue of them."""

    @property
    def share(self) -> float:
        """Share of flagged labels, 0 to 1."""
        return self.flagged / self.examples

    @property
    def rest_share(self) -> float:
        """Share of flagged labels among the rest, 0 to 1."""
        return self.rest_flagged / self.rest_examples

    @property
    def excess(self) -> float:
        """Flagged labels beyond those that the source would have with the share of the rest."""
        return self.flagged - self.rest_share * self.examples


def read_sources(workspace: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return the further columns of the imported file that may name a source. Reads the whole file: keep the answer.

    Returns:
        A categorical column for each column of the file with 2 to 50 different values that covers most rows, missing
        where the cell is empty; text, label, id, split and annotator columns are left out. Named by the index.
        Without a column where the file is gone, cannot be read any more, or has none.

    Raises:
        StoreError: If there is no such data set.
    """
    store = workspace.store
    choice = datasets.get_dataset(store, dataset_id).columns
    rows = report_queries.example_rows(store, dataset_id)
    found = pd.DataFrame(index=rows.index)
    try:
        table = workspace.source_table(dataset_id)
    except LaneError:
        return found
    at = rows.to_numpy() - 1
    if at.max(initial=-1) >= table.num_rows:  # somebody put another file in its place
        return found
    for column in table.columns:
        if column not in _taken(choice):
            cells = table.frame[column].to_numpy(dtype=object)[at]
            values = pd.Categorical([_source_name(cell) for cell in cells])
            if 2 <= len(values.categories) <= MOST_VALUES and 2 * (values.codes >= 0).sum() > len(values):
                found[column] = values
    return found


def worst_source(store: Store, run_id: str, sources: pd.DataFrame) -> SourceFinding | None:
    """Return the source with significantly more flagged labels than the rest; None if there is none.

    Of several the one with the most flagged labels beyond its due. The test is one-sided, of two proportions with a
    pooled variance; a p-value counts below SIGNIFICANCE after Holm's correction for all sources looked at.

    Args:
        store: The open store.
        run_id: The run.
        sources: Of ``read_sources``. People come from the store, those whose labels came with the file: a label is
            theirs where they chose the one that the run trained on. People who decide here are not compared: they
            are given suspects.

    Raises:
        StoreError: If there is no such run.
    """
    marks = report_queries.flag_marks(store, run_id).set_index("index")
    is_flagged = marks["is_flagged"].to_numpy(dtype=bool)
    tested = []
    for column, value, is_known, is_theirs in _groups(store, run_id, sources, marks.index):
        found = _compared(column, value, is_flagged, is_theirs, is_known & ~is_theirs)
        if found is not None:
            tested.append((found, is_theirs))
    corrected = holm([found.p_value for found, _ in tested])
    worst = max(
        (
            (found.excess, -place)
            for place, (found, _) in enumerate(tested)
            if corrected[place] < SIGNIFICANCE
        ),
        default=None,
    )
    if worst is None:
        return None
    place = -worst[1]
    found, is_theirs = tested[place]
    waiting = is_theirs & is_flagged & ~marks["is_reviewed"].to_numpy(dtype=bool)
    indices = tuple(int(index) for index in marks.index[waiting])
    return SourceFinding(**{**vars(found), "p_value": corrected[place], "indices": indices})


def holm(p_values: list[float]) -> list[float]:
    r"""Return p-values corrected for their number, in the same order.

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min(1, (m - j + 1) p_{(j)})

    References:
        Holm, A simple sequentially rejective multiple test procedure, 1979. Differs: nothing.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def _groups(
    store: Store, run_id: str, sources: pd.DataFrame, index: pd.Index[int]
) -> Iterator[tuple[str, str, _Marks, _Marks]]:
    """Yield column, value, which examples have a source of this kind, and which have this one, by ``index``."""
    for column in sources.columns:
        values = sources[column].reindex(index).cat
        codes = values.codes.to_numpy()
        for code, value in enumerate(values.categories):
            yield str(column), str(value), codes >= 0, codes == code
    chosen = report_queries.labels_chosen(store, run_id)
    is_known = index.isin(chosen["index"])
    for annotator, labels in chosen.groupby("annotator", sort=True):
        yield "", str(annotator), is_known, index.isin(labels["index"])


def _compared(
    column: str, value: str, is_flagged: _Marks, is_theirs: _Marks, is_rest: _Marks
) -> SourceFinding | None:
    """Compare a source with the rest; ``p_value`` is that of this one test. None if either is too small."""
    examples, rest = int(is_theirs.sum()), int(is_rest.sum())
    if min(examples, rest) < SMALLEST_GROUP:
        return None
    flagged, rest_flagged = int((is_flagged & is_theirs).sum()), int((is_flagged & is_rest).sum())
    pooled = (flagged + rest_flagged) / (examples + rest)
    error = sqrt(pooled * (1 - pooled) * (1 / examples + 1 / rest))
    z = (flagged / examples - rest_flagged / rest) / error if error > 0 else 0.0
    return SourceFinding(
        column, value, examples, flagged, rest, rest_flagged, p_value=NormalDist().cdf(-z), indices=()
    )


def _taken(choice: ColumnChoice) -> set[str | None]:
    return {choice.text, choice.label, choice.example_id, choice.split, *choice.annotators}


def _source_name(cell: Any) -> str | None:
    """Return a cell as text; None where it is empty."""
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and isnan(cell)):
        return None
    # A cell of a JSON file can hold half of a surrogate pair, which no frame takes.
    return readable(str(cell)).strip() or None
