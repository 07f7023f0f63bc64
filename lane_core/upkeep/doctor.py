"""The check-up of one LANE_HOME: the database, the run directories and the imported files against each other.

``examine`` finds and changes nothing (but that a database of an older version is brought up to date, as by every
command); ``repair`` mends what loses nothing by it. What people imported, decided or trained is never deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lane_core.errors import LaneError
from lane_core.home import Home
from lane_core.store.checks.finding import Finding
from lane_core.store.checks.integrity import check_store, mend
from lane_core.store.store import Store, open_store
from lane_core.upkeep.home_checks import check_files
from lane_core.wording import counted


def examine(home: Home) -> list[Finding]:
    """Return what is wrong below a home, and notes on what is worth knowing; empty if all is well.

    Raises:
        StoreError: If the database is open in another program, damaged, or not of this program; it is left as it is.
    """
    if not home.database.exists():
        return list(_check_missing_database(home))
    store = open_store(home.database)
    try:
        return [*check_store(store, home.runs), *check_files(home, store)]
    finally:
        store.close()


def repair(home: Home, findings: Sequence[Finding]) -> list[str]:
    """Mend what can be mended, in the order given.

    Args:
        home: That was examined.
        findings: What ``examine`` found.

    Returns:
        What could not be mended although it should, and why, in words.

    Raises:
        StoreError: If the database cannot be opened.
    """
    mendable = [finding for finding in findings if finding.is_repairable]
    if not mendable:
        return []
    store = open_store(home.database)
    try:
        return [problem for finding in mendable if (problem := _mend(store, finding))]
    finally:
        store.close()


def check_up(home: Home, is_repairing: bool, say: Callable[[str], None]) -> bool:
    """Examine a home, say what was found, mend it if asked to; return whether all is well at the end."""
    say(f"Checking {home.path} ...")
    findings = examine(home)
    _tell(findings, say)
    if is_repairing and any(finding.is_repairable for finding in findings):
        say("Repairing ...")
        for problem in repair(home, findings):
            say(problem)
        findings = examine(home)
        say("After the repair:")
        _tell(findings, say)
    return not any(finding.is_fault for finding in findings)


def _mend(store: Store, finding: Finding) -> str:
    try:
        mend(store, finding)
    except (LaneError, OSError) as error:
        return f"This could not be repaired: {finding.what} The reason: {error}"
    return ""


def _tell(findings: Sequence[Finding], say: Callable[[str], None]) -> None:
    for finding in findings:
        say(f"{'Fault' if finding.is_fault else 'Note'}: {finding.what}\n  What to do: {finding.mend}")
    faults = [finding for finding in findings if finding.is_fault]
    mendable = sum(finding.is_repairable for finding in faults)
    if not faults:
        say("Nothing is wrong.")
    else:
        say(f"{counted(len(faults), 'fault')}; --repair can mend {mendable}.")


def _check_missing_database(home: Home) -> Iterator[Finding]:
    runs, datasets = _num_folders(home.runs), _num_folders(home.datasets)
    if runs or datasets:
        yield Finding(
            "missing_database",
            f"There is no database {home.database}, but {counted(runs, 'folder')} in {home.runs} and "
            f"{counted(datasets, 'folder')} in {home.datasets}.",
            "Put the database back, or restore the last backup. With a new one, projects have to be imported again.",
        )


def _num_folders(folder: Path) -> int:
    return sum(path.is_dir() for path in folder.glob("*"))
