"""A run's progress as a bar in the terminal."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lane_core.records import RunStatus
from lane_core.wording import time_left


class ProgressBar:
    """Context manager; ``show`` takes every status of the run."""

    def __init__(self, title: str) -> None:
        console = Console(file=sys.stderr)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[phase]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
        )
        self._task = self._bar.add_task(title, total=None, phase="", left="")

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def show(self, status: RunStatus) -> None:
        """Draw how far the run is."""
        self._bar.update(
            self._task,
            total=status.total_steps or None,
            completed=status.step,
            phase=status.phase,
            left=time_left(status.seconds_left),
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
