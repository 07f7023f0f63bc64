"""``export`` and ``report``: what a run found and people decided, as files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from lane_core.commands.shared_options import add_output_folder, add_strictness
from lane_core.commands.speech import found, say
from lane_core.data.presets.registry import PRESETS
from lane_core.data.writing.export_choices import ROW_CHOICES, SUFFIXES
from lane_core.home import lane_home

_HUGGING_FACE = "huggingface"
_RUN = "id of the run; default: the newest run"


def add(commands: Any) -> None:
    """Add the parsers."""
    _add_export(commands)
    report = commands.add_parser(
        "report", help="write what a run found as one file to send on or print (the app must be closed)"
    )
    report.add_argument("run_id", nargs="?", metavar="RUN", help=_RUN)
    report.add_argument(
        "-o", "--output", type=Path, default=Path(), metavar="DIR", help="default: the current folder"
    )
    report.add_argument(
        "--format",
        choices=("html", "markdown", "both"),
        default="both",
        help="html: with figures, about 5 MB; default: both",
    )
    add_strictness(report, "which labels the report calls flagged")
    report.set_defaults(run=_report)


def _add_export(commands: Any) -> None:
    presets = "; ".join(f"{name}: {entry.purpose}" for name, entry in PRESETS.items())
    export = commands.add_parser(
        "export",
        help="write the corrected file of a run, and what explains it (the app must be closed)",
        description="Writes the corrected file in the shape that came in, the audit file, the changes and a manifest.",
    )
    export.add_argument("run_id", nargs="?", metavar="RUN", help=_RUN)
    add_output_folder(export, "folder for the files")
    export.add_argument(
        "--format", choices=list(SUFFIXES), help="of the files; default: that of the file that came in"
    )
    export.add_argument(
        "--only",
        choices=[name for name in ROW_CHOICES if name != "all"],
        default="all",
        help="rows of the corrected file, the weights and the presets: those that somebody decided on, or those whose "
        "label changed; default: all",
    )
    export.add_argument("--keep-excluded", action="store_true", help="also the examples that people excluded")
    export.add_argument(
        "--defuse-formulas",
        action="store_true",
        help="put an apostrophe before text that a spreadsheet would run as a formula (CSV, TSV and Excel)",
    )
    export.add_argument(
        "--weights", action="store_true", help="also a file with row_id, label and sample_weight"
    )
    export.add_argument(
        "--preset",
        action="append",
        choices=list(PRESETS),
        default=[],
        help=f"also files for another tool; may be given several times. {presets}",
    )
    export.add_argument(
        "--push",
        metavar="OWNER/NAME",
        help="also send the Hugging Face data set to the hub, where only its owner sees it",
    )
    add_strictness(export)
    export.set_defaults(run=_export)


def _export(arguments: argparse.Namespace) -> int:
    from lane_core.exports import ExportOptions, export_run
    from lane_core.workspace import Workspace

    options = ExportOptions(
        strictness=arguments.strictness,
        file_format=arguments.format,
        rows=arguments.only,
        keep_excluded=arguments.keep_excluded,
        defuse_formulas=arguments.defuse_formulas,
        with_weights=arguments.weights,
        presets=tuple(dict.fromkeys([*arguments.preset, *([_HUGGING_FACE] if arguments.push else [])])),
    )
    workspace = Workspace(lane_home())
    try:
        run_id = arguments.run_id or workspace.newest_run().run_id
        files = export_run(workspace, run_id, arguments.output, options)
    finally:
        workspace.close()
    say(found(json.loads(files.manifest.read_text(encoding="utf-8"))))
    for path in files.paths():
        say(str(path))
    if arguments.push:
        from lane_core.data.presets.hugging_face import push

        say(push(files.presets[_HUGGING_FACE], arguments.push))
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from lane_core.reporting.report_building import build_report
    from lane_core.reporting.report_files import FILE_NAMES, write_report
    from lane_core.store.ingest import ingest_run
    from lane_core.workspace import Workspace

    workspace = Workspace(lane_home())
    try:
        run_id = arguments.run_id or workspace.newest_run().run_id
        # The app, which reads events files in while it is open, is closed.
        ingest_run(workspace.store, workspace.run_dir(run_id))
        report = build_report(workspace, run_id, arguments.strictness)
    finally:
        workspace.close()
    for kind in FILE_NAMES if arguments.format == "both" else (arguments.format,):
        say(str(write_report(report, kind, arguments.output)))
    return 0
