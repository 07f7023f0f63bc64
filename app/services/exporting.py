"""Files out: the corrected file at once, what an export of a run would hold, preparing it, and what is prepared."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from app.services import workspaces
from lane_core import wording
from lane_core.data.presets.registry import PRESETS
from lane_core.exports import ExportedFiles, ExportOptions, corrected_name, export_corrected, export_run
from lane_core.files import replace_file
from lane_core.records import DatasetRecord, Strictness
from lane_core.store import datasets, decision_queries, result_queries, runs
from lane_core.store.result_queries import FlagLevel
from lane_core.workspace import find_source

CHANGES_SHOWN = 50
TOOLS = {name: (entry.title, entry.purpose) for name, entry in PRESETS.items()}
"""Preset -> name of the tool, and what its files are for."""

_TEXT_CHARS = 120
_RECEIPT_NAME = "prepared.json"
_preparing = threading.Lock()


@dataclass(frozen=True)
class ExportSummary:
    """What an export of the labels as they stand would hold."""

    dataset: DatasetRecord
    source: Path | None
    """The imported file or folder; None if it is gone, so that nothing can be exported."""
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
    options: ExportOptions
    """Those of the files prepared last; the usual ones if there are none."""
    num_changed: int
    """Labels that are not those of the file; 0 as well where a correction chose the label of the file."""
    changes: pd.DataFrame
    """The first of them: row_id, text (shortened), change, annotator, updated_at (UTC)."""

    @property
    def rows_out(self) -> int:
        """Rows of the corrected file: all but the excluded ones, unlabelled rows included."""
        return self.dataset.num_rows - self.excluded

    @property
    def corrected_name(self) -> str:
        """Name of the corrected file as it is downloaded: a folder comes as a zip file."""
        name = corrected_name(self.dataset.source_name)
        return f"{name}.zip" if self.source is not None and self.source.is_dir() else name

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
    """By kind: corrected, audit, changes, manifest; weights and the names of TOOLS, if they were asked for."""
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
        source=find_source(workspace.home.datasets / run.dataset_id),
        run_name=run.name,
        epochs_done=workspace.run_dir(run_id).last_epoch(),
        reviewed=int((current["status"] != "").sum()),
        corrected=int(counts.get("relabel", 0)),
        kept=int(counts.get("keep", 0)),
        excluded=int(counts.get("exclude", 0)),
        second_opinion=int(counts.get("flag", 0)),
        levels=result_queries.flag_levels(workspace.store, run_id),
        options=_options(_receipt(run_id)) or ExportOptions(),
        num_changed=len(changed),
        changes=_changes(changed.head(CHANGES_SHOWN)),
    )


def corrected_file(dataset_id: str) -> bytes:
    """Return the corrected file of a project as the labels stand now; a folder as a zip file.

    Raises:
        LaneError: If it cannot be written.
    """
    with tempfile.TemporaryDirectory() as room:
        return _packed(export_corrected(workspaces.workspace(), dataset_id, Path(room))).read_bytes()


def prepare(run_id: str, options: ExportOptions) -> None:
    """Write the files of a run; earlier ones go.

    Raises:
        LaneError: If the run has nothing to export yet, or a file cannot be written.
    """
    workspace = workspaces.workspace()
    dataset_id = runs.get_run(workspace.store, run_id).dataset_id
    folder = workspace.home.exports / run_id
    with _preparing:
        # Taken before the export: what is decided meanwhile may or may not be in the files, so they count as old.
        receipt: dict[str, Any] = {
            "label_version": decision_queries.label_version(workspace.store, dataset_id),
            "epochs_done": workspace.run_dir(run_id).last_epoch(),
            "options": asdict(options),
        }
        files = _named(export_run(workspace, run_id, folder, options))
        receipt["prepared_at"] = datetime.now(UTC).isoformat()
        receipt["files"] = {kind: _packed(path).name for kind, path in files.items()}
        for name in set(_receipt(run_id).get("files", {}).values()) - set(receipt["files"].values()):
            (folder / name).unlink(missing_ok=True)
        replace_file(
            folder / _RECEIPT_NAME, lambda path: path.write_text(json.dumps(receipt), encoding="utf-8")
        )


def prepared(run_id: str, options: ExportOptions) -> PreparedExport | None:
    """Return the files that were prepared last; None if there are none, or one of them is gone.

    Args:
        run_id: The run.
        options: Those wanted now; files with others are out of date.
    """
    receipt = _receipt(run_id)
    if not receipt:
        return None
    folder = workspaces.workspace().home.exports / run_id
    files = {kind: PreparedFile(folder / name) for kind, name in receipt["files"].items()}
    if not all(file.path.is_file() for file in files.values()):
        return None
    prepared_at = datetime.fromisoformat(receipt["prepared_at"])
    return PreparedExport(files, prepared_at, _outdated(run_id, receipt, options))


def is_prepared(run_id: str) -> bool:
    """Return whether files of this run were prepared, with whatever options."""
    return bool(_receipt(run_id))


def _named(files: ExportedFiles) -> dict[str, Path]:
    """Return the paths of an export by kind."""
    named = {"corrected": files.corrected, "audit": files.audit, "changes": files.changes}
    if files.weights is not None:
        named["weights"] = files.weights
    return {**named, "manifest": files.manifest, **files.presets}


def _packed(path: Path) -> Path:
    """Return a file as it is; a folder becomes a zip file beside it."""
    if not path.is_dir():
        return path
    archive = Path(shutil.make_archive(str(path), "zip", root_dir=path.parent, base_dir=path.name))
    shutil.rmtree(path)
    return archive


def _receipt(run_id: str) -> dict[str, Any]:
    """Return what ``prepare`` noted down; empty if that was never or by an earlier version."""
    try:
        path = workspaces.workspace().home.exports / run_id / _RECEIPT_NAME
        receipt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return receipt if _options(receipt) else {}


def _options(receipt: Mapping[str, Any]) -> ExportOptions | None:
    """Return the options of a receipt; None if an earlier version wrote it."""
    try:
        values = receipt["options"]
        options = ExportOptions(**{**values, "presets": tuple(values["presets"])})
        return options if set(options.presets) <= set(TOOLS) else None
    except (KeyError, TypeError):
        return None


def _outdated(run_id: str, receipt: Mapping[str, Any], options: ExportOptions) -> str:
    made_with = _options(receipt)
    if made_with is not None and made_with.strictness != options.strictness:
        return f"The issues in the audit file are those of “{made_with.strictness}”."
    if made_with != options:
        return "They were prepared with other choices."
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
