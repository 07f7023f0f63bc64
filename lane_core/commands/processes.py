"""``train`` and ``map``: what the app starts in processes of their own."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from lane_core.commands.speech import say

_GOES_ON = "The same command goes on after the last whole epoch."


def add(commands: Any) -> None:
    """Add the parsers."""
    train = commands.add_parser("train", help="train the run of a run directory (what the app starts)")
    train.add_argument("run_dir", type=Path)
    train.set_defaults(run=_train, when_stopped=_GOES_ON)

    layout = commands.add_parser("map", help="lay out the map of a finished run (what the app starts)")
    layout.add_argument("run_dir", type=Path)
    layout.add_argument("--lock", type=int, help=argparse.SUPPRESS)
    layout.set_defaults(run=_map)


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
        say(f"Error: {status.message}")
    return 1 if status.state == "failed" else 0
