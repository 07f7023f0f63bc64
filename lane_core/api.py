"""The audit as a Python function: texts and labels in, what the export holds out."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lane_core.config import RunConfig
from lane_core.errors import DataError, RunError
from lane_core.records import ColumnChoice, RunStatus, Strictness

if TYPE_CHECKING:
    import pandas as pd

    from lane_core.data import Examples, FileFormat
    from lane_core.runs.run_dir import RunDir

_SOURCE = "texts and labels"
"""What an audit of values in memory calls the place that they came from."""


@dataclass(frozen=True)
class AuditResult:
    """What an audit found."""

    frame: pd.DataFrame
    """One row per example in the order given, in the export's columns (``lane_core.data.AUDIT_COLUMNS``) after
    ``text`` and ``label``; ``label_score`` is the calibrated probability that the given label is right."""
    class_similarity: pd.DataFrame
    """(K, K), given classes down, predicted classes across; rows sum to 1."""
    scores: pd.DataFrame
    """Every score of every example, in the order given (``lane_core.evidence.scores``); high = likely right."""
    manifest: Mapping[str, Any]
    """What went in, what was run and what it came to: the content of ``manifest.json``."""

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of ``frame``, to be changed at will."""
        return self.frame.copy()

    def save(self, path: Path | str, file_format: FileFormat | None = None) -> Path:
        """Write the audit as one file, or everything as a folder; return where it is.

        A folder holds what ``python -m lane_core audit`` writes: audit.csv, class_similarity.csv, scores.csv and
        manifest.json.

        Args:
            path: A file to be written, or a folder: one that is there, or a name without an ending.
            file_format: Format of the file, or of audit and scores in the folder; None = what the file's name ends in,
                and csv in a folder.

        Raises:
            DataError: If the format is unknown, or the place cannot be written to.
        """
        from lane_core.data import write_rows

        path = Path(path)
        if path.is_dir() or not path.suffix:
            scores = self.scores.assign(index=self.frame["row_id"].to_numpy())
            write_audit_folder(
                path, self.frame, self.class_similarity, scores, self.manifest, file_format or "csv"
            )
        else:
            write_rows(self.frame, path, file_format or _format_of(path))
        return path


def audit(
    texts: Sequence[str],
    labels: Sequence[str],
    config: RunConfig | None = None,
    strictness: Strictness = "balanced",
) -> AuditResult:
    """Find the labels that are probably wrong by training LANE on them.

    A tenth of the rows is kept from training as validation and scored out-of-sample; the scores of the others
    are in-sample (of the training that they took part in).

    Args:
        texts: N texts.
        labels: N given labels, as strings.
        config: What to run; None = the default preset.
        strictness: Which label scores ``is_label_issue`` is true for.

    Raises:
        DataError: If the lengths differ, or there are fewer than two classes.
        EncoderError: If the encoder cannot be loaded.

    Example::

        result = audit(texts, labels)
        result.to_frame().nsmallest(20, "label_score")
        result.save("audit.csv")
    """
    from lane_core.runs.run_dir import RunDir

    with tempfile.TemporaryDirectory(prefix="lane-audit-") as folder:
        return audit_into(RunDir(Path(folder) / "run"), texts, labels, config or RunConfig(), strictness)


def audit_into(
    run_dir: RunDir,
    texts: Sequence[str],
    labels: Sequence[str],
    config: RunConfig,
    strictness: Strictness = "balanced",
    keep_validation: bool = True,
) -> AuditResult:
    """Do what ``audit`` does with the run in a directory that stays; without validation all rows are trained on."""
    import pandas as pd

    from lane_core.data import Table, audit_frame, examples_of, with_validation
    from lane_core.runs.score_file import read_scores

    if len(texts) != len(labels):
        raise DataError(
            f"There are {len(texts)} texts and {len(labels)} labels; give one label for each text."
        )
    columns = ColumnChoice(text="text", label="label")
    frame = pd.DataFrame({"text": list(texts), "label": list(labels)}, dtype=object)
    table = Table(Path(_SOURCE), "jsonl", frame)
    examples = examples_of(table, columns)
    if keep_validation:
        examples = with_validation(examples)
    final, similarity = run_to_the_end(run_dir, examples, config, _SOURCE, strictness=strictness)
    manifest = audit_manifest(_SOURCE, _fingerprint(examples), examples, run_dir, final, strictness)
    audited = audit_frame(table, columns, examples.frame, final)
    return AuditResult(audited, similarity, read_scores(run_dir), manifest)


