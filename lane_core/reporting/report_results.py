"""The first sections of a report: where the labels are wrong, how sure that is, and what to do about it."""

from __future__ import annotations

import pandas as pd

from lane_core.evidence.estimates import Estimate
from lane_core.records import STRICTNESSES, QueueFilter, RunState
from lane_core.reporting.report import MISSING, Format, ReportPoints, ReportSection, ReportTable
from lane_core.reporting.report_numbers import count, counts_between, decimals, share, shares_between
from lane_core.reporting.report_source import ReportSource
from lane_core.reporting.report_text import one_line
from lane_core.store import review_queries
from lane_core.wording import STRICTNESS_MEANINGS, counted, percent

MOST_CLASSES = 40
MOST_PAIRS = 15
WORST_LABELS = 20
TEXT_CHARACTERS = 160
_NOW = {"": "not reviewed", "keep": "kept", "exclude": "excluded", "flag": "second opinion wanted"}
_ENDED: dict[RunState, str] = {
    "queued": "waits for its turn",
    "running": "is still running",
    "failed": "failed",
    "cancelled": "was cancelled",
    "interrupted": "was interrupted",
}


def summary_section(source: ReportSource) -> ReportSection:
    """Return the state in a sentence and the numbers that matter most."""
    flagged, examples = source.levels[source.strictness].num_flagged, source.progress["examples"]
    reviewed, corrected = source.progress["reviewed"], source.progress["corrected"]
    sentence = (
        f"{source.run.name} flags {flagged:,} of {counted(examples, 'label')} at the strictness "
        f"“{source.strictness}” ({STRICTNESS_MEANINGS[source.strictness]}); people have reviewed "
        f"{counted(reviewed, 'example')} and corrected {corrected:,}."
    )
    table = pd.DataFrame(_numbers(source), columns=["What", "Number", "How sure, or of what"])
    return ReportSection(
        "summary",
        "Summary",
        "How many labels are wrong as far as is known, and what was done about it.",
        (sentence + _how_it_ended(source), ReportTable("The run in numbers", table, {"Number": str})),
    )


def findings_section(source: ReportSource) -> ReportSection:
    """Return what stands out, the most harmful first, each with advice."""
    points = tuple((finding.observation, finding.advice) for finding in source.findings)
    return ReportSection(
        "findings",
        "What stands out",
        "Each observation with what to do about it; the one that concerns most labels first.",
        (ReportPoints(points) if points else "Nothing stands out.",),
    )


def class_section(source: ReportSource) -> ReportSection:
    """Return how each class stands; the worst forty where there are more."""
    shown = source.health.head(MOST_CLASSES)
    table = pd.DataFrame(
        {
            "Class": shown["label"],
            "Labels": shown["examples"],
            "Flagged": shown["flagged"],
            "Expected wrong": shown["wrong"],
            "95 % interval": list(zip(shown["low"], shown["high"], strict=True)),
            "Share": shown["share"],
            "Reviewed": shown["reviewed"],
            "Corrected away": shown["corrected"],
            "Excluded": shown["excluded"],
            "Corrected to it": shown["arrived"],
            "Most often suggested": [
                f"{label} ({number:,})" if label else MISSING
                for label, number in zip(shown["suggested"], shown["suggested_count"], strict=True)
            ],
        }
    )
    counts = (
        "Labels",
        "Flagged",
        "Expected wrong",
        "Reviewed",
        "Corrected away",
        "Excluded",
        "Corrected to it",
    )
    formats: dict[str, Format] = {
        **dict.fromkeys(counts, count),
        "95 % interval": counts_between,
        "Share": share,
    }
    return ReportSection(
        "classes",
        "Class health",
        "The classes with the highest expected share of wrong labels come first; flagged at the strictness “balanced”.",
        (
            *_reduced(len(source.health), MOST_CLASSES, "classes", "those with the highest share"),
            ReportTable("How each class stands", table, formats),
        ),
    )


