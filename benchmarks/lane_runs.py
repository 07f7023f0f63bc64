"""Runs of the package on a cell, as a user would run them, and what their final tables find."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.baselines import Stopwatch
from benchmarks.detection_metrics import Findings
from benchmarks.noise_cells import NoisyCell
from lane_core.api import run_to_the_end
from lane_core.config import PRESETS, RunConfig
from lane_core.data.examples import Examples
from lane_core.errors import ConfigError
from lane_core.records import STRICTNESSES, ColumnChoice
from lane_core.runs.results import final_table
from lane_core.runs.run_dir import RunDir

SCORE_COLUMNS = {
    "label_score": 1,
    "alm": 1,
    "aum": 1,
    "given_probability": 1,
    "mean_log_probability": 1,
    "weight": 1,
    "correctness": 1,
    "learned_epoch": -1,
}
"""Columns that the table of a run may have -> 1 where a high value means right, -1 where it means wrong."""


def parse_method(text: str, encoder: str | None, seed: int) -> RunConfig:
    """Return the configuration that "preset" or "preset,field=value,..." means; values are JSON, or plain words.

    Raises:
        ConfigError: If the preset, a field or a value cannot be used.
    """
    preset, *changes = re.split(r",(?=\w+=)", text)
    if preset not in PRESETS:
        raise ConfigError(f"There is no method {text!r}: it must start with a preset ({', '.join(PRESETS)}).")
    values = dict(_field(change) for change in changes)
    if encoder is not None:
        values.setdefault("encoder", encoder)
    return RunConfig.from_preset(preset, **{"seed": seed, **values})


def fingerprint(config: RunConfig) -> str:
    """Return a short name of everything that the configuration says."""
    return hashlib.sha256(config.to_json().encode()).hexdigest()[:10]


def lane_findings(method: str, config: RunConfig, cell: NoisyCell, runs: Path) -> list[Findings]:
    """Run a configuration on all rows of a cell, in-sample; one entry for each score column it has.

    A run that is finished is only read; one that was killed goes on after its last whole epoch, and has no times then.
    """
    slug = re.sub(r"[^\w.=-]+", "_", method)[:60]
    run_dir = RunDir(runs / cell.cell.key / f"{slug}-{fingerprint(config)}")
    if not _is_finished(run_dir):
        _run(run_dir, config, cell)
    timing = json.loads((run_dir.path / "timing.json").read_text(encoding="utf-8"))
    table = final_table(run_dir).assign(**_over_epochs(run_dir))
    metrics = run_dir.read_event("metrics", run_dir.last_epoch()).iloc[0].to_dict()
    return findings_of_run(method, table, metrics, cell, timing["wall_s"], timing["cpu_s"])


def findings_of_run(
    method: str,
    table: pd.DataFrame,
    metrics: Mapping[Hashable, float],
    cell: NoisyCell,
    wall_s: float,
    cpu_s: float,
) -> list[Findings]:
    """Return one entry for each score column of a final table; all but the score itself goes with ``label_score``.

    Args:
        method: Its name in the results.
        table: As ``lane_core.runs.results.final_table`` returns it, with or without further scores.
        metrics: The run's last row of METRICS_SCHEMA.
        cell: Gives the class codes.
        wall_s: Of the whole run.
        cpu_s: Of the whole run.
    """
    found = []
    for column, sign in SCORE_COLUMNS.items():
        if column not in table:
            continue
        score = sign * table[column].to_numpy(dtype=np.float64)
        entry = Findings(f"{method}:{column}", score, wall_s, cpu_s)
        if column == "label_score":
            codes = {name: code for code, name in enumerate(cell.text_set.classes)}
            rate = metrics.get("noise_rate", np.nan)
            entry = replace(
                entry,
                probability=score,
                flagged=table["is_label_issue"].to_numpy(dtype=bool),
                suggested=table["suggested_label"].map(codes).to_numpy(dtype=np.int64),
                noise_rate=None if pd.isna(rate) else float(rate),
                at_strictness={
                    strictness: (score < below, float(metrics[f"{strictness}_precision"]))
                    for strictness in STRICTNESSES
                    if not pd.isna(below := metrics.get(f"{strictness}_below", np.nan))
                },
            )
        found.append(entry)
    return found


def examples_of_cell(cell: NoisyCell) -> Examples:
    """Return the texts with their given labels, all of them for training; the truth is not in it."""
    count = len(cell.given)
    frame = pd.DataFrame(
        {
            "index": np.arange(count),
            "row": np.arange(1, count + 1),
            "example_id": [f"{at:06}" for at in range(count)],
            "text": cell.text_set.texts,
            "given_label": np.array(cell.text_set.classes, dtype=object)[cell.given],
            "split": "train",
        }
    )
    return Examples(frame, cell.text_set.classes, ColumnChoice("text", "label"), (), count)


def _run(run_dir: RunDir, config: RunConfig, cell: NoisyCell) -> None:
    is_resumed = run_dir.checkpoint.exists()
    with Stopwatch() as watch:
        run_to_the_end(run_dir, examples_of_cell(cell), config, cell.cell.key)
    times = {"wall_s": watch.wall_s, "cpu_s": watch.cpu_s}
    timing = dict.fromkeys(times, float("nan")) if is_resumed else times
    (run_dir.path / "timing.json").write_text(json.dumps(timing), encoding="utf-8")
    # A hundred runs would keep a hundred encoders; the events hold all that is judged.
    shutil.rmtree(run_dir.result, ignore_errors=True)


def _over_epochs(run_dir: RunDir) -> dict[str, npt.NDArray[np.float64]]:
    """Return what the final table lacks: the mean over the epochs of log p(given label)."""
    epochs = [run_dir.read_event("epoch", epoch) for epoch in range(1, run_dir.last_epoch() + 1)]
    if not all("given_log_probability" in frame for frame in epochs):
        return {}
    logs = [frame["given_log_probability"].to_numpy(dtype=np.float64) for frame in epochs]
    return {"mean_log_probability": np.mean(logs, axis=0)}


def _is_finished(run_dir: RunDir) -> bool:
    return (run_dir.path / "timing.json").exists()


def _field(change: str) -> tuple[str, object]:
    name, value = change.split("=", 1)
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    return name, tuple(parsed) if isinstance(parsed, list) else parsed