def audit_manifest(
    name: str,
    sha256: str,
    examples: Examples,
    run_dir: RunDir,
    final: pd.DataFrame,
    strictness: Strictness,
) -> dict[str, Any]:
    """Return the content of the manifest of a run that nobody has decided anything on; see ``manifest_values``."""
    from lane_core.runs.results import manifest_values

    return manifest_values(
        run_dir,
        final,
        strictness,
        source_name=name,
        source_sha256=sha256,
        num_rows=examples.num_rows,
        num_examples=len(examples.frame),
        classes=examples.classes,
    )


def write_audit_folder(
    folder: Path,
    audited: pd.DataFrame,
    class_similarity: pd.DataFrame,
    scores: pd.DataFrame,
    manifest: Mapping[str, Any],
    file_format: FileFormat = "csv",
) -> None:
    """Write what an audit found as files of a folder, which is made where it is missing.

    Args:
        folder: Gets audit and scores in the file format, class_similarity.csv and manifest.json.
        audited: An audit frame, a row an example or more.
        class_similarity: (K, K).
        scores: Of the examples; ``index`` is the ``row_id`` that the audit has for them.
        manifest: Content of the manifest.
        file_format: Of audit and scores.

    Raises:
        DataError: If the place cannot be written to.
    """
    from lane_core.data import write_manifest, write_rows
    from lane_core.data.writing.export_choices import SUFFIXES
    from lane_core.files import replace_file

    suffix = SUFFIXES[file_format]
    write_rows(audited, folder / f"audit{suffix}", file_format)
    replace_file(folder / "class_similarity.csv", class_similarity.to_csv)
    write_rows(scores.rename(columns={"index": "row_id"}), folder / f"scores{suffix}", file_format)
    write_manifest(manifest, folder / "manifest.json")


def run_to_the_end(
    run_dir: RunDir,
    examples: Examples,
    config: RunConfig,
    name: str,
    on_status: Callable[[RunStatus], None] | None = None,
    strictness: Strictness = "balanced",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train in this process; return the final table and the class similarity.

    A directory that holds the same run already is gone on with after its last whole epoch, and only read if it has
    finished. The strictness is that of
    ``final_table``: any can be asked of a run that has ended.

    Raises:
        RunError: If the directory holds another run, or the run did not finish; the message says why.
    """
    from lane_core.runs.results import class_similarity, final_table
    from lane_core.runs.run_dir import EXAMPLES_SCHEMA, RunDataset
    from lane_core.runs.worker import work

    frame = examples.frame[EXAMPLES_SCHEMA.names]
    if not (run_dir.path / "config.json").exists():
        run_dir.create(config, RunDataset("", name, examples.classes, label_version=0), frame)
    elif run_dir.config() != config or not run_dir.examples().equals(frame.astype(run_dir.examples().dtypes)):
        raise RunError(
            f"{run_dir.path} holds a run of other data or other settings. Choose another output folder, or "
            "remove that one."
        )
    status = run_dir.status()
    if status.state != "finished":
        run_dir.cancel_file.unlink(missing_ok=True)
        status = work(run_dir, on_status)
    if status.state != "finished":
        raise RunError(f"The run {status.state}: {status.message} (log: {run_dir.log})")
    return final_table(run_dir, strictness), class_similarity(run_dir)


def _format_of(path: Path) -> FileFormat:
    from lane_core.data.writing.export_choices import SUFFIXES

    for name, suffix in SUFFIXES.items():
        if path.suffix.lower() == suffix:
            return name
    raise DataError(
        f"{path.name} ends in {path.suffix!r}, which no format is known by. Use one of {', '.join(SUFFIXES.values())}, "
        "or say file_format."
    )


def _fingerprint(examples: Examples) -> str:
    """Return the SHA-256 of texts and labels as JSON: the same for the same values, wherever they came from."""
    values = [examples.frame["text"].tolist(), examples.frame["given_label"].tolist()]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
