"""The Cartography preset in the shape of td_metrics.jsonl."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from lane_core.data.presets.cartography import write_cartography
from lane_core.errors import DataError
from lane_core.exports import ExportOptions, export_run
from lane_core.runs.cartography import read_cartography
from tests.audited_examples import audited_examples
from tests.small_project import make_small_project


def test_one_line_a_training_example(tmp_path: Path) -> None:
    path = write_cartography(audited_examples(), tmp_path, "posts")
    assert path.name == "posts.td_metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [
        {"guid": "007", "index": 0, "confidence": 0.25, "variability": 0.125, "correctness": 1},
        {"guid": "008", "index": 1, "confidence": 0.75, "variability": 0.0, "correctness": 3},
    ]
    frame = pd.read_json(path, lines=True, dtype={"guid": str})
    assert list(frame.columns) == ["guid", "index", "confidence", "variability", "correctness"]


def test_a_run_without_dynamics_is_told(tmp_path: Path) -> None:
    without = audited_examples()
    with pytest.raises(DataError, match="no training dynamics to export"):
        write_cartography(replace(without, dynamics=without.dynamics.head(0)), tmp_path, "posts")


def test_numbers_are_those_of_the_data_map(workspace, tmp_path: Path) -> None:
    project = make_small_project(workspace)
    run_id = project.run.run_id
    files = export_run(workspace, run_id, tmp_path, ExportOptions(presets=("cartography",)))
    frame = pd.read_json(files.presets["cartography"], lines=True, dtype={"guid": str})
    found = read_cartography(workspace.run_dir(run_id), (1, 2))
    assert found is not None
    assert frame["index"].tolist() == list(range(18)), "the six held-out ones have no dynamics"
    assert frame["confidence"].tolist() == pytest.approx(found.confidence[:18].tolist())
    # Of two epochs the suspects were never, the others always predicted as given.
    assert frame["correctness"].tolist() == [0 if index in (3, 7, 11) else 2 for index in range(18)]
