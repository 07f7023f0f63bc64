"""The source with too many flagged labels: found where there is one, not where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from lane_core.data.checking.fixes import Fixes
from lane_core.records import ColumnChoice
from lane_core.reporting.sources import holm, read_sources, worst_source
from lane_core.store import decisions
from lane_core.store.store import Store
from lane_core.workspace import Workspace
from tests.review_store import DATASET, RUN, decision, make_review_store

SIZE = 200
FLAGGED = {*range(20), *range(100, 105)}
"""20 of the first hundred, 5 of the others."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    rows = [{"label": 0, "suggested": 1, "label_score": 0.1 if at in FLAGGED else 0.9} for at in range(SIZE)]
    opened = make_review_store(tmp_path / "db", rows)
    yield opened
    opened.close()


def columns(**values: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Categorical(cells) for name, cells in values.items()})


def test_the_worst_source_is_compared_with_the_rest(store: Store) -> None:
    found = worst_source(store, RUN, columns(tool=["old"] * 100 + ["new"] * 100))
    assert found is not None
    assert (found.column, found.value) == ("tool", "old")
    assert (found.examples, found.flagged, found.rest_examples, found.rest_flagged) == (100, 20, 100, 5)
    assert (found.share, found.rest_share) == (0.2, 0.05)
    assert found.excess == pytest.approx(15)
    # Two values were looked at; pooled share 25 / 200.
    z = 0.15 / sqrt(0.125 * 0.875 * (1 / 100 + 1 / 100))
    assert found.p_value == pytest.approx(2 * NormalDist().cdf(-z))
    assert found.indices == tuple(range(20))


def test_decided_flags_do_not_wait(store: Store) -> None:
    decisions.record_decisions(store, [decision("a", 0, "keep"), decision("b", 7, "fear")])
    found = worst_source(store, RUN, columns(tool=["old"] * 100 + ["new"] * 100))
    assert found is not None
    assert found.flagged == 20
    assert found.indices == tuple(at for at in range(20) if at not in (0, 7))


def test_a_difference_by_chance_is_none(store: Store) -> None:
    every_other = ["even", "odd"] * 100
    assert worst_source(store, RUN, columns(tool=every_other)) is None


def test_a_small_group_is_not_judged(store: Store) -> None:
    assert worst_source(store, RUN, columns(tool=["old"] * 29 + ["new"] * 171)) is None
    assert worst_source(store, RUN, columns(tool=["old"] * 171 + [None] * 29)) is None


def test_examples_without_a_value_are_not_the_rest(store: Store) -> None:
    found = worst_source(store, RUN, columns(tool=["old"] * 100 + ["new"] * 80 + [None] * 20))
    assert found is not None
    assert (found.rest_examples, found.rest_flagged) == (80, 5)


def test_without_a_column_there_is_no_source(store: Store) -> None:
    assert worst_source(store, RUN, pd.DataFrame(index=range(SIZE))) is None


def test_a_person_is_a_source_where_the_label_is_theirs(store: Store) -> None:
    labels = pd.DataFrame({"dataset_id": DATASET, "index": range(SIZE), "annotator": "ben", "label": 0})
    labels.loc[:99, "annotator"] = "ann"
    # Ben gave 30 of the first hundred another label than the run was given: those are Ann's alone.
    others = pd.DataFrame({"dataset_id": DATASET, "index": range(30), "annotator": "ben", "label": 1})
    with store.transaction() as cursor:
        for rows in (labels, others):
            cursor.register("laid_down", rows)
            cursor.execute("insert into annotations by name from laid_down")
            cursor.unregister("laid_down")
    found = worst_source(store, RUN, pd.DataFrame(index=range(SIZE)))
    assert found is not None
    assert (found.column, found.value, found.examples, found.flagged) == ("", "ann", 100, 20)
    assert (found.rest_examples, found.rest_flagged) == (100, 5)


def test_holm_corrects_step_by_step() -> None:
    # Sorted: 0.01 * 4, 0.02 * 3, 0.03 * 2 (not below the one before), 0.5.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([]) == []


def test_columns_that_may_name_a_source_are_read(workspace: Workspace) -> None:
    number = np.arange(60)
    frame = pd.DataFrame(
        {
            "id": [f"r{at}" for at in number],
            "text": [f"text {at}" for at in number],
            "label": np.where(number % 2, "a", "b"),
            "split": "train",
            "tool": np.where(number % 3, "<b>old</b>", "new"),
            "batch": (number % 4).astype(str),
            "note": [f"note {at}" for at in number],
            "team": "one",
            "seldom": np.where(number < 10, np.where(number % 2, "x", "y"), " "),
        }
    )
    frame.loc[5, "label"] = ""
    path = workspace.home.path / "sources.csv"
    frame.to_csv(path, index=False)
    record = workspace.add_dataset(
        path, ColumnChoice("text", "label", "id", "split"), "Sources", fixes=Fixes(drop_unlabelled=True)
    )
    found = read_sources(workspace, record.dataset_id)
    # note has 60 values, team one, seldom covers ten rows; the others are taken. Row 5 has no label: no example.
    assert found.columns.tolist() == ["tool", "batch"]
    kept = frame.drop(index=5).reset_index(drop=True)
    assert found["tool"].astype(str).tolist() == kept["tool"].tolist()
    assert found["batch"].astype(str).tolist() == kept["batch"].tolist()
    next((workspace.home.datasets / record.dataset_id).glob("source.*")).unlink()
    assert read_sources(workspace, record.dataset_id).shape == (59, 0)


def test_half_a_character_in_a_cell_is_shown_as_a_replacement(workspace: Workspace) -> None:
    path = workspace.home.path / "halves.jsonl"
    rows = [{"text": f"t{at}", "label": "ab"[at % 2], "team": ["x", "\ud83d y"][at % 2]} for at in range(8)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
    record = workspace.add_dataset(path, ColumnChoice("text", "label"), "Halves")
    found = read_sources(workspace, record.dataset_id)
    assert found["team"].tolist() == ["x", "\N{REPLACEMENT CHARACTER} y"] * 4
