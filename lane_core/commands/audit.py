"""``audit``: score every label of a file, without a browser and without a project."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from lane_core.commands.shared_options import (
    READABLE,
    add_columns,
    add_fixes,
    add_output_folder,
    add_reading,
    add_strictness,
    chosen_columns,
    chosen_fixes,
    read_options,
)
from lane_core.commands.speech import found, say
from lane_core.config import PACKAGED_ENCODER, PRESETS, RunConfig


def add(commands: Any) -> None:
    """Add the parser."""
    audit = commands.add_parser("audit", help="score every label of a file, without a browser")
    audit.add_argument("file", type=Path, help=READABLE)
    add_output_folder(audit)
    add_strictness(audit)
    add_columns(audit)
    add_reading(audit)
    add_fixes(audit)
    run = audit.add_argument_group("run")
    run.add_argument("--method", help="default: lane")
    run.add_argument("--preset", choices=list(PRESETS), default="default")
    run.add_argument("--encoder", metavar="NAME_OR_PATH", help=f"default: the packaged {PACKAGED_ENCODER}")
    run.add_argument("--epochs", type=int)
    run.add_argument("--batch-size", type=int)
    run.add_argument("--learning-rate", type=float)
    run.add_argument("--seed", type=int)
    run.add_argument("--device", help="auto, cpu, cuda or cuda:<n>")
    audit.set_defaults(run=_audit, when_stopped="The same command goes on after the last whole epoch.")


def _audit(arguments: argparse.Namespace) -> int:
    from lane_core.api import audit_manifest, run_to_the_end, write_audit_folder
    from lane_core.data import (
        audit_frame,
        examples_of,
        file_sha256,
        read_table,
        with_validation,
    )
    from lane_core.progress_bar import ProgressBar
    from lane_core.runs.run_dir import RunDir
    from lane_core.runs.score_file import read_scores

    config = _config(arguments)
    table = read_table(arguments.file, read_options(arguments))
    columns = chosen_columns(arguments, table)
    examples = with_validation(examples_of(table, columns, chosen_fixes(arguments)))
    for problem in examples.problems:
        say(f"Note: {problem.message}")

    output: Path = arguments.output
    run_dir = RunDir(output / "run")
    run_dir.path.mkdir(parents=True, exist_ok=True)
    _log_to(run_dir.log)
    with ProgressBar(f"{table.name}: {len(examples.frame):,} examples") as bar:
        final, similarity = run_to_the_end(
            run_dir, examples, config, table.name, bar.show, arguments.strictness
        )
    audited = audit_frame(table, columns, examples.frame, final, run_id=run_dir.run_id)
    scores = read_scores(run_dir).assign(index=examples.frame["example_id"])
    sha256 = file_sha256(arguments.file)
    manifest = audit_manifest(table.name, sha256, examples, run_dir, final, arguments.strictness)
    write_audit_folder(output, audited, similarity, scores, manifest)
    say(found(manifest))
    say(f"Results: {output / 'audit.csv'}")
    return 0


def _config(arguments: argparse.Namespace) -> RunConfig:
    chosen = {
        "method": arguments.method,
        "encoder": arguments.encoder,
        "epochs": arguments.epochs,
        "batch_size": arguments.batch_size,
        "learning_rate": arguments.learning_rate,
        "seed": arguments.seed,
        "device": arguments.device,
    }
    return RunConfig.from_preset(
        arguments.preset, **{name: value for name, value in chosen.items() if value is not None}
    )


def _log_to(path: Path) -> None:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("lane_core").addHandler(handler)
    logging.getLogger("lane_core").setLevel(logging.INFO)
