"""Write the results of a benchmark folder as Markdown, to standard output.

    python benchmarks/results_table.py DIR [--methods METHOD ...] [--anchors METHOD ...]
        [--paper-table paper_tables.csv]

Of detection: for each cell without its seed, mean and sd over seeds of every figure, the paired difference to each
anchor with its 95 % t interval, and the relative shortfall (1 - AP) / (1 - AP of the anchor); then the shortfall over
all sets and noises. Of classification: benchmarks/classification_table.py says what.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.baselines import ALWAYS
from benchmarks.classification_table import classification_markdown
from benchmarks.paired import in_words, markdown_table, mean_and_sd, paired_difference
from benchmarks.results_file import require_results
from lane_core.errors import LaneError
from lane_core.records import STRICTNESSES

GROUP = ["set", "noise", "rate"]
ANCHORS = ("cleanlab_frozen", "cleanlab_finetuned:last_epoch", "cleanlab_finetuned:mean_of_epochs")
TRIVIAL = ("nothing", "random")
"""In the tables of means; their paired differences say nothing new."""
RANKING = {
    "ap": "AP",
    "auroc": "AUROC",
    "precision_at_1": "P at 1 %",
    "precision_at_5": "P at 5 %",
    "precision_at_10": "P at 10 %",
    "precision_at_20": "P at 20 %",
    "recall_at_20": "R at 20 %",
    "ap_near": "AP, near errors",
    "ap_far": "AP, far errors",
}
REST = {
    "num_flagged": "flagged",
    "flag_precision": "precision",
    "flag_recall": "recall",
    "flag_f1": "F1",
    "suggestion_accuracy": "suggestion is true",
    "calibration_error": "calibration error",
    "brier": "Brier",
    "estimated_noise_rate": "noise rate, estimated",
    "wall_s": "wall s",
    "cpu_s": "CPU s",
}
STRICTNESS = {
    "num_flagged": "flagged",
    "expected_precision": "precision, promised",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
}
DIGITS = {"num_flagged": 0, "wall_s": 0, "cpu_s": 0}


def detection_markdown(frame: pd.DataFrame, anchors: Sequence[str]) -> str:
    """Return the tables of all cells and the summary."""
    present = [anchor for anchor in anchors if (frame["method"] == anchor).any()]
    parts = [_cell_section(group, present) for _, group in frame.groupby(GROUP, sort=True)]
    return "\n\n".join([*parts, *(_overall_section(frame, anchor) for anchor in present)])


def shortfall(group: pd.DataFrame, anchor: str) -> pd.DataFrame:
    """Return (1 - AP) / (1 - AP of the anchor) by seed (rows) and method (columns); below 1 = better.

    NaN where the anchor has no shortfall; empty if the rows lack the anchor.

    Args:
        group: Rows of one set, noise and rate.
        anchor: Name of a method.
    """
    ap = by_seed(group, "ap")
    if anchor not in ap:
        return pd.DataFrame()
    theirs = 1 - ap[anchor]
    return (1 - ap).div(theirs.where(theirs > 0), axis=0)


def by_seed(group: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return one metric of one set, noise and rate: seeds down, methods across."""
    return group.pivot(index="seed", columns="method", values=metric)


def _cell_section(group: pd.DataFrame, anchors: Sequence[str]) -> str:
    name, noise, rate = group.iloc[0][GROUP]
    ranked = group.groupby("method")["ap"].mean().sort_values(ascending=False).index
    near = group["near_share"].mean()
    heading = (
        f"### {name}, {noise} noise, {rate:.0%}\n\n{group.iloc[0]['num_rows']:,} texts, "
        f"{group.iloc[0]['num_classes']} classes; {near:.0%} of the errors are near. Mean ± sd over seeds."
    )
    tables = [_means(group, ranked, RANKING), _means(group, ranked, REST, only_filled=True)]
    if strictness := _strictness(group, ranked):
        tables.append(strictness)
    if notes := _notes(group):
        tables.append(notes)
    if len(anchors):
        tables.append(_differences(group, ranked, anchors))
    return "\n\n".join([heading, *tables])


