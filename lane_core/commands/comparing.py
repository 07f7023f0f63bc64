"""``diff`` and ``apply``: what two files do not have in common, and corrections made in another file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lane_core.commands.shared_options import (
    READABLE,
    add_columns,
    add_reading,
    chosen_columns,
    read_options,
)
from lane_core.commands.speech import say
from lane_core.errors import DataError
from lane_core.home import lane_home


def add(commands: Any) -> None:
    """Add the parsers."""
    diff = commands.add_parser(
        "diff",
        help="say what is new, gone and changed from one labelled file to another",
        description="Compares two labelled files, of any formats. Rows are matched by id where both have one, else by "
        "text.",
    )
    diff.add_argument("old", type=Path, metavar="OLD", help=READABLE)
    diff.add_argument("new", type=Path, metavar="NEW", help="the file to compare with it")
    diff.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="CSV file with a row for each difference"
    )
    add_columns(diff)
    add_reading(diff)
    diff.set_defaults(run=_diff)

    apply = commands.add_parser(
        "apply",
        help="make the changes of a changes file in another file, or store them as decisions of a project",
        description="Makes the label changes of a changes file, as export writes it, in another file that keeps its "
        "shape, or stores them as decisions of a project (the app must be closed). A label changes only where it still "
        "is the one that was corrected.",
    )
    apply.add_argument("changes", type=Path, metavar="CHANGES", help="a changes file, or an audit file")
    apply.add_argument("file", type=Path, nargs="?", metavar="FILE", help=READABLE)
    apply.add_argument("-o", "--output", type=Path, metavar="OUT", help="file to write")
    apply.add_argument("--project", metavar="NAME", help="the project, in place of FILE and OUT")
    add_columns(apply)
    add_reading(apply)
    apply.set_defaults(run=_apply)


def _diff(arguments: argparse.Namespace) -> int:
    from lane_core.data import read_table
    from lane_core.data.comparing.differences import diff

    old, new = (read_table(path, read_options(arguments)) for path in (arguments.old, arguments.new))
    found = diff(old, new, chosen_columns(arguments, old), chosen_columns(arguments, new))
    say(found.words())
    if arguments.output is not None:
        found.write(arguments.output)
        say(str(arguments.output))
    return 0


def _apply(arguments: argparse.Namespace) -> int:
    if arguments.project is not None and arguments.file is None and arguments.output is None:
        return _apply_to_project(arguments)
    if arguments.project is not None or arguments.file is None or arguments.output is None:
        raise DataError(
            "Say what the changes are made in: FILE, with -o for the file to write, or --project NAME."
        )
    return _apply_to_file(arguments)


def _apply_to_project(arguments: argparse.Namespace) -> int:
    from lane_core.data import read_table
    from lane_core.versions import import_changes
    from lane_core.workspace import Workspace

    changes = read_table(arguments.changes)
    workspace = Workspace(lane_home())
    try:
        record = workspace.find_dataset(arguments.project)
        if record is None:
            raise DataError(f"There is no project {arguments.project!r} in {workspace.home.path}.")
        say(import_changes(workspace, record.dataset_id, changes).words())
    finally:
        workspace.close()
    return 0


def _apply_to_file(arguments: argparse.Namespace) -> int:
    from lane_core.data import read_table, write_corrected
    from lane_core.data.comparing.changes import apply_changes

    if arguments.output.is_dir():
        raise DataError(f"{arguments.output} is a folder. Name the file to write.")
    table = read_table(arguments.file, read_options(arguments))
    columns = chosen_columns(arguments, table)
    applied = apply_changes(table, columns, read_table(arguments.changes))
    write_corrected(table, columns.label, applied.labels, set(), arguments.output, columns.class_names)
    say(applied.words())
    say(str(arguments.output))
    return 0
