"""``python -m lane_core``: audit a file, open the app, export; the same services as the pages."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lane_core import __version__
from lane_core.config import PACKAGED_ENCODER, PRESETS, RunConfig
from lane_core.errors import LaneError
from lane_core.home import DEMO_NAME, SAMPLE_DATA, lane_home
from lane_core.records import STRICTNESSES
from lane_core.wording import STRICTNESS_MEANINGS, flagged, noise


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0, or 1 with a message on standard error."""
    arguments = _parser().parse_args(argv)
    try:
        result: int = arguments.run(arguments)
    except LaneError as error:
        _say(f"Error: {error}")
        return 1
    except KeyboardInterrupt:
        _say("Stopped. The same command goes on after the last whole epoch.")
        return 130
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lane_core", description="Find and fix the wrong labels of a text data set."
    )
    parser.add_argument("--version", action="version", version=f"LANE Audit {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    audit = commands.add_parser("audit", help="score every label of a file, without a browser")
    audit.add_argument("file", type=Path, help="CSV, TSV, JSON Lines or Parquet")
    audit.add_argument("--text-column", help="guessed if not given")
    audit.add_argument("--label-column", help="guessed if not given")
    audit.add_argument("--id-column", help="guessed if not given")
    audit.add_argument("--split-column", help="guessed if not given")
    audit.add_argument("--encoding", help="of a text file; default: UTF-8, or what its byte order mark says")
    audit.add_argument("--drop-unlabelled", action="store_true", help="leave rows without a label unscored")
    audit.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the results")
    _add_strictness(audit)
    audit.add_argument("--method", help="default: lane")
    audit.add_argument("--preset", choices=list(PRESETS), default="default")
    audit.add_argument("--encoder", metavar="NAME_OR_PATH", help=f"default: the packaged {PACKAGED_ENCODER}")
    audit.add_argument("--epochs", type=int)
    audit.add_argument("--batch-size", type=int)
    audit.add_argument("--learning-rate", type=float)
    audit.add_argument("--seed", type=int)
    audit.add_argument("--device", help="auto, cpu, cuda or cuda:<n>")
    audit.set_defaults(run=_audit)

    train = commands.add_parser("train", help="train the run of a run directory (what the app starts)")
    train.add_argument("run_dir", type=Path)
    train.set_defaults(run=_train)

    layout = commands.add_parser("map", help="lay out the map of a finished run (what the app starts)")
    layout.add_argument("run_dir", type=Path)
    layout.add_argument("--lock", type=int, help=argparse.SUPPRESS)
    layout.set_defaults(run=_map)

    app = commands.add_parser("app", help="open the app")
    app.add_argument("--port", type=int, default=8501)
    app.add_argument(
        "--address", default="127.0.0.1", help="0.0.0.0 lets other machines in; put a login before it"
    )
    app.set_defaults(run=_app)

    demo = commands.add_parser("demo", help="make the sample project, start its run, open the app")
    demo.add_argument("--port", type=int, default=8501)
    demo.add_argument("--address", default="127.0.0.1")
    demo.set_defaults(run=_demo)

    export = commands.add_parser("export", help="write the corrected file of a run (the app must be closed)")
    export.add_argument("--run", dest="run_id", help="default: the newest run")
    export.add_argument("--output", type=Path, required=True, metavar="DIR")
    _add_strictness(export)
    export.set_defaults(run=_export)

    report = commands.add_parser(
        "report", help="write what a run found as one file to send on or print (the app must be closed)"
    )
    report.add_argument("run_id", nargs="?", metavar="RUN", help="id of the run; default: the newest run")
    report.add_argument(
        "--output", type=Path, default=Path(), metavar="DIR", help="default: the current folder"
    )
    report.add_argument(
        "--format",
        choices=("html", "markdown", "both"),
        default="both",
        help="html: with figures, about 5 MB; default: both",
    )
    _add_strictness(report, "which labels the report calls flagged")
    report.set_defaults(run=_report)

    doctor = commands.add_parser(
        "doctor", help="check that nothing kept is damaged or left over (the app must be closed)"
    )
    doctor.add_argument(
        "--repair", action="store_true", help="mend what can be mended without losing anything"
    )
    doctor.set_defaults(run=_doctor)

    backup = commands.add_parser("backup", help="copy everything into one file, also while the app works")
    backup.add_argument(
        "--output", type=Path, metavar="FILE_OR_DIR", help="a .zip, or a folder; default: LANE_HOME/backups"
    )
    backup.set_defaults(run=_back_up)

    restore = commands.add_parser("restore", help="put a backup into LANE_HOME (the app must be closed)")
    restore.add_argument("file", type=Path)
    restore.set_defaults(run=_restore)
    return parser


def _add_strictness(
    parser: argparse.ArgumentParser, what: str = "which labels the audit file calls an issue"
) -> None:
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in STRICTNESS_MEANINGS.items())
    parser.add_argument(
        "--strictness",
        choices=STRICTNESSES,
        default="balanced",
        help=f"{what} ({meanings}); default: balanced",
    )


