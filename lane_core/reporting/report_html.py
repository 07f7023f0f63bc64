"""A report as one HTML file that needs nothing else: style, figures and plotly.js (4.8 MB) are in it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from lane_core.charts.standalone import figure_json, plotly_script
from lane_core.reporting.report import Part, Report, ReportChart, ReportPoints, ReportSection, ReportTable
from lane_core.reporting.report_text import html_text

_FOLDER = Path(__file__).resolve().parent
_WIDE_CELL = 40
"""Characters from which the cells of a column are texts rather than names."""


def to_html(report: Report) -> str:
    """Return the report as a page for light and dark screens and for paper.

    The page asks no other machine for anything, and says so to the browser: scripts other than its own are not run,
    whatever a text or a name in it holds.
    """
    scripts = [plotly_script(), (_FOLDER / "report_page.js").read_text(encoding="utf-8")]
    has_charts = any(isinstance(part, ReportChart) for section in report.sections for part in section.parts)
    own = "".join(f"<script>{script}</script>" for script in scripts) if has_charts else ""
    title, written = html_text(report.title), f"{report.written_at:%Y-%m-%d %H:%M} UTC"
    contents = "".join(
        f'<li><a href="#{section.anchor}">{html_text(section.heading)}</a></li>'
        for section in report.sections
    )
    body = "\n".join(_section(section) for section in report.sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{(_FOLDER / "report_page.css").read_text(encoding="utf-8")}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="written">{html_text(report.subtitle)} \
Written <time datetime="{report.written_at.isoformat()}">{written}</time>.</p>
</header>
<nav aria-label="Contents"><ol>{contents}</ol></nav>
<main>
{body}
</main>
{own}
</body>
</html>
"""


def _policy(scripts: list[str]) -> str:
    """Return what the page may load: its own scripts by their digests, styles inside it, pictures it draws itself."""
    digests = " ".join(
        f"'sha256-{b64encode(sha256(script.encode('utf-8')).digest()).decode('ascii')}'" for script in scripts
    )
    styles = "style-src 'unsafe-inline'; img-src data: blob:"
    return f"default-src 'none'; script-src {digests}; {styles}; form-action 'none'; base-uri 'none'"


def _section(section: ReportSection) -> str:
    parts = "\n".join(
        _part(part, f"{section.anchor}-{place}") for place, part in enumerate(section.parts, start=1)
    )
    return f"""<section aria-labelledby="{section.anchor}">
<h2 id="{section.anchor}">{html_text(section.heading)}</h2>
<p class="meaning">{html_text(section.meaning)}</p>
{parts}
</section>"""


def _part(part: Part, name: str) -> str:
    if isinstance(part, str):
        return f"<p>{html_text(part)}</p>"
    if isinstance(part, ReportPoints):
        points = "".join(
            f"<li><strong>{html_text(seen)}</strong>{html_text(advice)}</li>" for seen, advice in part.points
        )
        return f'<ol class="points">{points}</ol>'
    if isinstance(part, ReportChart):
        return _chart(part, name)
    return _table(part)


def _chart(chart: ReportChart, name: str) -> str:
    caption = html_text(chart.caption)
    return f"""<figure aria-labelledby="{name}-caption">
<div class="chart" role="img" aria-label="{caption}" data-figure="{name}"><noscript>Figures need JavaScript; \
the numbers are below.</noscript></div>
<figcaption id="{name}-caption">{caption}</figcaption>
<details><summary>The numbers of this figure</summary>
{_table(chart.numbers)}
</details>
<script type="application/json" id="{name}">{figure_json(chart.figure)}</script>
</figure>"""


def _table(table: ReportTable) -> str:
    names = [str(name) for name in table.frame.columns]
    rows = table.rows()
    kinds = [_kind(table, name, [row[place] for row in rows]) for place, name in enumerate(names)]
    head = "".join(
        f'<th scope="col"{kind}>{html_text(name)}</th>' for name, kind in zip(names, kinds, strict=True)
    )
    body = "\n".join(f"<tr>{_row(row, kinds)}</tr>" for row in rows)
    return f"""<div class="wide"><table>
<caption>{html_text(table.caption)}</caption>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table></div>"""


def _row(cells: list[str], kinds: list[str]) -> str:
    first, *others = (f"{kind}>{html_text(cell)}" for cell, kind in zip(cells, kinds, strict=True))
    return f'<th scope="row"{first}</th>' + "".join(f"<td{cell}</td>" for cell in others)


def _kind(table: ReportTable, name: str, cells: list[str]) -> str:
    if table.is_number(name):
        return ' class="number"'
    is_text = any(len(cell) > _WIDE_CELL for cell in cells)
    return ' class="text" dir="auto"' if is_text else ' dir="auto"'
