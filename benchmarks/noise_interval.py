"""How far the noise rate that a run estimates is off: what the constants of lane_core/reporting/noise.py rest on.

    python benchmarks/noise_interval.py RESULTS.parquet [RESULTS.parquet ...]
    python benchmarks/noise_interval.py RESULTS.parquet --runs DIR --sets FOLDER [FOLDER ...] --rows 10000 \
        --drop-label goemotions=neutral

RESULTS is what benchmarks/detection.py wrote. Errors are differences of log-odds, true minus estimated. Runs on one set
err alike, so a set counts once: the half-width is the t quantile for as many sets times the root mean square of the
sets' errors. Each set is also left out, and covered by the half-width of the others. Runs with no planted error count
only where the interval itself is checked: chance left out, which is small there. With --runs (the folder "runs" beside
the results) the interval of each class is checked too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import logit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.cell_options import dropped_label
from benchmarks.noise_cells import TextSet, read_set
from benchmarks.paired import markdown_table
from lane_core.errors import DataError, LaneError
from lane_core.reporting.noise import CALIBRATION_ERROR, FALSE_ALARMS, expected_wrong
from lane_core.runs.run_dir import RunDir

METHODS = ("default:label_score", "quick:label_score")


def rate_errors(results: pd.DataFrame) -> pd.DataFrame:
    """Return set, noise, rate, seed, method, error (log-odds; NaN for clean labels), is_covered of LANE's presets.

    Raises:
        DataError: If there is no such run.
    """
    found = results[results["method"].isin(METHODS)]
    if found.empty:
        raise DataError(
            f"The results hold no run of {' or '.join(METHODS)}. Run benchmarks/detection.py first."
        )
    true = found["true_noise_rate"]
    error = logit(true.where(true > 0)) - logit(found["estimated_noise_rate"])
    rows = zip(found["num_rows"], found["estimated_noise_rate"] * found["num_rows"], strict=True)
    ends = [expected_wrong(count, expected, variance=0.0) for count, expected in rows]
    wrong = true * found["num_rows"]
    is_covered = ([end.low for end in ends] <= wrong) & (wrong <= [end.high for end in ends])
    names = found[["set", "noise", "rate", "seed", "method"]]
    return names.assign(error=error, is_covered=is_covered).reset_index(drop=True)


def half_width(errors: pd.DataFrame) -> float:
    """Return the half-width that a new set's error stays within in 95 % of the cases, log-odds; errors have mean 0."""
    squares = errors.groupby("set")["error"].apply(lambda error: (error**2).mean())
    return float(stats.t.ppf(0.975, df=len(squares)) * np.sqrt(squares.mean()))


def left_out(errors: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each set: runs, bias, rms, largest error, half_width of the other sets, the share it covers."""
    rows = []
    for name, own in errors.groupby("set"):
        others = errors[errors["set"] != name]
        width = half_width(others) if len(others) else np.nan
        size = own["error"].abs()
        rows.append(
            {
                "set": name,
                "runs": len(own),
                "bias": own["error"].mean(),
                "rms": np.sqrt((own["error"] ** 2).mean()),
                "largest": size.max(),
                "half-width of the others": width,
                "covered by it": (size.dropna() <= width).mean(),
                "covered by the interval": own["is_covered"].mean(),
            }
        )
    return pd.DataFrame(rows)


def class_coverage(runs: Path, sets: Sequence[TextSet]) -> pd.DataFrame:
    """Return set, preset, label, wrong, value, low, high of every class of every run below a folder."""
    rows = []
    for folder in sorted(runs.glob("*/*")):
        text_set = next((one for one in sets if folder.parent.name.startswith(one.name)), None)
        run_dir = RunDir(folder)
        if text_set is None or not run_dir.last_epoch():
            continue
        labels = pd.read_parquet(folder / "examples.parquet", columns=["index", "given_label"]).set_index(
            "index"
        )
        scores = run_dir.read_event("epoch", run_dir.last_epoch()).set_index("index")["label_score"]
        frame = labels.assign(score=scores.astype("float64"), true=np.array(text_set.classes)[text_set.true])
        for label, own in frame.groupby("given_label"):
            variance = float((own["score"] * (1 - own["score"])).sum())
            found = expected_wrong(len(own), float((1 - own["score"]).sum()), variance)
            wrong = int((own["true"] != label).sum())
            preset = folder.name.rpartition("-")[0]
            rows.append((text_set.name, preset, label, wrong, found.value, found.low, found.high))
    return pd.DataFrame(rows, columns=["set", "preset", "label", "wrong", "value", "low", "high"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    options = _options(arguments)
    errors = rate_errors(pd.concat([pd.read_parquet(path) for path in options.results], ignore_index=True))
    print(_table(left_out(errors)))
    print(
        f"\nHalf-width from all sets {half_width(errors):.2f}, largest error {errors['error'].abs().max():.2f}. The "
        f"interval, {CALIBRATION_ERROR:g} either way and {FALSE_ALARMS:g} false alarms, covers "
        f"{errors['is_covered'].mean():.0%} of {len(errors)} runs."
    )
    if options.runs:
        sets = [
            read_set(folder, options.rows, dropped_label(folder, options.drop_label))
            for folder in options.sets
        ]
        classes = class_coverage(options.runs, sets)
        is_covered = (classes["low"] <= classes["wrong"]) & (classes["wrong"] <= classes["high"])
        print(f"\nOf {len(classes):,} classes of these runs the interval covers {is_covered.mean():.1%}:")
        by_set = is_covered.groupby([classes["set"], classes["preset"]]).agg(["size", "mean"])
        print(_table(by_set.reset_index()))


def _table(frame: pd.DataFrame) -> str:
    rows = frame.round(3).astype(str).to_numpy().tolist()
    return markdown_table([str(name) for name in frame.columns], rows)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("results", nargs="+", type=Path, metavar="RESULTS")
    add("--runs", type=Path, metavar="DIR", help="check each class of the runs below it too")
    add("--sets", nargs="+", type=Path, default=[], metavar="FOLDER", help="texts with the true labels")
    add("--rows", type=int, help="as given to detection.py")
    add("--drop-label", nargs="+", default=[], metavar="[FOLDER=]LABEL", help="as given to detection.py")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        main()
    except LaneError as error:
        sys.exit(str(error))
