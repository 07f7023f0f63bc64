"""What an export is to hold and how it is written: strictness, format, rows, weights, and files for other tools."""

from __future__ import annotations

import streamlit as st

from app.components.addressed_choice import keep, settle
from app.components.strictness_words import STRICTNESS_OPTIONS
from app.services.exporting import TOOLS, ExportSummary
from lane_core.exports import ExportOptions
from lane_core.records import STRICTNESSES, Strictness
from lane_core.wording import flagged

_FORMATS = {
    "": "As it came",
    "csv": "CSV",
    "tsv": "TSV",
    "jsonl": "JSON Lines",
    "json": "JSON",
    "parquet": "Parquet",
    "arrow": "Arrow",
    "excel": "Excel",
}
_ROWS = {"all": "All", "reviewed": "Only reviewed", "changed": "Only changed"}
_STRICTNESS_KEY = "strictness"


def draw_choices(summary: ExportSummary) -> ExportOptions:
    """Draw every choice, as it was made for the files prepared last, and return what is chosen."""
    last, key = summary.options, f"{summary.dataset.dataset_id}_{summary.run_name}"
    strictness = _draw_strictness(summary)
    left, right = st.columns(2)
    file_format = left.selectbox(
        "Format",
        _FORMATS,
        index=list(_FORMATS).index(last.file_format or ""),
        format_func=_FORMATS.__getitem__,
        help="Of the corrected, audit, changes and weights file.",
        key=f"export_format_{key}",
    )
    rows = right.segmented_control(
        "Rows",
        _ROWS,
        default=last.rows,
        required=True,
        format_func=_ROWS.__getitem__,
        help="Of the corrected file, the weights and the files for other tools. The audit file has every row, the "
        "changes file every changed one.",
        key=f"export_rows_{key}",
    )
    with st.container(horizontal=True, gap="medium"):
        keep_excluded = st.toggle(
            "Keep excluded examples in",
            last.keep_excluded,
            help="They are left out otherwise, but for the audit file.",
            key=f"export_excluded_{key}",
        )
        with_weights = st.toggle(
            "Sample weights",
            last.with_weights,
            help="A file with row_id, label and sample_weight, for training with weights: 1 where a person kept or "
            "chose the label, else what the run gives it, 0 to 1.",
            key=f"export_weights_{key}",
        )
        defuse = st.toggle(
            "Defuse formulas",
            last.defuse_formulas,
            help="Text that a spreadsheet would run, because it begins with = + - or @, gets an apostrophe before it. "
            "Numbers stay. In CSV, TSV and Excel, for reading in a spreadsheet.",
            key=f"export_defuse_{key}",
        )
    return ExportOptions(
        strictness=strictness,
        file_format=file_format or None,
        rows=rows,
        keep_excluded=keep_excluded,
        defuse_formulas=defuse,
        with_weights=with_weights,
        presets=_draw_tools(last, key),
    )


def _draw_strictness(summary: ExportSummary) -> Strictness:
    """Draw the choice of what the audit file calls an issue, once there are scores."""
    if not summary.epochs_done:
        return summary.options.strictness
    settle(_STRICTNESS_KEY, STRICTNESSES, summary.options.strictness)
    chosen: Strictness = st.radio(
        "Which labels the audit file calls an issue",
        STRICTNESSES,
        format_func=STRICTNESS_OPTIONS.__getitem__,
        captions=[flagged(level.num_flagged, level.expected_precision) for level in summary.levels.values()],
        horizontal=True,
        help="Only these have a suggested label there. The corrected file is the same for each.",
        key=_STRICTNESS_KEY,
    )
    keep(_STRICTNESS_KEY, summary.options.strictness)
    return chosen


def _draw_tools(last: ExportOptions, key: str) -> tuple[str, ...]:
    """Draw a tick for each tool, with what its files are for; return the names of those that are ticked."""
    with st.container(gap="xsmall"):
        st.markdown("Files for other tools")
        ticked = [
            name
            for name, (title, purpose) in TOOLS.items()
            if st.checkbox(
                f"**{title}** · {purpose}",
                name in last.presets,
                width="stretch",
                key=f"export_tool_{name}_{key}",
            )
        ]
    return tuple(ticked)
