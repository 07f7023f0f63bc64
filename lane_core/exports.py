"""Files out of a run: the corrected file, everything that explains it, and files for other tools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lane_core.data import (
    FileFormat,
    Table,
    audit_frame,
    changes_frame,
    write_corrected,
    write_manifest,
    write_rows,
)
from lane_core.data.formats.registry import split_name
from lane_core.data.presets.audited import audited_frame
from lane_core.data.presets.preset import Audited
from lane_core.data.presets.registry import find_preset
from lane_core.data.writing.audit_frames import audit_part
from lane_core.data.writing.defused_files import defuse_file
from lane_core.data.writing.export_choices import SPREADSHEET_FORMATS, SUFFIXES, RowChoice, rows_format
from lane_core.data.writing.export_filters import rows_left_out
from lane_core.data.writing.formulas import would_run
from lane_core.data.writing.sample_weights import weights_frame
from lane_core.data.writing.writers import corrected_frame
from lane_core.records import DatasetRecord, Strictness
from lane_core.runs.cartography import read_cartography
from lane_core.runs.results import final_table, manifest_values
from lane_core.store import datasets, run_queries, runs
from lane_core.store.annotations import file_annotations
from lane_core.store.classes import counted_classes, replaced_classes
from lane_core.workspace import Workspace

_NOT_IN_A_NAME = re.compile(r"[/\\:\x00-\x1f]+")


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, and how it is written."""

    strictness: Strictness = "balanced"
    """Which labels the audit file and the presets call an issue; the other files are the same at each."""
    file_format: FileFormat | None = None
    """Of the corrected, audit, changes and weights file; None = the one of the file that came in. What came as folders
    goes back as such; the other files are tables then."""
    rows: RowChoice = "all"
    """Which rows the corrected file, the weights and the presets hold; the audit file has all."""
    keep_excluded: bool = False
    """Whether these hold the examples that people excluded, too."""
    defuse_formulas: bool = False
    """Whether text in CSV, TSV and Excel that a spreadsheet would run gets an apostrophe before it."""
    with_weights: bool = False
    """Whether there is a file of sample weights."""
    presets: tuple[str, ...] = ()
    """Names of the presets to write, see ``lane_core.data.presets.registry``."""


@dataclass(frozen=True)
class ExportedFiles:
    """Paths of one export."""

    corrected: Path
    audit: Path
    changes: Path
    manifest: Path
    weights: Path | None = None
    presets: Mapping[str, Path] = field(default_factory=dict)
    """File or folder of each preset, by name."""

    def paths(self) -> list[Path]:
        """Return the path of everything that was written, the corrected file first."""
        named = (self.corrected, self.audit, self.changes, self.weights, self.manifest)
        return [*(path for path in named if path is not None), *self.presets.values()]


def export_run(
    workspace: Workspace, run_id: str, folder: Path, options: ExportOptions | None = None
) -> ExportedFiles:
    """Write the corrected file, the audit file, the changes file and the manifest; more if the options say so.

    Files of the same name in ``folder`` are replaced, each whole or not at all.

    Raises:
        DataError: If a file cannot be written, or no row would be left.
        RunError: If the run has no complete epoch.
        StoreError: If there is no such run, or the imported file is gone.
    """
    options = options or ExportOptions()
    presets = {name: find_preset(name).load() for name in options.presets}
    run = runs.get_run(workspace.store, run_id)
    record = datasets.get_dataset(workspace.store, run.dataset_id)
    current = datasets.current_labels(workspace.store, run.dataset_id, with_text=bool(presets))
    examples = current[["index", "row", "text", "split"]] if presets else None
    final = final_table(workspace.run_dir(run_id), options.strictness)
    left_out = rows_left_out(current, record.num_rows, options.rows, keep_excluded=options.keep_excluded)
    table = workspace.source_table(run.dataset_id)
    stem, file_format, names = _names(record, table, options)

    corrected = folder / names["corrected"]
    _write_corrected(workspace, record, table, current, left_out, corrected, options)
    audit = audit_frame(table, record.columns, current, final, current, run_id)
    defuse = options.defuse_formulas
    write_rows(audit, folder / names["audit"], file_format, defuse=defuse)
    changes = changes_frame(audit)
    write_rows(changes, folder / names["changes"], file_format, defuse=defuse)
    part = audit_part(audit)
    weights = folder / names["weights"] if options.with_weights else None
    if weights is not None:
        kept = current.loc[~current["row"].isin(left_out), "row"]
        write_rows(weights_frame(part.iloc[kept.to_numpy() - 1]), weights, file_format, defuse=defuse)

    manifest = _manifest(workspace, record, run_id, current, len(changes), options.strictness, final)
    manifest["export"] = {
        "file_format": file_format,
        "rows": options.rows,
        "keep_excluded": options.keep_excluded,
        "rows_out": record.num_rows - len(left_out),
        "formulas_defused": defuse and file_format in SPREADSHEET_FORMATS,
        "sample_weights": options.with_weights,
        "presets": list(options.presets),
    }
    written = {}
    if examples is not None:
        audited = _audited(workspace, record, run_id, part, examples, left_out, manifest)
        written = {name: write(audited, folder, stem) for name, write in presets.items()}
    write_manifest(manifest, folder / names["manifest"])
    return ExportedFiles(
        corrected,
        folder / names["audit"],
        folder / names["changes"],
        folder / names["manifest"],
        weights,
        written,
    )


