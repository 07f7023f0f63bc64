"""The sections of a report about people: what their review changed, how far they agree, and whether it helped."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd

from lane_core.evidence.agreement import Agreement, krippendorff_alpha, percent_agreement
from lane_core.evidence.paired_f1 import Difference, paired_scores
from lane_core.reporting.report import Part, ReportSection, ReportTable
from lane_core.reporting.report_numbers import count, decimals, share
from lane_core.reporting.report_source import ReportSource
from lane_core.store import datasets, label_queries, result_queries, shared_review
from lane_core.wording import counted, percent

MOST_MOVES = 20
_RESAMPLED = 2_000_000
"""Examples times resamples: enough for the narrow intervals of many examples."""


def review_section(source: ReportSource) -> ReportSection:
    """Return which labels the review moved where, and how far the people who took it agree."""
    return ReportSection(
        "review",
        "What the review changed",
        "Labels of the file that people corrected, and how far people agree who looked at the same examples.",
        (*_moves(source), *_people(source)),
    )


def comparison_section(source: ReportSource) -> ReportSection:
    """Return this run beside the last finished one before it."""
    meaning = "Both runs at the strictness “balanced”, each after its last epoch."
    found = source.changes
    if found is None:
        return ReportSection(
            "comparison",
            "Compared with the previous run",
            meaning,
            ("There is no finished run before this one.",),
        )
    rows = [
        ("Flagged", found.flagged_before, found.flagged_after),
        ("Flagged by one run only", found.lost, found.gained),
        (
            "Flagged among the labels that changed",
            found.relabelled_flagged_before,
            found.relabelled_flagged_after,
        ),
    ]
    before, after = found.before.name, found.after.name
    names = (before, after) if before != after else (f"{before} (before)", f"{after} (after)")
    table = ReportTable(
        "The two runs side by side",
        pd.DataFrame(rows, columns=["What", *names]),
        dict.fromkeys(names, count),
    )
    words = f"Between {before} and {after} {counted(found.relabelled, 'label')} changed."
    return ReportSection(
        "comparison", "Compared with the previous run", meaning, (words, table, *_helped(source, names))
    )


def _helped(source: ReportSource, names: tuple[str, str]) -> tuple[Part, ...]:
    f1 = source.changes.f1 if source.changes else None
    if source.changes is None or f1 is None:
        return ("Whether it helped cannot be told: no held-out labels, or other settings.",)
    table = pd.DataFrame([("Macro F1", f1.before, f1.after)], columns=["What", *names])
    patterns = result_queries.held_out_patterns(
        source.store, source.changes.before.run_id, source.changes.after.run_id
    )
    rows = patterns[patterns["split"] == f1.split]
    codes = [rows[name].to_numpy() for name in ("label", "predicted_a", "predicted_b", "count")]
    class_names = datasets.dataset_classes(source.store, source.dataset.dataset_id)
    change = paired_scores(codes[0], codes[1], codes[2], codes[3], len(class_names)).macro_f1
    words = (
        f"Measured on the same {counted(f1.examples, 'held-out label')} as they stand now ({f1.split} split), "
        f"macro F1 went from {decimals(f1.before)} to {decimals(f1.after)}, by "
        f"{f1.after - f1.before:+.3f}{_sureness(change)}."
    )
    return words, ReportTable("Macro F1 on the same held-out labels", table, dict.fromkeys(names, decimals))


def _sureness(change: Difference) -> str:
    if isnan(change.low) or isnan(change.high):
        return ""
    verdict = "the interval leaves out 0" if change.is_sure else "that may be chance"
    return f" (95 %: {change.low:+.3f} to {change.high:+.3f}; {verdict})"


def _moves(source: ReportSource) -> tuple[Part, ...]:
    moves = label_queries.label_moves(source.store, source.dataset.dataset_id)
    changed = moves[moves["now"].isna() | (moves["given"] != moves["now"].fillna(-1))]
    if changed.empty:
        return ("No label differs from the file.",)
    names = datasets.dataset_classes(source.store, source.dataset.dataset_id)
    changed = changed.sort_values("count", ascending=False, kind="stable")
    table = pd.DataFrame(
        {
            "Label in the file": [names[code] for code in changed["given"]],
            "Now": ["(excluded)" if pd.isna(code) else names[code] for code in changed["now"]],
            "Examples": changed["count"].to_numpy(),
        }
    ).head(MOST_MOVES)
    is_excluded = changed["now"].isna()
    words = (
        f"{counted(int(changed.loc[~is_excluded, 'count'].sum()), 'label')} of {int(moves['count'].sum()):,} differ "
        f"from the file; {counted(int(changed.loc[is_excluded, 'count'].sum()), 'example')} excluded."
    )
    left_out = (
        f" The table holds the {MOST_MOVES} most frequent changes." if len(changed) > MOST_MOVES else ""
    )
    return words + left_out, ReportTable("What became of the labels", table, {"Examples": count})


def _people(source: ReportSource) -> tuple[Part, ...]:
    answers = shared_review.independent_answers(source.store, source.dataset.dataset_id)
    names = datasets.dataset_classes(source.store, source.dataset.dataset_id)
    codes = answers["label"].map({name: code for code, name in enumerate(names)}).fillna(len(names))
    coded = answers.assign(code=codes.astype("int32"))
    ratings = (
        coded.pivot(index="index", columns="annotator", values="code").fillna(-1).to_numpy(dtype=np.int32)
    )
    shared = ratings[(ratings >= 0).sum(axis=1) >= 2]
    if not len(shared):
        return ("No two people decided on the same example, so their agreement is not known.",)
    times = min(1000, max(1, _RESAMPLED // len(shared)))
    rows = [
        ("Same answer", percent_agreement(shared, times), True),
        ("Krippendorff's alpha", krippendorff_alpha(shared, times), False),
    ]
    table = pd.DataFrame(
        [(name, _value(found, is_share), _interval(found, is_share)) for name, found, is_share in rows],
        columns=["Agreement", "Value", "95 % interval"],
    )
    words = (
        f"{counted(len(shared), 'example')} were decided on by at least two people who did not know the other's "
        "answer; an exclusion counts as a class of its own."
    )
    return words, ReportTable("How far people agree", table, {"Value": str, "95 % interval": str})


def _value(found: Agreement, is_share: bool) -> str:
    return share(found.value) if is_share else "–" if isnan(found.value) else f"{found.value:.2f}"


def _interval(found: Agreement, is_share: bool) -> str:
    if isnan(found.low) or isnan(found.high):
        return "–"
    low, high = (percent(value) if is_share else f"{value:.2f}" for value in (found.low, found.high))
    return f"{low} to {high}"
