"""An annotator who answers from the truth: how many of the sample's planted errors each order brings first.

    python benchmarks/simulated_annotator.py --output DIR [--seeds 0 1 2] [--figure docs/simulated_annotator.png]

Trains the preset default on sample_data/emotions.csv once a seed (a run in DIR that has finished is only read), and
takes cleanlab's order of the same labels twice: from the frozen embeddings and from the same encoder, fine-tuned in
three folds. Whoever reviews an example whose label is wrong finds the error; so the share found is that of wrong labels
among the first of an order. Printed is a Markdown table of medians over the seeds; the figure needs Chromium. Needs
benchmarks/requirements.txt, and PYTHONPATH if that is installed elsewhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.baselines import Inputs, cleanlab_finetuned, cleanlab_frozen
from benchmarks.noise_cells import Cell, NoisyCell, TextSet, embed
from benchmarks.paired import markdown_table
from benchmarks.review_figure import write_curves
from benchmarks.sample_detection import TRUTH
from lane_core.api import run_to_the_end
from lane_core.config import PACKAGED_ENCODER, RunConfig
from lane_core.data import Examples, examples_of, read_table
from lane_core.records import ColumnChoice
from lane_core.runs.run_dir import RunDir
from lane_core.runs.score_file import read_scores

SAMPLE = TRUTH.with_name("emotions.csv")
SHARES = (0.05, 0.10, 0.15, 0.20)
DEFAULT = "default order"
RANDOM = "random (expected)"
CLEANLAB = {
    "cleanlab_frozen": "cleanlab, frozen embeddings",
    "cleanlab_finetuned:last_epoch": "cleanlab, fine-tuned in folds",
}
"""Name of a baseline's finding -> what it is called here."""
RUN_ORDERS = {
    DEFAULT: "label_score",
    "plain margin": "aum",
    "out-of-sample score": "self_confidence",
}
"""Order -> column of a run's scores, low = first."""


def found_after(score: npt.NDArray[np.floating], is_wrong: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the share of all errors found after 0, 1, ... N examples, lowest score first, ties by place, (N + 1,)."""
    first = is_wrong[np.argsort(score, kind="stable")]
    return np.concatenate([[0.0], first.cumsum() / is_wrong.sum()])


def random_curve(num_examples: int) -> npt.NDArray[np.float64]:
    """Return what a random order finds in expectation: after a share of the examples that share of the errors."""
    return np.arange(num_examples + 1) / num_examples


def shares_found(curve: npt.NDArray[np.float64], shares: Sequence[float] = SHARES) -> list[float]:
    """Return the share of errors found after these shares of the data, rounded to whole examples."""
    return [float(curve[round(share * (len(curve) - 1))]) for share in shares]


def sample_cell(examples: Examples, seed: int) -> NoisyCell:
    """Return the sample as the baselines read it: the planted errors are its flips."""
    frame = examples.frame
    true_label = pd.read_csv(TRUTH, dtype=str).set_index("id")["true_label"]
    codes = {name: code for code, name in enumerate(examples.classes)}
    given = frame["given_label"].map(codes).to_numpy(dtype=np.int64)
    true = frame["example_id"].map(true_label).map(codes).to_numpy(dtype=np.int64)
    text_set = TextSet("sample", "sample", frame["text"].tolist(), true, tuple(examples.classes))
    is_flipped = given != true
    return NoisyCell(Cell("sample", "planted", 0.12, seed), text_set, given, is_flipped, is_flipped)


def curves_of_seed(examples: Examples, seed: int, output: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Return ``found_after`` of each order, after training what is missing in ``output``."""
    cell, config = sample_cell(examples, seed), RunConfig(seed=seed)
    run_dir = RunDir(output / f"run-seed{seed}")
    run_to_the_end(run_dir, examples, config, "sample")
    scores = read_scores(run_dir).sort_values("index")
    orders = {name: scores[column].to_numpy(dtype=np.float64) for name, column in RUN_ORDERS.items()}
    embeddings = embed(cell.text_set, PACKAGED_ENCODER, output / "embeddings")
    inputs = Inputs(cell, embeddings, config, output / f"folds-seed{seed}")
    for found in [*cleanlab_frozen(inputs), *cleanlab_finetuned(inputs)]:
        if found.method in CLEANLAB:
            orders[CLEANLAB[found.method]] = found.score
    return {name: found_after(score, cell.is_flipped) for name, score in orders.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, count, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the runs; what is done stays")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--figure", type=Path, help="PNG file to draw the curves to")
    options = parser.parse_args(arguments)
    examples = examples_of(read_table(SAMPLE), ColumnChoice("text", "label", "id", "split"))
    by_seed = [curves_of_seed(examples, seed, options.output) for seed in options.seeds]
    curves = {name: np.median([curves[name] for curves in by_seed], axis=0) for name in by_seed[0]}
    curves[RANDOM] = random_curve(len(examples.frame))
    rows = [[name, *(f"{found:.0%}" for found in shares_found(curve))] for name, curve in curves.items()]
    print(markdown_table(["order", *(f"{share:.0%} reviewed" for share in SHARES)], rows))
    if options.figure:
        write_curves(options.figure, curves, np.mean(sample_cell(examples, 0).is_flipped))


if __name__ == "__main__":
    main()
