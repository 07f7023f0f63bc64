"""What noise costs the trained classifier, and how much of it each method brings back: F1 on clean test texts.

    python benchmarks/classification.py FOLDER [FOLDER ...] --preset quick --noise uniform --rate 0 0.2 0.4 \
        --seeds 0 1 2 3 4 --output DIR
    python benchmarks/results_table.py DIR [--paper-table paper_tables.csv]

A FOLDER holds train.csv and test.csv. Labels of train.csv are flipped, those of test.csv are not; every method sees
the same flips and starts from the same seed. Judged is theta after its last epoch. Method aum_deletion is the whole
procedure of Pleiss et al.: two runs of method aum with different threshold samples, then plain training without the
rows that were flagged in each run in which they were no threshold sample.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import accuracy_score, f1_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.baselines import Stopwatch
from benchmarks.cell_options import cell_parser, dropped_label
from benchmarks.lane_runs import fingerprint, parse_method
from benchmarks.noise_cells import NoisyCell, TextSet, embed, make_cell, read_set
from benchmarks.predictions import frozen_layers_run_once, train_and_predict
from benchmarks.results_file import add_results, is_done
from lane_core.config import PACKAGED_ENCODER, RunConfig
from lane_core.errors import DataError, LaneError
from lane_core.methods.aum import threshold_samples
from lane_core.training.loop import TrainingData

METHODS = ("base", "lane", "lane-sim", "lane-alm", "aum_deletion")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing."""
    options = _options(arguments)
    with frozen_layers_run_once():
        for folder in options.folders:
            dropped = dropped_label(folder, options.drop_label)
            train = read_set(folder, options.rows, dropped, files=("train.csv",))
            test = read_set(folder, None, dropped, files=("test.csv",))
            embeddings = embed(train, options.encoder or PACKAGED_ENCODER, options.output / "embeddings")
            for seed in options.seeds:
                for noise in options.noise:
                    for rate in options.rate:
                        cell = make_cell(train, embeddings, noise, rate, seed, use_wheel=not options.no_wheel)
                        _run_cell(cell, test, parse_method(options.preset, options.encoder, seed), options)


def _run_cell(cell: NoisyCell, test: TextSet, config: RunConfig, options: argparse.Namespace) -> None:
    names = cell.cell.columns
    data = training_data(cell, test)
    for method in options.methods:
        if is_done(options.output, names, method, fingerprint(config)):
            continue
        with Stopwatch() as watch:
            pred_probs, note = METHOD_RUNS[method](data, config)
        row = {
            **names,
            "run": method,
            "method": method,
            "fingerprint": fingerprint(config),
            "preset": options.preset,
            "num_rows": len(cell.given),
            "num_classes": data.num_classes,
            "num_test": len(test.texts),
            **classification_metrics(data, pred_probs),
            "wall_s": watch.wall_s,
            "cpu_s": watch.cpu_s,
            "note": note,
        }
        add_results(options.output, [row])
        print(
            f"{cell.cell.key}  {method}: weighted F1 {row['weighted_f1']:.3f}, {row['wall_s']:.0f} s {note}",
            flush=True,
        )


def training_data(cell: NoisyCell, test: TextSet) -> TrainingData:
    """Return the noisy training rows followed by the clean test rows.

    Raises:
        DataError: If the test texts have a class that the training texts lack.
    """
    classes = cell.text_set.classes
    unknown = sorted(set(test.classes) - set(classes))
    if unknown:
        raise DataError(f"test.csv of {test.folder_name} has the class {unknown[0]!r}, train.csv has not.")
    codes = np.array([classes.index(name) for name in test.classes], dtype=np.int64)
    splits = ["train"] * len(cell.given) + ["test"] * len(test.texts)
    return TrainingData(
        cell.text_set.texts + test.texts,
        np.concatenate([cell.given, codes[test.true]]),
        np.array(splits),
        len(classes),
    )


def classification_metrics(data: TrainingData, pred_probs: npt.NDArray[np.floating]) -> dict[str, float]:
    """Return weighted F1, macro F1 and accuracy on the test rows, each in [0, 1]."""
    rows = data.splits == "test"
    true, predicted = data.labels[rows], pred_probs[rows].argmax(axis=1)
    return {
        "weighted_f1": float(f1_score(true, predicted, average="weighted", zero_division=0)),
        "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0)),
        "accuracy": float(accuracy_score(true, predicted)),
    }


def _trained_with(method: str) -> Any:
    def run(data: TrainingData, config: RunConfig) -> tuple[npt.NDArray[np.float32], str]:
        return train_and_predict(data, replace(config, method=method)).last, ""

    return run


def aum_deletion(data: TrainingData, config: RunConfig) -> tuple[npt.NDArray[np.float32], str]:
    """Return the probabilities of plain training without the rows that AUM drops, and how many those were."""
    is_train = torch.from_numpy(data.splits == "train")
    # The procedure leaves epoch 1 out of the average.
    scoring = replace(config, method="aum", alm_start_epoch=min(2, config.epochs))
    is_dropped = np.array(data.splits == "train")
    for number in (1, 2):
        flagged = train_and_predict(data, replace(scoring, threshold_set=number)).is_label_issue
        own = threshold_samples(is_train, data.num_classes, config.seed, number).numpy()
        is_dropped &= flagged | own
    kept = replace(data, splits=np.where(is_dropped, "excluded", data.splits))
    return train_and_predict(kept, replace(config, method="base")).last, f"dropped {is_dropped.sum():,}"


METHOD_RUNS = {
    **{name: _trained_with(name) for name in METHODS if name != "aum_deletion"},
    "aum_deletion": aum_deletion,
}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = cell_parser(__doc__, noise=["uniform"], rates=[0.0, 0.2, 0.4], seeds=[0, 1, 2, 3, 4])
    parser.add_argument("--preset", default="quick", help='a preset, with changes if any: "default,epochs=4"')
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        main()
    except LaneError as error:
        sys.exit(str(error))
