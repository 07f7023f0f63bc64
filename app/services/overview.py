"""The Overview page: where the project stands, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from app.services import training, workspaces
from app.services.live_runs import LiveRun
from app.services.overview_findings import noise_estimate
from app.services.workspaces import workspace
from lane_core.config import RunConfig
from lane_core.records import QueueFilter, RunRecord, RunState
from lane_core.reporting.noise import NoiseEstimate
from lane_core.store import classes, datasets, decision_queries, review_queries, run_queries
from lane_core.store import runs as run_store
from lane_core.wording import counted

_STATE_WORDS: dict[RunState, str] = {
    "queued": "waits for its turn",
    "running": "is running",
    "finished": "is finished",
    "failed": "failed",
    "cancelled": "was cancelled",
    "interrupted": "was interrupted",
}


@dataclass(frozen=True)
class NextStep:
    """One sentence of state and the one thing to do."""

    sentence: str
    button: str
    page: str
    """Stem of the page that the button opens."""
    note: str = ""
    """How long it takes, where that is worth knowing first."""
    queue: QueueFilter | None = None
    """The queue to open, where the page is Review and it is not the usual one."""


@dataclass(frozen=True)
class F1:
    """Macro F1 of a run on held-out labels, 0 to 1, and of an earlier run where there are two."""

    split: str
    """Either test, or validation where there is no test split."""
    run_name: str
    value: float
    before: float | None = None
    before_name: str = ""


@dataclass(frozen=True)
class Figures:
    """The five figures of a project; those about a run are None before its first epoch."""

    examples: int
    classes: int
    """Those in use: without what others have taken the place of."""
    noise: NoiseEstimate | None
    suspects: int | None
    suspects_reviewed: int
    reviewed: int
    corrected: int
    excluded: int
    f1: F1 | None


def next_step(dataset_id: str, live: LiveRun | None) -> NextStep:
    """Return what to do next about the chosen run; ``live`` is None where the project has no run."""
    if live is None:
        record = datasets.get_dataset(workspace().store, dataset_id)
        size = counted(record.num_examples, "example")
        time = training.time_needed(dataset_id, "default")
        return NextStep(
            f"{record.name} holds {size}; no run has looked at them yet.",
            "Train a run",
            "train",
            note=f"A run with the default preset: {time[:1].lower()}{time[1:]}.",
        )
    name = f"{live.record.name} {_STATE_WORDS[live.status.state]}"
    if live.stored_epoch == 0 and live.is_going:
        return NextStep(f"{name} and has found nothing yet.", "Watch the run", "train")
    if live.stored_epoch == 0:
        return NextStep(f"{name} before its first epoch was over.", "See what happened", "train")
    progress = decision_queries.review_progress(workspace().store, live.record.run_id)
    suspects, reviewed = progress["suspects"], progress["suspects_reviewed"]
    left = suspects - reviewed
    found = f"{suspects:,} of {counted(progress['examples'], 'label')} suspect"
    if live.is_going:
        button = f"Review the first {counted(left, 'suspect')}" if left else "Watch the run"
        return NextStep(f"{name} and finds {found} so far.", button, "review" if left else "train")
    name = (
        live.record.name if live.status.state == "finished" else f"{name} after epoch {live.stored_epoch}; it"
    )
    if left:
        how_far = f"{reviewed:,} reviewed, {left:,} left" if reviewed else "none is reviewed yet"
        button = f"Review {counted(left, 'suspect')}"
        return NextStep(f"{name} finds {found}; {how_far}.", button, "review")
    how_far = "all are reviewed" if suspects else "nothing waits for review"
    if progress["to_settle"]:
        waiting = counted(progress["to_settle"], "example")
        return NextStep(
            f"{name} finds {found}; {how_far}. About {waiting} people disagree or ask for a second opinion.",
            f"Settle {waiting}",
            "review",
            queue=QueueFilter(status="to_settle", suspects_only=False),
        )
    return NextStep(
        f"{name} finds {found}; {how_far}. The corrected file can be exported.", "Export", "export"
    )


def figures(dataset_id: str, live: LiveRun | None) -> Figures:
    """Return the five figures of a project and its chosen run."""
    store = workspace().store
    num_classes = len(
        set(datasets.dataset_classes(store, dataset_id)) - set(classes.replaced_classes(store, dataset_id))
    )
    if live is None:
        examples = datasets.get_dataset(store, dataset_id).num_examples
        return Figures(
            examples, num_classes, noise=None, suspects=None, suspects_reviewed=0, reviewed=0, corrected=0, excluded=0,
            f1=None,
        )  # fmt: skip
    progress = decision_queries.review_progress(store, live.record.run_id)
    return Figures(
        examples=progress["examples"],
        classes=num_classes,
        noise=noise_estimate(live) if live.stored_epoch else None,
        suspects=progress["suspects"] if live.stored_epoch else None,
        suspects_reviewed=progress["suspects_reviewed"],
        reviewed=progress["reviewed"],
        corrected=progress["corrected"],
        excluded=progress["excluded"],
        f1=_f1(dataset_id, live),
    )


def confused_pairs(live: LiveRun, limit: int = 5) -> pd.DataFrame:
    """Count the suspects of the newest epoch that wait for review, by given and suggested label.

    Returns:
        given_label, suggested_label, count; highest count first, ties in order of the names.
    """
    return review_queries.label_pairs(workspace().store, live.record.run_id, QueueFilter(), limit)


def _f1(dataset_id: str, live: LiveRun) -> F1 | None:
    """Compare the chosen run with the newest finished run after it; without one, with the first before it.

    Only with runs of the same preset and encoder: otherwise the difference would say nothing about the labels.
    """
    store, chosen = workspace().store, live.record
    oldest_first = [
        record
        for record in run_store.list_runs(store, dataset_id)[::-1]
        if record.run_id == chosen.run_id or _is_finished_alike(record, chosen)
    ]
    place = [record.run_id for record in oldest_first].index(chosen.run_id)
    earlier, later = oldest_first[:place], oldest_first[place + 1 :]
    for split in ("test", "validation"):
        own = _last_f1(chosen.run_id, split)
        if own is None:
            continue
        if later and (after := _last_f1(later[-1].run_id, split)) is not None:
            return F1(split, later[-1].name, after, before=own, before_name=chosen.name)
        if earlier and (before := _last_f1(earlier[0].run_id, split)) is not None:
            return F1(split, chosen.name, own, before=before, before_name=earlier[0].name)
        return F1(split, chosen.name, own)
    return None


def _is_finished_alike(record: RunRecord, chosen: RunRecord) -> bool:
    config, wanted = (RunConfig.from_json(run.config_json) for run in (record, chosen))
    is_alike = (config.preset, config.encoder) == (wanted.preset, wanted.encoder)
    return is_alike and workspaces.run_status(record.run_id).state == "finished"


def _last_f1(run_id: str, split: str) -> float | None:
    values = run_queries.epoch_metrics(workspace().store, run_id)[f"{split}_macro_f1"].dropna()
    return None if values.empty else float(values.iloc[-1])