def export_corrected(workspace: Workspace, dataset_id: str, folder: Path) -> Path:
    """Write only the corrected file of a data set, in the shape that came in and without excluded rows.

    Raises:
        DataError: If it cannot be written, or every row is excluded.
        StoreError: If there is no such data set, or the imported file is gone.
    """
    options = ExportOptions()
    record = datasets.get_dataset(workspace.store, dataset_id)
    current = datasets.current_labels(workspace.store, dataset_id, with_text=False)
    left_out = rows_left_out(current, record.num_rows)
    table = workspace.source_table(dataset_id)
    path = folder / _names(record, table, options)[2]["corrected"]
    _write_corrected(workspace, record, table, current, left_out, path, options)
    return path


def corrected_name(source_name: str) -> str:
    """Return the name of the corrected file in the shape that came in.

    Example:
        >>> corrected_name("posts.v2.csv.gz"), corrected_name("hf:dair-ai/emotion")
        ('posts.v2.corrected.csv.gz', 'hf-dair-ai-emotion.corrected')
    """
    stem, suffix = _split(source_name)
    return f"{stem}.corrected{suffix}"


def _split(source_name: str) -> tuple[str, str]:
    return split_name(_NOT_IN_A_NAME.sub("-", source_name).strip("-"))


def _names(
    record: DatasetRecord, table: Table, options: ExportOptions
) -> tuple[str, FileFormat, dict[str, str]]:
    """Return what the names begin with, the format of the files, and the name of each."""
    file_format = options.file_format or rows_format(table.file_format)
    stem, _ = _split(record.source_name)
    suffix = SUFFIXES[file_format]
    names = {kind: f"{stem}.{kind}{suffix}" for kind in ("corrected", "audit", "changes", "weights")}
    names["manifest"] = f"{stem}.manifest.json"
    if options.file_format in (None, table.file_format):
        names["corrected"] = corrected_name(record.source_name)
    return stem, file_format, names


def _write_corrected(
    workspace: Workspace,
    record: DatasetRecord,
    table: Table,
    current: pd.DataFrame,
    left_out: set[int],
    path: Path,
    options: ExportOptions,
) -> None:
    relabelled = current[current["current_label"] != current["given_label"]]
    labels = dict(zip(relabelled["row"].tolist(), relabelled["current_label"].tolist(), strict=True))
    about = (table, record.columns.label, labels, left_out)
    class_names = record.columns.class_names
    is_own = options.file_format in (None, table.file_format)
    file_format = options.file_format or table.file_format
    defuse = options.defuse_formulas and file_format in SPREADSHEET_FORMATS
    # Names of columns can only be defused in a file that is written anew.
    if is_own and not (defuse and any(map(would_run, table.columns))):
        write_corrected(*about, path, class_names)
        if defuse:
            defuse_file(path, workspace.read_options(record.dataset_id))
    else:
        write_rows(corrected_frame(*about, class_names), path, file_format, defuse=defuse)


def _audited(
    workspace: Workspace,
    record: DatasetRecord,
    run_id: str,
    part: pd.DataFrame,
    examples: pd.DataFrame,
    left_out: set[int],
    manifest: Mapping[str, object],
) -> Audited:
    store, dataset_id = workspace.store, record.dataset_id
    names = datasets.dataset_classes(store, dataset_id)
    counts_as = dict(zip(names, counted_classes(store, dataset_id), strict=True))
    frame = audited_frame(part, examples, left_out, counts_as)
    annotations = file_annotations(store, dataset_id)
    annotations["label"] = annotations["label"].map(counts_as)
    replaced = set(replaced_classes(store, dataset_id))
    return Audited(
        name=record.name,
        classes=tuple(name for name in names if name not in replaced),
        frame=frame,
        annotations=annotations[annotations["index"].isin(frame["index"])].reset_index(drop=True),
        dynamics=_dynamics(workspace, run_id, frame),
        manifest=manifest,
    )


def _dynamics(workspace: Workspace, run_id: str, frame: pd.DataFrame) -> pd.DataFrame:
    epochs = run_queries.stored_epochs(workspace.store, run_id)
    found = read_cartography(workspace.run_dir(run_id), epochs)
    index = frame.loc[frame["split"] == "train", "index"].to_numpy()
    if found is None:
        return pd.DataFrame(columns=["index", "confidence", "variability", "correctness"])
    index = index[index < len(found.confidence)]
    return pd.DataFrame(
        {
            "index": index,
            "confidence": found.confidence[index],
            "variability": found.variability[index],
            "correctness": (found.correctness[index] * len(found.epochs)).round().astype("int64"),
        }
    )


def _manifest(
    workspace: Workspace,
    record: DatasetRecord,
    run_id: str,
    current: pd.DataFrame,
    num_changes: int,
    strictness: Strictness,
    final: pd.DataFrame,
) -> dict[str, Any]:
    decided = current.loc[current["status"] != "", "status"].value_counts().to_dict()
    replaced = set(replaced_classes(workspace.store, record.dataset_id))
    classes = datasets.dataset_classes(workspace.store, record.dataset_id)
    return manifest_values(
        workspace.run_dir(run_id),
        final,
        strictness,
        source_name=record.source_name,
        source_sha256=record.source_sha256,
        num_rows=record.num_rows,
        num_examples=record.num_examples,
        classes=[name for name in classes if name not in replaced],
        decision_counts={
            action: int(decided.get(action, 0)) for action in ("keep", "relabel", "exclude", "flag")
        },
        num_changes=num_changes,
    )
