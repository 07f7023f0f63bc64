"""Options that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lane_core.data.formats.asked_format import FORMATS
from lane_core.records import STRICTNESSES, ColumnChoice
from lane_core.wording import STRICTNESS_MEANINGS

if TYPE_CHECKING:
    from lane_core.data import ReadOptions, Table
    from lane_core.data.checking.fixes import Fixes

READABLE = "CSV, TSV, JSON, JSON Lines, Parquet, Arrow or Excel, also as .gz or .zip, or a folder"
_FIXES = {
    "drop_unlabelled": "leave rows without a label out",
    "drop_multi_label": "leave rows with several labels out",
    "drop_empty": "leave rows without a text out",
    "drop_junk": "leave rows out whose text is no words",
    "drop_other_language": "leave rows out that are in another script or language than most",
    "drop_leaks": "leave rows for training out whose text is also there for validation or testing",
    "drop_duplicates": "keep the first of several rows with equal text and label",
    "join_spellings": "read labels that differ only by capitals or spaces as one",
}


def add_strictness(
    parser: argparse.ArgumentParser, what: str = "which labels the audit file calls an issue"
) -> None:
    """Add --strictness."""
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in STRICTNESS_MEANINGS.items())
    parser.add_argument(
        "--strictness",
        choices=STRICTNESSES,
        default="balanced",
        help=f"{what} ({meanings}); default: balanced",
    )


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Add which column holds what."""
    group = parser.add_argument_group("columns", "Found by name and content where they are not given.")
    group.add_argument("--text-column", metavar="NAME", help="column with the texts")
    group.add_argument("--label-column", metavar="NAME", help="column with the labels")
    group.add_argument("--id-column", metavar="NAME", help="column with an id of its own for every row")
    group.add_argument("--split-column", metavar="NAME", help="column that says train, validation or test")


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add how a file is read."""
    group = parser.add_argument_group("reading", "Found out from the file where they are not given.")
    group.add_argument(
        "--format",
        choices=list(FORMATS),
        help="of the file, or of the one in an archive; csv is any delimited text",
    )
    group.add_argument("--encoding", help="of a text file, for example cp1252")
    group.add_argument("--delimiter", metavar="CHARACTER", help="between cells; tab is written as \\t")
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether the first row names the columns",
    )
    group.add_argument("--part", metavar="NAME", help="sheet of a workbook, file of an archive, or split")


def add_fixes(parser: argparse.ArgumentParser) -> None:
    """Add how the faults of a file are dealt with."""
    group = parser.add_argument_group(
        "faults", "What is left out is neither trained on nor reviewed; the corrected file keeps it as it is."
    )
    for name, meaning in _FIXES.items():
        group.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=meaning)
    group.add_argument(
        "--min-class-size",
        type=int,
        default=0,
        metavar="N",
        help="leave classes with fewer examples out",
    )


def read_options(arguments: argparse.Namespace) -> ReadOptions:
    """Return how the file is to be read."""
    from lane_core.data import ReadOptions

    delimiter = "\t" if arguments.delimiter == "\\t" else arguments.delimiter
    return ReadOptions(arguments.encoding, delimiter, arguments.header, arguments.part, arguments.format)


def chosen_columns(arguments: argparse.Namespace, table: Table) -> ColumnChoice:
    """Return which columns hold what: those that were named, else those that are found."""
    from lane_core.data import guess_columns

    return guess_columns(
        table, arguments.text_column, arguments.label_column, arguments.id_column, arguments.split_column
    )


def chosen_fixes(arguments: argparse.Namespace) -> Fixes:
    """Return how faults are dealt with."""
    from lane_core.data.checking.fixes import Fixes

    return Fixes(
        **{name: getattr(arguments, name) for name in _FIXES}, min_class_size=arguments.min_class_size
    )


def add_output_folder(parser: argparse.ArgumentParser, help_: str = "folder for the results") -> None:
    """Add -o, a folder that is needed."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help=help_)
