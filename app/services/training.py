"""The Train page: what each preset does and costs here, which labels a run would learn from, and its start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.services import workspaces
from app.services.workspaces import workspace
from lane_core import wording
from lane_core.config import PRESETS, RunConfig
from lane_core.errors import ConfigError
from lane_core.records import RunRecord
from lane_core.store import datasets, decision_queries, run_queries
from lane_core.store import runs as run_store


@dataclass(frozen=True)
class PresetCard:
    """One preset as a person chooses it."""

    title: str
    description: str
    rough_time: str
    """Class of time it needs where nothing was measured."""


PRESET_CARDS = {
    "quick": PresetCard(
        "Quick", "A small network on frozen sentence embeddings: a first look.", "Seconds to minutes"
    ),
    "default": PresetCard(
        "Default", "Trains the upper layers of a small encoder: what we recommend.", "Minutes"
    ),
    "paper": PresetCard("Paper", "BERT-base trained whole, as the paper prints it.", "Hours on a GPU"),
}
"""Preset name -> how it is shown, in the order of the time they need."""


@dataclass(frozen=True)
class LabelChanges:
    """What people decided about the labels that a run would learn from."""

    corrected: int
    excluded: int
    is_new: bool
    """Whether no finished run has learned from the newest decisions."""

    @property
    def in_words(self) -> str:
        """The changes as a clause."""
        return f"{self.corrected:,} corrected, {self.excluded:,} excluded by people"


def preset_config(name: str) -> RunConfig:
    """Return the configuration that a preset starts from."""
    return PRESETS[name]


def time_needed(dataset_id: str, preset: str) -> str:
    """Return how long a run of a preset takes here: measured where that was possible, else its class."""
    measured = estimate(dataset_id, PRESETS[preset])
    return measured or f"{PRESET_CARDS[preset].rough_time}; measured from the first steps"


def estimate(dataset_id: str, config: RunConfig) -> str | None:
    """Return how long a run would take here, from the newest comparable run of this home; None without one.

    Training is scaled by examples and epochs. Everything else (loading, reading the texts, scoring) is scaled by
    examples, but not below what was measured, because part of it does not shrink.
    """
    num_examples = datasets.get_dataset(workspace().store, dataset_id).num_examples
    for record in run_store.list_runs(workspace().store):
        if not _costs_the_same(RunConfig.from_json(record.config_json), config):
            continue
        elapsed = _measured_seconds(record.run_id)
        train_seconds = run_queries.epoch_metrics(workspace().store, record.run_id)["train_seconds"]
        if elapsed is None or train_seconds.empty:
            continue
        growth = num_examples / datasets.get_dataset(workspace().store, record.dataset_id).num_examples
        training = float(train_seconds.median()) * growth * config.epochs
        rest = max(0.0, elapsed - float(train_seconds.sum())) * max(1.0, growth)
        words = wording.duration(training + rest)
        return f"{words[:1].upper()}{words[1:]}, measured in {record.name}"
    return None


def label_changes(dataset_id: str) -> LabelChanges | None:
    """Return what people decided so far; None without any decision."""
    store = workspace().store
    version = decision_queries.label_version(store, dataset_id)
    records = run_store.list_runs(store, dataset_id)
    if version == 0 or not records:
        return None
    progress = decision_queries.review_progress(store, records[0].run_id)
    learned = [run.label_version for run in records if workspaces.run_status(run.run_id).state == "finished"]
    return LabelChanges(progress["corrected"], progress["excluded"], version > max(learned, default=0))


def start_run(
    dataset_id: str,
    preset: str,
    name: str,
    encoder: str,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    device: str,
    seed: int,
) -> RunRecord:
    """Start training in the background on the labels as they stand.

    Raises:
        ConfigError: If a value cannot work.
        RunError: If the run cannot be started.
    """
    config = RunConfig.from_preset(
        preset,
        encoder=_found_encoder(encoder),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        device=device,
        seed=seed,
    )
    return workspace().start_run(dataset_id, config, name.strip() or None)


def _found_encoder(name: str) -> str:
    """Return the name as it is, or the absolute path of the local folder that it means."""
    wanted = name.strip()
    if not wanted:
        raise ConfigError(
            "No encoder is named. Give the packaged one, a Hugging Face name or a local folder."
        )
    folder = Path(wanted).expanduser()
    # A run may be resumed from another working directory.
    if folder.is_dir():
        return str(folder.resolve())
    if wanted[0] in "/.~":
        raise ConfigError(f"There is no folder {wanted!r} to load an encoder from. Check the path.")
    return wanted


def _costs_the_same(run: RunConfig, wanted: RunConfig) -> bool:
    fields = ("method", "encoder", "trainable_layers", "max_tokens", "batch_size", "device")
    return all(getattr(run, field) == getattr(wanted, field) for field in fields)


def _measured_seconds(run_id: str) -> float | None:
    """Return how long a run took from its start to its end; None unless it finished in one go."""
    run_dir = workspace().run_dir(run_id)
    status = workspaces.run_status(run_id)
    if status.state != "finished" or not (status.started_at and status.ended_at):
        return None
    # A resumed run keeps its first start, and the pause in between is no work.
    if run_dir.log_tail(10_000).count("supervisor: starts ") > 1:
        return None
    return (
        datetime.fromisoformat(status.ended_at) - datetime.fromisoformat(status.started_at)
    ).total_seconds()
