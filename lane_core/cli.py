"""``python -m lane_core``: everything that the pages do, without a browser; the same services behind it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lane_core import __version__
from lane_core.commands import audit, browser, comparing, processes, projects, results, upkeep
from lane_core.commands.speech import say
from lane_core.errors import LaneError

_FAMILIES = (audit, projects, results, comparing, browser, upkeep, processes)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0, or 1 with a message on standard error, or 130 when stopped."""
    arguments = _parser().parse_args(argv)
    try:
        result: int = arguments.run(arguments)
    except LaneError as error:
        say(f"Error: {error}")
        return 1
    except KeyboardInterrupt:
        say(f"Stopped. {arguments.when_stopped}")
        return 130
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lane_core", description="Find and fix the wrong labels of a text data set."
    )
    parser.add_argument("--version", action="version", version=f"LANE Audit {__version__}")
    parser.set_defaults(when_stopped="No file is left half written.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for family in _FAMILIES:
        family.add(commands)
    return parser
