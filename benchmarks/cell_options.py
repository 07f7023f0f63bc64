"""Command-line options that say which cells a benchmark runs."""

from __future__ import annotations

import argparse
from pathlib import Path


def cell_parser(
    description: str | None, noise: list[str], rates: list[float], seeds: list[int]
) -> argparse.ArgumentParser:
    """Return a parser with the options of every benchmark over cells, and these defaults."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folders", nargs="+", type=Path, metavar="FOLDER")
    add("--noise", nargs="+", default=noise, choices=["uniform", "semantic"])
    add("--rate", nargs="+", type=float, default=rates, help="share of the labels that are flipped")
    add("--seeds", nargs="+", type=int, default=seeds)
    add("--rows", type=int, help="a fixed random extract of larger sets")
    add("--drop-label", nargs="+", default=[], metavar="[FOLDER=]LABEL", help="leave these texts out")
    add("--no-wheel", action="store_true", help="semantic noise by class centroids for every set")
    add("--encoder", help="another encoder for every method; default: the presets'")
    add("--output", type=Path, required=True)
    return parser


def dropped_label(folder: Path, drop_label: list[str]) -> str | None:
    """Return the label to leave out of a folder: LABEL counts for all folders, FOLDER=LABEL for one."""
    for text in drop_label:
        name, _, label = text.rpartition("=")
        if name in ("", folder.name):
            return label
    return None
