"""A report as a file: one HTML page with everything in it, or Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from lane_core.files import replace_file
from lane_core.reporting.report import Report
from lane_core.reporting.report_html import to_html
from lane_core.reporting.report_markdown import to_markdown

ReportFormat = Literal["html", "markdown"]
FILE_NAMES: dict[ReportFormat, str] = {"html": "report.html", "markdown": "report.md"}
_WRITERS = {"html": to_html, "markdown": to_markdown}


def write_report(report: Report, kind: ReportFormat, folder: Path) -> Path:
    """Write a report into a folder and return its path; a file of that name is replaced, whole or not at all."""
    path = folder / FILE_NAMES[kind]
    text = _WRITERS[kind](report)
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return path
