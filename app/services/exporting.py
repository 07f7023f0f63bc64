"""Files out: what an export of a run would hold, preparing it, and the files prepared before."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from app.services import workspaces
from lane_core import wording
from lane_core.files import replace_file
from lane_core.records import DatasetRecord, Strictness
from lane_core.store import datasets, decision_queries, result_queries, runs
from lane_core.store.result_queries import FlagLevel
from lane_core.workspace import ExportedFiles

CHANGES_SHOWN = 50
FILE_KINDS = ("corrected", "audit", "changes", "manifest")

_TEXT_CHARS = 120
_RECEIPT_NAME = "prepared.json"
_preparing = threading.Lock()


@dataclass(frozen=True)
class ExportSummary:
    """What an export of the labels as they stand would hold."""

    dataset: DatasetRecord
    run_name: str
    epochs_done: int
    """Complete epochs of the run; an export needs one."""
    reviewed: int
    corrected: int
    kept: int
    excluded: int
    second_opinion: int
    levels: dict[Strictness, FlagLevel]
    """What each strictness calls an issue in the audit file."""
    strictness: Strictness
    """That of the files prepared last; balanced if there are none."""
    num_changed: int
    """Labels that are not those of the file; 0 as well where a correction chose the label of the file."""
    changes: pd.DataFrame
    """The first of them: row_id, text (shortened), change, annotator, updated_at (UTC)."""

    @property
    def rows_out(self) -> int:
        """Rows of the corrected file: all but the excluded ones, unlabelled rows included."""
        return self.dataset.num_rows - self.excluded

    @property
    def changes_nothing(self) -> bool:
        """Whether the corrected file equals the one that came in."""
        return not self.num_changed and not self.excluded


@dataclass(frozen=True)
class PreparedFile:
    """One file that can be downloaded."""

    path: Path

    @property
    def name(self) -> str:
        """File name."""
        return self.path.name

    @property
    def size(self) -> str:
        """Size in words.

        Example:
            >>> PreparedFile(Path(__file__)).size.endswith("kB")
            True
        """
        return wording.size(self.path.stat().st_size)

    def read(self) -> bytes:
        """Return the content, as it is when the download starts."""
        return self.path.read_bytes()


@dataclass(frozen=True)
class PreparedExport:
    """The files of the last export of a run."""

    files: dict[str, PreparedFile]
    """By kind: FILE_KINDS."""
    prepared_at: datetime
    outdated: str
    """Why the files are out of date, in a sentence; empty if they are not."""


def summary(run_id: str) -> ExportSummary:
    """Return what an export of a run would hold."""
    workspace = workspaces.workspace()
    run = runs.get_run(workspace.store, run_id)
    current = datasets.current_labels(workspace.store, run.dataset_id)
    counts = current["status"].value_counts()
    changed = current[current["current_label"] != current["given_label"]]
    return ExportSummary(
        dataset=datasets.get_dataset(workspace.store, run.dataset_id),
        run_name=run.name,
        epochs_done=workspace.run_dir(run_id).last_epoch(),
        reviewed=int((current["status"] != "").sum()),
        corrected=int(counts.get("relabel", 0)),
        kept=int(counts.get("keep", 0)),
        excluded=int(counts.get("exclude", 0)),
        second_opinion=int(counts.get("flag", 0)),
        levels=result_queries.flag_levels(workspace.store, run_id),
        strictness=_receipt(run_id).get("strictness", "balanced"),
        num_changed=len(changed),
        changes=_changes(changed.head(CHANGES_SHOWN)),
    )


def prepare(run_id: str, strictness: Strictness) -> None:
    """Write the files of a run; earlier ones are replaced.

    Raises:
        LaneError: If the run has nothing to export yet.
    """
    workspace = workspaces.workspace()
    dataset_id = runs.get_run(workspace.store, run_id).dataset_id
    folder = workspace.home.exports / run_id
    with _preparing:
        # Taken before the export: what is decided meanwhile may or may not be in the files, so they count as old.
        receipt: dict[str, Any] = {
            "label_version": decision_queries.label_version(workspace.store, dataset_id),
            "epochs_done": workspace.run_dir(run_id).last_epoch(),
            "strictness": strictness,
        }
        files = workspace.export(run_id, folder, strictness)
        receipt["prepared_at"] = datetime.now(UTC).isoformat()
        receipt["files"] = {kind: _file_of(files, kind).name for kind in FILE_KINDS}
        replace_file(
            folder / _RECEIPT_NAME, lambda path: path.write_text(json.dumps(receipt), encoding="utf-8")
        )


def prepared(run_id: str, strictness: Strictness) -> PreparedExport | None:
    """Return the files that were prepared last; None if there are none, or one of them is gone.

    Args:
        run_id: The run.
        strictness: The one wanted now; files of another are out of date.
    """
    receipt = _receipt(run_id)
    if not receipt:
        return None
    folder = workspaces.workspace().home.exports / run_id
    files = {kind: PreparedFile(folder / receipt["files"][kind]) for kind in FILE_KINDS}
    if not all(file.path.is_file() for file in files.values()):
        return None
    prepared_at = datetime.fromisoformat(receipt["prepared_at"])
    return PreparedExport(files, prepared_at, _outdated(run_id, receipt, strictness))


def _receipt(run_id: str) -> dict[str, Any]:
    """Return what ``prepare`` noted down; empty if that was never or by an earlier version."""
    try:
        path = workspaces.workspace().home.exports / run_id / _RECEIPT_NAME
        receipt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return receipt if "strictness" in receipt else {}


def _outdated(run_id: str, receipt: Mapping[str, Any], strictness: Strictness) -> str:
    if receipt["strictness"] != strictness:
        return f"The issues in the audit file are those of “{receipt['strictness']}”."
    workspace = workspaces.workspace()
    dataset_id = runs.get_run(workspace.store, run_id).dataset_id
    if decision_queries.label_version(workspace.store, dataset_id) != receipt["label_version"]:
        return "Decisions were made after these files were prepared."
    epochs = workspace.run_dir(run_id).last_epoch()
    if epochs != receipt["epochs_done"]:
        return f"These files hold the scores after epoch {receipt['epochs_done']}; the run has finished {epochs}."
    return ""


def _changes(changed: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row_id": changed["example_id"],
            "text": [_shortened(text) for text in changed["text"]],
            "change": changed["given_label"] + " → " + changed["current_label"],
            "annotator": changed["annotator"],
            "updated_at": changed["updated_at"],
        }
    ).reset_index(drop=True)


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT_CHARS else f"{text[:_TEXT_CHARS].rstrip()} …"


def _file_of(files: ExportedFiles, kind: str) -> Path:
    path: Path = getattr(files, kind)
    return path
