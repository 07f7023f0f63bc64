"""What every case of the crash campaign has: something to kill, and a look at what is left."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import duckdb

from benchmarks.crash_children import Children
from lane_core.errors import LaneError

KILLED = -9
FINISHED = 0
TOO_LATE = "ended before"
"""Moment of a kill that came when the child had done its work."""


class Case(ABC):
    """One thing to kill, in a folder of its own."""

    def __init__(self, children: Children, folder: Path, longest_s: float) -> None:
        """Prepare what the first kill needs.

        Args:
            children: Who is killed.
            folder: Made here; its name says what is killed.
            longest_s: A kill comes at a moment from 0 to this many seconds after the child's start.
        """
        self.children = children
        self.folder = folder
        self.longest_s = longest_s
        folder.mkdir(parents=True)

    @abstractmethod
    def kill(self, after_s: float) -> int:
        """Let a child work, kill it after so many seconds and return its exit code."""

    @abstractmethod
    def look(self) -> tuple[str, list[str]]:
        """Return at what moment the kill came, by what it left behind, and what is wrong afterwards."""


@dataclass
class Kills:
    """What came of killing one case."""

    moments: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def kill_often(case: Case, num_kills: int, chance: Random) -> Kills:
    """Kill at random moments and look each time; the first finding ends it, and the folder keeps its state."""
    kills = Kills()
    for number in range(num_kills):
        after_s = chance.uniform(0, case.longest_s)
        exit_code = case.kill(after_s)
        moment, findings = _look(case)
        if exit_code not in (KILLED, FINISHED):
            findings.append(f"the child ended by itself with {exit_code}; the log says why")
        kills.moments.append(TOO_LATE if exit_code == FINISHED else moment)
        if findings:
            place = f"{case.folder.name}, kill {number + 1} after {after_s:.3f} s"
            kills.findings += [f"{place}: {words}" for words in findings]
            break
    return kills


def _look(case: Case) -> tuple[str, list[str]]:
    try:
        return case.look()
    except (LaneError, duckdb.Error, OSError, ValueError) as error:
        return "unknown", [f"{type(error).__name__}: {error}"]