def _audit(arguments: argparse.Namespace) -> int:
    from lane_core.api import run_to_the_end
    from lane_core.data import (
        ReadOptions,
        audit_frame,
        examples_of,
        file_sha256,
        guess_columns,
        read_table,
        with_validation,
        write_manifest,
        write_rows,
    )
    from lane_core.files import replace_file
    from lane_core.progress_bar import ProgressBar
    from lane_core.runs.results import manifest_values
    from lane_core.runs.run_dir import RunDir
    from lane_core.runs.score_file import read_scores

    chosen = {
        "method": arguments.method,
        "encoder": arguments.encoder,
        "epochs": arguments.epochs,
        "batch_size": arguments.batch_size,
        "learning_rate": arguments.learning_rate,
        "seed": arguments.seed,
        "device": arguments.device,
    }
    config = RunConfig.from_preset(
        arguments.preset, **{name: value for name, value in chosen.items() if value is not None}
    )
    table = read_table(arguments.file, ReadOptions(arguments.encoding))
    columns = guess_columns(
        table, arguments.text_column, arguments.label_column, arguments.id_column, arguments.split_column
    )
    examples = with_validation(examples_of(table, columns, arguments.drop_unlabelled))
    for problem in examples.problems:
        _say(f"Note: {problem.message}")

    output: Path = arguments.output
    run_dir = RunDir(output / "run")
    run_dir.path.mkdir(parents=True, exist_ok=True)
    _log_to(run_dir.log)
    with ProgressBar(f"{table.name}: {len(examples.frame):,} examples") as bar:
        final, similarity = run_to_the_end(
            run_dir, examples, config, table.name, bar.show, arguments.strictness
        )
    audited = audit_frame(table, columns, examples.frame, final, run_id=run_dir.run_id)
    write_rows(audited, output / "audit.csv", "csv")
    replace_file(output / "class_similarity.csv", similarity.to_csv)
    scores = read_scores(run_dir)
    scores["index"] = examples.frame["example_id"]
    write_rows(scores.rename(columns={"index": "row_id"}), output / "scores.csv", "csv")
    manifest = manifest_values(
        table.name, file_sha256(arguments.file), examples.num_rows, len(examples.frame), examples.classes,
        config, run_dir, {}, num_changes=0, strictness=arguments.strictness,
        num_flagged=int(final["is_label_issue"].sum()),
    )  # fmt: skip
    write_manifest(manifest, output / "manifest.json")
    _say(_found(manifest))
    _say(f"Results: {output / 'audit.csv'}")
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from lane_core.runs.run_dir import RunDir
    from lane_core.runs.worker import work

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    status = work(RunDir(arguments.run_dir.resolve()))
    return 0 if status.state in ("finished", "cancelled") else 1


def _map(arguments: argparse.Namespace) -> int:
    from lane_core.runs.map_job import lay_out_map
    from lane_core.runs.run_dir import RunDir

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    status = lay_out_map(RunDir(arguments.run_dir.resolve()), arguments.lock)
    if status.state == "failed":
        _say(f"Error: {status.message}")
    return 1 if status.state == "failed" else 0


def _app(arguments: argparse.Namespace) -> int:
    home = lane_home().path
    _say(f"LANE Audit: http://localhost:{arguments.port} (stop it with Ctrl+C; data in {home})")
    # Streamlit finds its settings and the pages below the folder it is started in.
    os.environ["LANE_HOME"] = str(home)
    os.chdir(Path(__file__).resolve().parent.parent)
    sys.stderr.flush()
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py"]
    command += ["--server.port", str(arguments.port), "--server.address", arguments.address]
    os.execv(sys.executable, command)


def _demo(arguments: argparse.Namespace) -> int:
    from lane_core.records import ColumnChoice
    from lane_core.workspace import Workspace

    workspace = Workspace(lane_home())
    try:
        if workspace.find_dataset(DEMO_NAME) is None:
            columns = ColumnChoice(text="text", label="label", example_id="id", split="split")
            record = workspace.add_dataset(SAMPLE_DATA / "emotions.csv", columns, DEMO_NAME)
            workspace.start_run(record.dataset_id, RunConfig())
            _say("The sample project is ready and its first run has started; the first page shows it.")
    finally:
        workspace.close()
    return _app(arguments)


def _export(arguments: argparse.Namespace) -> int:
    from lane_core.workspace import Workspace

    workspace = Workspace(lane_home())
    try:
        run_id = arguments.run_id or workspace.newest_run().run_id
        files = workspace.export(run_id, arguments.output, arguments.strictness)
    finally:
        workspace.close()
    _say(_found(json.loads(files.manifest.read_text(encoding="utf-8"))))
    for path in (files.corrected, files.audit, files.changes, files.manifest):
        _say(str(path))
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
        _say(str(write_report(report, kind, arguments.output)))
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from lane_core.upkeep.doctor import check_up

    return 0 if check_up(lane_home(), arguments.repair, _say) else 1


def _back_up(arguments: argparse.Namespace) -> int:
    from lane_core.upkeep.backup import back_up_home

    path = back_up_home(lane_home(), arguments.output)
    _say(f"Backup: {path} ({path.stat().st_size / 1e6:,.1f} MB)")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from lane_core.upkeep.restore import restore

    home = lane_home()
    aside = restore(arguments.file, home)
    _say(f"Restored into {home.path}." + (f" What was there before is in {aside}." if aside else ""))
    return 0


def _found(manifest: Mapping[str, Any]) -> str:
    """Say what a manifest holds about the flagged labels."""
    words = flagged(manifest["num_flagged"], manifest["expected_precision"])
    rate = manifest["estimated_noise_rate"]
    in_all = "" if rate is None else f" {noise(rate)}"
    return (
        f"{manifest['strictness'].capitalize()}: {words}; {manifest['num_examples']:,} labels in all.{in_all}"
    )


def _log_to(path: Path) -> None:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("lane_core").addHandler(handler)
    logging.getLogger("lane_core").setLevel(logging.INFO)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
