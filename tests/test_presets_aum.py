"""The AUM preset in the shape of aum_values.csv."""

from pathlib import Path

import pandas as pd

from lane_core.data.presets.aum import write_aum
from tests.audited_examples import audited_examples


def test_training_examples_by_aum_highest_first(tmp_path: Path) -> None:
    path = write_aum(audited_examples(), tmp_path, "posts")
    assert path.name == "posts.aum_values.csv"
    assert path.read_bytes() == b"sample_id,aum\n008,2.5\n007,-1.0\n"
    assert pd.read_csv(path, dtype={"sample_id": str}).loc[1, "sample_id"] == "007"