def _means(group: pd.DataFrame, ranked: pd.Index, columns: dict[str, str], only_filled: bool = False) -> str:
    rows = []
    for method in ranked:
        own = group[group["method"] == method]
        # Further scores of a run have no flag of their own.
        if only_filled and own["num_flagged"].isna().all() and own["calibration_error"].isna().all():
            continue
        cells = [mean_and_sd(own[metric], digits=DIGITS.get(metric, 3)) for metric in columns]
        rows.append([method, str(own["seed"].nunique()), *cells])
    return markdown_table(["method", "seeds", *columns.values()], rows)


def _strictness(group: pd.DataFrame, ranked: pd.Index) -> str:
    rows = []
    for method in ranked:
        own = group[group["method"] == method]
        for name in STRICTNESSES:
            if f"{name}_recall" in own and own[f"{name}_recall"].notna().any():
                cells = [
                    mean_and_sd(own[f"{name}_{part}"], digits=DIGITS.get(part, 3)) for part in STRICTNESS
                ]
                rows.append([method, name, *cells])
    return markdown_table(["method", "strictness", *STRICTNESS.values()], rows) if rows else ""


def _notes(group: pd.DataFrame) -> str:
    noted = group[group["note"] != ""].sort_values("seed")
    said = [f"{method}: {', '.join(rows['note'])}" for method, rows in noted.groupby("method")]
    return f"By seed: {'; '.join(said)}." if said else ""


def _differences(group: pd.DataFrame, ranked: pd.Index, anchors: Sequence[str]) -> str:
    ap, f1 = by_seed(group, "ap"), by_seed(group, "flag_f1")
    near, far = by_seed(group, "ap_near"), by_seed(group, "ap_far")
    rows = []
    for anchor in anchors:
        if anchor not in ap:
            continue
        ratios = shortfall(group, anchor)
        for method in ranked.difference([anchor, *TRIVIAL], sort=False):
            gaps = [paired_difference(metric[method], metric[anchor]) for metric in (ap, near, far, f1)]
            rows.append(
                [method, anchor, str(gaps[0].num_seeds), *map(in_words, gaps), mean_and_sd(ratios[method])]
            )
    headings = ["method", "against", "seeds", "AP", "AP, near", "AP, far", "flag F1", "relative shortfall"]
    return "Paired differences [95 % t interval]:\n\n" + markdown_table(headings, rows)


def _overall_section(frame: pd.DataFrame, anchor: str) -> str:
    """Return the shortfall of every method, each set and noise counting once, with the worst of them."""
    means = {key: shortfall(group, anchor).mean() for key, group in frame.groupby(GROUP, sort=True)}
    table = pd.DataFrame(means).T
    rows = []
    for method in table.mean().sort_values().index.difference([anchor, *TRIVIAL], sort=False):
        own = table[method].dropna()
        if not len(own):
            continue
        seeds = frame[frame["method"] == method].groupby(GROUP)["seed"].nunique()
        count = f"{seeds.min()}" if seeds.min() == seeds.max() else f"{seeds.min()} to {seeds.max()}"
        worst = " ".join(str(part) for part in np.atleast_1d(own.index[own.argmax()]))
        rows.append([method, str(len(own)), count, f"{own.mean():.3f}", f"{own.max():.3f} ({worst})"])
    headings = ["method", "cells", "seeds a cell", "mean relative shortfall", "worst cell"]
    return (
        f"### Shortfall (1 - AP) relative to {anchor}, all sets and noises\n\nBelow 1 is better than the anchor.\n\n"
        + markdown_table(headings, rows)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the Markdown of a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--anchors", nargs="+", default=list(ANCHORS), metavar="METHOD")
    parser.add_argument(
        "--paper-table", type=Path, help="CSV with table, setting, dataset, metric, method, mean"
    )
    parser.add_argument(
        "--methods", nargs="+", metavar="METHOD", help="show only these, the anchors and the cheap baselines"
    )
    options = parser.parse_args(arguments)
    frame = require_results(options.folder)
    if options.methods:
        frame = frame[frame["method"].isin([*options.methods, *options.anchors, *ALWAYS])]
    if "weighted_f1" in frame:
        print(classification_markdown(frame, options.paper_table))
    else:
        print(detection_markdown(frame, options.anchors))


if __name__ == "__main__":
    try:
        main()
    except LaneError as error:
        sys.exit(str(error))
