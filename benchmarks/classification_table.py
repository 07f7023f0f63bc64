"""Markdown of the classification benchmark, beside the paper's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.paired import Difference, in_words, markdown_table, mean_and_sd, paired_difference
from lane_core.errors import DataError

GROUP = ["set", "noise", "rate"]
METRICS = {"weighted_f1": "weighted F1", "macro_f1": "macro F1", "accuracy": "accuracy"}
PAPER_METHODS = {
    "base": "BASE", "lane": "LANE", "lane-sim": "LANE-sim", "lane-alm": "LANE-alm", "aum_deletion": "AUM",
}  # fmt: skip
PAPER_SETS = {"isear": "ISEAR", "goemotions": "GoEmo"}
PAPER_SETTINGS = {
    ("uniform", 0.0): "original",
    ("semantic", 0.0): "original",
    ("uniform", 0.2): "uniform20",
    ("uniform", 0.4): "uniform40",
    ("semantic", 0.2): "semantic20",
}


def classification_markdown(frame: pd.DataFrame, paper_table: Path | None) -> str:
    """Return a table and a sentence for each set, noise and rate. F1 and accuracy times 100."""
    paper = _read_paper(paper_table)
    return "\n\n".join(_section(group, paper) for _, group in frame.groupby(GROUP, sort=True))


def verdict(paper_gap: float | None, ours: Difference) -> str:
    """Return in words whether the paper's difference between LANE and BASE came out here (both in F1 points)."""
    here = f"here the difference is {in_words(ours, digits=1)} over {ours.num_seeds} seeds"
    if ours.num_seeds < 2:
        return f"With fewer than two seeds nothing can be said about LANE against BASE; {here}."
    found = (
        f"LANE is {'better' if ours.mean > 0 else 'worse'} than BASE" if ours.excludes_zero
        else "no difference between LANE and BASE can be told"
    )  # fmt: skip
    if paper_gap is None:
        return f"The paper gives no number to compare with; {here}: {found}."
    is_inside = ours.low <= paper_gap <= ours.high
    if ours.excludes_zero and ours.mean * paper_gap > 0:
        conclusion = f"reproduces in sign; its size lies {'within' if is_inside else 'outside'} our interval"
    elif is_inside:
        conclusion = "is neither confirmed nor excluded: our interval holds both it and 0"
    else:
        conclusion = "does not reproduce"
    return f"The paper puts LANE {paper_gap:+.1f} points from BASE; {here}: {found}. The paper's gain {conclusion}."


def _section(group: pd.DataFrame, paper: pd.DataFrame | None) -> str:
    name, noise, rate = group.iloc[0][GROUP]
    f1 = group.pivot(index="seed", columns="method", values="weighted_f1") * 100
    order = [method for method in PAPER_METHODS if method in f1]
    theirs = {method: _paper_mean(paper, name, noise, rate, method) for method in order}
    rows = [_row(group, f1, method, theirs[method]) for method in order]
    headings = [
        "method", "seeds", *METRICS.values(), "weighted F1 minus BASE", "LANE minus it", "paper, weighted F1",
    ]  # fmt: skip
    first = group.iloc[0]
    parts = [
        f"### {name}, {noise} noise, {rate:.0%}\n\nPreset {', '.join(sorted(group['preset'].unique()))}; "
        f"{first['num_rows']:,} training and {first['num_test']:,} clean test texts, {first['num_classes']} classes. "
        "Mean ± sd over seeds; paired differences [95 % t interval].",
        markdown_table(headings, rows),
    ]
    if {"lane", "base"} <= set(order):
        known = theirs["lane"] is not None and theirs["base"] is not None
        gap = theirs["lane"] - theirs["base"] if known else None
        parts.append(verdict(gap, paired_difference(f1["lane"], f1["base"])))
    return "\n\n".join(parts)


def _row(group: pd.DataFrame, f1: pd.DataFrame, method: str, theirs: float | None) -> list[str]:
    own = group[group["method"] == method]
    figures = [mean_and_sd(own[metric], factor=100, digits=1) for metric in METRICS]
    return [
        method,
        str(own["seed"].nunique()),
        *figures,
        _difference(f1, method, "base"),
        _difference(f1, "lane", method),
        "–" if theirs is None else f"{theirs:.1f}",
    ]


def _difference(f1: pd.DataFrame, method: str, other: str) -> str:
    if method == other or method not in f1 or other not in f1:
        return "–"
    return in_words(paired_difference(f1[method], f1[other]), digits=1)


def _read_paper(path: Path | None) -> pd.DataFrame | None:
    if path is None:
        return None
    frame = pd.read_csv(path)
    missing = {"setting", "dataset", "method", "mean"} - set(frame.columns)
    if missing:
        raise DataError(f"{path} lacks the column {sorted(missing)[0]!r}; it has {', '.join(frame.columns)}.")
    return frame


def _paper_mean(paper: pd.DataFrame | None, name: str, noise: str, rate: float, method: str) -> float | None:
    """Return the first number that the paper's tables give; None if they give none, or "did not converge"."""
    dataset, setting = PAPER_SETS.get(name.split("-")[0]), PAPER_SETTINGS.get((noise, round(rate, 6)))
    if paper is None or dataset is None or setting is None:
        return None
    wanted = (paper["dataset"] == dataset) & (paper["setting"] == setting)
    means: Sequence[float] = paper.loc[wanted & (paper["method"] == PAPER_METHODS[method]), "mean"].dropna()
    return float(next(iter(means))) if len(means) else None
