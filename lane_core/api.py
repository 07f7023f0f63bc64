"""The audit as a Python function: texts and labels in, what the export holds out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lane_core.config import RunConfig
from lane_core.errors import DataError, RunError
from lane_core.records import ColumnChoice, RunStatus, Strictness

if TYPE_CHECKING:
    import pandas as pd

    from lane_core.data import Examples
    from lane_core.runs.run_dir import RunDir


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
        result.frame.sort_values("label_score").head(20)
    """
    import pandas as pd

    from lane_core.data import Table, audit_frame, examples_of, with_validation
    from lane_core.runs.run_dir import RunDir
    from lane_core.runs.score_file import read_scores

    if len(texts) != len(labels):
        raise DataError(
            f"There are {len(texts)} texts and {len(labels)} labels; give one label for each text."
        )
    columns = ColumnChoice(text="text", label="label")
    frame = pd.DataFrame({"text": list(texts), "label": list(labels)}, dtype=object)
    table = Table(Path("texts and labels"), "jsonl", frame)
    examples = with_validation(examples_of(table, columns))
    with tempfile.TemporaryDirectory(prefix="lane-audit-") as folder:
        run_dir = RunDir(Path(folder) / "run")
        final, similarity = run_to_the_end(
            run_dir, examples, config or RunConfig(), "texts and labels", strictness=strictness
        )
        scores = read_scores(run_dir)
    return AuditResult(audit_frame(table, columns, examples.frame, final), similarity, scores)


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
