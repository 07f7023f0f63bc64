"""``import``: store a labelled file as a project, without a browser."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lane_core.commands.shared_options import (
    READABLE,
    add_columns,
    add_fixes,
    add_reading,
    chosen_columns,
    chosen_fixes,
    read_options,
)
from lane_core.commands.speech import say
from lane_core.errors import DataError
from lane_core.home import lane_home
from lane_core.records import ColumnChoice
from lane_core.wording import counted

if TYPE_CHECKING:
    from lane_core.data import Table
    from lane_core.workspace import Workspace


def add(commands: Any) -> None:
    """Add the parser."""
    import_ = commands.add_parser(
        "import",
        help="store a labelled file as a project (the app must be closed)",
        description="Checks a labelled file and stores it as a project; nothing is stored if it has a fault that must "
        "be mended first.",
    )
    import_.add_argument(
        "source", metavar="FILE", help=f"{READABLE}; or hf:owner/name, a data set of the Hugging Face hub"
    )
    import_.add_argument("--project", required=True, metavar="NAME", help="what the project is called")
    import_.add_argument(
        "--newer-version",
        action="store_true",
        help="the file is a newer one of the project of that name, which keeps its decisions",
    )
    add_columns(import_)
    import_.add_argument(
        "--annotator-column",
        action="append",
        default=[],
        metavar="NAME",
        help="column with the labels of one person; may be given several times",
    )
    import_.add_argument(
        "--class-names",
        type=Path,
        metavar="FILE",
        help="names of the classes, where labels are numbers: a name a line, the class 0 first, or JSON",
    )
    add_reading(import_)
    add_fixes(import_)
    import_.set_defaults(run=_import, when_stopped="Nothing was stored.")


def _import(arguments: argparse.Namespace) -> int:
    from lane_core.data.sources import fetch
    from lane_core.workspace import Workspace

    with tempfile.TemporaryDirectory() as room:
        path = fetch(arguments.source, Path(room))
        workspace = Workspace(lane_home())
        try:
            _store(workspace, path, arguments)
        finally:
            workspace.close()
    return 0


def _store(workspace: Workspace, path: Path, arguments: argparse.Namespace) -> None:
    from lane_core.data import read_table
    from lane_core.versions import add_version

    known = workspace.find_dataset(arguments.project)
    if arguments.newer_version and known is None:
        raise DataError(
            f"There is no project {arguments.project!r} in {workspace.home.path}. "
            "Leave --newer-version out, or name one that is there."
        )
    if known is not None and not arguments.newer_version:
        raise DataError(
            f"There is a project {arguments.project!r} in {workspace.home.path} already. Choose another name, or "
            "say --newer-version if the file is a newer one of that project."
        )
    options, fixes = read_options(arguments), chosen_fixes(arguments)
    table = read_table(path, options)
    columns = _columns(table, arguments)
    name = arguments.source if arguments.source.startswith("hf:") else Path(arguments.source).resolve().name
    if known is not None:
        result = add_version(
            workspace, known.dataset_id, path, columns, options, source_name=name, fixes=fixes, table=table
        )
        say(result.words())
        return
    record = workspace.add_dataset(
        path, columns, arguments.project, source_name=name, options=options, fixes=fixes, table=table
    )
    left_out = record.num_rows - record.num_examples
    more = f"; {counted(left_out, 'row')} left out" if left_out else ""
    say(f"Stored: {record.name}, {counted(record.num_examples, 'example')}{more} ({record.dataset_id}).")


def _columns(table: Table, arguments: argparse.Namespace) -> ColumnChoice:
    """Return which columns hold what, and say how the file was understood."""
    from lane_core.data.class_names import parse_class_names

    columns = replace(chosen_columns(arguments, table), annotators=tuple(arguments.annotator_column))
    if arguments.class_names is not None:
        columns = replace(columns, class_names=parse_class_names(_text(arguments.class_names)))
    if table.notes:
        say(f"Read as: {', '.join(table.notes)}.")
    say(f"Text in {columns.text!r}, label in {columns.label!r}.")
    return columns


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise DataError(f"{path} cannot be read as text in UTF-8: {error}. Check the path.") from error
