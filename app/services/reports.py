"""The report of a run: preparing it, and the files prepared before."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.services.exporting import PreparedExport, PreparedFile
from app.services.workspaces import workspace
from lane_core.files import replace_file
from lane_core.records import Strictness
from lane_core.reporting.report_building import build_report
from lane_core.reporting.report_files import FILE_NAMES, write_report
from lane_core.store import decision_queries, run_queries, runs

_RECEIPT_NAME = "prepared_report.json"
_preparing = threading.Lock()


def prepare(run_id: str, strictness: Strictness) -> None:
    """Write the report of a run as HTML and Markdown; an earlier one is replaced.

    Raises:
        LaneError: If the run has nothing to report yet.
    """
    folder = _folder(run_id)
    with _preparing:
        # Taken before the report: what is decided meanwhile may or may not be in it, so it counts as old.
        made_of = _made_of(run_id, strictness)
        report = build_report(workspace(), run_id, strictness)
        for kind in FILE_NAMES:
            write_report(report, kind, folder)
        receipt = json.dumps({**made_of, "prepared_at": datetime.now(UTC).isoformat()})
        replace_file(folder / _RECEIPT_NAME, lambda path: path.write_text(receipt, encoding="utf-8"))


def prepared(run_id: str, strictness: Strictness) -> PreparedExport | None:
    """Return the report that was prepared last, by format; None if there is none, or a file of it is gone.

    Args:
        run_id: The run.
        strictness: The one wanted now; a report of another is out of date.
    """
    folder = _folder(run_id)
    try:
        receipt = json.loads((folder / _RECEIPT_NAME).read_text(encoding="utf-8"))
        prepared_at = datetime.fromisoformat(receipt.pop("prepared_at"))
    except (FileNotFoundError, ValueError, KeyError):
        return None
    files = {kind: PreparedFile(folder / name) for kind, name in FILE_NAMES.items()}
    if not all(file.path.is_file() for file in files.values()):
        return None
    is_current = receipt == _made_of(run_id, strictness)
    outdated = (
        "" if is_current else "Labels, epochs, the name of the run or the strictness have changed since."
    )
    return PreparedExport({str(kind): file for kind, file in files.items()}, prepared_at, outdated)


def _folder(run_id: str) -> Path:
    return workspace().home.exports / run_id


def _made_of(run_id: str, strictness: Strictness) -> dict[str, Any]:
    """Return what a report would be made of now: another answer means another report."""
    store = workspace().store
    run = runs.get_run(store, run_id)
    return {
        "run_name": run.name,
        "label_version": decision_queries.label_version(store, run.dataset_id),
        "epoch": run_queries.last_epoch(store, run_id),
        "strictness": strictness,
    }
