"""What a run found, read from its directory, with class names instead of codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from lane_core import __version__
from lane_core.errors import RunError
from lane_core.records import Strictness
from lane_core.runs.run_dir import EPOCH_SCHEMA, RunDir


def final_table(run_dir: RunDir, strictness: Strictness = "balanced") -> pd.DataFrame:
    """Return where every example stands after the last epoch on disk.

    Args:
        run_dir: The run.
        strictness: Which label scores are an issue. A run of an earlier version has only its own flag.

    Returns:
        index, predicted_label, suggested_label, suggested_probability, given_probability, is_label_issue,
        label_score, alm, aum, alm_rank (1 = lowest ALM), similarity, severity, weight, split; sorted by index.

    Raises:
        RunError: If no epoch is complete yet.
    """
    epoch = _last_epoch(run_dir)
    names = np.array(run_dir.dataset().classes, dtype=object)
    # The files of an earlier version lack columns.
    frame = run_dir.read_event("epoch", epoch).reindex(columns=EPOCH_SCHEMA.names)
    line = _metrics(run_dir).get(f"{strictness}_below")
    if line is not None:
        frame["is_label_issue"] = frame["label_score"].astype("float64") < line
    frame["predicted_label"] = names[frame["predicted"]]
    frame["suggested_label"] = names[frame["suggested"]]
    frame["alm_rank"] = frame["alm"].rank(method="first").astype("int64")
    frame["split"] = run_dir.examples(["split"])["split"].to_numpy()
    return frame[
        [
            "index",
            "predicted_label",
            "suggested_label",
            "suggested_probability",
            "given_probability",
            "is_label_issue",
            "label_score",
            "alm",
            "aum",
            "alm_rank",
            "similarity",
            "severity",
            "weight",
            "split",
        ]
    ]


def class_similarity(run_dir: RunDir) -> pd.DataFrame:
    """Return the learned class similarity after the last epoch, (K, K), given classes down, predicted across."""
    pairs = run_dir.read_event("similarity", _last_epoch(run_dir))
    names = list(run_dir.dataset().classes)
    matrix = pairs["value"].to_numpy().reshape(len(names), len(names))
    return pd.DataFrame(matrix, index=pd.Index(names, name="given_label"), columns=names)


def manifest_values(
    run_dir: RunDir,
    final: pd.DataFrame,
    strictness: Strictness,
    *,
    source_name: str,
    source_sha256: str,
    num_rows: int,
    num_examples: int,
    classes: Sequence[str],
    decision_counts: Mapping[str, int] | None = None,
    num_changes: int = 0,
) -> dict[str, Any]:
    """Return the content of manifest.json: what went in, what was run, what was decided.

    Args:
        run_dir: The run.
        final: Its ``final_table`` of this strictness.
        strictness: What num_flagged and expected_precision are of.
        source_name: Name of the file that went in.
        source_sha256: Its fingerprint.
        num_rows: Data rows of the file.
        num_examples: Those of them that are examples.
        classes: Names of the classes, as they stand now.
        decision_counts: Decided examples by action; None = nobody has decided.
        num_changes: Labels that differ from those of the file.

    Raises:
        RunError: If no epoch is complete yet.
    """
    config, metrics = run_dir.config(), _metrics(run_dir)
    return {
        "source": source_name,
        "source_sha256": source_sha256,
        "num_rows": num_rows,
        "num_examples": num_examples,
        "classes": list(classes),
        "run_id": run_dir.run_id,
        "config": asdict(config),
        "encoder": config.encoder,
        "seed": config.seed,
        "epochs_done": run_dir.last_epoch(),
        "alm_threshold": metrics.get("mu"),
        "strictness": strictness,
        "num_flagged": int(final["is_label_issue"].sum()),
        "expected_precision": metrics.get(f"{strictness}_precision"),
        "estimated_noise_rate": metrics.get("noise_rate"),
        "decisions": dict(decision_counts or {}),
        "num_changed_labels": num_changes,
        "lane_audit_version": __version__,
        "written_at": datetime.now(UTC).isoformat(),
    }


def _metrics(run_dir: RunDir) -> dict[str, float]:
    """Return the metrics of the last epoch that exist."""
    values = run_dir.read_event("metrics", _last_epoch(run_dir)).iloc[0].dropna()
    return {str(name): float(value) for name, value in values.items()}


def _last_epoch(run_dir: RunDir) -> int:
    epoch = run_dir.last_epoch()
    if epoch == 0:
        raise RunError(
            f"Run {run_dir.run_id} has no complete epoch yet. Wait for its first epoch, or resume it."
        )
    return epoch
