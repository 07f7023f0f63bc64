"""A report as GitHub's Markdown: the same sentences and tables; a figure is the table of its numbers."""

from __future__ import annotations

from lane_core.reporting.report import Part, Report, ReportChart, ReportPoints, ReportSection, ReportTable
from lane_core.reporting.report_text import markdown_paragraph, markdown_text


def to_markdown(report: Report) -> str:
    """Return the report as Markdown that shows every name and text as it stands."""
    blocks = [f"# {markdown_text(report.title)}", markdown_paragraph(report.subtitle)]
    for section in report.sections:
        blocks += _section(section)
    return "\n\n".join(blocks) + "\n"


def _section(section: ReportSection) -> list[str]:
    head = [f"## {markdown_text(section.heading)}", f"_{markdown_text(section.meaning)}_"]
    return head + [block for part in section.parts for block in _part(part)]


def _part(part: Part) -> list[str]:
    if isinstance(part, str):
        return [markdown_paragraph(part)]
    if isinstance(part, ReportPoints):
        numbered = enumerate(part.points, start=1)
        return [
            "\n".join(
                f"{place}. **{markdown_text(seen)}** {markdown_text(advice)}"
                for place, (seen, advice) in numbered
            )
        ]
    if isinstance(part, ReportChart):
        return [markdown_paragraph(part.caption), *_table(part.numbers)]
    return _table(part)


def _table(table: ReportTable) -> list[str]:
    names = [str(name) for name in table.frame.columns]
    head = _row([markdown_text(name) for name in names])
    rule = _row(["--:" if table.is_number(name) else "---" for name in names])
    rows = [_row([markdown_text(cell) for cell in row]) for row in table.rows()]
    return [f"**{markdown_text(table.caption)}**", "\n".join([head, rule, *rows])]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
