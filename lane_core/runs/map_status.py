"""What the job that lays out a map says of itself: a small file in the run directory, replaced as it goes on."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from lane_core.files import replace_file
from lane_core.runs.run_dir import RunDir

MapState = Literal["absent", "going", "done", "failed", "interrupted"]


@dataclass(frozen=True)
class MapStatus:
    """Whether a run has a map, or how far it is."""

    state: MapState
    """interrupted: it should be laid out, and nobody does it."""
    phase: str = ""
    """What is done now, in words."""
    share: float = 0.0
    """Of the whole work, 0 to 1, as estimated beforehand."""
    seconds_left: float | None = None
    """None while nothing is known yet."""
    message: str = ""
    """Why it failed."""


@dataclass(frozen=True)
class MapProgress:
    """Content of map.json but for the time of writing."""

    phase: str = ""
    share: float = 0.0
    seconds_left: float | None = None
    """Counted from the time of writing."""
    failure: str = ""


def write_note(run_dir: RunDir, progress: MapProgress) -> None:
    """Replace map.json."""
    content = json.dumps({**asdict(progress), "written_at": time.time()}, ensure_ascii=False)
    replace_file(_note_file(run_dir), lambda path: path.write_text(content, encoding="utf-8"))


def read_note(run_dir: RunDir, *, is_alive: bool) -> MapStatus:
    """Return what map.json says.

    Args:
        run_dir: The run.
        is_alive: Whether the job holds its lock.
    """
    try:
        note = json.loads(_note_file(run_dir).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return MapStatus("going", "starting") if is_alive else MapStatus("absent")
    if not is_alive:
        return MapStatus("failed", message=note["failure"]) if note["failure"] else MapStatus("interrupted")
    left = note["seconds_left"]
    if left is not None:
        left = max(0.0, left - (time.time() - note["written_at"]))
    return MapStatus("going", note["phase"], note["share"], left)


def _note_file(run_dir: RunDir) -> Path:
    return run_dir.path / "map.json"