def pair_section(source: ReportSource) -> ReportSection:
    """Return the most confused pairs of classes."""
    flagged = source.levels[source.strictness].num_flagged
    wanted = QueueFilter(status="all", strictness=source.strictness)
    pairs = review_queries.label_pairs(source.store, source.run.run_id, wanted, MOST_PAIRS)
    table = pd.DataFrame(
        {
            "Given label": pairs["given_label"],
            "Suggested label": pairs["suggested_label"],
            "Flagged": pairs["count"],
            "Of all flagged": pairs["count"] / max(1, flagged),
        }
    )
    parts = (ReportTable("Flagged labels by pair", table, {"Flagged": count, "Of all flagged": share}),)
    return ReportSection(
        "pairs",
        "Most confused pairs",
        f"Which label the flagged examples have, and which one the run suggests instead; at most {MOST_PAIRS} pairs.",
        parts if len(pairs) else ("No label is flagged.",),
    )


def worst_section(source: ReportSource) -> ReportSection:
    """Return the labels that are most likely wrong, with their texts."""
    wanted = QueueFilter(status="all", strictness=source.strictness)
    worst = review_queries.review_queue(source.store, source.run.run_id, wanted, WORST_LABELS)
    table = pd.DataFrame(
        {
            "Id": worst["example_id"],
            "Text": [one_line(text, TEXT_CHARACTERS) or "(empty text)" for text in worst["text"]],
            "Given": worst["given_label"],
            "Suggested": worst["suggested_label"],
            "Label score": worst["label_score"],
            "Now": [
                f"corrected to {label}" if status == "relabel" else _NOW[status]
                for status, label in zip(worst["status"], worst["current_label"], strict=True)
            ],
        }
    )
    return ReportSection(
        "worst",
        "The worst labels",
        f"The {WORST_LABELS} flagged labels with the lowest label score, the probability that the label is right.",
        (ReportTable("Worst labels first", table, {"Label score": decimals}),)
        if len(worst)
        else ("No label is flagged.",),
    )


def _numbers(source: ReportSource) -> list[tuple[str, str, str]]:
    noise, progress = source.noise, source.progress
    rows = [("Examples", count(progress["examples"]), "")]
    if noise.is_known:
        basis = (
            f"from a reviewed random sample of {noise.sampled:,}"
            if noise.is_sampled
            else "at least: labels were corrected before this run, and it overlooks errors that it believes"
            if noise.is_least
            else "as the model expects"
        )
        rows += [
            ("Wrong labels, estimated", count(noise.wrong.value), f"95 %: {_between(noise.wrong)}; {basis}"),
            ("Noise rate, estimated", share(noise.rate.value), f"95 %: {shares_between(noise.rate)}"),
            ("Wrong labels not found yet", count(noise.left.value), f"95 %: {_between(noise.left)}"),
        ]
    for strictness in STRICTNESSES:
        level = source.levels[strictness]
        is_told = level.expected_precision is not None and level.num_flagged
        words = f"about {percent(level.expected_precision or 0.0)} of these expected wrong" if is_told else ""
        rows.append((f"Flagged, {strictness}", count(level.num_flagged), words))
    rows += [
        ("Reviewed", count(progress["reviewed"]), f"of {counted(progress['examples'], 'example')}"),
        ("Corrected", count(progress["corrected"]), "of the reviewed"),
        ("Kept", count(progress["kept"]), "of the reviewed"),
        ("Excluded", count(progress["excluded"]), "of the reviewed"),
        ("Second opinion wanted", count(progress["flagged"]), "of the reviewed"),
    ]
    return rows + _held_out(source)


def _held_out(source: ReportSource) -> list[tuple[str, str, str]]:
    """Return the F1 of the last epoch on each split that has one, against the labels that the run was given."""
    last = source.metrics.iloc[-1]
    return [
        (f"Macro F1, {split}", decimals(last[f"{split}_macro_f1"]), "against the labels the run was given")
        for split in ("test", "validation")
        if pd.notna(last[f"{split}_macro_f1"])
    ]


def _between(estimate: Estimate) -> str:
    return counts_between((estimate.low, estimate.high))


def _how_it_ended(source: ReportSource) -> str:
    if source.status.state == "finished":
        return ""
    return f" The run {_ENDED[source.status.state]}; this is after epoch {source.epoch} of {source.config.epochs}."


def _reduced(found: int, shown: int, noun: str, which: str) -> tuple[str, ...]:
    """Return a sentence that says what is left out; none if nothing is."""
    return (f"There are {found:,} {noun}; the table holds {shown:,}, {which}.",) if found > shown else ()
