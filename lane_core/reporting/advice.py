"""What stands out in a run, each finding with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from lane_core.records import QueueFilter, Split
from lane_core.reporting.noise import ENOUGH_SAMPLED, NoiseEstimate
from lane_core.reporting.sources import SourceFinding
from lane_core.store import decision_queries, report_queries, review_queries
from lane_core.store.store import Store
from lane_core.wording import counted, percent

FindingKind = Literal[
    "wrong_class", "near_pair", "far_pair", "few_examples", "source", "control_sample", "disagreement", "held_out",
    "unpredicted",
]  # fmt: skip
MOST_FINDINGS = 6
MOST_WRONG_CLASSES = 2
STANDS_OUT = 1.25
"""A class stands out if its share of wrong labels is so many times that of all labels."""
FEW_EXAMPLES = 20
"""Below this a class is hardly learned: a validation split of 10 % leaves it two."""
ENOUGH_REVIEWED = 30
"""Decided flags after which it is time to look at what is not flagged."""


@dataclass(frozen=True)
class Finding:
    """One thing that stands out. Names in the sentences are as people wrote them: escape them for HTML or Markdown."""

    kind: FindingKind
    observation: str
    """One sentence with the numbers in it."""
    advice: str
    """One sentence."""
    button: str
    """What opens the queue or page behind it, in a few words."""
    harm: float
    """Labels that it is about and that are wrong or in doubt, examples; the order of the findings."""
    queue: QueueFilter | None = None
    """The queue behind it."""
    page: str = ""
    """Stem of the page behind it, where that is no queue."""
    indices: tuple[int, ...] = ()
    """Examples behind it that no filter describes: ``keep_selection`` makes a queue of them."""
    words: str = ""
    """How such a selection was made."""


def findings(
    store: Store, run_id: str, noise: NoiseEstimate, health: pd.DataFrame, source: SourceFinding | None
) -> list[Finding]:
    """Return at most six findings, the most harmful first.

    Args:
        store: The open store.
        run_id: The run.
        noise: Of ``noise_estimate`` for the same run.
        health: Of ``class_health`` for the same run.
        source: Of ``worst_source`` for the same run.

    Raises:
        StoreError: If there is no such run.
    """
    found = [
        *_wrong_classes(noise, health),
        *_pairs(store, run_id),
        *_weak_classes(health),
        *_held_out(store, run_id),
        *_control_sample(noise),
        *_disagreement(store, run_id),
        *([_source(source)] if source else []),
    ]
    return sorted(found, key=lambda finding: -finding.harm)[:MOST_FINDINGS]


def _wrong_classes(noise: NoiseEstimate, health: pd.DataFrame) -> Iterator[Finding]:
    if not noise.is_known:
        return
    is_far_up = health["share"] >= STANDS_OUT * noise.rate.value
    # A tenth of ten labels is one text: no reason to look at a class.
    noisy = health[is_far_up & (health["examples"] >= FEW_EXAMPLES) & (health["to_review"] > 0)]
    for row in noisy.nlargest(MOST_WRONG_CLASSES, "wrong").to_dict("records"):
        yield Finding(
            "wrong_class",
            f"About {percent(row['share'])} of the {counted(row['examples'], 'label')} “{row['label']}” are wrong "
            f"({percent(row['low'] / row['examples'])} to {percent(row['high'] / row['examples'])}), against "
            f"{percent(noise.rate.value)} of all labels.",
            f"Review its {counted(row['to_review'], 'suspect')} first, and say in its guideline what tells it from "
            f"“{row['suggested']}”, which is suggested most often.",
            f"Review {row['to_review']:,}",
            harm=row["wrong"] - noise.rate.value * row["examples"],
            queue=QueueFilter(given_labels=(row["label"],)),
        )


def _pairs(store: Store, run_id: str) -> Iterator[Finding]:
    near = review_queries.label_pairs(
        store, run_id, QueueFilter(severities=("near",)), report_queries.ALL_PAIRS
    )
    either_way: dict[tuple[str, str], int] = {}
    for row in near.to_dict("records"):
        one, other = sorted((row["given_label"], row["suggested_label"]))
        either_way[one, other] = either_way.get((one, other), 0) + row["count"]
    if either_way:
        (one, other), number = max(either_way.items(), key=lambda item: item[1])
        yield Finding(
            "near_pair",
            f"“{one}” and “{other}” are taken for one another in {counted(number, 'suspect')}, more than any other two "
            "classes that are near.",
            "Write down what tells them apart, or make them one class on the page Classes.",
            f"Review {number:,}",
            harm=number,
            queue=QueueFilter(
                given_labels=(one,), suggested_labels=(other,), both_ways=True, severities=("near",)
            ),
        )
    far = review_queries.label_pairs(store, run_id, QueueFilter(severities=("far",)), 1)
    for row in far.to_dict("records"):
        yield Finding(
            "far_pair",
            f"{counted(row['count'], 'suspect')} labelled “{row['given_label']}” {_look(row['count'])} like "
            f"“{row['suggested_label']}”, a class far from it.",
            "Review them first: such mistakes mislead a model most.",
            f"Review {row['count']:,}",
            harm=row["count"],
            queue=QueueFilter(
                given_labels=(row["given_label"],),
                suggested_labels=(row["suggested_label"],),
                severities=("far",),
            ),
        )


def _weak_classes(health: pd.DataFrame) -> Iterator[Finding]:
    """Find the class that is never predicted and the one with fewest examples; one finding where that is one class."""
    used = health[health["examples"] > 0]
    unpredicted = used[used["predicted"] == 0].nlargest(1, "examples")
    for row in unpredicted.to_dict("records"):
        yield Finding(
            "unpredicted",
            f"Not one text is predicted to be “{row['label']}”, though {counted(row['examples'], 'label')} "
            f"{'says' if row['examples'] == 1 else 'say'} so.",
            "Read its texts: it may have too few, or be a part of another class.",
            f"Look at {row['examples']:,}",
            harm=row["examples"],
            queue=QueueFilter(given_labels=(row["label"],), status="all", suspects_only=False),
        )
    few = used[(used["examples"] < FEW_EXAMPLES) & ~used["label"].isin(unpredicted["label"])]
    for row in few.nsmallest(1, "examples").to_dict("records"):
        yield Finding(
            "few_examples",
            f"“{row['label']}” has only {counted(row['examples'], 'example')}.",
            "Collect more, or make it part of another class: with so few, flags in it say little.",
            f"Look at {row['examples']:,}",
            harm=row["examples"],
            queue=QueueFilter(given_labels=(row["label"],), status="all", suspects_only=False),
        )


def _held_out(store: Store, run_id: str) -> Iterator[Finding]:
    splits: tuple[Split, ...] = ("test", "validation")
    found = report_queries.held_out_flags(store, run_id)
    for split in splits:
        examples, waiting = found.get(split, (0, 0))
        if examples:
            if waiting:
                yield Finding(
                    "held_out",
                    f"{counted(waiting, 'suspect')} of {counted(examples, f'{split} label')} "
                    f"({percent(waiting / examples)}) {'waits' if waiting == 1 else 'wait'} for review.",
                    f"Review them before you trust the {split} F1: it is measured against these labels.",
                    f"Review {waiting:,}",
                    harm=waiting,
                    queue=QueueFilter(splits=(split,)),
                )
            return


def _control_sample(noise: NoiseEstimate) -> Iterator[Finding]:
    """Ask for a control sample once some flags are reviewed: before that, the flags are the better use of time."""
    is_early = noise.flagged_decided < ENOUGH_REVIEWED and not noise.is_least
    if noise.is_sampled or not noise.is_known or is_early:
        return
    why = " Labels were corrected before this run, so what is left are errors that runs believe."
    overlooked = why if noise.is_least else ""
    left = noise.left_unflagged
    yield Finding(
        "control_sample",
        f"About {left.value:,.0f} of the labels that are not flagged are wrong ({left.low:,.0f} to {left.high:,.0f}), "
        f"by the model alone: {noise.sampled:,} of {ENOUGH_SAMPLED} examples of the control sample are reviewed."
        f"{overlooked}",
        f"Decide on {counted(ENOUGH_SAMPLED - noise.sampled, 'more example')} of it, and the number rests on people.",
        "Open sample",
        harm=left.value,
        queue=QueueFilter(is_control=True),
    )


def _disagreement(store: Store, run_id: str) -> Iterator[Finding]:
    waiting = decision_queries.review_progress(store, run_id)["to_settle"]
    if waiting:
        yield Finding(
            "disagreement",
            f"People disagree, or ask for a second opinion, about {counted(waiting, 'example')}.",
            "Settle them, and put what you decide into the guideline of the class.",
            f"Settle {waiting:,}",
            harm=waiting,
            queue=QueueFilter(status="to_settle", suspects_only=False),
        )
    shared, differing = report_queries.file_disagreement(store, run_id)
    if differing:
        yield Finding(
            "disagreement",
            f"People gave different labels to {differing:,} of the {counted(shared, 'text')} "
            f"({percent(differing / shared)}) that several of them labelled.",
            "See on the page People which classes they disagree about, and sharpen those guidelines.",
            "Open People",
            # Where two differ, at least one of their labels is wrong; that need not be the one in use.
            harm=differing / 2,
            page="people",
        )


def _source(source: SourceFinding) -> Finding:
    where = f"with “{source.column}” = “{source.value}”" if source.column else f"chosen by “{source.value}”"
    waiting = len(source.indices)
    return Finding(
        "source",
        f"{percent(source.share)} of the {counted(source.examples, 'label')} {where} are flagged, against "
        f"{percent(source.rest_share)} of the rest.",
        "Find out how these labels were made, and mend that before you mend the labels.",
        f"Review {waiting:,}" if waiting else "Open People" if not source.column else "Open Data",
        harm=source.excess,
        page="" if waiting else "people" if not source.column else "data",
        indices=source.indices,
        words=f"from {source.column} {source.value}".strip()
        if source.column
        else f"labelled by {source.value}",
    )


def _look(number: int) -> str:
    return "looks" if number == 1 else "look"
