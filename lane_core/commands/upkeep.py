"""``doctor``, ``backup`` and ``restore``: what keeps a home whole."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lane_core.commands.speech import say
from lane_core.home import lane_home


def add(commands: Any) -> None:
    """Add the parsers."""
    doctor = commands.add_parser(
        "doctor", help="check that nothing kept is damaged or left over (the app must be closed)"
    )
    doctor.add_argument(
        "--repair", action="store_true", help="mend what can be mended without losing anything"
    )
    doctor.set_defaults(run=_doctor)

    backup = commands.add_parser("backup", help="copy everything into one file, also while the app works")
    backup.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE_OR_DIR",
        help="a .zip, or a folder; default: LANE_HOME/backups",
    )
    backup.set_defaults(run=_back_up)

    restore = commands.add_parser("restore", help="put a backup into LANE_HOME (the app must be closed)")
    restore.add_argument("file", type=Path)
    restore.set_defaults(run=_restore)


def _doctor(arguments: argparse.Namespace) -> int:
    from lane_core.upkeep.doctor import check_up

    return 0 if check_up(lane_home(), arguments.repair, say) else 1


def _back_up(arguments: argparse.Namespace) -> int:
    from lane_core.upkeep.backup import back_up_home

    path = back_up_home(lane_home(), arguments.output)
    say(f"Backup: {path} ({path.stat().st_size / 1e6:,.1f} MB)")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from lane_core.upkeep.restore import restore

    home = lane_home()
    aside = restore(arguments.file, home)
    say(f"Restored into {home.path}." + (f" What was there before is in {aside}." if aside else ""))
    return 0
