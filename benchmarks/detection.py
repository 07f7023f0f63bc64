"""Who finds planted label errors: LANE's presets and cleanlab on the same flips, set by set and seed by seed.

    python benchmarks/detection.py FOLDER [FOLDER ...] --noise uniform semantic --rate 0.2 --seeds 0 1 2 \
        --methods quick default cleanlab_finetuned --rows 10000 --output DIR
    python benchmarks/results_table.py DIR

A FOLDER holds train.csv (with or without validation.csv and test.csv) or all.csv, columns text and label. All of its
rows are one set: LANE trains on them and scores them, as a user's run does. A method is a preset, a preset with
changes ("default,method=lane-sim,epochs=4"), or a baseline; the cheap baselines are always there. Within a cell (set x
noise x rate x seed) all methods see the same flips, and all runs start from the same seed. What is done is not done
again: a benchmark that was killed goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.baselines import ALWAYS, BASELINES, Inputs, baseline_fingerprint
from benchmarks.cell_options import cell_parser, dropped_label
from benchmarks.detection_metrics import Findings, detection_metrics
from benchmarks.lane_runs import fingerprint, lane_findings, parse_method
from benchmarks.noise_cells import Embeddings, NoisyCell, embed, make_cell, read_set
from benchmarks.results_file import add_results, is_done
from lane_core.config import PACKAGED_ENCODER, RunConfig
from lane_core.errors import LaneError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing."""
    options = _options(arguments)
    methods = options.methods if options.only else list(dict.fromkeys([*ALWAYS, *options.methods]))
    sets = [
        read_set(folder, options.rows, dropped_label(folder, options.drop_label))
        for folder in options.folders
    ]
    for seed in options.seeds:
        # A mistake in a method's name is told before hours of work.
        configs = {
            method: parse_method(_tuned_like(method, options), options.encoder, seed) for method in methods
        }
        for text_set in sets:
            embeddings = embed(text_set, options.encoder or PACKAGED_ENCODER, options.output / "embeddings")
            for noise in options.noise:
                for rate in options.rate:
                    cell = make_cell(text_set, embeddings, noise, rate, seed, use_wheel=not options.no_wheel)
                    for method, config in configs.items():
                        _run_method(method, config, cell, embeddings, options.output)


def _run_method(
    method: str, config: RunConfig, cell: NoisyCell, embeddings: Embeddings, output: Path
) -> None:
    """Add the rows of one method on one cell to the results, unless they are there."""
    names = cell.cell.columns
    made_by = baseline_fingerprint(method, config) if method in BASELINES else fingerprint(config)
    if is_done(output, names, method, made_by):
        return
    if method in BASELINES:
        work = output / "folds" / cell.cell.key / made_by
        found = BASELINES[method](Inputs(cell, embeddings, config, work))
    else:
        found = lane_findings(method, config, cell, output / "runs")
    names |= {"run": method, "fingerprint": made_by}
    rows = [_row(names, cell, entry) for entry in found]
    add_results(output, rows)
    for row in rows:
        print(
            f"{cell.cell.key}  {row['method']}: AP {row['ap']:.3f}, flag F1 {row['flag_f1']:.3f}, "
            f"{row['wall_s']:.0f} s {row['note']}",
            flush=True,
        )


def _row(names: dict[str, Any], cell: NoisyCell, entry: Findings) -> dict[str, Any]:
    return {
        **names,
        "method": entry.method,
        "num_rows": len(cell.given),
        "num_classes": len(cell.text_set.classes),
        **detection_metrics(cell, entry),
        "note": entry.note,
    }


def _tuned_like(method: str, options: argparse.Namespace) -> str:
    """Return the configuration that a method's networks have; a baseline's are those of ``--finetuned-as``."""
    return options.finetuned_as if method in BASELINES else method


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = cell_parser(__doc__, noise=["uniform", "semantic"], rates=[0.2], seeds=[0, 1, 2])
    add = parser.add_argument
    add("--methods", nargs="+", default=["quick", "default", "cleanlab_finetuned"])
    add("--only", action="store_true", help="leave out the cheap baselines unless --methods names them")
    add("--finetuned-as", default="default", help="configuration whose encoder cleanlab_finetuned trains")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        main()
    except LaneError as error:
        sys.exit(str(error))
