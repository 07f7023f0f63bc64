"""A report of a run, from its first sentence to how it was made."""

from __future__ import annotations

from datetime import UTC, datetime

from lane_core.records import Strictness
from lane_core.reporting.report import Report
from lane_core.reporting.report_dynamics import dynamics_section
from lane_core.reporting.report_matrices import confusion_section, similarity_section
from lane_core.reporting.report_method import method_section
from lane_core.reporting.report_results import (
    class_section,
    findings_section,
    pair_section,
    summary_section,
    worst_section,
)
from lane_core.reporting.report_review import comparison_section, review_section
from lane_core.reporting.report_source import report_source
from lane_core.workspace import Workspace


def build_report(workspace: Workspace, run_id: str, strictness: Strictness = "balanced") -> Report:
    """Return the report of a run, as of its last stored epoch and the labels as they stand.

    Args:
        workspace: The open home.
        run_id: The run.
        strictness: Which labels count as flagged.

    Raises:
        StoreError: If there is no such run.
        RunError: If no epoch of it is stored yet.
    """
    source = report_source(workspace, run_id, strictness)
    sections = (
        summary_section,
        findings_section,
        class_section,
        pair_section,
        similarity_section,
        confusion_section,
        dynamics_section,
        review_section,
        comparison_section,
        worst_section,
        method_section,
    )
    return Report(
        title=f"Label audit of {source.dataset.name}",
        subtitle=f"{source.run.name} on {source.dataset.source_name}, after epoch {source.epoch}.",
        written_at=datetime.now(UTC),
        sections=tuple(section(source) for section in sections),
    )
